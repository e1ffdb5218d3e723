package enginetest

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/tensor"
)

// randomGraphs grows graphs of random operators and compares outputs,
// derivatives and assignments. It finds errors in how an engine combines
// operators: fusion, layouts, lifetimes of buffers.
func randomGraphs(t *testing.T, device engine.Device) {
	for range 10 { // 100 graphs each, unless -rapid.checks says otherwise
		rapid.Check(t, func(t *rapid.T) {
			gr := grower{T: t, p: &problem{graph: graph.New()}}
			gr.grow()
			gr.p.check(t, device, measured, 2)
		})
	}
}

// A grower adds random nodes to a graph of matrices and images.
type grower struct {
	*rapid.T
	p      *problem
	nodes  []*graph.Node // candidates for arguments
	leaves []*graph.Node // what to differentiate by
}

func (gr *grower) number(from, to int, what string) int {
	return rapid.IntRange(from, to).Draw(gr.T, what)
}

func (gr *grower) flip(what string) bool { return rapid.Bool().Draw(gr.T, what) }

// leaf adds an input, a variable or a constant.
func (gr *grower) leaf(shape ...int) *graph.Node {
	r := rng.New(uint64(len(gr.p.graph.Nodes())), "enginetest random")
	var n *graph.Node
	switch gr.number(0, 4, "leaf") {
	case 0, 1:
		n = gr.p.input(r, shape...)
	case 2, 3:
		n = gr.p.graph.Variable(&graph.Variable{Name: "v", Value: normal(r, shape...), Trainable: true})
	default:
		n = gr.p.graph.Constant(normal(r, shape...))
	}
	gr.leaves = append(gr.leaves, n)
	return n
}

func (gr *grower) grow() {
	channels := []int{1, 2, 3, 5, 8, 9}
	gr.nodes = append(gr.nodes,
		gr.leaf(gr.number(1, 3, "batch"), rapid.SampledFrom(channels).Draw(gr.T, "channels"), gr.number(1, 6, "height"), gr.number(1, 6, "width")),
		gr.leaf(gr.number(1, 4, "rows"), gr.number(1, 9, "columns")))
	for range gr.number(1, 12, "operators") {
		x := rapid.SampledFrom(gr.nodes).Draw(gr.T, "argument")
		var y *graph.Node
		if len(x.Shape()) == 4 {
			y = gr.image(x)
		} else {
			y = gr.any(x)
		}
		if y.Shape().Size() <= 2000 {
			gr.nodes = append(gr.nodes, y)
		}
	}

	// Outputs: the last node, some others, and derivatives.
	last := gr.nodes[len(gr.nodes)-1]
	gr.p.outputs = append(gr.p.outputs, last)
	for _, n := range gr.nodes {
		if gr.number(0, 3, "output") == 0 {
			gr.p.outputs = append(gr.p.outputs, n)
		}
	}
	if !gr.flip("derivatives") {
		return
	}
	r := rng.New(1, "enginetest random")
	loss := graph.Sum(graph.Mul(last, gr.p.input(r, last.Shape()...)))
	for i, d := range graph.Gradients(loss, gr.leaves...) {
		_, isVariable := gr.leaves[i].Op().(graph.VariableOp)
		if isVariable && gr.flip("update") {
			rate := gr.p.graph.Scalar(0.01)
			gr.p.graph.Assign(gr.leaves[i], graph.Sub(gr.leaves[i], graph.Mul(rate, d)))
		} else {
			gr.p.outputs = append(gr.p.outputs, d)
		}
	}
}

// image applies an operator that is for images, or any other.
func (gr *grower) image(x *graph.Node) *graph.Node {
	s := x.Shape()
	window := func(kernel [2]int, maxPad int) graph.Window {
		w := graph.Window{Stride: [2]int{gr.number(1, 2, "stride"), gr.number(1, 2, "stride")}}
		for i := range 2 {
			w.Pad[i] = gr.number(0, min(maxPad, kernel[i]/2), "pad")
		}
		return w
	}
	kernel := [2]int{gr.number(1, min(3, s[2]), "kernel"), gr.number(1, min(3, s[3]), "kernel")}
	switch gr.number(0, 10, "image operator") {
	case 0, 1:
		groups := 1
		if gr.flip("grouped") {
			groups = s[1]
		}
		out := groups * gr.number(1, 9/min(groups, 9), "out")
		w := gr.leaf(out, s[1]/groups, kernel[0], kernel[1])
		var bias *graph.Node
		if gr.flip("bias") {
			bias = gr.leaf(out)
		}
		return graph.Conv2D(x, w, bias, window(kernel, 1), groups)
	case 2:
		return graph.MaxPool2D(x, kernel, window(kernel, 1), gr.flip("ceil"))
	case 3:
		return graph.AvgPool2D(x, kernel, window(kernel, 1), gr.flip("ceil"), gr.flip("include padding"))
	case 4:
		if s.Size()/s[1] < 4 { // the variance of a few elements is nearly 0
			return graph.Neg(x)
		}
		return graph.BatchNorm(x, graph.BatchStats(x), gr.leaf(s[1]), gr.leaf(s[1]), 0.1)
	case 5:
		stats := graph.Broadcast(gr.p.graph.Scalar(0.5), 2, s[1])
		return graph.BatchNormInference(x, stats, gr.leaf(s[1]), gr.leaf(s[1]), 0.1)
	case 6:
		return graph.Add(x, gr.leaf(s[1], 1, 1))
	case 7:
		return graph.AdaptiveAvgPool2D(x, gr.number(1, 4, "height"), gr.number(1, 4, "width"))
	}
	return gr.any(x)
}

