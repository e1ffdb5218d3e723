package cases

import (
	"fmt"

	"github.com/strideml/stride/graph"
)

func crossEntropyCases() []Case {
	var cases []Case
	for _, size := range [][2]int{{1, 1}, {1, 10}, {2, 2}, {7, 10}, {33, 3}, {5, 100}, {64, 17}} {
		labels := make([]float32, size[0])
		for i := range labels {
			labels[i] = float32((i*7 + size[1] - 1) % size[1])
		}
		for _, x := range []Arg{of(size[0], size[1]), of(size[0], size[1]).with(large)} {
			cases = append(cases, Case{
				Name:    fmt.Sprintf("%d×%d, large %v", size[0], size[1], x.fill != nil),
				Args:    []Arg{x, constant([]int{size[0]}, labels...)},
				Build:   func(x []*graph.Node) *graph.Node { return graph.CrossEntropy(x[0], x[1]) },
				Forward: Measured, Backward: Measured,
			}, Case{
				Name:    fmt.Sprintf("mean of %d×%d, large %v", size[0], size[1], x.fill != nil),
				Args:    []Arg{x, constant([]int{size[0]}, labels...)},
				Build:   func(x []*graph.Node) *graph.Node { return graph.Mean(graph.CrossEntropy(x[0], x[1])) },
				Forward: Measured, Backward: Measured,
			})
		}
	}
	return cases
}

var crossEntropyGolden = map[string]GoldenFunc{
	"cross_entropy": func(c Golden, x map[string]*graph.Node) *graph.Node {
		y := graph.CrossEntropy(x["x"], x["labels"])
		if c.Mean {
			y = graph.Mean(y)
		}
		return y
	},
}

// crossEntropyRounding: the loss is a logarithm of a sum near 1, and the
// derivative takes dy from something near dy.
func crossEntropyRounding(n *graph.Node) Rounding {
	if _, ok := n.Op().(graph.CrossEntropyOp); ok {
		return Rounding{Unit: 1}
	}
	return Rounding{UnitOf: n.Inputs()[2]}
}
