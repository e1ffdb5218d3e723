package reference

import (
	"math"
	"strings"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// The operators themselves are tested in package enginetest, against central
// differences and PyTorch.

// novel is an operator that this engine does not know.
type novel struct{ graph.Op }

func (novel) Kind() string { return "Novel" }

func TestUnknownOperators(t *testing.T) {
	one := array{tensor.Shape{1}, make([]float64, 1)}
	for _, op := range []graph.Op{
		novel{},
		graph.UnaryGradOp{Func: graph.KindExp},
		graph.UnaryOp{Func: -1}, graph.BinaryOp{Func: 99}, graph.ReduceOp{Func: 99},
	} {
		err := compute(op, one, []array{one, one})
		if err == nil || !strings.Contains(err.Error(), "unknown") {
			t.Errorf("%T: got error %v", op, err)
		}
	}
	err := compute(novel{}, one, nil)
	if want := "unknown operator Novel (reference.novel)"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestEval(t *testing.T) {
	g := graph.New()
	x, y := g.Input("x", 2), g.Input("y", 2)
	v := g.Variable(&graph.Variable{Name: "v", Value: tensor.Full(3, 2)})
	product := graph.Mul(x, v)
	sum := graph.Sum(product)
	log := graph.Log(y)
	type feed = map[*graph.Node][]float64

	tests := []struct {
		name    string
		outputs []*graph.Node
		feed    feed
		want    float64 // of element 0 of output 0
		err     string
	}{
		{"a variable's own value", []*graph.Node{sum}, feed{x: {1, 2}}, 9, ""},
		{"a variable that is fed", []*graph.Node{sum}, feed{x: {1, 2}, v: {1e-3, 1e-9}}, 0.001000002, ""},
		{"a node in the middle that is fed", []*graph.Node{sum}, feed{product: {4, 5}}, 9, ""},
		{"an output that is fed", []*graph.Node{sum}, feed{sum: {7}}, 7, ""},
		{"an input that is not fed", []*graph.Node{log}, feed{x: {1, 2}}, 0, "reference: %1 Input 2: input is not fed"},
		{"too few values", []*graph.Node{sum}, feed{x: {1}}, 0, "reference: %0 Input 2 is fed 1 values instead of 2"},
		{"no outputs", nil, nil, 0, "reference: no outputs to compute"},
		{"two graphs", []*graph.Node{sum, graph.New().Scalar(1)}, nil, 0, "reference: output 1 belongs to another graph than output 0"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := Eval(test.outputs, test.feed)
			switch {
			case test.err != "":
				if err == nil || err.Error() != test.err {
					t.Errorf("got error %v, want %s", err, test.err)
				}
			case err != nil:
				t.Error(err)
			case got[0][0] != test.want:
				t.Errorf("got %v, want %v", got[0][0], test.want)
			}
		})
	}
}

func TestHook(t *testing.T) {
	g := graph.New()
	x := g.Input("x", 2)
	y := graph.Neg(graph.Exp(x))
	var seen []string
	fed := []float64{0, 1}
	out, err := Eval([]*graph.Node{y}, map[*graph.Node][]float64{x: fed}, func(n *graph.Node, v []float64) {
		seen = append(seen, n.Op().Kind())
		if n.Op().Kind() == "Exp" {
			v[1] = 5
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Join(seen, " ") != "Exp Neg" {
		t.Errorf("the hook saw %v", seen)
	}
	if out[0][0] != -1 || out[0][1] != -5 {
		t.Errorf("got %v", out[0])
	}
	out[0][0] = 9
	if fed[0] != 0 || fed[1] != 1 {
		t.Errorf("Eval changed what it was fed to %v", fed)
	}
}

func TestCompileRefusesOtherGraphs(t *testing.T) {
	if _, err := New().Compile(graph.New(), graph.New().Scalar(1)); err == nil {
		t.Error("no error")
	}
	if _, err := New().Compile(graph.New(), nil); err == nil {
		t.Error("nil: no error")
	}
}

// Values between operators have float64's range and precision.
func TestPrecision(t *testing.T) {
	g := graph.New()
	x := g.Input("x")
	tiny := graph.Mul(graph.Exp(graph.Neg(x)), graph.Exp(x)) // e⁻³⁰⁰·e³⁰⁰
	program, err := New().Compile(g, tiny)
	if err != nil {
		t.Fatal(err)
	}
	out := []*tensor.Tensor{tensor.New()}
	if err := program.Run(engine.Feeds{x: tensor.Scalar(300)}, out); err != nil {
		t.Fatal(err)
	}
	if got := float64(out[0].Data()[0]); math.Abs(got-1) > 1e-6 {
		t.Errorf("e⁻³⁰⁰·e³⁰⁰ = %v", got)
	}
}
