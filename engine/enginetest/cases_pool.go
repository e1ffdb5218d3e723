package enginetest

import (
	"fmt"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/tensor"
)

// A poolSpec describes a pooling of an image.
type poolSpec struct {
	shape  tensor.Shape
	kernel [2]int
	window graph.Window
	ceil   bool
}

func (s poolSpec) String() string {
	return fmt.Sprintf("%v, kernel %v, stride %v, pad %v, ceil %v", s.shape, s.kernel, s.window.Stride, s.window.Pad, s.ceil)
}

func poolSpecs() []poolSpec {
	k := func(n int) [2]int { return [2]int{n, n} }
	specs := []poolSpec{
		{tensor.Shape{1, 1, 1, 1}, k(1), square(1, 0, 0), false},
		{tensor.Shape{2, 6, 8, 8}, k(2), square(2, 0, 0), false},
		{tensor.Shape{2, 5, 9, 7}, k(2), square(2, 0, 0), false},
		{tensor.Shape{2, 5, 9, 7}, k(2), square(2, 0, 0), true},
		{tensor.Shape{1, 16, 11, 11}, k(3), square(2, 0, 0), false},
		{tensor.Shape{1, 17, 10, 10}, k(3), square(2, 0, 0), true},
		{tensor.Shape{2, 3, 10, 10}, k(3), square(2, 1, 0), false},
		{tensor.Shape{2, 3, 10, 10}, k(3), square(2, 1, 0), true},
		{tensor.Shape{3, 8, 6, 6}, k(3), square(1, 1, 0), false},
		{tensor.Shape{1, 33, 5, 5}, k(5), square(5, 0, 0), false},
		{tensor.Shape{2, 4, 7, 7}, k(2), square(3, 1, 0), true},
		{tensor.Shape{2, 4, 7, 7}, k(1), square(3, 0, 0), true},
		{tensor.Shape{1, 2, 6, 9}, [2]int{2, 3}, graph.Window{Stride: [2]int{1, 2}, Pad: [2]int{1, 1}}, true},
		{tensor.Shape{1, 3, 1, 12}, [2]int{1, 4}, graph.Window{Stride: [2]int{1, 2}, Pad: [2]int{0, 2}}, false},
		{tensor.Shape{1, 3, 5, 5}, k(4), square(4, 2, 0), true},
		{tensor.Shape{2, 1, 3, 3}, k(2), graph.Window{}, false},
		{tensor.Shape{2, 5, 2, 2}, k(3), square(2, 0, 0), true}, // a window larger than the image
	}
	r := rng.New(2, "enginetest pool")
	for len(specs) < 60 {
		s := poolSpec{
			shape:  tensor.Shape{1 + r.IntN(3), pick(r, []int{1, 3, 5, 6, 8, 16, 17, 33}), 1 + r.IntN(9), 1 + r.IntN(9)},
			kernel: [2]int{1 + r.IntN(4), 1 + r.IntN(4)},
			ceil:   r.IntN(2) == 0,
		}
		s.window.Stride = [2]int{1 + r.IntN(4), 1 + r.IntN(4)}
		for i := range 2 {
			s.window.Pad[i] = r.IntN(s.kernel[i]/2 + 1)
		}
		if s.kernel[0] <= s.shape[2]+2*s.window.Pad[0] && s.kernel[1] <= s.shape[3]+2*s.window.Pad[1] {
			specs = append(specs, s)
		}
	}
	return specs
}

func maxPoolCases() []operatorCase {
	var cases []operatorCase
	add := func(s poolSpec, x arg, note string) {
		cases = append(cases, operatorCase{
			name: fmt.Sprintf("%v, dilation %v%s", s, s.window.Dilation, note),
			args: []arg{x},
			build: func(x []*graph.Node) *graph.Node {
				return graph.MaxPool2D(x[0], s.kernel, s.window, s.ceil)
			},
			forward: exact, backward: sums,
		})
	}
	for i, s := range poolSpecs() {
		add(s, arg{shape: s.shape}, "")
		if i%2 == 0 { // the first of equal elements gets the derivative
			add(s, arg{shape: s.shape, fill: digit}, ", ties")
		}
	}
	// Dilated windows; in the last, some lie wholly in the padding.
	add(poolSpec{tensor.Shape{2, 3, 9, 9}, [2]int{3, 3}, square(1, 1, 2), false}, of(2, 3, 9, 9), "")
	add(poolSpec{tensor.Shape{1, 8, 10, 7}, [2]int{2, 3}, graph.Window{Stride: [2]int{2, 1}, Pad: [2]int{1, 1}, Dilation: [2]int{3, 2}}, true}, of(1, 8, 10, 7), "")
	add(poolSpec{tensor.Shape{1, 2, 1, 1}, [2]int{2, 2}, square(1, 1, 2), false}, of(1, 2, 1, 1), "")
	return cases
}

