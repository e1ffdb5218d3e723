package enginetest

import (
	"fmt"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// shapeCases move elements. Results must be exact; the order of elements is
// N×C×H×W however an engine stores images.
func shapeCases() []operatorCase {
	var cases []operatorCase
	add := func(name string, build func(x []*graph.Node) *graph.Node, shapes ...tensor.Shape) {
		c := operatorCase{name: name, build: build, forward: exact, backward: sums}
		for _, s := range shapes {
			c.args = append(c.args, arg{shape: s})
		}
		cases = append(cases, c)
	}
	one := func(f func(x *graph.Node) *graph.Node) func([]*graph.Node) *graph.Node {
		return func(x []*graph.Node) *graph.Node { return f(x[0]) }
	}

	for _, s := range [][2]tensor.Shape{
		{{}, {1}}, {{1}, {}}, {{12}, {3, 4}}, {{3, 4}, {12}}, {{3, 4}, {4, 3}}, {{2, 3, 4, 5}, {2, 60}}, {{2, 60}, {2, 3, 4, 5}}, {{2, 3, 4, 5}, {5, 4, 3, 2}},
		{{2, 3, 4, 5}, {6, 20}}, {{2, 16, 3, 3}, {2, 144}}, {{2, 17, 1, 1}, {2, 17}}, {{2, 17}, {2, 17, 1, 1}}, {{2, 3, 4, 5}, {2, 12, 5}}, {{24}, {2, 3, 2, 2}}, {{2, 6, 3, 3}, {2, 2, 3, 9}},
		{{2, 6, 3, 3}, {2, 3, 2, 9}}, {{4, 3, 2, 2}, {1, 12, 2, 2}},
	} {
		add(fmt.Sprintf("Reshape %v to %v", s[0], s[1]), one(func(x *graph.Node) *graph.Node { return graph.Reshape(x, s[1]...) }), s[0])
		// Between operators that have no reason to keep the given layout.
		add(fmt.Sprintf("Reshape %v to %v, then ReLU", s[0], s[1]), one(func(x *graph.Node) *graph.Node {
			return graph.ReLU(graph.Reshape(graph.Neg(x), s[1]...))
		}), s[0])
	}

	for _, t := range []struct {
		shape tensor.Shape
		perms [][]int
	}{
		{tensor.Shape{3, 5}, [][]int{{0, 1}, {1, 0}}},
		{tensor.Shape{33, 17}, [][]int{{1, 0}}},
		{tensor.Shape{2, 3, 4}, [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}},
		{tensor.Shape{2, 3, 4, 5}, [][]int{{0, 2, 3, 1}, {0, 3, 1, 2}, {0, 1, 3, 2}, {3, 2, 1, 0}, {1, 0, 2, 3}, {2, 3, 0, 1}, {1, 3, 0, 2}, {0, 1, 2, 3}, {3, 0, 2, 1}}},
	} {
		for _, perm := range t.perms {
			add(fmt.Sprintf("Transpose %v by %v", t.shape, perm), one(func(x *graph.Node) *graph.Node { return graph.Transpose(x, perm...) }), t.shape)
		}
	}

	for _, shape := range []tensor.Shape{{5}, {3, 4}, {2, 3, 4}, {2, 3, 4, 5}, {2, 8, 3, 3}} {
		for axis := range shape {
			for count := 2; count <= 4; count++ {
				shapes := make([]tensor.Shape, count)
				for i := range shapes {
					shapes[i] = shape.Clone()
					shapes[i][axis] = 1 + (shape[axis]+3*i)%7
				}
				add(fmt.Sprintf("Concat %v along %d", shapes, axis), func(x []*graph.Node) *graph.Node { return graph.Concat(axis, x...) }, shapes...)
			}
			add(fmt.Sprintf("Concat %v with itself along %d", shape, axis), one(func(x *graph.Node) *graph.Node {
				return graph.Concat(axis, x, graph.Neg(x), x)
			}), shape)
			n := shape[axis]
			for _, span := range [][2]int{{0, 1}, {n - 1, n}, {n / 2, n}, {0, (n + 1) / 2}, {n / 3, n/3 + 1}} {
				if span[0] < span[1] && span[1]-span[0] < n {
					add(fmt.Sprintf("Slice %v along %d from %d to %d", shape, axis, span[0], span[1]),
						one(func(x *graph.Node) *graph.Node { return graph.Slice(x, axis, span[0], span[1]) }), shape)
				}
			}
			before, after := make([]int, len(shape)), make([]int, len(shape))
			before[axis], after[axis] = 2, 1
			add(fmt.Sprintf("Pad %v along %d", shape, axis), one(func(x *graph.Node) *graph.Node { return graph.Pad(x, before, after, -1.5) }), shape)
		}
		before, after := make([]int, len(shape)), make([]int, len(shape))
		for a := range shape {
			before[a], after[a] = a%2, (a+1)%3
		}
		add(fmt.Sprintf("Pad %v", shape), one(func(x *graph.Node) *graph.Node { return graph.Pad(x, before, after, 0) }), shape)
		add(fmt.Sprintf("Pad %v by nothing", shape), one(func(x *graph.Node) *graph.Node {
			return graph.Pad(x, make([]int, len(shape)), make([]int, len(shape)), 3)
		}), shape)
	}
	add("Concat of channels that fill no vector", func(x []*graph.Node) *graph.Node { return graph.Concat(1, x...) },
		tensor.Shape{2, 5, 4, 4}, tensor.Shape{2, 1, 4, 4}, tensor.Shape{2, 17, 4, 4}, tensor.Shape{2, 8, 4, 4})
	add("Concat of results", func(x []*graph.Node) *graph.Node {
		return graph.Concat(1, graph.ReLU(x[0]), graph.MaxPool2D(x[0], [2]int{3, 3}, square(1, 1, 1), false), graph.Slice(x[1], 1, 1, 4))
	}, tensor.Shape{2, 5, 4, 4}, tensor.Shape{2, 6, 4, 4})
	return cases
}
