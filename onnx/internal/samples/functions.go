package samples

import (
	"math"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

// elementwise are the functions of one number and of two, and reductions.
func elementwise() []Sample {
	inf := float32(math.Inf(1))
	return []Sample{
		function("functions of a number", joined(
			graph.Neg, graph.Exp, graph.Abs, graph.Sigmoid, graph.Tanh, graph.ReLU, graph.ReLU6, graph.SiLU, graph.HardSigmoid,
			graph.HardSwish, graph.GELU, graph.GELUTanh, graph.Erf, graph.Sign, graph.Sin, graph.Cos,
			func(x *graph.Node) *graph.Node { return graph.Floor(graph.Mul(x, x.Graph().Scalar(3))) },
			func(x *graph.Node) *graph.Node { return graph.Ceil(graph.Mul(x, x.Graph().Scalar(3))) },
			func(x *graph.Node) *graph.Node { return graph.Round(graph.Mul(x, x.Graph().Scalar(3))) },
			func(x *graph.Node) *graph.Node { return graph.Log(graph.Sqrt(graph.Exp(x))) },
			func(x *graph.Node) *graph.Node { return graph.LeakyReLU(x, 0.1) },
			func(x *graph.Node) *graph.Node { return graph.ELU(x, 0.7) },
			func(x *graph.Node) *graph.Node { return graph.Softplus(x, 1, 20) },
			func(x *graph.Node) *graph.Node { return graph.Softplus(x, 2, 20) },
			func(x *graph.Node) *graph.Node { return graph.Softplus(x, 0.5, 1) },
			func(x *graph.Node) *graph.Node { return graph.Pow(x, 3) },
			func(x *graph.Node) *graph.Node { return graph.Pow(graph.Abs(x), 0.7) },
			func(x *graph.Node) *graph.Node { return graph.Clip(x, -0.5, 1) },
			func(x *graph.Node) *graph.Node { return graph.Clip(x, -inf, 0.5) },
			func(x *graph.Node) *graph.Node { return graph.Clip(x, 0.1, inf) },
		)),
		function("functions of two numbers", func(x *graph.Node) *graph.Node {
			scalar := x.Graph().Scalar
			row := x.Graph().Constant(tensor.Arange(1, 7, 1))
			channels := graph.Reshape(x.Graph().Constant(tensor.Arange(-2, 2, 1)), 1, 4, 1, 1)
			y := graph.Div(graph.Mul(graph.Add(x, channels), row), graph.Sub(scalar(4), graph.Minimum(x, scalar(0.5))))
			return graph.Add(graph.Maximum(y, x), graph.Equal(graph.ReLU(x), x))
		}),
		function("remainders", joined(
			func(x *graph.Node) *graph.Node { return graph.Mod(x, x.Graph().Scalar(0.7)) },
			func(x *graph.Node) *graph.Node { return graph.Mod(x, x.Graph().Scalar(-0.7)) },
			func(x *graph.Node) *graph.Node { return graph.FMod(x, x.Graph().Scalar(-0.7)) },
		)),
		function("the greatest elements", func(x *graph.Node) *graph.Node {
			values, indices := graph.TopK(x, 2, 3, true)
			least, _ := graph.TopK(x, 2, 2, false)
			return graph.Concat(2, values, indices, least)
		}),
		function("conditions", func(x *graph.Node) *graph.Node {
			small := graph.Less(graph.Abs(x), x.Graph().Scalar(0.5))
			positive := graph.GreaterEqual(x, x.Graph().Scalar(0))
			y := graph.Where(graph.And(small, positive), graph.Power(graph.Abs(x), graph.Exp(x)), graph.Neg(x))
			y = graph.Where(small, y, graph.Mul(x, positive))
			return graph.Add(y, graph.Where(graph.ReLU(x), graph.Xor(small, graph.Not(positive)), graph.MeanKeep(x, 1)))
		}),
		function("reductions", joined(
			func(x *graph.Node) *graph.Node { return graph.Sum(x, 1) },
			func(x *graph.Node) *graph.Node { return graph.SumKeep(x, 2, 3) },
			func(x *graph.Node) *graph.Node { return graph.Mean(x, 2, 3) },
			func(x *graph.Node) *graph.Node { return graph.MeanKeep(x, 2, 3) },
			func(x *graph.Node) *graph.Node { return graph.MeanKeep(x, 1) },
			func(x *graph.Node) *graph.Node { return graph.Max(x, 2, 3) },
			func(x *graph.Node) *graph.Node { return graph.Max(x, 1, 3) },
			func(x *graph.Node) *graph.Node { return graph.Mul(x, graph.MeanKeep(x, 0)) },
			func(x *graph.Node) *graph.Node { return graph.Mul(x, graph.Sum(x)) },
			func(x *graph.Node) *graph.Node { return graph.ArgMax(x, 1) },
			func(x *graph.Node) *graph.Node { return graph.Prod(x, 1) },
			func(x *graph.Node) *graph.Node { return graph.ProdKeep(x, 2, 3) },
			func(x *graph.Node) *graph.Node { return graph.CumSum(x, 2, false, false) },
			func(x *graph.Node) *graph.Node { return graph.CumSum(x, -1, true, true) },
		)),
		function("softmaxes", joined(
			func(x *graph.Node) *graph.Node { return graph.Softmax(x, 1) },
			func(x *graph.Node) *graph.Node { return graph.LogSoftmax(x, -1) },
			func(x *graph.Node) *graph.Node { return graph.Softmax(x, 2) },
		)),
	}
}

// shapes are operators that move elements, with the batch in all places.
func shapes() []Sample {
	return []Sample{
		function("a shuffle of channels", func(x *graph.Node) *graph.Node {
			s := x.Shape()
			y := graph.Transpose(graph.Reshape(x, s[0], 2, 2, s[2], s[3]), 0, 2, 1, 3, 4)
			return graph.Reshape(y, s...)
		}),
		function("shapes of the batch", func(x *graph.Node) *graph.Node {
			n := x.Shape()[0]
			twice := graph.Concat(0, x, graph.Neg(x))                              // 2N×4×7×6
			paired := graph.Reshape(twice, 2, n, 4*7*6)                            // 2×N×168
			second := graph.Slice(twice, 0, n, 2*n)                                // N×4×7×6
			moved := graph.Transpose(paired, 1, 0, 2)                              // N×2×168
			flat := graph.Reshape(graph.Mean(x, 1, 2), 6*n)                        // 6N
			wide := graph.Broadcast(graph.Mean(x, 0), n, 4, 7, 6)                  // N×4×7×6
			constant := x.Graph().Constant(tensor.Full(3, n, 1))                   // N×1
			column := graph.Broadcast(constant, n, 5)                              // N×5
			gram := graph.MatMulT(graph.Flatten(x), graph.Flatten(x), false, true) // N×N
			mixed := graph.MatMul(graph.Reshape(graph.Reshape(gram, n, 1, n), n, n), graph.Flatten(x))
			return graph.Concat(1, graph.Flatten(moved), graph.Flatten(second), graph.Reshape(flat, n, 6), graph.Flatten(wide), column, mixed)
		}),
		function("slices and padding", joined(
			func(x *graph.Node) *graph.Node { return graph.Slice(graph.Slice(x, 2, 1, 5), -1, 0, 3) },
			func(x *graph.Node) *graph.Node { return graph.Pad(x, []int{0, 1, 0, 2}, []int{0, 0, 3, 1}, 0) },
			func(x *graph.Node) *graph.Node { return graph.Pad(x, []int{0, 0, 1, 0}, []int{0, 0, 0, 1}, -2.5) },
			func(x *graph.Node) *graph.Node { return graph.Broadcast(graph.MeanKeep(x, 1, 2), x.Shape()...) },
			func(x *graph.Node) *graph.Node { return graph.Concat(-1, x, x, graph.Neg(x)) },
			func(x *graph.Node) *graph.Node { return graph.SliceStep(x, 2, 1, 7, 2) },
			func(x *graph.Node) *graph.Node { return graph.SliceStep(x, -1, 5, -1, -1) },
			func(x *graph.Node) *graph.Node { return graph.SliceStep(x, -1, 5, 0, -2) },
			func(x *graph.Node) *graph.Node { return graph.Gather(x, 1, []int{2, 0, 0, 3}) },
			func(x *graph.Node) *graph.Node { return graph.Gather(x, 1, []int{1, 1}) },
			func(x *graph.Node) *graph.Node { return graph.Gather(x, 3, []int{4}) },
		)),
	}
}

// others are networks whose form is unusual.
func others() []Sample {
	return []Sample{
		function("the input", func(x *graph.Node) *graph.Node { return x }),
		network("a parameter", func() nn.Layer { return parameter(3, 2) }),
		network("names", func() nn.Layer {
			return &named{Conv: nn.Conv2D(4, 1), Other: nn.Conv2D(4, 1), Third: nn.Conv2D(3, 1), Images: parameter(1)}
		}),
		network("nested", func() nn.Layer {
			inner := func() nn.Layer {
				return &block{Inner: []nn.Layer{nn.Conv2D(4, 3).Pad(1).NoBias(), nn.BatchNorm(), nn.Dropout(0.5)}, f: func(b *block, x *graph.Node) *graph.Node {
					y := x
					for _, l := range b.Inner {
						y = l.Forward(y)
					}
					return graph.ReLU(graph.Add(x, y))
				}}
			}
			return nn.Sequential(inner(), nn.Sequential(inner(), inner()), nn.GlobalAvgPool2D(), nn.Flatten(), nn.Linear(3), nn.Softmax())
		}),
	}
}

// named has names that are odd, not UTF-8, or those of the file's input and output.
type named struct {
	Conv   nn.Layer  `nn:"Größe\"1\"/\\\n"`
	Other  nn.Layer  "nn:\"\\xff\""
	Third  nn.Layer  `nn:"output"`
	Images *nn.Param `nn:"images"`
}

// Forward implements nn.Layer.
func (n *named) Forward(x *graph.Node) *graph.Node {
	return graph.Mul(n.Third.Forward(n.Other.Forward(n.Conv.Forward(x))), n.Images.Value(x))
}
