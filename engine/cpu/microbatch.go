package cpu

import (
	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/graph"
)

// Inference computes a large batch as several microbatches. Longer matrix products gain
// less than the traffic with memory costs, and workers that compute whole microbatches
// do not wait for each other.

// microbatch returns the graph for a part of the samples, its outputs, and the number
// of parts; the graph itself and 1 if the batch is better computed at once, or cannot be
// divided.
func microbatch(g *graph.Graph, outputs []*graph.Node) (small *graph.Graph, smallOutputs []*graph.Node, parts int) {
	if len(g.Inputs()) == 0 || len(g.Assignments()) > 0 || len(outputs) == 0 || len(outputs[0].Shape()) == 0 {
		return g, outputs, 1
	}
	batch := outputs[0].Shape()[0]
	if samples := microbatchSize(g, batch); samples < batch {
		if small, smallOutputs, ok := graph.Rebatched(outputs, samples); ok {
			return small, smallOutputs, batch / samples
		}
	}
	return g, outputs, 1
}

// microbatchSize returns how many samples of a batch to compute at a time: the whole
// batch, or at most half of it. Of the divisors of the batch with which reading the
// weights for each microbatch costs less than it saves, it is the largest with which the
// arguments and the result of any one layer fit the cache, or else the smallest.
func microbatchSize(g *graph.Graph, batch int) int {
	weights, widest, traffic := 0, 0, 0
	for _, n := range g.Nodes() {
		size := n.Shape().Size()
		switch n.Op().(type) {
		case graph.VariableOp:
			weights += size
			continue
		case graph.InputOp, graph.ConstantOp, graph.ReshapeOp:
			continue
		case graph.UnaryOp, graph.BinaryOp, graph.BatchNormOp: // done with the layer before
			continue
		}
		for _, in := range n.Inputs() {
			if s := in.Shape(); len(s) > 1 && s[0] == batch {
				size += s.Size()
			}
		}
		widest = max(widest, size/batch)
		traffic += size
	}
	best := batch
	if work.Limit.CacheFloats == 0 {
		return best
	}
	least := max(1, min(2, batch/2)) // one image at a time is cut into too small pieces
	for samples := least; samples <= batch/2; samples++ {
		if batch%samples != 0 || (batch/samples-1)*weights > traffic {
			continue
		}
		if best < batch && samples*widest > work.Limit.CacheFloats {
			break
		}
		best = samples
	}
	return best
}
