package nn_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

// counter is a custom layer with a state of its own.
type counter struct {
	Runs *nn.Param
	mode nn.Mode
}

func (c *counter) Forward(x *graph.Node) *graph.Node {
	c.mode = nn.ModeOf(x)
	c.Runs.Update(x, func(old *graph.Node) *graph.Node { return graph.Add(old, x.Graph().Scalar(1)) })
	return x
}

// Frozen layers compute as in Eval mode, the others as in Train mode.
func TestFrozenLayers(t *testing.T) {
	count := &counter{Runs: nn.Buffer(1)}
	model, err := nn.New(nn.Sequential(
		nn.Sequential(nn.Conv2D(4, 3), nn.BatchNorm(), nn.Dropout(0.5), count),
		nn.Conv2D(4, 3), nn.BatchNorm(), nn.Flatten(), nn.Linear(3),
	), tensor.Shape{1, 6, 6}, nn.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	first := func(path string) bool { return strings.HasPrefix(path, "0.") || path == "0" }
	for _, c := range []struct {
		name    string
		frozen  nn.Frozen
		updates []string
		step    bool
		mode    nn.Mode
	}{
		{"none", nn.Frozen{}, []string{"0.1.running_mean", "0.1.running_var", "0.3.runs", "2.running_mean", "2.running_var"}, true, nn.Train},
		{"first", nn.Frozen{Layers: first}, []string{"2.running_mean", "2.running_var"}, false, nn.Eval},
		{"statistics", nn.Frozen{Statistics: true}, []string{"0.3.runs"}, true, nn.Train},
		{"all", nn.Frozen{Layers: func(string) bool { return true }}, nil, false, nn.Eval},
	} {
		trace, err := model.TraceFrozen(2, c.frozen)
		if err != nil {
			t.Fatal(err)
		}
		var updates []string
		for _, a := range trace.Graph.Assignments() {
			updates = append(updates, a.Variable.Op().(graph.VariableOp).Variable.Name)
		}
		slices.Sort(updates)
		if !slices.Equal(updates, c.updates) || (trace.Step != nil) != c.step || count.mode != c.mode {
			t.Errorf("%s: updates of %v, step %v, mode %v", c.name, updates, trace.Step, count.mode)
		}
		if c.name != "all" {
			continue
		}
		eval, err := model.Trace(2, nn.Eval)
		if err != nil {
			t.Fatal(err)
		}
		x := tensor.Rand(rng.New(1, "test"), 2, 1, 6, 6)
		a, err := engine.Run(reference.New(), engine.Feeds{trace.Input: x}, trace.Output)
		if err != nil {
			t.Fatal(err)
		}
		b, err := engine.Run(reference.New(), engine.Feeds{eval.Input: x}, eval.Output)
		if err != nil || !a[0].Equal(b[0]) {
			t.Errorf("a frozen network computes %v, in Eval mode %v, %v", a, b, err)
		}
	}
	// In any other graph it is the same.
	g := graph.New()
	model.ForwardFrozen(g.Input("x", 2, 1, 6, 6), nn.Frozen{Layers: first})
	if n := len(g.Assignments()); n != 2 || nn.StepInput(g) != nil {
		t.Errorf("%d updates", n)
	}
}
