package graph

import (
	"slices"

	"github.com/strideml/stride/tensor"
)

// Inference treats each sample of a batch for itself, so a large batch can be
// computed as several small ones, whose values stay in the processor's cache.

// Rebatched returns a copy of the graph for another number of samples, and the
// nodes of the copy that correspond to the given outputs. Inputs and variables are
// the same and in the same order, but for the first size of inputs and of all
// that depends on them.
//
// ok is false if the samples are not computed independently of each other:
// if inputs or outputs differ in their first size, if something depends on the
// whole batch, as in training, or if the graph assigns to variables.
func Rebatched(outputs []*Node, samples int) (g *Graph, copies []*Node, ok bool) {
	if len(outputs) == 0 {
		return nil, nil, false
	}
	from := outputs[0].graph
	batch := from.batch()
	if batch == 0 || len(from.assignments) > 0 {
		return nil, nil, false
	}
	needed := ancestors(outputs)
	g = New()
	of := make([]*Node, len(from.nodes))
	perSample := make([]bool, len(from.nodes))
	for _, n := range from.nodes {
		_, isInput := n.op.(InputOp)
		if !needed[n.id] && !isInput {
			continue
		}
		op, inputs := n.op, make([]*Node, len(n.inputs))
		for i, in := range n.inputs {
			inputs[i] = of[in.id]
			perSample[n.id] = perSample[n.id] || perSample[in.id]
		}
		if isInput {
			perSample[n.id] = true
		}
		if perSample[n.id] {
			if op, ok = resized(n, perSample, batch, samples); !ok {
				return nil, nil, false
			}
		}
		of[n.id] = g.appendInferred(n, op, inputs)
	}
	for _, n := range from.inputs {
		g.inputs = append(g.inputs, of[n.id])
	}
	for _, n := range from.variables {
		if of[n.id] != nil {
			g.variables = append(g.variables, of[n.id])
			g.byVariable[n.op.(VariableOp).Variable] = of[n.id]
		}
	}
	for _, n := range outputs {
		if !perSample[n.id] {
			return nil, nil, false
		}
		copies = append(copies, of[n.id])
	}
	return g, copies, true
}

// batch returns the common first size of all inputs, or 0.
func (g *Graph) batch() int {
	batch := 0
	for _, n := range g.inputs {
		if len(n.shape) == 0 || batch > 0 && n.shape[0] != batch {
			return 0
		}
		batch = n.shape[0]
	}
	return batch
}

// ancestors returns, by ID, what the nodes are computed from, with themselves.
func ancestors(nodes []*Node) []bool {
	needed := make([]bool, len(nodes[0].graph.nodes))
	for _, n := range nodes {
		needed[n.id] = true
	}
	for i, n := range slices.Backward(nodes[0].graph.nodes) {
		for _, in := range n.inputs {
			needed[in.id] = needed[in.id] || needed[i]
		}
	}
	return needed
}

// A rebatcher is an operator that treats each sample for itself: given
// arguments of which the batched ones have the batch as their first axis, so
// has its result.
type rebatcher interface {
	// rebatch returns the operator for another number of samples, or false if
	// this use of it mixes samples.
	rebatch(b batching) (op Op, ok bool)
}

// A batching is a node whose batch is to be resized.
type batching struct {
	node    *Node
	batched []bool // for each argument, whether its first axis is the batch
	samples int    // the new size
}

// only reports whether argument i is batched, and no other.
func (b batching) only(i int) bool {
	for j, batched := range b.batched {
		if batched != (j == i) {
			return false
		}
	}
	return true
}

// all reports whether all arguments are batched.
func (b batching) all() bool { return !slices.Contains(b.batched, false) }

// broadcast reports whether the node treats each sample for itself if it broadcasts
// its arguments: one that is not batched may be repeated for each sample, but have no
// part for each.
func (b batching) broadcast() bool {
	for i, in := range b.node.inputs {
		whole := len(in.shape) == len(b.node.shape)
		if b.batched[i] != whole && !(whole && in.shape[0] == 1) {
			return false
		}
	}
	return true
}

// resize returns a shape with the new number of samples.
func (b batching) resize(s tensor.Shape) tensor.Shape {
	s = s.Clone()
	s[0] = b.samples
	return s
}

// resized returns the operator of n for another number of samples, and false if
// it does not treat each sample for itself.
func resized(n *Node, perSample []bool, batch, samples int) (op Op, ok bool) {
	r, ok := n.op.(rebatcher)
	if !ok || len(n.shape) == 0 || n.shape[0] != batch {
		return nil, false
	}
	b := batching{node: n, batched: make([]bool, len(n.inputs)), samples: samples}
	for i, in := range n.inputs {
		b.batched[i] = perSample[in.id]
	}
	return r.rebatch(b)
}

// appendInferred adds a node like n of another graph, with another operator.
func (g *Graph) appendInferred(n *Node, op Op, inputs []*Node) *Node {
	g.path = n.path
	m := g.add(op, inputs...)
	g.path = ""
	return m
}
