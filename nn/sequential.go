package nn

import (
	"strconv"

	"github.com/strideml/stride/graph"
)

// SequentialLayer applies layers one after the other; see [Sequential].
type SequentialLayer struct {
	layers []Layer
	names  []string
}

// Sequential returns a layer that applies the given ones in order. The path of
// each is its index: "0", "1", …; [SequentialLayer.Add] names layers otherwise.
func Sequential(layers ...Layer) *SequentialLayer {
	return (&SequentialLayer{}).Append(layers...)
}

// Append adds layers at the end; their paths are their indices.
func (s *SequentialLayer) Append(layers ...Layer) *SequentialLayer {
	for _, l := range layers {
		s.Add(strconv.Itoa(len(s.layers)), l)
	}
	return s
}

// Add is Append for a layer with a name of its own, as PyTorch's add_module. The
// name must not be empty, nor contain dots or spaces, nor occur twice.
func (s *SequentialLayer) Add(name string, l Layer) *SequentialLayer {
	s.layers, s.names = append(s.layers, l), append(s.names, name)
	return s
}

// Layers returns the layers in order. The caller must not change the slice.
func (s *SequentialLayer) Layers() []Layer { return s.layers }

// Forward applies the layers to x in order.
func (s *SequentialLayer) Forward(x *graph.Node) *graph.Node {
	g := x.Graph()
	t, _ := g.Value(traceKey{}).(*tracing)
	if s == nil {
		t.failNil(g, s)
	}
	own, certain := t.pathOf(s, g.CurrentPath(), false)
	if certain {
		defer enter(g, own)()
	}
	return t.record(s, own, certain, func() *graph.Node {
		for i, l := range s.layers {
			path := join(own, s.names[i])
			if isNil(l) {
				g.SetPath(path)
				g.Fail("Sequential", "layer %d is nil", i)
			}
			path, known := t.pathOf(l, path, certain)
			x = apply(t, l, path, known, x)
		}
		return x
	})
}
