package cases

import (
	"fmt"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

func maxPoolCases() []Case {
	var cases []Case
	add := func(s poolSpec, x Arg, note string) {
		cases = append(cases, Case{
			Name: fmt.Sprintf("%v, dilation %v%s", s, s.window.Dilation, note),
			Args: []Arg{x},
			Build: func(x []*graph.Node) *graph.Node {
				return graph.MaxPool2D(x[0], s.kernel, s.window, s.ceil)
			},
			Forward: Exact, Backward: Sums,
		})
	}
	for i, s := range poolSpecs() {
		add(s, Arg{shape: s.shape}, "")
		if i%2 == 0 { // the first of equal elements gets the derivative
			add(s, Arg{shape: s.shape, fill: digit}, ", ties")
		}
	}
	for _, s := range unevenSpecs() {
		add(s, Arg{shape: s.shape, fill: digit}, ", ties")
	}
	// Dilated windows; in the last, some lie wholly in the padding.
	add(poolSpec{tensor.Shape{2, 3, 9, 9}, [2]int{3, 3}, square(1, 1, 2), false}, of(2, 3, 9, 9), "")
	add(poolSpec{tensor.Shape{1, 8, 10, 7}, [2]int{2, 3}, graph.Window{Stride: [2]int{2, 1}, Pad: [2]int{1, 1}, Dilation: [2]int{3, 2}}, true}, of(1, 8, 10, 7), "")
	add(poolSpec{tensor.Shape{1, 2, 1, 1}, [2]int{2, 2}, square(1, 1, 2), false}, of(1, 2, 1, 1), "")
	return cases
}

var maxPoolGolden = map[string]GoldenFunc{
	"max_pool2d": func(c Golden, x map[string]*graph.Node) *graph.Node {
		return graph.MaxPool2D(x["x"], c.Kernel, c.window(), c.Ceil)
	},
}

func maxPoolRounding(n *graph.Node) Rounding {
	_, forward := n.Op().(graph.MaxPool2DOp)
	return Rounding{None: forward}
}
