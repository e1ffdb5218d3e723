package cases

import (
	"fmt"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

func dropoutCases() []Case {
	var cases []Case
	for _, p := range []float32{0, 0.1, 0.5, 0.99} {
		for _, shape := range []tensor.Shape{{1}, {33}, {7, 19}, {2, 3, 5, 5}, {2, 8, 4, 4}, {3, 17, 5, 5}} {
			for _, step := range []uint64{0, 1, 1<<24 + 5} {
				hi, lo := graph.StepValue(step)
				cases = append(cases, Case{
					Name:    fmt.Sprintf("%v of %v, step %d", p, shape, step),
					Args:    []Arg{{shape: shape}, constant([]int{2}, hi, lo)},
					Build:   func(x []*graph.Node) *graph.Node { return graph.Dropout(x[0], x[1], p, 0x1234567890abcdef) },
					Forward: Pointwise, Backward: Pointwise,
				})
			}
		}
	}
	// Parts of a batch that begin with the third sample, or so late that indices begin at 0
	// again.
	for _, shape := range []tensor.Shape{{}, {1}, {33}, {7, 19}, {2, 3, 5, 5}} {
		for _, first := range []float32{0, 3, 1<<24 - 1} {
			cases = append(cases, Case{
				Name:    fmt.Sprintf("%v from sample %v", shape, first),
				Args:    []Arg{{shape: shape}, constant([]int{3}, 2, 7, first)},
				Build:   func(x []*graph.Node) *graph.Node { return graph.Dropout(x[0], x[1], 0.3, 0xfedcba9876543210) },
				Forward: Pointwise, Backward: Pointwise,
			})
		}
	}
	// Behind an operator whose layout an engine may have changed.
	cases = append(cases, Case{
		Name: "behind a convolution",
		Args: []Arg{of(2, 3, 6, 6), of(9, 3, 3, 3), constant([]int{2}, 0, 3)},
		Build: func(x []*graph.Node) *graph.Node {
			return graph.Dropout(graph.Conv2D(x[0], x[1], nil, graph.Window{}, 1), x[2], 0.4, 99)
		},
		Forward: Sums, Backward: Sums,
	})
	return cases
}
