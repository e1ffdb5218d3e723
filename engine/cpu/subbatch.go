package cpu

import (
	"github.com/strideml/stride/graph"
)

// Inference computes a large batch as several smaller ones, one after the
// other, where that keeps the values between layers in the cache: what large
// batches gain in longer matrix products they lose in traffic with memory.

// subBatch returns the graph for a part of the samples and the number of
// parts, or the graph as it is.
func subBatch(g *graph.Graph, outputs []*graph.Node) (small *graph.Graph, smallOutputs []*graph.Node, parts int) {
	if len(g.Inputs()) == 0 || len(g.Assignments()) > 0 || len(outputs) == 0 || len(outputs[0].Shape()) == 0 {
		return g, outputs, 1
	}
	batch := outputs[0].Shape()[0]
	if samples := subBatchSize(g, batch); samples < batch {
		if small, smallOutputs, ok := graph.Rebatched(outputs, samples); ok {
			return small, smallOutputs, batch / samples
		}
	}
	return g, outputs, 1
}

// subBatchSize returns how many of a batch of samples to compute at a time: as
// many as fit the cache with the arguments and the result of any one layer, if
// that saves more traffic than reading the weights several times costs.
func subBatchSize(g *graph.Graph, batch int) int {
	weights, widest, traffic := 0, 0, 0
	for _, n := range g.Nodes() {
		size := n.Shape().Size()
		switch n.Op().(type) {
		case graph.VariableOp:
			weights += size
			continue
		case graph.InputOp, graph.ConstantOp, graph.ReshapeOp:
			continue
		case graph.Unary, graph.Binary, graph.BatchNormOp: // done with the layer before
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
	for samples := batch; samples > 1; samples-- {
		if batch%samples == 0 && samples*widest <= limit.cacheFloats {
			if again := batch/samples - 1; again*weights > traffic {
				return batch
			}
			return samples
		}
	}
	return batch
}
