package batch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// A Runner computes a batch of n samples, which lie one after the other in in, and writes
// the results to out.
type Runner interface {
	Run(n int, in, out []float32) error
}

// An Engine lends runners, as many at a time as it has lanes. It may be shared by several
// queues.
type Engine interface {
	// Lanes is how many batches can be computed side by side.
	Lanes() int
	// Preferred is a number of samples of which the engine computes multiples best.
	Preferred() int
	// Acquire waits for a runner that nobody uses. alone says that no other batch of the
	// queue is computed, or about to be: the runner may then take all lanes.
	Acquire(alone bool) Runner
	// Release gives a runner back.
	Release(r Runner)
}

// Options are the choices of New.
type Options struct {
	// MaxBatch is how many samples a batch of several requests has at most; 0 means
	// DefaultMaxBatch, and 1 computes each request by itself.
	MaxBatch int
	// MaxDelay is how long the oldest request waits for a full batch although a runner is
	// free. The default, 0, never lets a runner wait.
	MaxDelay time.Duration
	// Limit is how many samples may wait; 0 means DefaultLimit. A request with more is
	// taken if nothing else waits.
	Limit int
}

// afterCrowd is how many requests in a row must have met no other for the last of them to
// be computed on all lanes. Clients that overlap do not do so at each request.
const afterCrowd = 8

// The defaults of Options. On two threads, networks such as EfficientNet-Lite0 compute
// four samples as fast as thirty-two, sample by sample, and larger batches answer later.
const (
	DefaultMaxBatch = 8
	DefaultLimit    = 256
)

// ErrClosed says that the queue takes no requests any more.
var ErrClosed = errors.New("the model is not served any more")

// A FullError says that too many samples wait already.
type FullError struct {
	// Waiting is how many samples wait, and Limit how many may.
	Waiting, Limit int
	// After is about how long those that wait will take.
	After time.Duration
}

// RetryAfter is when the client should try again.
func (e *FullError) RetryAfter() time.Duration { return e.After }

func (e *FullError) Error() string {
	return fmt.Sprintf("the queue of the model is full: %d samples wait, at most %d may", e.Waiting, e.Limit)
}

// Timing says how a request was computed.
type Timing struct {
	// Queued is the time in the queue and Computed that of its batch.
	Queued, Computed time.Duration
	// Batch is the number of samples in the batch.
	Batch int
}

// A Queue batches requests. It is safe for concurrent use.
type Queue struct {
	engine          Engine
	options         Options
	inSize, outSize int // values of a sample
	lanes           sync.WaitGroup

	mu       sync.Mutex
	arrived  sync.Cond // a request came, or the delay of the oldest is over, or the queue was closed
	requests []*request
	waiting  int // samples in requests
	active   int // batches that are computed or wait for a runner
	crowd    int // requests to come that do not get all lanes although they are alone
	closed   bool
	stats    Stats
	pace     float64 // seconds a sample takes, a moving average
}

type request struct {
	n       int
	in, out []float32
	since   time.Time
	done    chan struct{} // closed when the request was computed
	timing  Timing
	err     error
}

// New starts a queue, with a goroutine for each lane of the engine, for samples of inSize
// values with results of outSize values.
func New(engine Engine, inSize, outSize int, o Options) *Queue {
	if o.MaxBatch <= 0 {
		o.MaxBatch = DefaultMaxBatch
	}
	if o.Limit <= 0 {
		o.Limit = DefaultLimit
	}
	q := &Queue{engine: engine, options: o, inSize: inSize, outSize: outSize, stats: Stats{Batches: map[int]Sum{}}}
	q.arrived.L = &q.mu
	for range engine.Lanes() {
		q.lanes.Go(q.serve)
	}
	return q
}

// Do computes a request of n samples, and returns when their results are in out or the
// request has failed. It fails with a *FullError if too many samples wait, with ErrClosed,
// with the context's cause if the context ends before a runner takes the request, or with
// the error of the runner. Nobody uses in and out once Do has returned.
func (q *Queue) Do(ctx context.Context, n int, in, out []float32) (Timing, error) {
	if n < 1 || len(in) != n*q.inSize || len(out) != n*q.outSize {
		return Timing{}, fmt.Errorf("%d samples, %d values in and %d out: want %d and %d values for each", n, len(in), len(out), q.inSize, q.outSize)
	}
	if ctx.Err() != nil {
		return Timing{}, q.failed(context.Cause(ctx))
	}
	r := &request{n: n, in: in, out: out, since: time.Now(), done: make(chan struct{})}
	if err := q.push(r); err != nil {
		return Timing{}, err
	}
	select {
	case <-r.done:
	case <-ctx.Done():
		if q.remove(r) {
			return Timing{Queued: time.Since(r.since)}, context.Cause(ctx)
		}
		<-r.done // it is being computed
	}
	return r.timing, r.err
}

// failed counts a request that fails before it waits.
func (q *Queue) failed(err error) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stats.Failed.add(0)
	return err
}

func (q *Queue) push(r *request) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
		return ErrClosed
	case q.waiting > 0 && q.waiting+r.n > q.options.Limit:
		q.stats.Refused++
		return &FullError{q.waiting, q.options.Limit, time.Duration(float64(q.waiting) * q.pace * float64(time.Second))}
	}
	q.requests = append(q.requests, r)
	q.waiting += r.n
	q.arrived.Signal()
	return nil
}

