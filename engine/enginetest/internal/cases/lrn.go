package cases

import (
	"fmt"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

func lrnCases() []Case {
	var cases []Case
	for _, l := range []struct {
		size           int
		alpha, beta, k float32
	}{
		{5, 1e-4, 0.75, 1}, {5, 0.5, 0.75, 2}, {1, 2, 0.5, 1}, {2, 1, 1, 0.5}, {3, 4, 1.5, 1}, {4, 3, 0.3, 1}, {9, 1, 0.75, 1},
	} {
		for _, shape := range []tensor.Shape{{3, 7}, {1, 1}, {2, 3, 4, 5}, {1, 8, 3, 3}, {2, 17, 5, 4}, {1, 5, 1, 1}, {2, 33, 2, 3}, {3, 2, 9, 9}} {
			cases = append(cases, Case{
				Name:    fmt.Sprintf("%v over %d, alpha %v, beta %v, k %v", shape, l.size, l.alpha, l.beta, l.k),
				Args:    []Arg{{shape: shape}},
				Build:   func(x []*graph.Node) *graph.Node { return graph.LRN(x[0], l.size, l.alpha, l.beta, l.k) },
				Forward: Measured, Backward: Measured,
			})
		}
	}
	// Between operators that store images as they like.
	return append(cases, Case{
		Name: "between a convolution and pooling",
		Args: []Arg{of(2, 3, 9, 9), of(12, 3, 3, 3)},
		Build: func(x []*graph.Node) *graph.Node {
			y := graph.ReLU(graph.Conv2D(x[0], x[1], nil, graph.Window{}, 1))
			return graph.MaxPool2D(graph.LRN(y, 5, 0.1, 0.75, 1), [2]int{3, 3}, square(2, 0, 1), false)
		},
		Forward: Measured, Backward: Measured,
	})
}

func lrnRounding(n *graph.Node) Rounding {
	var op graph.LRNOp
	switch o := n.Op().(type) {
	case graph.LRNOp:
		op = o
	case graph.LRNGradOp:
		op = o.LRN
	}
	return Rounding{Terms: op.Size}
}

var lrnGolden = map[string]GoldenFunc{
	"local_response_norm": func(c Golden, x map[string]*graph.Node) *graph.Node {
		return graph.LRN(x["x"], c.Size, c.Alpha, c.Beta, c.K)
	},
}
