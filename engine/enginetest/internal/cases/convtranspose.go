package cases

import (
	"fmt"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/rng"
)

func convTransposeCases() []Case {
	var cases []Case
	r := rng.New(1, "enginetest transposed conv")
	for len(cases) < 60 {
		kernel := pick(r, [][2]int{{1, 1}, {2, 2}, {3, 3}, {4, 4}, {3, 3}, {5, 5}, {1, 3}, {4, 2}})
		n, c, o, groups := 1+r.IntN(2), pick(r, []int{1, 3, 6, 8, 17}), pick(r, []int{1, 4, 6, 16, 33}), 1
		h, w := 1+r.IntN(9), 1+r.IntN(9)
		var window graph.Window
		var outputPad [2]int
		size := [2]int{h, w}
		for i := range 2 {
			window.Stride[i], window.Pad[i], window.Dilation[i] = pick(r, []int{1, 2, 2, 3}), r.IntN(3), pick(r, []int{1, 1, 1, 2, 4})
			window.ExtraPad[i] = r.IntN(3) - window.Pad[i]
			outputPad[i] = r.IntN(max(window.Stride[i], window.Dilation[i]))
			size[i] = (size[i]-1)*window.Stride[i] - 2*window.Pad[i] - window.ExtraPad[i] + window.Dilation[i]*(kernel[i]-1) + 1
		}
		switch r.IntN(4) {
		case 0:
			groups, o = c, c*(1+r.IntN(2))
		case 1:
			if c%2 == 0 && o%2 == 0 {
				groups = 2
			}
		}
		if size[0] < 1 || size[1] < 1 || n*h*w*c*(o/groups)*kernel[0]*kernel[1] > 100_000 {
			continue
		}
		args := []Arg{of(n, c, h, w), of(c, o/groups, kernel[0], kernel[1])}
		if r.IntN(2) == 0 {
			args = append(args, of(o))
		}
		cases = append(cases, Case{
			Name: fmt.Sprintf("%d×%d×%d×%d to %d, kernel %v, window %v, output padding %v, groups %d, %d arguments", n, c, h, w, o, kernel, window, outputPad, groups, len(args)),
			Args: args,
			Build: func(x []*graph.Node) *graph.Node {
				return graph.ConvTranspose2D(x[0], x[1], third(x), window, outputPad, groups)
			},
			Forward: Sums, Backward: Sums,
		})
	}
	return append(cases, Case{
		Name: "between layers",
		Args: []Arg{of(2, 6, 5, 4), of(6, 8, 2, 2), of(8), of(4, 12, 3, 3), of(2, 4, 10, 8)},
		Build: func(x []*graph.Node) *graph.Node {
			up := graph.ReLU(graph.ConvTranspose2D(graph.ReLU(x[0]), x[1], x[2], square(2, 0, 1), [2]int{}, 1))
			return graph.Conv2D(graph.Concat(1, up, x[4]), x[3], nil, square(1, 1, 1), 1)
		},
		Forward: Measured, Backward: Measured,
	})
}

// third returns the third argument, or nil.
func third(x []*graph.Node) *graph.Node {
	if len(x) > 2 {
		return x[2]
	}
	return nil
}

func convTransposeRounding(n *graph.Node) Rounding {
	arguments := n.Inputs()
	w := arguments[1].Shape()
	return Rounding{Terms: w.Size() / w[1], Sum: arguments, Conv: true}
}

var convTransposeGolden = map[string]GoldenFunc{
	"conv_transpose2d": func(c Golden, x map[string]*graph.Node) *graph.Node {
		window := graph.Window{Stride: c.Stride, Pad: c.Padding, Dilation: c.Dilation}
		return graph.ConvTranspose2D(x["x"], x["w"], x["b"], window, c.Extra, c.Groups)
	},
}
