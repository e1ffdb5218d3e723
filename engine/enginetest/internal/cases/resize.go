package cases

import (
	"fmt"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/tensor"
)

func resizeCases() []Case {
	var cases []Case
	add := func(shape tensor.Shape, height, width int, r graph.Resize) {
		cases = append(cases, Case{
			Name:    fmt.Sprintf("%v to %d×%d, %+v", shape, height, width, r),
			Args:    []Arg{{shape: shape}},
			Build:   apply(func(x *graph.Node) *graph.Node { return graph.Resize2D(x, height, width, r) }),
			Forward: Measured, Backward: Measured,
		})
	}
	r := rng.New(1, "enginetest resize")
	for mode := graph.ResizeNearest; mode <= graph.ResizeCubic; mode++ {
		for coordinates := graph.HalfPixel; coordinates <= graph.HalfPixelSymmetric; coordinates++ {
			for variant := range 4 {
				options := graph.Resize{Mode: mode, Coordinates: coordinates}
				if mode == graph.ResizeNearest {
					options.Rounding = graph.ResizeRounding(variant)
				} else {
					options.ExcludeOutside, options.Antialias = variant%2 == 1, variant > 1
				}
				if mode == graph.ResizeCubic && variant%2 == 0 {
					options.CubicA = -0.5
				}
				shape := tensor.Shape{1 + r.IntN(2), pick(r, []int{1, 3, 8, 17}), 1 + r.IntN(7), 1 + r.IntN(7)}
				add(shape, 1+r.IntN(12), 1+r.IntN(12), options)
			}
		}
	}
	add(tensor.Shape{2, 4, 5, 6}, 10, 12, graph.Resize{Coordinates: graph.Asymmetric, Rounding: graph.RoundFloor})
	add(tensor.Shape{1, 2, 4, 4}, 2, 3, graph.Resize{Mode: graph.ResizeLinear, Coordinates: graph.AlignCorners, Scale: [2]float64{0.6, 0.8}})
	add(tensor.Shape{1, 2, 5, 4}, 3, 3, graph.Resize{Mode: graph.ResizeCubic, Coordinates: graph.HalfPixelSymmetric, Scale: [2]float64{0.7, 0.8}})
	// Between operators that store images as they like.
	return append(cases, Case{
		Name: "between a convolution and ReLU",
		Args: []Arg{of(2, 3, 6, 6), of(10, 3, 3, 3), of(2, 10, 8, 8)},
		Build: func(x []*graph.Node) *graph.Node {
			y := graph.Resize2D(graph.Conv2D(x[0], x[1], nil, graph.Window{}, 1), 8, 8, graph.Resize{Mode: graph.ResizeLinear})
			return graph.ReLU(graph.Add(y, x[2]))
		},
		Forward: Measured, Backward: Measured,
	})
}

func resizeRounding(n *graph.Node) Rounding {
	op, ok := n.Op().(graph.Resize2DOp)
	s := n.Shape()
	if ok {
		s = n.Inputs()[0].Shape()
		if op.Mode == graph.ResizeNearest {
			return Rounding{None: true}
		}
	}
	return Rounding{Terms: s[2] + s[3], UnitOf: n.Inputs()[0]} // more than there are
}

var resizeGolden = map[string]GoldenFunc{
	"interpolate": func(c Golden, x map[string]*graph.Node) *graph.Node {
		r := map[string]graph.Resize{
			"nearest":       {Coordinates: graph.Asymmetric, Rounding: graph.RoundFloor},
			"nearest-exact": {Rounding: graph.RoundPreferCeil},
			"bilinear":      {Mode: graph.ResizeLinear},
			"bicubic":       {Mode: graph.ResizeCubic},
		}[c.Mode]
		if c.Align {
			r.Coordinates = graph.AlignCorners
		}
		if c.Antialias {
			r.ExcludeOutside, r.Antialias, r.CubicA = true, true, -0.5
		}
		return graph.Resize2D(x["x"], c.Shape[0], c.Shape[1], r)
	},
}
