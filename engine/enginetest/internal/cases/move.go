package cases

import (
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// moved are cases of operators that only move elements. Results must be exact;
// the order of elements is N×C×H×W however an engine stores images.
type moved []Case

func (m *moved) add(name string, build func(x []*graph.Node) *graph.Node, shapes ...tensor.Shape) {
	c := Case{Name: name, Build: build, Forward: Exact, Backward: Sums}
	for _, s := range shapes {
		c.Args = append(c.Args, Arg{shape: s})
	}
	*m = append(*m, c)
}

// movedShapes are cut and joined along each of their axes.
var movedShapes = []tensor.Shape{{5}, {3, 4}, {2, 3, 4}, {2, 3, 4, 5}, {2, 8, 3, 3}}
