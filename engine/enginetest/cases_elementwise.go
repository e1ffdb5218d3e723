package enginetest

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

var unaryFuncs = []struct {
	name string
	f    func(*graph.Node) *graph.Node
	tol  tolerance
	fill func(*rand.Rand) float32
}{
	{"Neg", graph.Neg, exact, nil},
	{"Exp", graph.Exp, pointwise, nil},
	{"Log", graph.Log, pointwise, positive},
	{"Sqrt", graph.Sqrt, pointwise, positive},
	{"ReLU", graph.ReLU, exact, nil},
	{"ReLU6", graph.ReLU6, exact, around6},
	{"Sigmoid", graph.Sigmoid, pointwise, nil},
	{"Tanh", graph.Tanh, pointwise, nil},
}

func unaryCases() []operatorCase {
	var cases []operatorCase
	add := func(name string, f func(*graph.Node) *graph.Node, tol tolerance, x arg) {
		cases = append(cases, operatorCase{
			name:    fmt.Sprintf("%s %v", name, x.shape),
			args:    []arg{x},
			build:   func(x []*graph.Node) *graph.Node { return f(x[0]) },
			forward: tol, backward: measured,
		})
	}
	for _, u := range unaryFuncs {
		// Sizes around the width of vector registers, and all ranks.
		for _, shape := range []tensor.Shape{{}, {1}, {7}, {8}, {33}, {3, 5}, {2, 3, 7}, {2, 3, 5, 5}, {1, 8, 4, 4}, {2, 17, 3, 3}, {1000}} {
			add(u.name, u.f, u.tol, arg{shape: shape, fill: u.fill})
		}
	}
	for _, u := range unaryFuncs[1:] {
		if u.name != "Log" && u.name != "Sqrt" {
			add(u.name+" large", u.f, u.tol, of(501).with(large))
		}
	}
	wide := func(r *rand.Rand) float32 { return float32(math.Exp(160*r.Float64() - 80)) }
	add("Log wide", graph.Log, pointwise, of(501).with(wide))
	add("Sqrt wide", graph.Sqrt, pointwise, of(501).with(wide))
	// A chain, which engines fuse.
	add("Chain", func(x *graph.Node) *graph.Node {
		return graph.Tanh(graph.Neg(graph.ReLU(graph.Exp(graph.Sigmoid(x)))))
	}, measured, of(3, 37))
	return cases
}

var binaryFuncs = []struct {
	name string
	f    func(a, b *graph.Node) *graph.Node
}{{"Add", graph.Add}, {"Sub", graph.Sub}, {"Mul", graph.Mul}, {"Div", graph.Div}, {"Equal", graph.Equal}}

