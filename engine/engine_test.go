package engine_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

func TestRunErrors(t *testing.T) {
	g, other := graph.New(), graph.New()
	x, stranger := g.Input("x", 2), other.Input("y", 2)
	y := graph.Neg(x)
	feeds := engine.Feeds{x: tensor.New(2)}
	for _, device := range []engine.Device{reference.New(), cpu.Default()} {
		for _, c := range []struct {
			device  engine.Device
			feeds   engine.Feeds
			outputs []*graph.Node
			want    string
		}{
			{nil, feeds, []*graph.Node{y}, "there is no device to run the graph"},
			{device, feeds, nil, "no outputs to compute"},
			{device, feeds, []*graph.Node{nil}, "output 0 is nil"},
			{device, feeds, []*graph.Node{y, nil}, "output 1 is nil"},
			{device, feeds, []*graph.Node{y, stranger}, "graph"},
			{device, nil, []*graph.Node{y}, `input "x" (%0 Input 2) is not fed`},
		} {
			if _, err := engine.Run(c.device, c.feeds, c.outputs...); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: error %v, want %q", device.Name(), err, c.want)
			}
		}
		for _, outputs := range [][]*graph.Node{{nil}, {y, nil}} {
			if _, err := device.Compile(g, outputs...); err == nil {
				t.Errorf("%s compiles a nil output", device.Name())
			}
		}
	}
}

// A variable that another device has is fetched when the graph runs, and what is
// assigned to it stays. One that cannot be fetched is an error that names it.
func TestVariablesElsewhere(t *testing.T) {
	for _, device := range []engine.Device{reference.New(), cpu.Default()} {
		v := &graph.Variable{Name: "weight", Value: tensor.New(2)}
		g := graph.New()
		n := g.Variable(v)
		g.Assign(n, graph.Add(n, g.Scalar(1)))
		p, err := device.Compile(g, graph.Neg(n))
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		out := []*tensor.Tensor{tensor.New(2)}
		v.Value.Defer(tensor.NewSource(func(into []float32) error { copy(into, []float32{3, 4}); return nil }))
		v.Changed()
		if err := p.Run(nil, out); err != nil || out[0].At(1) != -4 || v.Value.At(0) != 4 {
			t.Errorf("%s: %v, then %v, error %v", device.Name(), out[0], v.Value, err)
		}
		lost := errors.New("the device is gone")
		v.Value.Defer(tensor.NewSource(func([]float32) error { return lost }))
		v.Changed()
		if err := p.Run(nil, out); !errors.Is(err, lost) || !strings.Contains(err.Error(), `variable "weight"`) {
			t.Errorf("%s: error %v", device.Name(), err)
		}
	}
}
