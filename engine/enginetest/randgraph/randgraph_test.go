package randgraph

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// The reference engine agrees with itself, so a failure is one of this package.
func TestReference(t *testing.T) {
	d := reference.New()
	Test(t, []Target{{Name: "reference", Devices: []engine.Device{d, d}}}, Options{Cases: 200})
}

func TestGenerateIsDeterministic(t *testing.T) {
	for seed := range uint64(20) {
		if a, b := Generate(seed), Generate(seed); !reflect.DeepEqual(a, b) {
			t.Fatalf("seed %d stands for two cases", seed)
		}
	}
}

// broken is the reference engine, but it is wrong where a concatenation is a
// part of another one.
type broken struct{ engine.Device }

func (d broken) Compile(g *graph.Graph, outputs ...*graph.Node) (engine.Program, error) {
	p, err := d.Device.Compile(g, outputs...)
	return brokenProgram{p, outputs}, err
}

type brokenProgram struct {
	engine.Program
	outputs []*graph.Node
}

func (p brokenProgram) Run(feeds engine.Feeds, outputs []*tensor.Tensor) error {
	err := p.Program.Run(feeds, outputs)
	for i, n := range p.outputs {
		if joins(n, 2) {
			outputs[i].Data()[0]++
		}
	}
	return err
}

// joins reports whether n is made by concatenations of that depth.
func joins(n *graph.Node, depth int) bool {
	if _, ok := n.Op().(graph.ConcatOp); ok {
		if depth--; depth == 0 {
			return true
		}
		for _, in := range n.Inputs() {
			if _, ok := in.Op().(graph.ConcatOp); ok && joins(in, depth) {
				return true
			}
		}
	}
	return false
}

// A fault in a large graph is found and reduced to the graph that shows it.
func TestShrink(t *testing.T) {
	target := Target{Name: "broken", Devices: []engine.Device{broken{reference.New()}}}
	for seed := range uint64(2000) {
		c := Generate(seed)
		_, err := c.Check(target)
		var f *Failure
		if !errors.As(err, &f) || len(c.Steps) < 15 {
			continue
		}
		small, smaller := c.Shrink(target, f.Kind, time.Minute)
		code := small.Code()
		t.Logf("seed %d: %v\n%s", seed, smaller, code)
		if len(small.Steps) > 4 || strings.Count(code, "graph.Concat(") != 2 {
			t.Errorf("seed %d has %d nodes, shrunk %d", seed, len(c.Steps), len(small.Steps))
		}
		return
	}
	t.Error("not found")
}
