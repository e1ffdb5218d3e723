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
	// Frame is what a frame has beside the bytes of a message, of which it takes
	// frameBytes: headers, and on a wire what is between frames.
	Frame float64
	// Confirm is the size of the frame by which TCP says that others have come, for each
	// of them.
	Confirm float64
}

const frameBytes = 1448

// seconds is how long a message takes to be sent.
func (n network) seconds(bytes float64) float64 {
	return (bytes + math.Ceil(bytes/frameBytes)*(n.Frame+n.Confirm)) * 8 / n.Bits
}

// A transport has the constants of MPI over TCP.
type transport struct {
	// Eager and Rendezvous are how many ways a message takes beside its bytes: a short
	// one goes at once; for a long one the receiver is asked first, and answers.
	Eager, Rendezvous float64
	// Look is how long what has come waits until the rank looks, in seconds.
	Look float64
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
	if bytes*others <= smallSum { // all to all, at once
		return t.exchange(bytes, ranks, n) + t.Host*bytes
	}
	// In chunks of a segment for each rank: segments to who adds them, and sums to all.
	chunks := math.Ceil(bytes / float64(ranks) / segmentBytes)
	segment := bytes / float64(ranks) / chunks
	// The segments of the next chunk are on their way while the sums of one are, but the
	// question whether they may be sent waits behind these.
	between := 0.0
	if segment > eagerBytes {
		between = (t.Rendezvous - t.Eager) * t.way(n)
	}
	wire := others * (n.seconds(segment) + t.Message)
	return 2*t.exchange(segment, ranks, n) + (chunks-1)*(2*wire+between) + t.Host*bytes
}

// way is how long the first byte of a message takes until the receiver knows of it.
func (t transport) way(n network) float64 { return n.Delay + t.Look }

// exchange is how long it takes that each rank sends a message to each.
func (t transport) exchange(bytes float64, ranks int, n network) float64 {
	others := float64(ranks - 1)
	ways := t.Eager
	if bytes > eagerBytes {
		ways = t.Rendezvous
	}
	// Some peers at a time: either the link is busy, or each of them takes its ways.
	rounds := math.Ceil(others / activePeers)
	wire := others * (n.seconds(bytes) + t.Message)
	return ways*t.way(n) + max(wire, (rounds-1)*ways*t.way(n))
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

// shared is the transport of ranks that share processors.
func (t transport) shared(ranks, processors int) transport {
	slower := max(1, float64(ranks)/float64(processors))
	t.Host, t.Message = t.Host*slower, t.Message*slower
	return t
}
