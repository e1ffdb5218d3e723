package passes

import (
	"testing"

	"github.com/strideml/stride/graph"
)

func TestBroadcast(t *testing.T) {
	testPass(t, "broadcast", []passCase{
		{"a factor", func(g testGraph) []*graph.Node {
			return list(graph.Mul(g.image(), graph.Broadcast(g.Input("s", 2, 8, 1, 1), 2, 8, 5, 4)))
		}, `
			v3 2×8×5×4 = Mul(v0, v1)
			output 0 = v3`},
		{"a factor that is read elsewhere", func(g testGraph) []*graph.Node {
			s := graph.Broadcast(g.Input("s", 2, 8, 1, 1), 2, 8, 5, 4)
			return list(graph.Mul(s, g.image()), graph.Softmax(s, 1))
		}, `
			v1 2×8×5×4 = BroadcastTo(v0)
			v3 2×8×5×4 = Mul(v0, v2)
			v4 2×8×5×4 = Softmax(v1)
			output 0 = v3
			output 1 = v4`},
		{"both", func(g testGraph) []*graph.Node {
			s := graph.Broadcast(g.Input("s", 2, 8, 1, 1), 2, 8, 5, 4)
			return list(graph.Add(s, s))
		}, `
			v1 2×8×5×4 = BroadcastTo(v0)
			v2 2×8×5×4 = Add(v0, v1)
			output 0 = v2`},
		{"a vector", func(g testGraph) []*graph.Node {
			return list(graph.Add(g.Input("x", 2, 8), graph.Broadcast(g.Input("s", 8), 2, 8)))
		}, `
			v2 2×8 = BroadcastTo(v1)
			v3 2×8 = Add(v0, v2)
			output 0 = v3`},
	})
}
