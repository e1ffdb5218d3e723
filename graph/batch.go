package graph

import (
	"slices"

	"github.com/strideml/stride/tensor"
)

// Inference treats each sample of a batch for itself, so a large batch can be
// computed as several small ones, whose values stay in the processor's cache.

// Rebatched returns a copy of the graph for another number of samples, and the
// nodes of the copy that stand for the given outputs. Inputs and variables are
// the same and in the same order, but for the first size of inputs and of all
// that depends on them.
//
// ok is false if the samples do not go through the graph one beside the other:
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

// resized returns the operator of n for another number of samples, and whether
// it treats each sample for itself: given arguments of which those that
// perSample names have the batch as their first axis, so has its result.
func resized(n *Node, perSample []bool, batch, samples int) (op Op, ok bool) {
	argument := func(i int) bool { return perSample[n.inputs[i].id] }
	only := func(i int) bool { // and no other
		for j := range n.inputs {
			if argument(j) != (j == i) {
				return false
			}
		}
		return true
	}
	if len(n.shape) == 0 || n.shape[0] != batch {
		return nil, false
	}
	with := func(s tensor.Shape) tensor.Shape {
		s = s.Clone()
		s[0] = samples
		return s
	}
	switch op := n.op.(type) {
	case InputOp:
		op.Shape = with(op.Shape)
		return op, true
	case UnaryOp, MaxPool2DOp, AvgPool2DOp, AdaptiveAvgPool2DOp:
		return op, true
	case Conv2DOp:
		return op, only(0)
	case BatchNormOp:
		return op, !op.Train && only(0)
	case MatMulOp:
		return op, !op.TransA && only(0)
	case BinaryOp:
		for i, in := range n.inputs {
			// A constant may be repeated for each sample, but not have a part for each.
			if whole := len(in.shape) == len(n.shape); argument(i) != whole && !(whole && in.shape[0] == 1) {
				return nil, false
			}
		}
		return op, true
	case ReshapeOp:
		op.Shape = with(op.Shape)
		return op, true
	case ReduceOp:
		return op, !slices.Contains(op.Axes, 0)
	case SoftmaxOp:
		return op, op.Axis != 0
	case ArgMaxOp:
		return op, op.Axis != 0
	case SliceOp:
		return op, op.Axis != 0
	case PadOp:
		return op, op.Before[0] == 0 && op.After[0] == 0
	case TransposeOp:
		return op, op.Perm[0] == 0
	case ConcatOp:
		for i := range n.inputs {
			if !argument(i) {
				return nil, false
			}
		}
		return op, op.Axis != 0
	}
	return nil, false
}

// appendInferred adds a node like n of another graph, with another operator.
func (g *Graph) appendInferred(n *Node, op Op, inputs []*Node) *Node {
	g.path = n.path
	m := g.add(op, inputs...)
	g.path = ""
	return m
}