func avgPoolCases() []operatorCase {
	var cases []operatorCase
	for _, s := range poolSpecs() {
		for _, include := range []bool{true, false} {
			cases = append(cases, operatorCase{
				name: fmt.Sprintf("%v, include padding %v", s, include),
				args: []arg{{shape: s.shape}},
				build: func(x []*graph.Node) *graph.Node {
					return graph.AvgPool2D(x[0], s.kernel, s.window, s.ceil, include)
				},
				forward: sums, backward: sums,
			})
		}
	}
	return cases
}

func adaptivePoolCases() []operatorCase {
	var cases []operatorCase
	for _, s := range []struct {
		shape         tensor.Shape
		height, width int
	}{
		{tensor.Shape{2, 3, 7, 7}, 7, 7}, // nothing to do
		{tensor.Shape{2, 3, 6, 5}, 1, 1},
		{tensor.Shape{1, 8, 6, 9}, 3, 3}, // divides
		{tensor.Shape{2, 3, 13, 13}, 6, 6},
		{tensor.Shape{1, 5, 10, 7}, 3, 5},
		{tensor.Shape{2, 17, 5, 8}, 2, 1},
		{tensor.Shape{2, 17, 5, 8}, 1, 3},
		{tensor.Shape{3, 9, 2, 3}, 7, 7}, // larger than the image
		{tensor.Shape{1, 1, 1, 1}, 4, 2},
		{tensor.Shape{1, 33, 11, 4}, 7, 6},
	} {
		cases = append(cases, operatorCase{
			name:    fmt.Sprintf("%v to %d×%d", s.shape, s.height, s.width),
			args:    []arg{{shape: s.shape}},
			build:   func(x []*graph.Node) *graph.Node { return graph.AdaptiveAvgPool2D(x[0], s.height, s.width) },
			forward: sums, backward: sums,
		})
	}
	// Behind and before work that an engine may attach to the pooling.
	cases = append(cases, operatorCase{
		name: "between a convolution and ReLU6",
		args: []arg{of(2, 3, 9, 9), of(10, 3, 3, 3)},
		build: func(x []*graph.Node) *graph.Node {
			y := graph.Conv2D(x[0], x[1], nil, graph.Window{}, 1)
			return graph.ReLU6(graph.Add(graph.AdaptiveAvgPool2D(y, 3, 2), y.Graph().Scalar(3)))
		},
		forward: measured, backward: measured,
	})
	return cases
}

func batchNormCases() []operatorCase {
	var cases []operatorCase
	shapes := []tensor.Shape{{4, 1}, {5, 3}, {33, 17}, {2, 3, 4, 4}, {1, 8, 5, 5}, {3, 33, 3, 3}, {7, 5, 1, 1}, {2, 16, 6, 7}, {1, 1, 3, 3}, {37, 6, 2, 2}}
	shifted := func(s tensor.Shape) arg { // a mean far from 0 shows cancellation
		r := rng.New(5, "enginetest shift")
		x := normal(r, s...)
		for i := range x.Data() {
			x.Data()[i] += 10
		}
		return arg{shape: s, data: x.Data()}
	}
	for _, s := range shapes {
		c := s[1]
		for _, x := range []arg{{shape: s}, shifted(s)} {
			note := ""
			if x.data != nil {
				note = ", shifted"
			}
			cases = append(cases, operatorCase{
				name:    fmt.Sprintf("statistics of %v%s", s, note),
				args:    []arg{x},
				build:   func(x []*graph.Node) *graph.Node { return graph.BatchStats(x[0]) },
				forward: measured, flat: true,
			}, operatorCase{
				name: fmt.Sprintf("training %v%s", s, note),
				args: []arg{x, of(c), of(c)},
				build: func(x []*graph.Node) *graph.Node {
					return graph.BatchNorm(x[0], graph.BatchStats(x[0]), x[1], x[2], 1e-5)
				},
				forward: measured, backward: measured,
			})
		}
		cases = append(cases, operatorCase{
			name: fmt.Sprintf("inference %v", s),
			args: []arg{{shape: s}, arg{shape: tensor.Shape{2, c}, fixed: true}.with(positive), of(c), of(c)},
			build: func(x []*graph.Node) *graph.Node {
				return graph.BatchNormInference(x[0], x[1], x[2], x[3], 1e-3)
			},
			forward: measured, backward: measured,
		}, operatorCase{
			name: fmt.Sprintf("inference %v, ReLU", s),
			args: []arg{{shape: s}, arg{shape: tensor.Shape{2, c}, fixed: true}.with(positive), of(c), of(c)},
			build: func(x []*graph.Node) *graph.Node {
				return graph.ReLU(graph.BatchNormInference(x[0], x[1], x[2], x[3], 1e-3))
			},
			forward: measured, backward: measured,
		})
	}
	return cases
}
