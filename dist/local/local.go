// Package local connects ranks that are goroutines of one process: for tests and for
// measurements of what does not depend on a network.
//
// [New] makes the ranks. Each is a [dist.Comm] for one goroutine. [Options] slow ranks
// down and make them fail, as machines do.
package local

import (
	"fmt"
	"sync"
	"time"

	"github.com/strideml/stride/dist"
)

// Options change how ranks behave. The zero value changes nothing.
type Options struct {
	// Delay is how long a rank takes before its part of a call, counted from 0, that
	// sends so many bytes. Nil is no delay.
	Delay func(rank, call, bytes int) time.Duration
	// Fail makes a call of a rank fail if it returns an error. Nil is no failure.
	Fail func(rank, call int) error
}

// A Comm is one rank of a group in this process.
type Comm struct {
	group  *group
	rank   int
	calls  int
	closed bool
	shares [][]float32 // of AllReduce
}

var _ dist.Comm = (*Comm)(nil)

// New returns the ranks of a new group of the given size, at least 1.
func New(size int, o Options) []*Comm {
	g := &group{options: o, parts: make([]part, size)}
	g.changed.L = &g.mu
	ranks := make([]*Comm, size)
	for i := range ranks {
		ranks[i] = &Comm{group: g, rank: i}
	}
	return ranks
}

// group is what the ranks share. Ranks meet twice in a call: when all have said what they
// bring, and when all have taken what they need of it.
type group struct {
	options Options

	mu       sync.Mutex
	changed  sync.Cond
	parts    []part // of each rank, in the current call
	arrived  int    // ranks at the current meeting
	meetings uint64 // that are over
	failed   error  // of the rank that failed first
}

// A part is what a rank brings to a call.
type part struct {
	call   string
	floats []float32
	send   []byte
}

// begin waits until all ranks have said what they bring, or one has failed.
func (c *Comm) begin(p part) error {
	g := c.group
	call := c.calls
	c.calls++
	if f := g.options.Delay; f != nil {
		time.Sleep(f(c.rank, call, 4*len(p.floats)+len(p.send)))
	}
	if f := g.options.Fail; f != nil {
		if err := f(c.rank, call); err != nil {
			c.Fail(err)
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case c.closed:
		return fmt.Errorf("rank %d is closed", c.rank)
	case g.failed != nil:
		return g.failed
	}
	g.parts[c.rank] = p
	if g.arrived+1 == len(g.parts) {
		if err := g.check(); err != nil {
			g.fail(err)
			return err
		}
	}
	meeting := g.arrive()
	for g.meetings == meeting && g.failed == nil {
		g.changed.Wait()
	}
	if g.meetings == meeting {
		return g.failed
	}
	return nil
}

// end waits until all ranks have done their part. All that have begun get there.
func (c *Comm) end() {
	g := c.group
	g.mu.Lock()
	defer g.mu.Unlock()
	for meeting := g.arrive(); g.meetings == meeting; {
		g.changed.Wait()
	}
}

// arrive is a rank's arrival at the current meeting, whose number it returns. The caller
// holds the lock.
func (g *group) arrive() (meeting uint64) {
	meeting = g.meetings
	if g.arrived++; g.arrived == len(g.parts) {
		g.arrived = 0
		g.meetings++
		g.changed.Broadcast()
	}
	return meeting
}

// check reports ranks that do not call the same.
func (g *group) check() error {
	first := g.parts[0]
	for i, p := range g.parts[1:] {
		if p.call != first.call || len(p.floats) != len(first.floats) || len(p.send) != len(first.send) {
			return fmt.Errorf("rank %d calls %s, rank 0 %s", i+1, p, first)
		}
	}
	return nil
}

func (p part) String() string {
	if p.call == "AllReduce" {
		return fmt.Sprintf("AllReduce of %d elements", len(p.floats))
	}
	return fmt.Sprintf("%s of %d bytes", p.call, len(p.send))
}

func (g *group) fail(err error) {
	if g.failed == nil {
		g.failed = err
		g.changed.Broadcast()
	}
}

// Fail makes the rank fail, as if its process had ended: calls of all ranks that are not
// complete, and all later ones, return an error that names it. Any goroutine may call it.
func (c *Comm) Fail(err error) {
	c.group.mu.Lock()
	defer c.group.mu.Unlock()
	c.group.fail(fmt.Errorf("rank %d failed: %w", c.rank, err))
}

// Rank implements [dist.Comm].
func (c *Comm) Rank() int { return c.rank }

// Size implements [dist.Comm].
func (c *Comm) Size() int { return len(c.group.parts) }

// Description implements [dist.Comm].
func (c *Comm) Description() string { return "goroutines of one process" }

// AllReduce implements [dist.Comm].
func (c *Comm) AllReduce(data []float32) error {
	if err := c.begin(part{call: "AllReduce", floats: data}); err != nil {
		return err
	}
	// Each rank adds up its share of the elements, for all.
	n, size := len(data), c.Size()
	lo, hi := c.rank*n/size, (c.rank+1)*n/size
	c.shares = c.shares[:0]
	for _, p := range c.group.parts {
		c.shares = append(c.shares, p.floats[lo:hi])
	}
	dist.Sum(c.shares)
	for _, s := range c.shares[1:] {
		copy(s, c.shares[0])
	}
	c.end()
	return nil
}

// AllGather implements [dist.Comm].
func (c *Comm) AllGather(send, recv []byte) error {
	if len(recv) != len(send)*c.Size() {
		return fmt.Errorf("AllGather of %d bytes from each of %d ranks into %d bytes", len(send), c.Size(), len(recv))
	}
	if err := c.begin(part{call: "AllGather", send: send}); err != nil {
		return err
	}
	for i, p := range c.group.parts {
		copy(recv[i*len(send):], p.send)
	}
	c.end()
	return nil
}

// AllToAll implements [dist.Comm].
func (c *Comm) AllToAll(send, recv []byte) error {
	if len(recv) != len(send) || len(send)%c.Size() != 0 {
		return fmt.Errorf("AllToAll of %d bytes for %d ranks into %d bytes", len(send), c.Size(), len(recv))
	}
	if err := c.begin(part{call: "AllToAll", send: send}); err != nil {
		return err
	}
	n := len(send) / c.Size()
	for i, p := range c.group.parts {
		copy(recv[i*n:], p.send[c.rank*n:(c.rank+1)*n])
	}
	c.end()
	return nil
}

// Abort implements [dist.Comm]: all ranks fail. The process goes on.
func (c *Comm) Abort(status int) { c.Fail(fmt.Errorf("aborted with status %d", status)) }

// Close implements [dist.Comm].
func (c *Comm) Close() error {
	if c.closed {
		return nil
	}
	err := c.begin(part{call: "Close"})
	if err == nil {
		c.end()
	}
	c.closed = true
	return err
}
