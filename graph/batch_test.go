package graph_test

import (
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// perSampleNet is a bit of everything that treats samples for themselves.
func perSampleNet(g *graph.Graph, batch int) *graph.Node {
	constant := func(start float32, shape ...int) *graph.Node {
		t := tensor.New(shape...)
		for i := range t.Data() {
			t.Data()[i] = start + float32(i%7)/8
		}
		return g.Constant(t)
	}
	x := g.Input("x", batch, 4, 6, 6)
	y := graph.Conv2D(x, constant(-0.5, 6, 4, 3, 3), constant(0, 6), graph.Window{Pad: [2]int{1, 1}}, 1)
	y = graph.BatchNormInference(y, constant(1, 2, 6), constant(1, 6), constant(0, 6), 1e-5)
	y = graph.Concat(1, graph.ReLU(y), graph.Slice(x, 1, 0, 2))
	y = graph.Add(y, constant(0.25, 1, 8, 1, 1))
	y = graph.LRN(graph.Maximum(graph.HardSwish(y), graph.Neg(y)), 3, 1, 0.75, 1)
	y = graph.MaxPool2D(y, [2]int{2, 2}, graph.Window{Stride: [2]int{2, 2}}, false)
	y = graph.Reshape(y, batch, 72)
	y = graph.Add(graph.MatMul(y, constant(-0.25, 72, 5)), constant(0, 5))
	return graph.Softmax(y, 1)
}

func TestRebatched(t *testing.T) {
	const batch, samples = 6, 2
	whole := graph.New()
	y := perSampleNet(whole, batch)
	part, outputs, ok := graph.Rebatched([]*graph.Node{y}, samples)
	if !ok {
		t.Fatal("the samples of the network depend on each other")
	}
	x := tensor.New(batch, 4, 6, 6)
	for i := range x.Data() {
		x.Data()[i] = float32(i%31)/8 - 2
	}
	want, err := engine.Run(reference.New(), engine.Feeds{whole.Inputs()[0]: x}, y)
	if err != nil {
		t.Fatal(err)
	}
	if got := part.Inputs()[0].Shape(); !got.Equal(tensor.Shape{samples, 4, 6, 6}) {
		t.Fatalf("input of %v", got)
	}
	for i := 0; i < batch; i += samples {
		few, err := x.Slice(0, i, i+samples)
		if err != nil {
			t.Fatal(err)
		}
		got, err := engine.Run(reference.New(), engine.Feeds{part.Inputs()[0]: few}, outputs...)
		if err != nil {
			t.Fatal(err)
		}
		if w, _ := want[0].Slice(0, i, i+samples); !got[0].Equal(w) {
			t.Errorf("samples from %d: %v, want %v", i, got[0], w)
		}
	}
}

// Graphs whose samples meet are refused, a product with weights is not.
func TestRebatchedRefuses(t *testing.T) {
	for name, build := range map[string]func(g *graph.Graph, x *graph.Node) *graph.Node{
		"mean over the batch":        func(g *graph.Graph, x *graph.Node) *graph.Node { return graph.Sub(x, graph.MeanKeep(x, 0)) },
		"a sum of everything":        func(g *graph.Graph, x *graph.Node) *graph.Node { return graph.Sum(x) },
		"a constant for each sample": func(g *graph.Graph, x *graph.Node) *graph.Node { return graph.Add(x, g.Constant(tensor.New(4, 3))) },
		"an output without a batch": func(g *graph.Graph, x *graph.Node) *graph.Node {
			return graph.Add(g.Constant(tensor.New(4, 3)), g.Scalar(1))
		},
		"samples beside each other": func(g *graph.Graph, x *graph.Node) *graph.Node { return graph.Concat(0, x, x) },
		"samples in columns":        func(g *graph.Graph, x *graph.Node) *graph.Node { return graph.Transpose(x, 1, 0) },
		"another input":             func(g *graph.Graph, x *graph.Node) *graph.Node { return graph.Mul(x, g.Input("scale")) },
		"a product with weights":    func(g *graph.Graph, x *graph.Node) *graph.Node { return graph.MatMul(x, g.Constant(tensor.New(3, 2))) },
		"an assignment": func(g *graph.Graph, x *graph.Node) *graph.Node {
			v := g.Variable(&graph.Variable{Name: "v", Value: tensor.New(4, 3)})
			g.Assign(v, x)
			return graph.Neg(x)
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := graph.New()
			y := build(g, g.Input("x", 4, 3))
			_, _, ok := graph.Rebatched([]*graph.Node{y}, 2)
			if want := name == "a product with weights"; ok != want {
				t.Errorf("accepted: %v, want %v", ok, want)
			}
		})
	}
}
