//go:build (linux || darwin) && (amd64 || arm64)

package mpi

import "github.com/strideml/stride/dist"

const (
	// Up to this many bytes from all others together, each rank sends all it has to
	// all others: one message instead of two to and from each.
	smallSum = 64 << 10
	// segmentBytes is the length of the messages of a long sum. It is done in chunks of
	// a segment for each rank, and one chunk is added while the next is on the way.
	segmentBytes = 1 << 20
)

func (c *comm) allGather(send, recv []byte) error {
	n := len(send)
	part := func(rank int) []byte { return recv[rank*n:][:n] }
	copy(part(c.rank), send)
	return c.wait(c.exchange(func(int) []byte { return part(c.rank) }, part))
}

func (c *comm) allToAll(send, recv []byte) error {
	n := len(send) / c.size
	copy(recv[c.rank*n:][:n], send[c.rank*n:][:n])
	return c.wait(c.exchange(
		func(rank int) []byte { return send[rank*n:][:n] },
		func(rank int) []byte { return recv[rank*n:][:n] }))
}

func (c *comm) allReduce(data []float32) error {
	if 4*len(data)*(c.size-1) <= smallSum {
		return c.smallSum(data)
	}
	// A chunk goes two ways: segments to who adds them, and sums to all. The first of
	// the next chunk is under way while this one is added.
	length := c.size * c.segment
	chunks := (len(data) + length - 1) / length
	chunk := func(i int) []float32 { return data[i*length : min((i+1)*length, len(data))] }
	var sums *group
	segments := c.scatter(chunk(0), 0)
	for i := range chunks {
		if err := c.wait(segments); err != nil {
			return err
		}
		if i+1 < chunks {
			segments = c.scatter(chunk(i+1), i+1)
			if _, err := c.advance(); err != nil {
				return err
			}
		}
		dist.SumTo(c.segmentOf(chunk(i), c.rank), c.parts(chunk(i), i))
		if sums != nil {
			if err := c.wait(sums); err != nil {
				return err
			}
		}
		sums = c.spread(chunk(i))
	}
	return c.wait(sums)
}

// segmentOf is the part of a chunk that a rank adds up.
func (c *comm) segmentOf(chunk []float32, rank int) []float32 {
	return chunk[rank*len(chunk)/c.size : (rank+1)*len(chunk)/c.size]
}

// parts are the values of this rank's segment of a chunk by all ranks, once they have
// come; its own are in place.
func (c *comm) parts(chunk []float32, i int) [][]float32 {
	n := len(c.segmentOf(chunk, c.rank))
	buffer := c.scratch[i%2]
	parts := make([][]float32, c.size)
	for rank := range parts {
		parts[rank] = buffer[rank*n:][:n]
	}
	parts[c.rank] = c.segmentOf(chunk, c.rank)
	return parts
}

// scatter begins to send the segments of a chunk to those who add them, and to
// receive those of this rank.
func (c *comm) scatter(chunk []float32, i int) *group {
	own := c.segmentOf(chunk, c.rank)
	if need := c.size * len(own); len(c.scratch[i%2]) < need {
		c.scratch[i%2] = make([]float32, need)
	}
	parts := c.parts(chunk, i)
	return c.exchange(
		func(rank int) []byte { return bytesOf(c.segmentOf(chunk, rank)) },
		func(rank int) []byte { return bytesOf(parts[rank]) })
}

// spread begins to send the sum of this rank's segment to all, and to receive theirs.
func (c *comm) spread(chunk []float32) *group {
	own := c.segmentOf(chunk, c.rank)
	return c.exchange(
		func(int) []byte { return bytesOf(own) },
		func(rank int) []byte { return bytesOf(c.segmentOf(chunk, rank)) })
}

// smallSum sends all to all; each rank adds.
func (c *comm) smallSum(data []float32) error {
	n := len(data)
	if need := c.size * n; len(c.scratch[0]) < need {
		c.scratch[0] = make([]float32, need)
	}
	parts := make([][]float32, c.size)
	for rank := range parts {
		parts[rank] = c.scratch[0][rank*n:][:n]
	}
	parts[c.rank] = data
	err := c.wait(c.exchange(
		func(int) []byte { return bytesOf(parts[c.rank]) },
		func(rank int) []byte { return bytesOf(parts[rank]) }))
	if err != nil {
		return err
	}
	dist.SumTo(data, parts)
	return nil
}
