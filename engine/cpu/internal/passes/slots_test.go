package passes

import (
	"testing"

	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/graph"
)

// Each part has its slot in the last concatenation that it is a part of, of the
// outermost result.
func TestSlots(t *testing.T) {
	g := testGraph{graph.New()}
	x := g.image()
	a, b, c, d := g.conv(x, 3, 1, false), g.conv(x, 4, 1, false), g.conv(x, 2, 1, false), g.conv(x, 5, 1, false)
	small := graph.Concat(1, a, b)
	large := graph.Concat(1, c, small) // small and c are made in its result
	again := graph.Concat(1, a, d)     // a has a slot in the next one
	same := graph.Concat(1, a, b)
	f := through(t, "slots", g.Graph, large, again, same)
	value := map[*graph.Node]*ir.Value{}
	for _, o := range f.Ops {
		if _, ok := o.Do.(ir.Copy); !ok {
			value[o.Node] = o.Out()
		}
	}
	for _, want := range []struct {
		of, root      *graph.Node
		offset, pitch int
	}{
		{large, large, 0, 9}, {c, large, 0, 9}, {small, large, 2, 9},
		{d, again, 3, 8}, {again, again, 0, 8},
		{same, same, 0, 7}, {a, same, 0, 7}, {b, same, 3, 7},
	} {
		s := value[want.of].Slot
		if s == nil || s.Root != value[want.root] || s.Offset != want.offset || s.Pitch != want.pitch || s.Owner != nil {
			t.Errorf("%v has the slot %+v, want %d of %d channels of %v", want.of, s, want.offset, want.pitch, want.root)
		}
	}
	if s := value[x]; s != nil && s.Slot != nil {
		t.Error("an argument that is no part has a slot")
	}
}
