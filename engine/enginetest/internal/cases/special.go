package cases

import (
	"math"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// specialCases feed infinities and NaN where the operators say what becomes
// of them.
func specialCases() []Case {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	odd := []float32{0, float32(math.Copysign(0, -1)), 1, -1, inf, -inf, nan, 1e-40, -1e-40, 3e38, -3e38, 88, -88, 89, -104, 200, -200}
	spread := func(shape ...int) Arg {
		a := Arg{shape: shape, data: make([]float32, tensor.Shape(shape).Size())}
		for i := range a.data {
			a.data[i] = odd[i*7%len(odd)]
		}
		return a
	}
	var cases []Case
	add := func(name string, f func(x *graph.Node) *graph.Node, tol Tolerance, x Arg) {
		cases = append(cases, Case{
			Name: name, Args: []Arg{x}, Forward: tol, Flat: true,
			Build: func(x []*graph.Node) *graph.Node { return f(x[0]) },
		})
	}
	for _, u := range unaryFuncs {
		add(u.name, u.f, u.tol, spread(17))
		add(u.name+" gradient", func(x *graph.Node) *graph.Node {
			return graph.Gradients(graph.Sum(u.f(x)), x)[0]
		}, Measured, spread(17))
	}
	add("ReLU after Add", func(x *graph.Node) *graph.Node { return graph.ReLU(graph.Add(x, x)) }, Exact, spread(2, 17))
	add("Max", func(x *graph.Node) *graph.Node { return graph.Max(x, 1) }, Exact, spread(17, 9))
	add("Max of all", func(x *graph.Node) *graph.Node { return graph.Max(x, 0) }, Exact, spread(34, 3))
	add("Max of −Inf", func(x *graph.Node) *graph.Node { return graph.Max(x) }, Exact, Arg{shape: []int{2}, data: []float32{-inf, -inf}})
	add("Sum", func(x *graph.Node) *graph.Node { return graph.Sum(x, 1) }, Sums, Arg{shape: []int{4, 2}, data: []float32{1, inf, inf, -inf, nan, 1, -inf, 2}})
	add("ArgMax", func(x *graph.Node) *graph.Node { return graph.ArgMax(x, 1) }, Exact, spread(17, 5))
	add("MaxPool2D", func(x *graph.Node) *graph.Node {
		return graph.MaxPool2D(x, [2]int{3, 3}, graph.Window{Stride: [2]int{1, 1}, Pad: [2]int{1, 1}}, false)
	}, Exact, spread(1, 2, 7, 9))
	add("MaxPool2D of −Inf", func(x *graph.Node) *graph.Node {
		return graph.MaxPool2D(x, [2]int{2, 2}, graph.Window{Pad: [2]int{1, 1}}, false)
	}, Exact, Arg{shape: []int{1, 1, 2, 2}, data: []float32{-inf, -inf, -inf, -5}})
	add("Softmax with −Inf", func(x *graph.Node) *graph.Node { return graph.Softmax(x, 1) }, Pointwise,
		Arg{shape: []int{3, 3}, data: []float32{1, -inf, 2, nan, 0, 1, 300, -300, 299}})
	add("LogSoftmax with −Inf", func(x *graph.Node) *graph.Node { return graph.LogSoftmax(x, 1) }, Measured,
		Arg{shape: []int{3, 3}, data: []float32{1, -inf, 2, nan, 0, 1, 300, -300, 299}})
	add("Concat and Slice", func(x *graph.Node) *graph.Node {
		return graph.Concat(0, graph.Slice(x, 0, 3, 17), graph.Pad(graph.Slice(x, 0, 4, 7), []int{2}, []int{0}, nan))
	}, Exact, spread(17))

	compare := func(name string, f func(a, b *graph.Node) *graph.Node, tol Tolerance) {
		cases = append(cases, Case{
			Name: name, Args: []Arg{spread(17, 1), spread(1, 17)}, Forward: tol, Flat: true,
			Build: func(x []*graph.Node) *graph.Node { return f(x[0], x[1]) },
		})
	}
	for _, b := range binaryFuncs {
		compare(b.name, b.f, Pointwise)
	}
	// A bad label gives NaN for its row only, in the loss and in the derivative.
	labels := []float32{0, 2, 3, -1, 0.5, nan, inf, 1}
	bad := Case{
		Name:    "CrossEntropy with bad labels",
		Args:    []Arg{of(8, 3), constant([]int{8}, labels...)},
		Build:   func(x []*graph.Node) *graph.Node { return graph.CrossEntropy(x[0], x[1]) },
		Forward: Pointwise, Backward: Pointwise,
	}
	return append(cases, bad)
}