func binaryCases() []operatorCase {
	shapes := [][2]tensor.Shape{
		{{}, {}}, {{5}, {}}, {{}, {5}}, {{1}, {1}}, {{33}, {33}}, {{33}, {1}}, {{1}, {33}},
		{{4, 9}, {4, 9}}, {{4, 9}, {9}}, {{9}, {4, 9}}, {{4, 9}, {1, 9}}, {{4, 9}, {4, 1}}, {{4, 1}, {1, 9}}, {{4, 1}, {9}}, {{4, 9}, {}}, {{1, 1}, {4, 9}},
		{{2, 3, 8}, {3, 1}}, {{2, 1, 8}, {1, 3, 1}}, {{3, 8}, {2, 1, 1}},
		{{2, 3, 5, 7}, {2, 3, 5, 7}}, {{2, 3, 5, 7}, {}}, {{2, 3, 5, 7}, {7}}, {{2, 3, 5, 7}, {5, 7}}, {{2, 3, 5, 7}, {5, 1}},
		{{2, 3, 5, 7}, {3, 1, 1}}, {{3, 1, 1}, {2, 3, 5, 7}}, {{2, 3, 5, 7}, {1, 3, 1, 1}}, {{2, 3, 5, 7}, {2, 1, 1, 1}}, {{2, 3, 5, 7}, {2, 3, 1, 1}},
		{{2, 3, 5, 7}, {2, 1, 5, 7}}, {{2, 3, 1, 1}, {1, 1, 5, 7}}, {{2, 1, 5, 1}, {1, 3, 1, 7}}, {{2, 3, 5, 7}, {3, 5, 7}}, {{1, 3, 5, 7}, {2, 1, 1, 1}},
		{{2, 16, 4, 4}, {16, 1, 1}}, {{2, 17, 3, 3}, {2, 17, 3, 3}}, {{1, 8, 4, 4}, {1, 8, 1, 1}}, {{2, 3, 1, 1}, {3, 1, 1}}, {{3, 33, 1, 1}, {3, 33, 1, 1}},
	}
	var cases []operatorCase
	for _, b := range binaryFuncs {
		for _, s := range shapes {
			c := operatorCase{
				name:    fmt.Sprintf("%s %v, %v", b.name, s[0], s[1]),
				args:    []arg{{shape: s[0]}, {shape: s[1]}},
				build:   func(x []*graph.Node) *graph.Node { return b.f(x[0], x[1]) },
				forward: pointwise, backward: measured,
			}
			switch b.name {
			case "Div":
				c.args[1].fill = positive
			case "Equal":
				c.args[0].fill, c.args[1].fill = digit, digit
				c.forward, c.flat = exact, true
			}
			cases = append(cases, c)
		}
		cases = append(cases, operatorCase{
			name:    b.name + " of x with itself",
			args:    []arg{of(2, 5, 3, 3).with(positive)},
			build:   func(x []*graph.Node) *graph.Node { return b.f(x[0], x[0]) },
			forward: pointwise, backward: measured, flat: b.name == "Equal",
		})
	}
	return cases
}

func broadcastCases() []operatorCase {
	var cases []operatorCase
	for _, s := range [][2]tensor.Shape{
		{{}, {5}}, {{}, {2, 3, 4, 5}}, {{1}, {9}}, {{5}, {4, 5}}, {{4, 1}, {4, 5}}, {{1, 5}, {4, 5}}, {{1, 1}, {4, 5}},
		{{3, 1, 1}, {2, 3, 4, 5}}, {{2, 3, 1, 1}, {2, 3, 4, 5}}, {{4, 5}, {2, 3, 4, 5}}, {{2, 1, 1, 5}, {2, 3, 4, 5}}, {{1, 8, 1, 1}, {3, 8, 2, 2}}, {{3, 1}, {2, 3, 4}},
	} {
		cases = append(cases, operatorCase{
			name:    fmt.Sprintf("%v to %v", s[0], s[1]),
			args:    []arg{{shape: s[0]}},
			build:   func(x []*graph.Node) *graph.Node { return graph.Broadcast(x[0], s[1]...) },
			forward: exact, backward: sums,
		})
	}
	return cases
}

func dropoutCases() []operatorCase {
	var cases []operatorCase
	for _, p := range []float32{0, 0.1, 0.5, 0.99} {
		for _, shape := range []tensor.Shape{{1}, {33}, {7, 19}, {2, 3, 5, 5}, {2, 8, 4, 4}, {3, 17, 5, 5}} {
			for _, step := range []uint64{0, 1, 1<<24 + 5} {
				hi, lo := graph.StepValue(step)
				cases = append(cases, operatorCase{
					name:    fmt.Sprintf("%v of %v, step %d", p, shape, step),
					args:    []arg{{shape: shape}, constant([]int{2}, hi, lo)},
					build:   func(x []*graph.Node) *graph.Node { return graph.Dropout(x[0], x[1], p, 0x1234567890abcdef) },
					forward: pointwise, backward: pointwise,
				})
			}
		}
	}
	// Behind an operator whose layout an engine may have changed.
	cases = append(cases, operatorCase{
		name: "behind a convolution",
		args: []arg{of(2, 3, 6, 6), of(9, 3, 3, 3), constant([]int{2}, 0, 3)},
		build: func(x []*graph.Node) *graph.Node {
			return graph.Dropout(graph.Conv2D(x[0], x[1], nil, graph.Window{}, 1), x[2], 0.4, 99)
		},
		forward: sums, backward: sums,
	})
	return cases
}

