package passes

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/strideml/stride/engine/cpu/internal/conv"
	"github.com/strideml/stride/graph"
)

// algorithms returns the names of the algorithms of a graph's operations.
func algorithms(g testGraph, o conv.Options, outputs ...*graph.Node) (names []string, err error) {
	f := Build(g.Graph, outputs)
	if err := Algorithm(o)(f); err != nil {
		return nil, err
	}
	for _, op := range f.Ops {
		if p, ok := op.Plan.(interface{ Algorithm() string }); ok {
			names = append(names, fmt.Sprintf("%s by %s", op.Do.Kind(), p.Algorithm()))
		} else if op.Plan != nil {
			return nil, fmt.Errorf("the plan %T has no name", op.Plan)
		}
	}
	return names, nil
}

func TestAlgorithm(t *testing.T) {
	for _, c := range []struct {
		name  string
		build func(g testGraph) []*graph.Node
		want  []string
	}{
		{"convolution and gradients", func(g testGraph) []*graph.Node {
			x, w := g.Input("x", 4, 64, 24, 24), g.variable(64, 64, 3, 3)
			y := graph.Conv2D(x, w, nil, graph.Window{Pad: [2]int{1, 1}}, 1)
			return append(list(y), graph.Gradients(graph.Sum(graph.Mul(y, y)), x, w)...)
		}, []string{"Conv2D by direct", "Conv2DInputGrad by direct", "Conv2DWeightGrad by outer products"}},
		{"products", func(g testGraph) []*graph.Node {
			x, w := g.Input("x", 5, 3), g.variable(3, 4)
			y := graph.MatMul(x, w)
			return append(list(y), graph.Gradients(graph.Sum(graph.Mul(y, y)), x, w)...)
		}, []string{"MatMul by GEMM", "MatMul by GEMM", "MatMul by outer products"}},
		{"nothing to choose", func(g testGraph) []*graph.Node { return list(graph.Exp(g.image())) }, nil},
	} {
		g := testGraph{graph.New()}
		got, err := algorithms(g, conv.Options{Strict: true}, c.build(g)...)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, %v; want %q", c.name, got, err, c.want)
		}
	}
}

// A failing tuner fails the pass.
type failingTuner struct{ err error }

func (f failingTuner) Choose(conv.Problem, []string) (string, error) { return "", f.err }

func TestAlgorithmFails(t *testing.T) {
	want := errors.New("no time to measure")
	g := testGraph{graph.New()}
	y := graph.Conv2D(g.Input("x", 4, 64, 24, 24), g.variable(64, 64, 3, 3), nil, graph.Window{}, 1)
	if _, err := algorithms(g, conv.Options{Tuner: failingTuner{want}}, y); !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
}
