package main

import (
	"math"
)

// A network is what connects the machines.
type network struct {
	Bits  float64 // per second, from and to each machine
	Delay float64 // seconds from one machine to another
	// Burst is how many bytes may be sent at once after a pause: the link of a testbed
	// saves up what it does not send, up to so much.
	Burst float64
	// Frame is the length of a frame with 1448 bytes of a message in it: 1514 in the
	// testbed, 1538 on a wire, with what is between frames.
	Frame float64
}

// seconds is how long so many bytes of messages take.
func (n network) seconds(bytes float64) float64 { return bytes * n.Frame / 1448 * 8 / n.Bits }

// A transport has the constants of MPI over TCP.
type transport struct {
	// Eager and Rendezvous are how many delays a message takes beside its bytes: a short
	// one, and one for which the receiver must first say that it is ready.
	Eager, Rendezvous float64
	// Host is the time of a rank's processor for a byte of a sum, in seconds: copying
	// and adding. Message is that for a message.
	Host, Message float64
}

const (
	// The constants of dist/mpi and of Open MPI's TCP transport.
	smallSum     = 64 << 10
	segmentBytes = 1 << 20
	eagerBytes   = 64 << 10
	activePeers  = 16 // messages under way at once: half to send, half to receive
)

// sum is how long the sum of so many bytes over so many ranks takes.
func (t transport) sum(bytes float64, ranks int, n network) float64 {
	if ranks < 2 {
		return 0
	}
	others := float64(ranks - 1)
	rounds := math.Ceil(others / activePeers)
	if bytes*others <= smallSum { // all to all, at once
		return rounds*t.Eager*n.Delay + n.seconds(others*bytes) + others*t.Message + t.Host*bytes
	}
	// Segments to who adds them, sums to all. The second chunk is on its way while the
	// first is added, so the delays count once.
	segment := min(bytes/float64(ranks), segmentBytes)
	delays := t.Eager
	if segment > eagerBytes {
		delays = t.Rendezvous
	}
	chunks := math.Ceil(bytes / float64(ranks) / segmentBytes)
	return 2*rounds*delays*n.Delay + n.seconds(2*others/float64(ranks)*bytes) +
		2*others*chunks*t.Message + t.Host*bytes
}

// A computation is the step of a rank without the others.
type computation struct {
	Time float64 // seconds
	// Buckets are the sums, in their order: the size in bytes and when it can begin.
	Buckets []bucket
}

type bucket struct {
	Bytes int     `json:"bytes"`
	Ready float64 `json:"ready_seconds"`
}

// step is how long a step takes: sums happen one after the other, beside the
// computation, and the step ends with the later of the two.
func (t transport) step(c computation, ranks int, n network) float64 {
	end := 0.0
	for _, b := range c.Buckets {
		end = max(end, b.Ready) + t.sum(float64(b.Bytes), ranks, n)
	}
	if ranks < 2 {
		end = 0
	}
	saved := min(n.Burst*8/n.Bits, c.Time) // while it computed
	return max(c.Time, end-saved)
}

// faster is the computation on a machine that computes so many times faster.
func (c computation) faster(times float64) computation {
	f := computation{Time: c.Time / times}
	for _, b := range c.Buckets {
		f.Buckets = append(f.Buckets, bucket{b.Bytes, b.Ready / times})
	}
	return f
}

// shared is the computation of ranks that share processors.
func (c computation) shared(ranks, processors int) computation {
	return c.faster(min(1, float64(processors)/float64(ranks)))
}
