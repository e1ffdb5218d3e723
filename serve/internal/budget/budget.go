// Package budget bounds the memory that all requests hold together.
//
// A request reserves what it needs before it is read. Where there is too little it waits, in the order of arrival,
// while its client's data wait in the network. So no request holds memory of a budget while it waits for more of it,
// and no two of them can wait for each other.
//
// A reservation is as large as the client says that its request is, and that need not come. While others wait, a
// request that does not arrive promptly keeps only the memory that it uses, and is refused if it then needs more than
// there is; and one of which almost nothing arrives is given up. Slow clients therefore hold not much more than they have
// sent, and that not for ever.
package budget

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// promptly is how long a request may arrive before it loses what it has reserved and not used.
	promptly = 250 * time.Millisecond
	// promptlyWhole is the same for requests of which nobody sees how much has arrived.
	promptlyWhole = time.Second
	// A request of which less than leastBytes arrive in leastTime is given up.
	leastTime  = 5 * time.Second
	leastBytes = 64 << 10
	// tick is how often requests that arrive are looked at while others wait.
	tick = 50 * time.Millisecond
)

// A FullError says that there was no memory for a request.
type FullError struct {
	// Limit is that of the budget, in bytes.
	Limit int64
}

func (e *FullError) Error() string {
	return fmt.Sprintf("the requests under way hold all of the %d bytes that they may hold together", e.Limit)
}

// RetryAfter is when the client should try again.
func (e *FullError) RetryAfter() time.Duration { return time.Second }

// A Budget is an amount of memory. It is safe for concurrent use.
type Budget struct {
	limit int64

	mu       sync.Mutex
	used     int64
	waiting  []*waiter // the oldest first
	arriving map[*Lease]struct{}
	ticking  bool
}

// A waiter waits for memory.
type waiter struct {
	bytes   int64
	granted chan struct{} // closed when it has it
}

// New returns a budget of so many bytes.
func New(limit int64) *Budget { return &Budget{limit: limit, arriving: map[*Lease]struct{}{}} }

// A Lease is memory that a request holds. Its methods are called by one goroutine, and do nothing if it is nil.
type Lease struct {
	budget   *Budget
	received atomic.Int64

	// Under the budget's lock:
	charged int64 // of the budget
	held    int64 // what it really takes, as long as it arrives
	whole   bool
	since   time.Time
	giveUp  func()
	seen    int64     // what had been received
	seenAt  time.Time // at this time
}

// Acquire reserves memory. It waits for at most so long, and then fails with a *FullError, or with the context's
// cause if that ends before. A request that needs more than the budget is taken when nothing else is under way.
func (b *Budget) Acquire(ctx context.Context, bytes int64, wait time.Duration) (*Lease, error) {
	bytes = min(bytes, b.limit)
	l := &Lease{budget: b, charged: bytes}
	b.mu.Lock()
	if len(b.waiting) == 0 && b.used+bytes <= b.limit {
		b.used += bytes
		b.mu.Unlock()
		return l, nil
	}
	w := &waiter{bytes, make(chan struct{})}
	b.waiting = append(b.waiting, w)
	b.watch()
	b.mu.Unlock()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	var err error
	select {
	case <-w.granted:
		return l, nil
	case <-timer.C:
		err = &FullError{b.limit}
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := slices.Index(b.waiting, w); i >= 0 {
		b.waiting = slices.Delete(b.waiting, i, i+1)
	} else {
		b.used -= bytes // it was granted at the same time
	}
	b.grant()
	return nil, err
}

// TryAcquire is Acquire for a request that does not wait: it is nil if others wait, or if more than half of the
// budget would then be used.
func (b *Budget) TryAcquire(bytes int64) *Lease {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.waiting) > 0 || b.used+bytes > b.limit/2 {
		return nil
	}
	b.used += bytes
	return &Lease{budget: b, charged: bytes}
}

// Used returns how many bytes are reserved, and how many requests wait.
func (b *Budget) Used() (bytes int64, waiting int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used, len(b.waiting)
}

// grant gives memory to those who wait. The lock is held.
func (b *Budget) grant() {
	for len(b.waiting) > 0 && b.used+b.waiting[0].bytes <= b.limit {
		b.used += b.waiting[0].bytes
		close(b.waiting[0].granted)
		b.waiting = slices.Delete(b.waiting, 0, 1)
	}
}

// watch looks at what arrives, every now and then as long as somebody waits. The lock is held.
func (b *Budget) watch() {
	if b.ticking {
		return
	}
	b.ticking = true
	time.AfterFunc(tick, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.ticking = false
		if len(b.waiting) == 0 {
			return
		}
		now := time.Now()
		for l := range b.arriving {
			l.look(now)
		}
		b.grant()
		if len(b.waiting) > 0 {
			b.watch()
		}
	})
}

// look takes from a request that arrives slowly what it does not use, and gives it up if it does not arrive.
// The lock is held.
func (l *Lease) look(now time.Time) {
	if now.Sub(l.since) < promptly {
		return
	}
	if l.whole {
		if now.Sub(l.since) >= promptlyWhole {
			l.giveUp()
		}
		return
	}
	if l.charged > l.held {
		l.budget.used -= l.charged - l.held
		l.charged = l.held
	}
	since := now.Sub(l.seenAt)
	if since < leastTime {
		return
	}
	received := l.received.Load()
	// What it did while nobody waited does not matter.
	if received-l.seen < leastBytes && since < leastTime+2*tick {
		l.giveUp()
	}
	l.seen, l.seenAt = received, now
}

// Arrive says that the request arrives from now on, in memory of so many bytes. giveUp ends that; it must not
// wait, and may be called several times.
func (l *Lease) Arrive(held int64, giveUp func()) {
	if l == nil {
		return
	}
	now := time.Now()
	b := l.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	l.held, l.since, l.seenAt, l.giveUp = held, now, now, giveUp
	b.arriving[l] = struct{}{}
}

// ArriveWhole is Arrive for a request of which nobody sees how much of it has arrived: it is given up if it does not arrive
// promptly while others wait.
func (l *Lease) ArriveWhole(giveUp func()) {
	l.whole = true
	l.Arrive(0, giveUp)
}

// Received says that so many bytes have arrived.
func (l *Lease) Received(bytes int) {
	if l != nil {
		l.received.Add(int64(bytes))
	}
}

// Hold says that a request that arrives is about to take memory of so many bytes in all. It fails with a *FullError if that is more
// than the request has reserved, or still has, and there is no more.
func (l *Lease) Hold(bytes int64) error {
	if l == nil {
		return nil
	}
	b := l.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	bytes = min(bytes, b.limit)
	if more := bytes - l.charged; more > 0 {
		if len(b.waiting) > 0 || b.used+more > b.limit {
			return &FullError{b.limit}
		}
		b.used += more
		l.charged = bytes
	}
	l.held = bytes
	return nil
}

// Arrived says that the request has arrived, or will not, and takes memory of so many bytes, at most what it
// holds.
func (l *Lease) Arrived(bytes int64) {
	if l == nil {
		return
	}
	b := l.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.arriving, l)
	if bytes < l.charged {
		b.used -= l.charged - bytes
		l.charged = bytes
		b.grant()
	}
}

// Release gives the memory back.
func (l *Lease) Release() { l.Arrived(0) }
