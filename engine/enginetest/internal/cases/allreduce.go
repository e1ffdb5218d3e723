package cases

import (
	"fmt"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// The cases are for devices that belong to no group.
func allReduceCases() []Case {
	var cases []Case
	for _, shape := range []tensor.Shape{{}, {1}, {33}, {7, 19}, {2, 3, 5, 5}} {
		cases = append(cases, Case{
			Name: fmt.Sprintf("%v", shape), Args: []Arg{{shape: shape}},
			Build: apply(graph.AllReduce),
		})
	}
	// Gradients in a bucket, behind and before operators that may be computed in place.
	return append(cases, Case{
		Name: "bucket",
		Args: []Arg{of(3, 4), of(5), of(1, 2, 2, 2)},
		Build: func(x []*graph.Node) *graph.Node {
			flat := graph.Concat(0, graph.Reshape(x[0], -1), graph.Neg(x[1]), graph.Reshape(x[2], -1))
			sum := graph.AllReduce(flat)
			return graph.Concat(0, graph.Neg(graph.Slice(sum, 0, 12, 17)), graph.Slice(sum, 0, 0, 12))
		},
	}, Case{
		Name: "of a convolution",
		Args: []Arg{of(2, 3, 6, 6), of(9, 3, 3, 3)},
		Build: func(x []*graph.Node) *graph.Node {
			return graph.ReLU(graph.AllReduce(graph.Conv2D(x[0], x[1], nil, graph.Window{}, 1)))
		},
		Forward: Sums, Backward: Sums,
	})
}
