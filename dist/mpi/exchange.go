//go:build (linux || darwin) && (amd64 || arm64)

package mpi

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"
	"unsafe"
)

// A transfer is one message.
type transfer struct {
	group   *group
	peer    int
	receive bool
	buffer  []byte
	request request
}

// A group is transfers that are waited for together.
type group struct {
	pending int // how many are not done
	pinned  runtime.Pinner
}

const (
	// maxMessage is the most bytes in one message: the lengths of MPI are of 32 bits.
	maxMessage = 1 << 30
	// maxActive is how many messages of a rank are under way at once. With many ranks
	// all messages at once would overflow the buffers of the switches between them.
	maxActive = 32
	// tag is that of all messages. Those of a pair of ranks are matched in the order
	// in which they are sent.
	tag = 1
)

// exchange begins to send a part to each rank and to receive one from each. send and
// recv return the parts for and from a rank; their lengths agree with those that the
// other rank computes. nil sends nothing. The caller copies what it has for itself.
func (c *comm) exchange(send, recv func(rank int) []byte) *group {
	g := &group{}
	// In the order of rounds, the same on all ranks, as many at a time as may be active: of
	// what is not done anywhere, the earliest is active everywhere.
	//
	// Their sends come before their receives because a library asks before it sends a long
	// message, and the other rank answers when it receives; both go the same way as the
	// messages themselves. A rank that comes late and receives first answers before it asks:
	// then the other begins to send before it is asked, its own answer waits behind all it
	// sends, and the link between them is used in one direction at a time.
	const rounds = maxActive / 2
	for first := 1; first < c.size; first += rounds {
		end := min(first+rounds, c.size)
		for at, more := 0, true; more; at += c.maxMessage {
			more = false
			for round := first; round < end; round++ {
				to := (c.rank + round) % c.size
				more = c.add(g, to, false, send(to), at) || more
			}
			for round := first; round < end; round++ {
				from := (c.rank - round + c.size) % c.size
				more = c.add(g, from, true, recv(from), at) || more
			}
		}
	}
	return g
}

// add puts a message into the queue, or the piece of it that begins at a byte if it is too
// long for one. It says whether there are more pieces.
func (c *comm) add(g *group, peer int, receive bool, buffer []byte, at int) (more bool) {
	if at >= len(buffer) {
		return false
	}
	if at == 0 {
		g.pinned.Pin(&buffer[0])
	}
	end := min(at+c.maxMessage, len(buffer))
	c.queue = append(c.queue, &transfer{group: g, peer: peer, receive: receive, buffer: buffer[at:end]})
	g.pending++
	return end < len(buffer)
}

// advance starts what may be started, and finishes what is done. It says whether
// anything was.
func (c *comm) advance() (bool, error) {
	moved := false
	for i := 0; i < len(c.active); {
		t := c.active[i]
		done, err := c.lib.done(&t.request)
		switch {
		case err != nil: // a message that is too long, for one, which each library says in its way
			err = fmt.Errorf("it failed, or the ranks do not do the same: %w", err)
		case done && t.receive:
			err = c.checkLength(t)
		}
		if err != nil {
			return moved, fmt.Errorf("%s %s: %w", t.direction(), c.peer(t.peer), err)
		}
		if !done {
			i++
			continue
		}
		moved = true
		if t.group.pending--; t.group.pending == 0 {
			t.group.pinned.Unpin()
		}
		c.active = slices.Delete(c.active, i, i+1)
	}
	for len(c.active) < maxActive && len(c.queue) > 0 {
		t := c.queue[0]
		c.queue = c.queue[1:]
		start := c.lib.send
		if t.receive {
			start = c.lib.receive
		}
		if err := start(t.buffer, t.peer, tag, &t.request); err != nil {
			return moved, fmt.Errorf("%s %s: %w", t.direction(), c.peer(t.peer), err)
		}
		c.active = append(c.active, t)
		moved = true
	}
	return moved, nil
}

func (t *transfer) direction() string {
	if t.receive {
		return "receiving from"
	}
	return "sending to"
}

// checkLength compares what has come with what was expected: ranks that do different
// things are noticed here.
func (c *comm) checkLength(t *transfer) error {
	n, err := c.lib.received(&t.request)
	if err != nil {
		return err
	}
	if n != len(t.buffer) {
		return fmt.Errorf("it sent %d bytes and not the %d that this rank expects: the ranks do not do the same", n, len(t.buffer))
	}
	return nil
}

var errAborted = errors.New("aborted")

// wait returns when all transfers of a group are done.
func (c *comm) wait(g *group) error {
	const (
		eager     = 30 * time.Microsecond // how long to ask without pauses
		shortest  = 5 * time.Microsecond  // the first pause
		countable = time.Second           // longer pauses are not the network's: the process was stopped
	)
	var idle time.Duration // how long nothing has moved
	pause := time.Duration(shortest)
	last := time.Now()
	for g.pending > 0 {
		moved, err := c.advance()
		if err != nil {
			return err
		}
		if status := c.abortStatus.Load(); status != nil {
			c.lib.abortAll(*status)
			return errAborted
		}
		now := time.Now()
		if moved {
			idle, pause, last = 0, shortest, now
			continue
		}
		idle += min(now.Sub(last), countable)
		last = now
		if idle > c.options.Timeout {
			return c.timeout()
		}
		if idle > eager {
			sleep(pause)
			pause = min(2*pause, c.options.Pause)
		}
	}
	return nil
}

// timeout is the error that says who is missing.
func (c *comm) timeout() error {
	var from, to []string
	for _, t := range c.active {
		name := c.peer(t.peer)
		switch {
		case t.receive && !slices.Contains(from, name):
			from = append(from, name)
		case !t.receive && !slices.Contains(to, name):
			to = append(to, name)
		}
	}
	var parts []string
	if len(from) > 0 {
		parts = append(parts, "nothing came from "+someOf(from))
	}
	if len(to) > 0 {
		parts = append(parts, "nothing could be sent to "+someOf(to))
	}
	return fmt.Errorf("for %v %s: stopped, far behind, or not reachable by the network", c.options.Timeout, strings.Join(parts, ", and "))
}

// someOf lists names, at most eight of them.
func someOf(names []string) string {
	slices.Sort(names)
	if len(names) > 8 {
		return strings.Join(names[:8], ", ") + fmt.Sprintf(" and %d more", len(names)-8)
	}
	return strings.Join(names, ", ")
}

// bytesOf is a slice of numbers as bytes.
func bytesOf(x []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), 4*len(x))
}
