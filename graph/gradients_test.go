package graph_test

import (
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// run computes nodes of a graph with the reference engine.
func run(t *testing.T, inputs []*tensor.Tensor, outputs ...*graph.Node) []*tensor.Tensor {
	t.Helper()
	feeds := engine.Feeds{}
	for i, n := range outputs[0].Graph().Inputs() {
		feeds[n] = inputs[i]
	}
	out, err := engine.Run(reference.New(), feeds, outputs...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func from(data []float32, shape ...int) *tensor.Tensor {
	return tensor.Must(tensor.FromSlice(data, shape...))
}

// expect compares exactly.
func expect(t *testing.T, what string, got *tensor.Tensor, want ...float32) {
	t.Helper()
	if !got.Equal(from(want, got.Shape()...)) {
		t.Errorf("%s: got %v, want %v", what, got.Data(), want)
	}
}

// Derivatives have the shapes of the arguments, whatever was broadcast.
func TestGradientsOfBroadcasts(t *testing.T) {
	shapes := []tensor.Shape{{}, {1}, {3}, {1, 1}, {2, 1}, {1, 3}, {2, 3}, {4, 2, 3}, {4, 1, 1}, {5, 1, 2, 3}, {1, 1, 1, 1}}
	for _, s := range shapes {
		g := graph.New()
		x, y := g.Input("x", s...), g.Input("y", 5, 4, 2, 3)
		for name, f := range map[string]func(a, b *graph.Node) *graph.Node{"Add": graph.Add, "Sub": graph.Sub, "Mul": graph.Mul, "Div": graph.Div} {
			for _, z := range []*graph.Node{f(x, y), f(y, x)} {
				d := graph.Gradients(graph.Sum(z), x, y)
				if !d[0].Shape().Equal(x.Shape()) || !d[1].Shape().Equal(y.Shape()) {
					t.Errorf("%s of %v and %v: derivatives %v and %v", name, x.Shape(), y.Shape(), d[0].Shape(), d[1].Shape())
				}
			}
		}
	}
	// d/dx Σ (x + y) counts how often each x was used.
	g := graph.New()
	x := g.Input("x", 2, 1)
	d := graph.Gradients(graph.Sum(graph.Sub(g.Input("y", 5, 1, 3), x)), x)
	expect(t, "repeated 5·3 times", run(t, []*tensor.Tensor{tensor.New(2, 1), tensor.New(5, 1, 3)}, d...)[0], -15, -15)
}

func TestGradients(t *testing.T) {
	g := graph.New()
	x, unused := g.Input("x", 2), g.Input("unused", 2, 3)
	square := graph.Mul(x, x)
	loss := graph.Sum(graph.Add(square, graph.Mul(square, x))) // x² + x³
	later := graph.Exp(loss)
	d := graph.Gradients(loss, x, unused, square, loss, later)
	got := run(t, []*tensor.Tensor{from([]float32{2, 3}, 2), tensor.New(2, 3)}, d...)
	expect(t, "x", got[0], 2*2+3*4, 2*3+3*9)
	expect(t, "what the loss does not depend on", got[1], 0, 0, 0, 0, 0, 0)
	expect(t, "a node in the middle", got[2], 1+2, 1+3)
	expect(t, "the loss", got[3], 1)
	expect(t, "what depends on the loss", got[4], 0)
}

func TestGradientsOfOneElement(t *testing.T) {
	g := graph.New()
	x := g.Input("x", 1, 1)
	d := graph.Gradients(graph.Mul(x, x), x)[0]
	if !d.Shape().Equal(x.Shape()) {
		t.Errorf("derivative has shape %v", d.Shape())
	}
	expect(t, "x²", run(t, []*tensor.Tensor{tensor.Full(3, 1, 1)}, d)[0], 6)
}

// Gradients adds nothing for the sake of nodes that nobody asked for.
func TestGradientsArePruned(t *testing.T) {
	g := graph.New()
	x, w := g.Input("x", 1, 1, 5, 5), g.Input("w", 1, 1, 3, 3)
	graph.Gradients(graph.Sum(graph.Conv2D(graph.Exp(x), w, nil, graph.Window{}, 1)), w)
	for _, n := range g.Nodes() {
		// Two derivatives come from one function, so the unused one is made
		// but nothing follows from it.
		for _, in := range n.Inputs() {
			if in.Op().Kind() == "Conv2DInputGrad" {
				t.Errorf("%v uses a derivative that leads nowhere", n)
			}
		}
	}
}

// Derivatives carry the path of the layer that they belong to, and building
// goes on under the path set before.
func TestGradientPaths(t *testing.T) {
	g := graph.New()
	g.SetPath("fc")
	x := g.Input("x", 2)
	loss := graph.Sum(graph.Exp(x))
	g.SetPath("outside")
	d := graph.Gradients(loss, x)[0]
	if d.Path() != "fc" {
		t.Errorf("derivative has path %q", d.Path())
	}
	if g.CurrentPath() != "outside" {
		t.Errorf("path is now %q", g.CurrentPath())
	}
}

func TestMaxSharesItsDerivative(t *testing.T) {
	g := graph.New()
	x := g.Input("x", 2, 3)
	d := graph.Gradients(graph.Sum(graph.Max(x, 1)), x)[0]
	got := run(t, []*tensor.Tensor{from([]float32{1, 4, 4, 7, 2, 1}, 2, 3)}, d)
	expect(t, "ties", got[0], 0, 0.5, 0.5, 1, 0, 0)
}

// TestDerivativesAtEdges has PyTorch's values where a function has a kink. The
// golden files cannot have them: a tolerance that allows for rounding allows for
// either side of an edge.
func TestDerivativesAtEdges(t *testing.T) {
	with := func(f func(*graph.Node, float32) *graph.Node, a float32) func(*graph.Node) *graph.Node {
		return func(x *graph.Node) *graph.Node { return f(x, a) }
	}
	for _, test := range []struct {
		name    string
		f       func(*graph.Node) *graph.Node
		x, want []float32
	}{
		{"ReLU", graph.ReLU, []float32{0}, []float32{0}},
		{"ReLU6", graph.ReLU6, []float32{0, 6}, []float32{0, 0}},
		{"LeakyReLU", with(graph.LeakyReLU, 0.125), []float32{0}, []float32{0.125}},
		{"ELU", with(graph.ELU, 0.5), []float32{0}, []float32{0.5}},
		{"HardSigmoid", graph.HardSigmoid, []float32{-3, 3}, []float32{0, 0}},
		{"HardSwish", graph.HardSwish, []float32{-3, 3}, []float32{0, 1}},
		{"Abs", graph.Abs, []float32{0}, []float32{0}},
		{"Pow 1", with(graph.Pow, 1), []float32{0}, []float32{1}},
		{"Pow 0", with(graph.Pow, 0), []float32{0, 2}, []float32{0, 0}},
		{"Clip", func(x *graph.Node) *graph.Node { return graph.Clip(x, -1, 2) }, []float32{-1, 2, 0}, []float32{0, 0, 1}},
		{"Maximum", func(x *graph.Node) *graph.Node { return graph.Maximum(x, x.Graph().Scalar(1)) }, []float32{1, 2, 0}, []float32{0.5, 1, 0}},
		{"Minimum", func(x *graph.Node) *graph.Node { return graph.Minimum(x, x.Graph().Scalar(1)) }, []float32{1, 2, 0}, []float32{0.5, 0, 1}},
	} {
		g := graph.New()
		x := g.Input("x", len(test.x))
		d := graph.Gradients(graph.Sum(test.f(x)), x)[0]
		expect(t, test.name, run(t, []*tensor.Tensor{from(test.x, len(test.x))}, d)[0], test.want...)
	}
}

func TestAssign(t *testing.T) {
	g := graph.New()
	a := &graph.Variable{Name: "a", Value: from([]float32{1, 2}, 2)}
	b := &graph.Variable{Name: "b", Value: from([]float32{3, 4}, 2)}
	na, nb := g.Variable(a), g.Variable(b)
	if g.Variable(a) != na || len(g.Variables()) != 2 {
		t.Error("a variable has more than one node")
	}
	g.Assign(na, graph.Exp(nb)) // replaced below
	g.Assign(nb, na)
	g.Assign(na, nb)
	if n := len(g.Assignments()); n != 2 {
		t.Fatalf("%d assignments, want 2", n)
	}
	sum := graph.Add(na, nb)
	got := run(t, nil, sum)
	expect(t, "sum of the old values", got[0], 4, 6)
	expect(t, "a", a.Value, 3, 4)
	expect(t, "b", b.Value, 1, 2)
	if a.Version() != 1 || b.Version() != 1 {
		t.Errorf("versions %d and %d after one run", a.Version(), b.Version())
	}
}

func TestNodes(t *testing.T) {
	g := graph.New()
	x := g.Input("x", 2, 3)
	g.SetPath("features.0")
	y := graph.ReLU(x)
	if got, want := y.String(), "%1 ReLU 2×3 (features.0)"; got != want {
		t.Errorf("String() = %q, want %q", got, want)
	}
	if y.Graph() != g || y.ID() != 1 || y.Inputs()[0] != x || g.Nodes()[1] != y || g.Inputs()[0] != x {
		t.Error("a node does not know its place")
	}
	type key struct{}
	g.SetValue(key{}, 5)
	if g.Value(key{}) != 5 || g.Value("other") != nil {
		t.Error("values attached to a graph are lost")
	}
}

// GradientsFunc lets its caller change derivatives on their way back.
func TestGradientsFunc(t *testing.T) {
	build := func(change func(n, dy *graph.Node) *graph.Node) *tensor.Tensor {
		g := graph.New()
		x := g.Input("x", 4)
		y := graph.Mul(graph.ReLU(x), g.Constant(from([]float32{3, -5, 7, -2}, 4)))
		d := graph.GradientsFunc(graph.Sum(y), change, x)
		return run(t, []*tensor.Tensor{from([]float32{1, 1, -1, 2}, 4)}, d...)[0]
	}
	expect(t, "no function", build(nil), 3, -5, 0, -2)
	expect(t, "positive derivatives at a ReLU", build(func(n, dy *graph.Node) *graph.Node {
		if op, ok := n.Op().(graph.UnaryOp); ok && op.Func == graph.KindReLU {
			return graph.ReLU(dy)
		}
		return dy
	}), 3, 0, 0, 0)
	var err error
	func() {
		defer graph.Catch(&err)
		build(func(n, dy *graph.Node) *graph.Node { return graph.Sum(dy) })
	}()
	if err == nil {
		t.Error("a derivative of another shape is no error")
	}
}
