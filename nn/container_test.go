package nn_test

import (
	"strings"
	"testing"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

// listed is a container that computes x·w + b, with the names of its parameters.
type listed struct {
	names  [2]string
	params [2]*nn.Param
}

func (l *listed) Children() []nn.Child {
	return []nn.Child{{Name: l.names[0], Layer: l.params[0]}, {Name: l.names[1], Layer: l.params[1]}}
}

func (l *listed) Forward(x *graph.Node) (y *graph.Node) {
	nn.Section(x.Graph(), "a.b", "Scale", func() *graph.Node {
		y = graph.Mul(x, l.params[0].Value(x))
		return y
	})
	nn.Section(x.Graph(), "a.c", "Nothing", func() *graph.Node { return nil })
	return graph.Add(y, l.params[1].Value(x))
}

func newListed(first, second string) *listed {
	l := &listed{names: [2]string{first, second}}
	l.params[0] = nn.Parameter(2).Holding(tensor.Must(tensor.FromSlice([]float32{2, 3}, 2)))
	l.params[1] = nn.Buffer(2)
	return l
}

func TestContainer(t *testing.T) {
	m, err := nn.New(newListed("z/w.weight", "a.b"), tensor.Shape{2}, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	state := m.State()
	if len(state) != 2 || state[0].Name != "z/w.weight" || state[1].Name != "a.b" || state[0].Tensor.At(1) != 3 {
		t.Errorf("state %v", state)
	}
	trace, err := m.Trace(1, nn.Eval)
	if err != nil {
		t.Fatal(err)
	}
	if y, err := trace.OutputOf("a.b"); err != nil || y.Op().Kind() != "Mul" || y.Path() != "a.b" {
		t.Errorf("output %v, %v", y, err)
	}
	rows, err := m.Summary(1)
	if err != nil || len(rows) == 0 || rows[0].Kind != "Scale" || rows[0].Parameters != 2 {
		t.Errorf("summary %v, %v", rows, err)
	}
	if err := m.Reinitialize(nil, 5); err != nil || state[0].Tensor.At(1) != 3 {
		t.Errorf("drawn again: %v, %v", state[0].Tensor, err)
	}
}

func TestContainerNames(t *testing.T) {
	for _, names := range [][2]string{{"a", "a"}, {"a", ""}} {
		_, err := nn.New(newListed(names[0], names[1]), tensor.Shape{2}, nn.Options{})
		if err == nil || !strings.Contains(err.Error(), "a name must occur once and not be empty") {
			t.Errorf("%q: error %v", names, err)
		}
	}
}

// TestHolding: the first model takes the tensor, the second one copies.
func TestHolding(t *testing.T) {
	l := newListed("w", "b")
	first, err := nn.New(l, tensor.Shape{2}, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	first.State()[0].Tensor.Data()[0] = 9
	second, err := nn.New(l, tensor.Shape{2}, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	second.State()[0].Tensor.Data()[1] = 7
	if a, b := first.State()[0].Tensor, second.State()[0].Tensor; a.At(0) != 9 || b.At(0) != 9 || a.At(1) != 3 {
		t.Errorf("first %v, second %v", a, b)
	}
	first.State()[0].Tensor.Release()
	if _, err := nn.New(l, tensor.Shape{2}, nn.Options{}); err == nil || !strings.Contains(err.Error(), "w: the initial value of the layer was released") {
		t.Errorf("a model of what was released: got %v", err)
	}
}
