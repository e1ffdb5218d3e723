package enginetest

import (
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
)

// TB is what checks need of a test; *testing.T and *rapid.T have it.
type TB = tb

// Graph runs a graph on the device, twice, and compares the outputs and what
// is assigned to variables with the reference engine. The tolerance of each element is measured: it is
// what errors of 1e-6 in each intermediate value amount to.
func Graph(t TB, device engine.Device, feeds engine.Feeds, outputs ...*graph.Node) {
	t.Helper()
	p := &problem{graph: outputs[0].Graph(), feeds: feeds, outputs: outputs}
	p.check(t, device, measured, 2)
}
