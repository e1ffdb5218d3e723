package cases

import (
	"fmt"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// fakeQuantizeCases are all flat: a straight-through estimator is not the derivative. The
// golden values have it.
func fakeQuantizeCases() []Case {
	var cases []Case
	add := func(name string, args []Arg, build func(x []*graph.Node) *graph.Node) *Case {
		cases = append(cases, Case{Name: name, Args: args, Build: build, Forward: Pointwise, Flat: true})
		return &cases[len(cases)-1]
	}
	scale := func(shape ...int) Arg { return of(shape...).with(positive) }
	zero := func(shape ...int) Arg { return of(shape...).with(digit) }
	for _, op := range []graph.FakeQuantizeOp{graph.Int8, graph.Uint8, {Min: -8, Max: 7}, {Min: -2, Max: 3}, {Min: 0, Max: 1<<16 - 1}} {
		for _, s := range [][3]tensor.Shape{
			{{}, {}, {}}, {{1}, {}, {1}}, {{33}, {}, {}}, {{33}, {33}, {}}, {{7, 19}, {19}, {7, 1}}, {{2, 3, 5, 7}, {}, {}},
			{{2, 8, 5, 5}, {8, 1, 1}, {8, 1, 1}}, {{16, 3, 3, 3}, {16, 1, 1, 1}, {1}}, {{2, 17, 5, 5}, {2, 1, 1, 1}, {17, 1, 1}},
		} {
			fake := func(x []*graph.Node) *graph.Node { return graph.FakeQuantize(x[0], x[1], x[2], op) }
			name := fmt.Sprintf("%v of %v, %v, %v", op, s[0], s[1], s[2])
			add(name, []Arg{of(s[0]...).with(large), scale(s[1]...), zero(s[2]...)}, fake)
			add(name+", gradient", []Arg{of(s[0]...).with(large), scale(s[1]...), zero(s[2]...)}, func(x []*graph.Node) *graph.Node {
				loss := graph.Sum(graph.Mul(fake(x), x[0].Graph().Scalar(0.5)))
				dx := graph.Gradients(loss, x[0], x[1])
				return graph.Add(dx[0], graph.Sum(dx[1]))
			}).Forward = Measured
		}
	}
	halfway := make([]float32, 41)
	for i := range halfway {
		halfway[i] = float32(i-20) / 4
	}
	add("halves go to the even one", []Arg{constant([]int{41}, halfway...), constant(nil, 0.5), constant(nil, 1)}, func(x []*graph.Node) *graph.Node {
		return graph.FakeQuantize(x[0], x[1], x[2], graph.FakeQuantizeOp{Min: -5, Max: 6})
	}).Forward = Exact
	// In a group with others, one of which has the same scale.
	add("in a group", []Arg{of(2, 8, 4, 4), scale(8, 1, 1), zero()}, func(x []*graph.Node) *graph.Node {
		scaled := graph.Mul(x[0], x[1])
		return graph.Add(graph.FakeQuantize(x[0], x[1], x[2], graph.Int8), scaled)
	})
	add("of a weight", []Arg{of(2, 8, 6, 6), of(16, 8, 3, 3), scale(16, 1, 1, 1)}, func(x []*graph.Node) *graph.Node {
		w := graph.FakeQuantize(x[1], graph.Mul(x[2], x[0].Graph().Scalar(0.02)), x[0].Graph().Scalar(0), graph.Int8)
		return graph.Conv2D(x[0], w, nil, square(1, 1, 1), 1)
	}).Forward = Sums
	return cases
}

var fakeQuantizeGolden = map[string]GoldenFunc{
	"fake_quantize": func(c Golden, x map[string]*graph.Node) *graph.Node {
		scale, zero := x["scale"], x["zero"]
		if len(scale.Shape()) == 1 && scale.Shape()[0] > 1 { // of each index along an axis
			shape := make(tensor.Shape, len(x["x"].Shape()))
			for i := range shape {
				shape[i] = 1
			}
			shape[c.Axis] = scale.Shape()[0]
			scale, zero = graph.Reshape(scale, shape...), graph.Reshape(zero, shape...)
		}
		return graph.FakeQuantize(x["x"], scale, zero, graph.FakeQuantizeOp{Min: c.Start, Max: c.Stop})
	},
}
