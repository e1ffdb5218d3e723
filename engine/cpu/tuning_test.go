package cpu

import (
	"errors"
	"maps"
	"testing"

	"github.com/strideml/stride/engine/cpu/internal/conv"
	"github.com/strideml/stride/graph"
)

// TestTuning measures algorithms, and repeats the choices in another device.
func TestTuning(t *testing.T) {
	c := convCase{n: 2, in: 16, out: 24, h: 13, w: 13, k: 3, pad: 1, bias: true}
	calls := 0
	tuning := NewTuning(nil, func(choices map[string]string) error {
		calls++
		if len(choices) != calls {
			t.Errorf("%d choices at call %d", len(choices), calls)
		}
		return nil
	})
	want := c.compute(t, New(Options{Threads: 2, Tuning: tuning}))
	choices := tuning.Choices()
	if calls != 3 || len(choices) != 3 { // the output and two gradients
		t.Fatalf("%d choices in %d calls: %v", len(choices), calls, choices)
	}
	again := NewTuning(choices, func(map[string]string) error {
		t.Error("a choice was made again")
		return nil
	})
	for i, got := range c.compute(t, New(Options{Threads: 1, Tuning: again})) {
		if !got.Equal(want[i]) {
			t.Errorf("result %d differs", i)
		}
	}
}

// TestTuningDecides checks that a choice overrules the shapes.
func TestTuningDecides(t *testing.T) {
	c := convCase{n: 4, in: 64, out: 64, h: 24, w: 24, k: 3, pad: 1}
	v := conv.Problem{Kind: conv.Output}
	for _, name := range []string{"direct", "Winograd F(2×2, 3×3)"} {
		g := graph.New()
		nodes := c.build(g)
		v.Op = nodes[0].Op().(graph.Conv2DOp)
		v.X, v.W, v.Y = nodes[0].Inputs()[0].Shape(), nodes[0].Inputs()[1].Shape(), nodes[0].Shape()
		p, err := New(Options{Threads: 1, Tuning: NewTuning(map[string]string{v.String(): name}, nil)}).Compile(g, nodes[0])
		if err != nil {
			t.Fatal(err)
		}
		if got := algorithms(p); len(got) != 1 || got[0] != name {
			t.Errorf("%v, want %s", got, name)
		}
		p.Close()
	}
}

func TestTuningFails(t *testing.T) {
	full := errors.New("disk is full")
	g := graph.New()
	nodes := convCase{n: 1, in: 8, out: 8, h: 6, w: 6, k: 3, pad: 1}.build(g)
	tuning := NewTuning(nil, func(map[string]string) error { return full })
	if _, err := New(Options{Threads: 1, Tuning: tuning}).Compile(g, nodes[0]); !errors.Is(err, full) {
		t.Errorf("error %v, want %v", err, full)
	}
	if !maps.Equal(NewTuning(nil, nil).Choices(), map[string]string{}) {
		t.Error("a new Tuning has choices")
	}
}
