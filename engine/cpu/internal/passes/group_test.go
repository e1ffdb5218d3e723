package passes

import (
	"testing"

	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/engine/cpu/internal/lower"
	"github.com/strideml/stride/graph"
)

func TestGroup(t *testing.T) {
	testPass(t, "group", []passCase{
		{"a chain", func(g testGraph) []*graph.Node { return list(graph.Exp(graph.Tanh(g.Input("x", 4)))) }, `
			v2 4 = Tanh·Exp(v0)
			output 0 = v2`},
		{"branches that meet", func(g testGraph) []*graph.Node {
			y := graph.Tanh(g.Input("x", 4))
			return list(graph.Mul(graph.Exp(y), graph.Sub(y, g.variable(4))))
		}, `
			v5 4 = Tanh·Exp·Sub·Mul(v0, v3)
			output 0 = v5`},
		{"an output in between", func(g testGraph) []*graph.Node {
			y := graph.Tanh(g.Input("x", 4))
			return list(graph.Exp(y), y)
		}, `
			v1 4 = Tanh(v0)
			v2 4 = Exp(v1)
			output 0 = v2
			output 1 = v1`},
		{"two readers", func(g testGraph) []*graph.Node {
			y := graph.Tanh(g.Input("x", 4))
			return list(graph.Exp(y), graph.Neg(y))
		}, `
			v1 4 = Tanh(v0)
			v2 4 = Exp(v1)
			v3 4 = Neg(v1)
			output 0 = v2
			output 1 = v3`},
		{"a reader that is not elementwise", func(g testGraph) []*graph.Node {
			y := graph.Tanh(g.Input("x", 4))
			return list(graph.Mul(y, graph.Sum(y)))
		}, `
			v1 4 = Tanh(v0)
			v2 scalar = Sum(v1)
			v3 4 = Mul(v1, v2)
			output 0 = v3`},
		{"another shape", func(g testGraph) []*graph.Node {
			return list(graph.Add(graph.Tanh(g.Input("x", 4)), graph.Exp(g.Input("y", 3, 4))))
		}, `
			v1 4 = Tanh(v0)
			v4 3×4 = Exp·Add(v2, v1)
			output 0 = v4`},
	})
}

// A group has no more members than blocks have registers for.
func TestGroupLimit(t *testing.T) {
	g := testGraph{graph.New()}
	y := g.Input("x", 4)
	const nodes = 2*lower.MaxMembers + 3
	for range nodes {
		y = graph.Tanh(y)
	}
	f := through(t, "group", g.Graph, y)
	total := 0
	for _, o := range f.Ops {
		e, ok := o.Do.(*ir.Elementwise)
		if !ok || len(e.Members) > lower.MaxMembers {
			t.Fatalf("%s of %v has %d members, at most %d are possible", o.Do.Kind(), o.Node, len(e.Members), lower.MaxMembers)
		}
		total += len(e.Members)
	}
	if len(f.Ops) != 3 || total != nodes {
		t.Errorf("%d groups of %d members, want 3 of %d", len(f.Ops), total, nodes)
	}
}
