package samples

import (
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

// convolutions are convolutions with and without batch normalizations.
func convolutions() []Sample {
	return []Sample{
		network("convolutions", func() nn.Layer {
			return nn.Sequential(
				nn.Conv2D(8, 3).Pad(1).Groups(2), nn.Conv2D(6, 3).StrideHW(2, 1).NoBias(), nn.Conv2D(6, 2).PadHW(1, 0).Dilation(2),
				nn.Conv2D(5, 4).Same().Stride(2), nn.Conv2D(4, 1))
		}),
		network("transposed convolutions", func() nn.Layer {
			return nn.Sequential(
				nn.ConvTranspose2D(6, 3).Stride(2).Pad(1).OutputPad(1), nn.ConvTranspose2D(4, 2).Groups(2).Dilation(3).OutputPad(2), nn.ConvTranspose2D(3, 1).NoBias())
		}),
		network("batch normalizations of transposed convolutions", func() nn.Layer {
			return nn.Sequential(
				nn.ConvTranspose2D(6, 3).NoBias(), nn.BatchNorm(), nn.ConvTranspose2D(4, 2).Groups(2).Stride(2), nn.BatchNorm(), nn.ReLU(),
				nn.ConvTranspose2D(3, 2).OutputPad(1).Dilation(2), nn.BatchNorm())
		}),
		network("batch normalizations", func() nn.Layer {
			return nn.Sequential(
				nn.BatchNorm(), nn.Conv2D(5, 3).NoBias(), nn.BatchNorm().Eps(1e-3), nn.Conv2D(5, 2), nn.BatchNorm(), nn.ReLU(), nn.BatchNorm(),
				nn.Flatten(), nn.Linear(6), nn.BatchNorm(), nn.Linear(4).NoBias(), nn.BatchNorm(), nn.BatchNorm())
		}),
		network("a convolution used twice", func() nn.Layer {
			conv := nn.Conv2D(4, 3).Pad(1)
			return &block{Inner: []nn.Layer{conv, nn.BatchNorm(), nn.BatchNorm()}, f: func(b *block, x *graph.Node) *graph.Node {
				y := b.Inner[1].Forward(b.Inner[0].Forward(x))
				z := b.Inner[0].Forward(y)
				return graph.Add(b.Inner[2].Forward(z), z)
			}}
		}),
		network("one weight for two normalizations", func() nn.Layer {
			conv := nn.Conv2D(4, 3).Pad(1)
			return nn.Sequential(conv, nn.BatchNorm(), conv, nn.BatchNorm())
		}),
		network("standardized weights", func() nn.Layer {
			return &block{A: parameter(5, 4, 3, 3), B: parameter(5), f: func(b *block, x *graph.Node) *graph.Node {
				w := b.A.Value(x)
				w = graph.Sub(w, graph.MeanKeep(w, 1, 2, 3))
				return graph.Conv2D(x, w, graph.Exp(b.B.Value(x)), graph.Window{}, 1)
			}}
		}),
	}
}

// products are linear layers and products of matrices.
func products() []Sample {
	return []Sample{
		network("a weight for a convolution and for a product", func() nn.Layer {
			return &block{A: parameter(5, 4), B: parameter(5, 5), f: func(b *block, x *graph.Node) *graph.Node {
				y := graph.Conv2D(x, graph.Reshape(b.A.Value(x), 5, 4, 1, 1), nil, graph.Window{}, 1)
				y = graph.Conv2D(y, graph.Reshape(b.B.Value(x), 5, 5, 1, 1), nil, graph.Window{}, 1)
				return graph.Add(graph.Mean(y, 2, 3), graph.Linear(graph.Mean(x, 2, 3), b.A.Value(x), nil))
			}}
		}),
		network("products", func() nn.Layer {
			return &block{A: parameter(168, 5), B: parameter(7, 5), f: func(b *block, x *graph.Node) *graph.Node {
				y := graph.MatMul(graph.Flatten(x), b.A.Value(x))                                 // N×5
				z := graph.MatMulT(y, b.B.Value(x), false, true)                                  // N×7
				gram := graph.MatMulT(y, y, true, false)                                          // 5×5
				u := graph.Add(x.Graph().Constant(tensor.Arange(0, 5, 1)), graph.MatMul(y, gram)) // N×5
				return graph.Concat(1, z, u, graph.Linear(y, gram, nil))
			}}
		}),
		network("products of batches", func() nn.Layer {
			return &block{A: parameter(5, 6), B: parameter(5), f: func(b *block, x *graph.Node) *graph.Node {
				y := graph.Add(graph.MatMulT(x, b.A.Value(x), false, true), b.B.Value(x)) // N×4×7×5
				weights := graph.Softmax(graph.MatMulT(y, y, false, true), -1)            // N×4×7×7
				z := graph.MatMulT(weights, y, true, false)
				return graph.MatMulT(z, b.A.Value(x), false, false)
			}}
		}),
	}
}

// normalizations have statistics of the input, or constant ones.
func normalizations() []Sample {
	return []Sample{
		function("statistics of the batch", func(x *graph.Node) *graph.Node {
			c := x.Graph().Constant(tensor.Arange(1, 5, 1))
			stats := graph.BatchStats(x)
			flat := graph.Mean(x, 2, 3)
			normal := graph.BatchNorm(flat, graph.BatchStats(flat), c, c, 1e-5)
			return graph.Add(graph.BatchNorm(x, stats, c, c, 1e-3), graph.Reshape(normal, x.Shape()[0], 4, 1, 1))
		}),
		network("constant statistics", func() nn.Layer {
			return nn.Func("Stats", func(x *graph.Node) *graph.Node {
				c := x.Graph().Constant(tensor.Arange(1, 5, 1))
				stats := x.Graph().Constant(tensor.Must(tensor.FromSlice([]float32{0, 1, -1, 2, 1, 2, 0.5, 3}, 2, 4)))
				return graph.BatchNormInference(x, stats, c, c, 1e-3)
			})
		}),
		network("layer normalizations", func() nn.Layer {
			return &block{A: parameter(7, 6), B: parameter(4), f: func(b *block, x *graph.Node) *graph.Node {
				y := graph.LayerNorm(x, b.A.Value(x), nil, 1e-5, 2, 3)
				return graph.LayerNorm(y, b.B.Value(x), b.B.Value(x), 1e-3, 1)
			}}
		}),
		network("group normalizations", func() nn.Layer {
			return &block{A: parameter(4), B: parameter(4), f: func(b *block, x *graph.Node) *graph.Node {
				gamma, beta := b.A.Value(x), b.B.Value(x)
				y := graph.InstanceNorm(graph.GroupNorm(x, 2, gamma, beta, 1e-3), gamma, beta, 1e-5)
				flat := graph.GroupNorm(graph.Mean(graph.Exp(y), 2, 3), 2, gamma, beta, 1e-5)
				other := graph.GroupStats(graph.Exp(x), 2)
				return graph.Concat(1, graph.Flatten(y), flat, graph.Flatten(other))
			}}
		}),
		function("response normalizations", joined(
			func(x *graph.Node) *graph.Node { return graph.LRN(x, 3, 0.5, 0.75, 2) },
			func(x *graph.Node) *graph.Node { return graph.LRN(x, 4, 0.5, 0.75, 1) },
			func(x *graph.Node) *graph.Node { return graph.LRN(graph.Mean(x, 2, 3), 3, 0.5, 0.75, 1) },
		)),
	}
}

// poolings have padding and ceil mode in all combinations.
func poolings() []Sample {
	var fs []func(x *graph.Node) *graph.Node
	for _, ceil := range []bool{false, true} {
		for _, w := range []graph.Window{
			{}, {Pad: [2]int{1, 1}, Stride: [2]int{2, 2}}, {Pad: [2]int{0, 1}, Stride: [2]int{3, 2}}, {Stride: [2]int{4, 4}, Pad: [2]int{1, 0}},
		} {
			fs = append(fs,
				func(x *graph.Node) *graph.Node { return graph.MaxPool2D(x, [2]int{3, 2}, w, ceil) },
				func(x *graph.Node) *graph.Node { return graph.AvgPool2D(x, [2]int{3, 2}, w, ceil, false) },
				func(x *graph.Node) *graph.Node { return graph.AvgPool2D(x, [2]int{3, 2}, w, ceil, true) })
			dilated := w
			dilated.Dilation = [2]int{2, 2}
			fs = append(fs, func(x *graph.Node) *graph.Node { return graph.MaxPool2D(x, [2]int{3, 2}, dilated, ceil) })
		}
	}
	uneven := graph.Window{Pad: [2]int{1, 2}, ExtraPad: [2]int{1, -2}, Stride: [2]int{2, 1}}
	fs = append(fs,
		func(x *graph.Node) *graph.Node { return graph.MaxPool2D(x, [2]int{3, 3}, uneven, false) },
		func(x *graph.Node) *graph.Node { return graph.AvgPool2D(x, [2]int{3, 3}, uneven, false, true) },
		func(x *graph.Node) *graph.Node { return graph.AvgPool2D(x, [2]int{3, 3}, uneven, true, false) })
	uneven.Dilation = [2]int{2, 2}
	for _, include := range []bool{false, true} {
		fs = append(fs, func(x *graph.Node) *graph.Node { return graph.AvgPool2D(x, [2]int{3, 2}, uneven, true, include) })
	}
	for _, to := range [][2]int{{1, 1}, {7, 6}, {7, 3}, {3, 4}, {9, 10}, {1, 4}} {
		fs = append(fs, func(x *graph.Node) *graph.Node { return graph.AdaptiveAvgPool2D(x, to[0], to[1]) })
	}
	return []Sample{function("poolings", joined(fs...)), resizings()}
}

// resizings have all modes and rules, larger and smaller images, and scales that are not
// the ratio of the sizes.
func resizings() Sample {
	var fs []func(x *graph.Node) *graph.Node
	for rule := graph.HalfPixel; rule <= graph.HalfPixelSymmetric; rule++ {
		for rounding := graph.RoundPreferFloor; rounding <= graph.RoundCeil; rounding++ {
			fs = append(fs, func(x *graph.Node) *graph.Node {
				r := graph.Resize{Coordinates: rule, Rounding: rounding}
				return graph.Concat(2, graph.Resize2D(x, 14, 9, r), graph.Resize2D(x, 5, 9, r))
			})
		}
		scaled := [2]float64{1.5, 1.75}
		for _, mode := range []graph.ResizeMode{graph.ResizeLinear, graph.ResizeCubic} {
			plain := graph.Resize{Mode: mode, Coordinates: rule}
			other := graph.Resize{Mode: mode, Coordinates: rule, ExcludeOutside: true, CubicA: -0.5}
			antialias, scale := other, other
			antialias.Antialias, scale.Scale = true, scaled
			fs = append(fs,
				func(x *graph.Node) *graph.Node { return graph.Resize2D(x, 14, 9, plain) },
				func(x *graph.Node) *graph.Node { return graph.Resize2D(x, 5, 1, plain) },
				func(x *graph.Node) *graph.Node { return graph.Resize2D(x, 9, 11, other) },
				func(x *graph.Node) *graph.Node { return graph.Resize2D(x, 3, 9, antialias) },
				func(x *graph.Node) *graph.Node { return graph.Resize2D(x, 10, 10, scale) })
		}
		fs = append(fs, func(x *graph.Node) *graph.Node {
			return graph.Resize2D(x, 10, 10, graph.Resize{Coordinates: rule, Rounding: graph.RoundFloor, Scale: scaled})
		})
	}
	return function("resizings", joined(fs...))
}
