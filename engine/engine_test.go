package engine_test

import (
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