// remove takes a request out of the queue, if it still waits.
func (q *Queue) remove(r *request) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.Index(q.requests, r)
	if i < 0 {
		return false
	}
	q.requests = slices.Delete(q.requests, i, i+1)
	q.waiting -= r.n
	q.stats.Left++
	q.stats.Failed.add(time.Since(r.since))
	return true
}

// serve computes batches, one after the other, until the queue is closed and empty.
func (q *Queue) serve() {
	b := batch{queue: q}
	for {
		alone, ok := q.await()
		if !ok {
			return
		}
		runner := q.engine.Acquire(alone)
		if q.take(&b, alone) {
			start := time.Now()
			err := b.run(runner)
			q.engine.Release(runner)
			q.finish(&b, start, time.Since(start), err)
		} else {
			q.engine.Release(runner)
		}
	}
}

// await waits for requests, and for a full batch if Options say so. alone says that there
// is only one request, and has been for a while. ok is false when the queue is closed and empty.
func (q *Queue) await() (alone, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		for len(q.requests) == 0 {
			if q.closed {
				return false, false
			}
			q.arrived.Wait()
		}
		wait := q.options.MaxDelay - time.Since(q.requests[0].since)
		if wait <= 0 || q.closed || q.waiting >= q.options.MaxBatch {
			break
		}
		timer := time.AfterFunc(wait, func() {
			q.mu.Lock() // so that the goroutine waits already
			defer q.mu.Unlock()
			q.arrived.Broadcast()
		})
		q.arrived.Wait()
		timer.Stop()
	}
	if q.active > 0 || len(q.requests) > 1 {
		q.crowd = afterCrowd
	} else if q.crowd > 0 {
		q.crowd--
	}
	q.active++
	return q.crowd == 0, true
}

// take moves a batch of requests to b: their share of a lane, or all if the batch is alone. It returns false, and the batch
// is not active any more, if there are none left.
func (q *Queue) take(b *batch, alone bool) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	b.n = 0
	taken, most := 0, q.share(alone)
	for _, r := range q.requests {
		if taken > 0 && b.n+r.n > most {
			break
		}
		b.n += r.n
		taken++
	}
	if taken == 0 {
		q.active--
		return false
	}
	b.requests = append(b.requests[:0], q.requests[:taken]...)
	q.requests = slices.Delete(q.requests, 0, taken)
	q.waiting -= b.n
	q.stats.Running += b.n
	if len(q.requests) > 0 {
		q.arrived.Signal() // for another lane that is free
	}
	return true
}

// share returns how many samples a batch has at most: what waits is divided among the lanes,
// in multiples of what the engine prefers.
func (q *Queue) share(alone bool) int {
	most := q.options.MaxBatch
	if lanes := q.engine.Lanes(); !alone && lanes > 1 {
		multiple := q.engine.Preferred()
		share := (q.waiting + lanes - 1) / lanes
		most = min(most, (share+multiple-1)/multiple*multiple)
	}
	return most
}

// finish tells the requests of a batch that they are computed.
func (q *Queue) finish(b *batch, start time.Time, took time.Duration, err error) {
	q.mu.Lock()
	q.active--
	q.stats.Running -= b.n
	q.stats.Last = start.Add(took)
	q.stats.Samples += int64(b.n)
	sum := q.stats.Batches[b.n]
	sum.add(took)
	q.stats.Batches[b.n] = sum
	pace := took.Seconds() / float64(b.n)
	if q.pace == 0 {
		q.pace = pace
	}
	q.pace += (pace - q.pace) / 8
	for _, r := range b.requests {
		r.timing, r.err = Timing{Queued: start.Sub(r.since), Computed: took, Batch: b.n}, err
		if err != nil {
			q.stats.Failed.add(r.timing.Queued + took)
			continue
		}
		q.stats.Queued.add(r.timing.Queued)
		q.stats.Computed.add(took)
	}
	q.mu.Unlock()
	for _, r := range b.requests {
		close(r.done)
	}
	clear(b.requests) // the batch does not keep them
}

// A batch is what a runner computes at once. Its memory is used again for the next one.
type batch struct {
	queue    *Queue
	requests []*request
	n        int // samples
	in, out  []float32
}

// run computes the batch. A request that is alone is computed in its own memory.
func (b *batch) run(runner Runner) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the engine failed: %v", p)
		}
	}()
	if len(b.requests) == 1 {
		r := b.requests[0]
		return runner.Run(r.n, r.in, r.out)
	}
	b.in, b.out = b.in[:0], slices.Grow(b.out[:0], b.n*b.queue.outSize)[:b.n*b.queue.outSize]
	for _, r := range b.requests {
		b.in = append(b.in, r.in...)
	}
	if err := runner.Run(b.n, b.in, b.out); err != nil {
		return err
	}
	at := 0
	for _, r := range b.requests {
		at += copy(r.out, b.out[at:])
	}
	return nil
}

// Close refuses further requests, waits for those that were taken or wait, and returns
// when no runner is in use any more.
func (q *Queue) Close() {
	q.mu.Lock()
	q.closed = true
	q.arrived.Broadcast()
	q.mu.Unlock()
	q.lanes.Wait()
}