// specialCases feed infinities and NaN where the operators say what becomes
// of them.
func specialCases() []operatorCase {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	odd := []float32{0, float32(math.Copysign(0, -1)), 1, -1, inf, -inf, nan, 1e-40, -1e-40, 3e38, -3e38, 88, -88, 89, -104, 200, -200}
	spread := func(shape ...int) arg {
		a := arg{shape: shape, data: make([]float32, tensor.Shape(shape).Size())}
		for i := range a.data {
			a.data[i] = odd[i*7%len(odd)]
		}
		return a
	}
	var cases []operatorCase
	add := func(name string, f func(x *graph.Node) *graph.Node, tol tolerance, x arg) {
		cases = append(cases, operatorCase{
			name: name, args: []arg{x}, forward: tol, flat: true,
			build: func(x []*graph.Node) *graph.Node { return f(x[0]) },
		})
	}
	for _, u := range unaryFuncs {
		add(u.name, u.f, u.tol, spread(17))
	}
	add("ReLU after Add", func(x *graph.Node) *graph.Node { return graph.ReLU(graph.Add(x, x)) }, exact, spread(2, 17))
	add("Max", func(x *graph.Node) *graph.Node { return graph.Max(x, 1) }, exact, spread(17, 9))
	add("Max of all", func(x *graph.Node) *graph.Node { return graph.Max(x, 0) }, exact, spread(34, 3))
	add("Max of −Inf", func(x *graph.Node) *graph.Node { return graph.Max(x) }, exact, arg{shape: []int{2}, data: []float32{-inf, -inf}})
	add("Sum", func(x *graph.Node) *graph.Node { return graph.Sum(x, 1) }, sums, arg{shape: []int{4, 2}, data: []float32{1, inf, inf, -inf, nan, 1, -inf, 2}})
	add("ArgMax", func(x *graph.Node) *graph.Node { return graph.ArgMax(x, 1) }, exact, spread(17, 5))
	add("MaxPool2D", func(x *graph.Node) *graph.Node {
		return graph.MaxPool2D(x, [2]int{3, 3}, graph.Window{Stride: [2]int{1, 1}, Pad: [2]int{1, 1}}, false)
	}, exact, spread(1, 2, 7, 9))
	add("MaxPool2D of −Inf", func(x *graph.Node) *graph.Node {
		return graph.MaxPool2D(x, [2]int{2, 2}, graph.Window{Pad: [2]int{1, 1}}, false)
	}, exact, arg{shape: []int{1, 1, 2, 2}, data: []float32{-inf, -inf, -inf, -5}})
	add("Softmax with −Inf", func(x *graph.Node) *graph.Node { return graph.Softmax(x, 1) }, pointwise,
		arg{shape: []int{3, 3}, data: []float32{1, -inf, 2, nan, 0, 1, 300, -300, 299}})
	add("LogSoftmax with −Inf", func(x *graph.Node) *graph.Node { return graph.LogSoftmax(x, 1) }, measured,
		arg{shape: []int{3, 3}, data: []float32{1, -inf, 2, nan, 0, 1, 300, -300, 299}})
	add("Concat and Slice", func(x *graph.Node) *graph.Node {
		return graph.Concat(0, graph.Slice(x, 0, 3, 17), graph.Pad(graph.Slice(x, 0, 4, 7), []int{2}, []int{0}, nan))
	}, exact, spread(17))

	compare := func(name string, f func(a, b *graph.Node) *graph.Node, tol tolerance) {
		cases = append(cases, operatorCase{
			name: name, args: []arg{spread(17, 1), spread(1, 17)}, forward: tol, flat: true,
			build: func(x []*graph.Node) *graph.Node { return f(x[0], x[1]) },
		})
	}
	for _, b := range binaryFuncs {
		compare(b.name, b.f, pointwise)
	}
	// A bad label gives NaN for its row only, in the loss and in the derivative.
	labels := []float32{0, 2, 3, -1, 0.5, nan, inf, 1}
	bad := operatorCase{
		name:    "CrossEntropy with bad labels",
		args:    []arg{of(8, 3), constant([]int{8}, labels...)},
		build:   func(x []*graph.Node) *graph.Node { return graph.CrossEntropy(x[0], x[1]) },
		forward: pointwise, backward: pointwise,
	}
	return append(cases, bad)
}
