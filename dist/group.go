package dist

import (
	"fmt"
	"sync"
	"time"
	"unsafe"

	"github.com/strideml/stride/engine"
)

// A Wire is the form in which ranks send the numbers that they add up.
type Wire int

// The forms.
const (
	// Float32 sends numbers as they are.
	Float32 Wire = iota
	// BFloat16 rounds each number to bfloat16, which has the range of float32 and 8 bits
	// of precision, before it is sent, and each sum, which is in float32 and in the order
	// of [Sum]: half the bytes.
	BFloat16
)

// String is "float32" or "bf16".
func (w Wire) String() string {
	switch w {
	case Float32:
		return "float32"
	case BFloat16:
		return "bf16"
	}
	return fmt.Sprintf("Wire(%d)", int(w))
}

// A Group is the engine.Reducer of the ranks of a Comm: what a device adds up over for
// graph.AllReduce. Reductions are carried out one after the other, by a goroutine, while
// the device goes on; GOMAXPROCS must leave that a thread beside those that compute.
type Group struct {
	comm  Comm
	wire  Wire
	queue chan *reduction
	free  []*reduction
	done  sync.WaitGroup // the goroutine

	mu    sync.Mutex
	stats Stats

	// Of the goroutine:
	err error // of the first reduction that failed
	// of BFloat16: what is sent and received, and what is added up.
	sent, received []byte
	floats         []float32
	parts          [][]float32
}

var _ engine.Reducer = (*Group)(nil)

// Stats count what a Group has done since it was made.
type Stats struct {
	// Reductions is their number, Bytes the size of what this rank has brought to them,
	// in the form in which it was sent.
	Reductions, Bytes int64
	// Busy is how long reductions took: of the rank that comes last it is the time of
	// the communication, of the others also the time until it comes. Waited is how long
	// the device had nothing else to do.
	Busy, Waited time.Duration
}

// Sub returns what was done between two counts, of which before is the earlier one.
func (s Stats) Sub(before Stats) Stats {
	return Stats{s.Reductions - before.Reductions, s.Bytes - before.Bytes, s.Busy - before.Busy, s.Waited - before.Waited}
}

// A reduction is one that has begun.
type reduction struct {
	group *Group
	data  []float32
	done  chan error
	wait  func() error // finish, made once
}

// NewGroup returns the group of a Comm. While a reduction has begun and not been waited
// for, nobody else may use the Comm. Close ends the Group and not the Comm.
func NewGroup(c Comm, w Wire) *Group {
	g := &Group{comm: c, wire: w, queue: make(chan *reduction, 64)}
	g.done.Go(func() {
		for r := range g.queue {
			r.done <- g.carryOut(r.data)
		}
	})
	return g
}

// Comm returns what the ranks speak through.
func (g *Group) Comm() Comm { return g.comm }

// Wire returns the form in which numbers are sent.
func (g *Group) Wire() Wire { return g.wire }

// Size implements engine.Reducer.
func (g *Group) Size() int { return g.comm.Size() }

// AllReduce implements engine.Reducer.
func (g *Group) AllReduce(data []float32) (wait func() error) {
	var r *reduction
	if n := len(g.free); n > 0 {
		r, g.free = g.free[n-1], g.free[:n-1]
	} else {
		r = &reduction{group: g, done: make(chan error, 1)}
		r.wait = r.finish
	}
	r.data = data
	g.queue <- r
	return r.wait
}

// finish waits for the reduction.
func (r *reduction) finish() error {
	g := r.group
	start := time.Now()
	err := <-r.done
	took := time.Since(start)
	r.data = nil
	g.free = append(g.free, r)
	g.mu.Lock()
	g.stats.Waited += took
	g.mu.Unlock()
	return err
}

// Stats returns the counts so far. Any goroutine may call it.
func (g *Group) Stats() Stats {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.stats
}

// Close ends the goroutine, after the reductions that have begun. Nobody may use the
// Group afterwards. The error is always nil.
func (g *Group) Close() error {
	close(g.queue)
	g.done.Wait()
	return nil
}

// carryOut does one reduction. After one has failed, all fail.
func (g *Group) carryOut(data []float32) error {
	if g.err != nil {
		return g.err
	}
	start := time.Now()
	bytes := 4 * len(data)
	if g.wire == BFloat16 {
		bytes /= 2
		g.err = g.bfloat16(data)
	} else {
		g.err = g.comm.AllReduce(data)
	}
	if g.err != nil {
		g.err = fmt.Errorf("dist: sum over %d ranks: %w", g.comm.Size(), g.err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stats.Reductions++
	g.stats.Bytes += int64(bytes)
	g.stats.Busy += time.Since(start)
	return g.err
}

// bfloat16 adds up numbers that are sent as bfloat16. Each rank gets one part of the
// elements of all ranks, adds that up and sends it to all.
func (g *Group) bfloat16(data []float32) error {
	size := g.comm.Size()
	part := (len(data) + size - 1) / size
	g.sent, g.received, g.floats = grown(g.sent, 2*part*size), grown(g.received, 2*part*size), grown(g.floats, part*size)
	narrow(g.sent, data)
	clear(g.sent[2*len(data):])
	if err := g.comm.AllToAll(g.sent, g.received); err != nil {
		return err
	}
	widen(g.floats, g.received)
	g.parts = g.parts[:0]
	for i := range size {
		g.parts = append(g.parts, g.floats[i*part:(i+1)*part])
	}
	Sum(g.parts)
	narrow(g.received, g.parts[0])
	if err := g.comm.AllGather(g.received[:2*part], g.sent); err != nil {
		return err
	}
	widen(data, g.sent)
	return nil
}

// narrow stores the bfloat16 nearest to each number, to even of two, in dst. NaN stays
// NaN.
func narrow(dst []byte, src []float32) {
	out := unsafe.Slice((*uint16)(unsafe.Pointer(unsafe.SliceData(dst))), len(src))
	for i, v := range src {
		b := *(*uint32)(unsafe.Pointer(&v))
		if v != v {
			out[i] = uint16(b>>16) | 1<<6
			continue
		}
		out[i] = uint16((b + 0x7fff + b>>16&1) >> 16)
	}
}

// widen stores the numbers that are bfloat16 in src.
func widen(dst []float32, src []byte) {
	in := unsafe.Slice((*uint16)(unsafe.Pointer(unsafe.SliceData(src))), len(dst))
	for i, b := range in {
		v := uint32(b) << 16
		dst[i] = *(*float32)(unsafe.Pointer(&v))
	}
}

// grown returns a slice of n elements, s itself if that is large enough. What it holds
// is undefined.
func grown[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