// any applies an operator for arrays of any rank.
func (gr *grower) any(x *graph.Node) *graph.Node {
	s := x.Shape()
	axis := gr.number(0, len(s)-1, "axis")
	switch gr.number(0, 23, "operator") {
	case 0:
		return graph.Neg(x)
	case 1:
		return graph.ReLU(x)
	case 2:
		return graph.Sigmoid(x)
	case 3:
		return graph.Tanh(x)
	case 4:
		return graph.Exp(graph.Tanh(x))
	case 5:
		return graph.Log(graph.Add(graph.Sigmoid(x), gr.p.graph.Scalar(0.5)))
	case 6:
		return graph.Sqrt(graph.Add(graph.Exp(graph.Tanh(x)), gr.p.graph.Scalar(0.1)))
	case 7, 8, 9:
		f := rapid.SampledFrom([]func(a, b *graph.Node) *graph.Node{graph.Add, graph.Sub, graph.Mul}).Draw(gr.T, "binary")
		y := gr.partner(s)
		if gr.flip("swap") {
			x, y = y, x
		}
		return f(x, y)
	case 10:
		return graph.Div(x, graph.Add(graph.Sigmoid(gr.partner(s)), gr.p.graph.Scalar(0.5)))
	case 11:
		return graph.Softmax(x, axis)
	case 12:
		return graph.LogSoftmax(x, axis)
	case 13:
		return graph.SumKeep(x, axis)
	case 14:
		return graph.MeanKeep(x, axis)
	case 15:
		return graph.MaxKeep(x, axis)
	case 16:
		return gr.transposed(x)
	case 17:
		other := s.Clone()
		other[axis] = gr.number(1, 4, "more")
		if gr.flip("first") {
			return graph.Concat(axis, gr.partnerOf(other), x)
		}
		return graph.Concat(axis, x, gr.partnerOf(other), x)
	case 18:
		start := gr.number(0, s[axis]-1, "start")
		return graph.Slice(x, axis, start, gr.number(start+1, s[axis], "stop"))
	case 19:
		before, after := make([]int, len(s)), make([]int, len(s))
		before[axis], after[axis] = gr.number(0, 2, "before"), gr.number(0, 2, "after")
		return graph.Pad(x, before, after, 0.5)
	case 20:
		hi, lo := graph.StepValue(uint64(gr.number(0, 5, "step")))
		step := gr.p.graph.Constant(tensor.Must(tensor.FromSlice([]float32{hi, lo}, 2)))
		return graph.Dropout(x, step, 0.4, 5)
	case 21:
		return graph.ReLU6(graph.Mul(x, gr.p.graph.Scalar(4)))
	case 22:
		if len(s) == 4 {
			return graph.Flatten(x)
		}
		return graph.Reshape(x, s[0], s[1], 1, 1)
	}
	if len(s) == 4 {
		return graph.Mean(x, 2, 3)
	}
	if gr.flip("matrix on the left") {
		return graph.MatMul(gr.leaf(gr.number(1, 9, "rows"), s[0]), x)
	}
	return graph.Linear(x, gr.leaf(gr.number(1, 9, "out"), s[1]), nil)
}

// partner returns a node that broadcasts with shape s.
func (gr *grower) partner(s tensor.Shape) *graph.Node {
	other := s.Clone()
	for i := range other {
		if gr.number(0, 3, "repeat") == 0 {
			other[i] = 1
		}
	}
	if gr.flip("fewer axes") {
		other = other[gr.number(0, len(other), "drop"):]
	}
	return gr.partnerOf(other)
}

// partnerOf returns a node of shape s: an earlier one if there is one.
func (gr *grower) partnerOf(s tensor.Shape) *graph.Node {
	var found []*graph.Node
	for _, n := range gr.nodes {
		if n.Shape().Equal(s) {
			found = append(found, n)
		}
	}
	if len(found) > 0 && gr.number(0, 3, "new") > 0 {
		return rapid.SampledFrom(found).Draw(gr.T, "partner")
	}
	return gr.leaf(s...)
}

func (gr *grower) transposed(x *graph.Node) *graph.Node {
	axes := make([]int, len(x.Shape()))
	for i := range axes {
		axes[i] = i
	}
	return graph.Transpose(x, rapid.Permutation(axes).Draw(gr.T, "axes")...)
}
