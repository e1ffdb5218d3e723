package enginetest

import (
	"fmt"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// reduceCases reduces over every subset of the axes of arrays of rank 0 to 4.
func reduceCases() []operatorCase {
	type reduction struct {
		name       string
		drop, keep func(x *graph.Node, axes ...int) *graph.Node
		tol        tolerance
	}
	reductions := []reduction{
		{"Sum", graph.Sum, graph.SumKeep, sums},
		{"Mean", graph.Mean, graph.MeanKeep, sums},
		{"Max", graph.Max, graph.MaxKeep, exact},
	}
	var cases []operatorCase
	add := func(r reduction, x arg, axes []int, note string) {
		for _, keep := range []bool{false, true} {
			f := r.drop
			if keep {
				f = r.keep
			}
			cases = append(cases, operatorCase{
				name:    fmt.Sprintf("%s %v over %v, keep %v%s", r.name, x.shape, axes, keep, note),
				args:    []arg{x},
				build:   func(x []*graph.Node) *graph.Node { return f(x[0], axes...) },
				forward: r.tol, backward: sums,
			})
		}
	}
	for _, r := range reductions {
		for _, shape := range []tensor.Shape{{}, {13}, {5, 9}, {3, 4, 5}, {2, 3, 4, 5}, {2, 8, 3, 3}} {
			for subset := range 1 << len(shape) {
				var axes []int
				for a := range shape {
					if subset>>a&1 == 1 {
						axes = append(axes, a)
					}
				}
				if len(axes) > 0 || len(shape) == 0 {
					add(r, arg{shape: shape}, axes, "")
				}
			}
		}
		add(r, of(3, 17, 7, 7), []int{-1, -2}, "")
		add(r, of(1, 33, 5, 5), []int{0, 2, 3}, "")
		add(r, of(2, 1, 4, 4), []int{1}, "")
		add(r, of(70, 33), []int{0}, "")
		add(r, of(1237), nil, "")
		add(r, of(6, 7).with(digit), []int{1}, ", ties")
		add(r, of(2, 3, 4, 4).with(digit), []int{2, 3}, ", ties")
	}
	for _, shape := range []tensor.Shape{{9}, {5, 10}, {10, 1}, {3, 4, 5}, {2, 3, 4, 5}} {
		for axis := range shape {
			for _, x := range []arg{{shape: shape}, {shape: shape, fill: digit}} {
				cases = append(cases, operatorCase{
					name:    fmt.Sprintf("ArgMax %v over %d, ties %v", shape, axis, x.fill != nil),
					args:    []arg{x},
					build:   func(x []*graph.Node) *graph.Node { return graph.ArgMax(x[0], axis) },
					forward: exact, flat: true,
				})
			}
		}
	}
	return cases
}

func softmaxCases() []operatorCase {
	var cases []operatorCase
	for _, shape := range []tensor.Shape{{1}, {7}, {5, 10}, {4, 1}, {3, 33}, {3, 4, 5}, {2, 3, 4, 5}, {2, 16, 3, 3}} {
		for axis := range shape {
			for _, x := range []arg{{shape: shape}, {shape: shape, fill: large}} {
				note := ""
				if x.fill != nil {
					note = ", large"
				}
				cases = append(cases, operatorCase{
					name:    fmt.Sprintf("Softmax %v over %d%s", shape, axis, note),
					args:    []arg{x},
					build:   func(x []*graph.Node) *graph.Node { return graph.Softmax(x[0], axis) },
					forward: measured, backward: measured,
				}, operatorCase{
					name:    fmt.Sprintf("LogSoftmax %v over %d%s", shape, axis, note),
					args:    []arg{x},
					build:   func(x []*graph.Node) *graph.Node { return graph.LogSoftmax(x[0], axis-len(shape)) },
					forward: measured, backward: measured,
				})
			}
		}
	}
	return cases
}

func crossEntropyCases() []operatorCase {
	var cases []operatorCase
	for _, size := range [][2]int{{1, 1}, {1, 10}, {2, 2}, {7, 10}, {33, 3}, {5, 100}, {64, 17}} {
		labels := make([]float32, size[0])
		for i := range labels {
			labels[i] = float32((i*7 + size[1] - 1) % size[1])
		}
		for _, x := range []arg{of(size[0], size[1]), of(size[0], size[1]).with(large)} {
			cases = append(cases, operatorCase{
				name:    fmt.Sprintf("%d×%d, large %v", size[0], size[1], x.fill != nil),
				args:    []arg{x, constant([]int{size[0]}, labels...)},
				build:   func(x []*graph.Node) *graph.Node { return graph.CrossEntropy(x[0], x[1]) },
				forward: measured, backward: measured,
			}, operatorCase{
				name:    fmt.Sprintf("mean of %d×%d, large %v", size[0], size[1], x.fill != nil),
				args:    []arg{x, constant([]int{size[0]}, labels...)},
				build:   func(x []*graph.Node) *graph.Node { return graph.Mean(graph.CrossEntropy(x[0], x[1])) },
				forward: measured, backward: measured,
			})
		}
	}
	return cases
}

func matMulCases() []operatorCase {
	var cases []operatorCase
	add := func(m, k, n int, ta, tb bool) {
		a, b := of(m, k), of(k, n)
		if ta {
			a = of(k, m)
		}
		if tb {
			b = of(n, k)
		}
		cases = append(cases, operatorCase{
			name: fmt.Sprintf("%d×%d×%d %v %v", m, k, n, ta, tb),
			args: []arg{a, b},
			build: func(x []*graph.Node) *graph.Node {
				return graph.MatMulT(x[0], x[1], ta, tb)
			},
			forward: sums, backward: sums,
		})
	}
	for i, s := range [][3]int{
		{1, 1, 1}, {1, 1, 7}, {7, 1, 1}, {1, 9, 1}, {5, 1, 6}, {2, 3, 4}, {3, 8, 5}, {6, 16, 16}, {7, 17, 15}, {8, 8, 8}, {13, 31, 33},
		{16, 5, 48}, {17, 64, 1}, {1, 70, 65}, {31, 2, 31}, {33, 33, 33}, {6, 70, 16}, {12, 7, 32}, {70, 3, 70}, {70, 70, 70}, {64, 64, 64},
		{5, 400, 12}, {2, 1025, 3}, {130, 4, 5}, {4, 5, 130},
	} {
		for flags := range 4 {
			// Large products: one combination of flags each.
			if s[0]*s[1]*s[2] < 20000 || flags == i%4 {
				add(s[0], s[1], s[2], flags&1 == 1, flags&2 == 2)
			}
		}
	}
	for _, s := range [][3]int{{1, 5, 3}, {4, 120, 84}, {33, 17, 10}, {2, 256, 7}} {
		cases = append(cases, operatorCase{
			name: fmt.Sprintf("Linear %d×%d to %d", s[0], s[1], s[2]),
			args: []arg{of(s[0], s[1]), of(s[2], s[1]), of(s[2])},
			build: func(x []*graph.Node) *graph.Node {
				return graph.Linear(x[0], x[1], x[2])
			},
			forward: sums, backward: sums,
		})
	}
	return append(cases, operatorCase{
		name:    "of a matrix with itself",
		args:    []arg{of(9, 9)},
		build:   func(x []*graph.Node) *graph.Node { return graph.MatMul(x[0], x[0]) },
		forward: sums, backward: sums,
	})
}
