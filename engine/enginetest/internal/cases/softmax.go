package cases

import (
	"fmt"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

func softmaxCases() []Case {
	var cases []Case
	for _, shape := range []tensor.Shape{{1}, {7}, {5, 10}, {4, 1}, {3, 33}, {3, 4, 5}, {2, 3, 4, 5}, {2, 16, 3, 3}} {
		for axis := range shape {
			for _, x := range []Arg{{shape: shape}, {shape: shape, fill: large}} {
				note := ""
				if x.fill != nil {
					note = ", large"
				}
				cases = append(cases, Case{
					Name:    fmt.Sprintf("Softmax %v over %d%s", shape, axis, note),
					Args:    []Arg{x},
					Build:   func(x []*graph.Node) *graph.Node { return graph.Softmax(x[0], axis) },
					Forward: Measured, Backward: Measured,
				}, Case{
					Name:    fmt.Sprintf("LogSoftmax %v over %d%s", shape, axis, note),
					Args:    []Arg{x},
					Build:   func(x []*graph.Node) *graph.Node { return graph.LogSoftmax(x[0], axis-len(shape)) },
					Forward: Measured, Backward: Measured,
				})
			}
		}
	}
	return cases
}

var softmaxGolden = map[string]GoldenFunc{
	"softmax":     func(c Golden, x map[string]*graph.Node) *graph.Node { return graph.Softmax(x["x"], c.Axis) },
	"log_softmax": func(c Golden, x map[string]*graph.Node) *graph.Node { return graph.LogSoftmax(x["x"], c.Axis) },
}

func softmaxRounding(n *graph.Node) Rounding {
	if n.Op().(graph.SoftmaxOp).Log {
		return Rounding{Unit: 1}
	}
	return Rounding{}
}
