package nn

import (
	"github.com/strideml/stride/graph"
)

// A Container is a custom block that names the layers in it itself, where the names of
// fields will not do: those of an imported network may have dots and slashes.
type Container interface {
	Layer
	// Children returns the layers in the order of the state. Their names must be distinct
	// and not empty.
	Children() []Child
}

// A Child is a layer of a [Container].
type Child struct {
	Name  string
	Layer Layer
}

// Section makes the operators that build adds one layer of the trace, with a path and a
// kind of its own: a row of [Model.Summary], an entry of [Trace.Layers]. It is for blocks
// whose Forward walks a list of operators. build returns the layer's result, or nil if it has
// none in the graph.
func Section(g *graph.Graph, path, kind string, build func() *graph.Node) {
	defer g.SetPath(g.SetPath(path))
	t, _ := g.Value(traceKey{}).(*tracing)
	if t == nil {
		build()
		return
	}
	c := call{path: path, kind: kind, first: len(g.Nodes())}
	t.depth++
	c.output = build()
	t.depth--
	c.last = len(g.Nodes())
	if c.output == nil || c.last == c.first {
		return
	}
	if t.depth == 0 {
		t.calls = append(t.calls, c)
	}
	t.outputs = append(t.outputs, LayerOutput{path, kind, len(t.around), c.output})
}

// TrainsStatistics reports whether a batch normalization at the graph's current path is to
// use the statistics of the batch and to move its running ones: in the Train mode of the trace
// that x belongs to, unless the layer or all statistics are [Frozen].
func TrainsStatistics(x *graph.Node) bool {
	t, ok := x.Graph().Value(traceKey{}).(*tracing)
	return ok && t != nil && !t.frozen.Statistics && ModeOf(x) == Train
}
