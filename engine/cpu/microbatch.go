package cpu

import (
	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/graph"
)

// Inference computes a batch as several smaller ones: what large batches gain in
// longer matrix products they lose in traffic with memory, and workers that have
// parts of their own do not wait for each other.

// microbatch returns the graph for a part of the samples and the number of
// parts, or the graph as it is.
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

// microbatchSize returns how many of a batch of samples to compute at a time, at
// most half of them: as many as fit the cache with the arguments and the result of
// any one layer, but not so few that reading the weights again and again costs
// more than that saves.
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
