package step

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/layerpath"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train/internal/objective"
)

// blocks is a network of three blocks and a head.
func blocks(t *testing.T) *nn.Model {
	t.Helper()
	block := func() nn.Layer { return nn.Sequential(nn.Conv2D(8, 3).Pad(1), nn.BatchNorm(), nn.ReLU()) }
	model, err := nn.New(nn.Sequential(block(), block(), block(), nn.Flatten(), nn.Linear(3)), tensor.Shape{2, 8, 8}, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return model
}

// used returns the nodes that a graph's outputs and assignments need.
func used(outputs []*graph.Node) []*graph.Node {
	g := outputs[0].Graph()
	need := make([]bool, len(g.Nodes()))
	for _, n := range outputs {
		need[n.ID()] = true
	}
	for _, a := range g.Assignments() {
		need[a.Value.ID()] = true
	}
	var nodes []*graph.Node
	for id := len(need) - 1; id >= 0; id-- {
		if !need[id] {
			continue
		}
		n := g.Nodes()[id]
		nodes = append(nodes, n)
		for _, in := range n.Inputs() {
			need[in.ID()] = true
		}
	}
	return nodes
}

// only freezes layers and what is in them, and allBut all others.
func only(layers ...string) nn.Frozen {
	return nn.Frozen{Layers: func(name string) bool {
		return slices.ContainsFunc(layers, func(layer string) bool { return layerpath.In(name, layer) })
	}}
}

func allBut(layers ...string) nn.Frozen {
	return nn.Frozen{Layers: func(name string) bool { return !only(layers...).Layers(name) }}
}

// A step has no gradients of frozen layers, and neither statistics nor state for them,
// and is cheaper.
func TestFrozenLayersCostNothing(t *testing.T) {
	var all int64
	for _, c := range []struct {
		name      string
		frozen    nn.Frozen
		gradients string // the layers that have some
		state     int    // variables
		cost      float64
	}{
		{"nothing", nn.Frozen{}, "0.0 0.1 0.2 1.0 1.1 1.2 2.0 2.1 2.2 4", 14, 1},
		{"0 and 1", only("0", "1"), "2.0 2.1 2.2 4", 6, 0.51},
		{"all but 4", allBut("4"), "4", 2, 0.35},
		// Gradients pass a frozen block in the middle, without those of its weights. That
		// of its normalization is a product.
		{"1", only("1"), "0.0 0.1 0.2 1.0 1.2 2.0 2.1 2.2 4", 10, 0.85},
	} {
		model := blocks(t)
		training := &Training{Model: model, Device: cpu.New(cpu.Options{Threads: 1}), Optimizer: optim.SGD{Momentum: 0.9}, Phases: []nn.Frozen{c.frozen}}
		s := NewSingle(training)
		defer s.Close()
		b, err := s.build(stepKind{batch: 4})
		if err != nil {
			t.Fatal(err)
		}
		isFrozen := func(path string) bool { return c.frozen.Layers != nil && path != "" && c.frozen.Layers(path) }
		with := map[string]bool{}
		var cost int64
		for _, n := range used(b.outputs) {
			kind := n.Op().Kind()
			cost += n.MultiplyAdds()
			if strings.Contains(kind, "Grad") || kind == "MatMul" && n.Path() != "" && n.ID() > b.outputs[0].ID() {
				with[n.Path()] = true
			}
			if isFrozen(n.Path()) && (strings.Contains(kind, "WeightGrad") || strings.Contains(kind, "ParamGrad") || kind == "BatchStats") {
				t.Errorf("%s: frozen, but there is %v", c.name, n)
			}
		}
		for _, layer := range strings.Fields("0.0 0.1 0.2 1.0 1.1 1.2 2.0 2.1 2.2 4") {
			if want := strings.Contains(" "+c.gradients+" ", " "+layer+" "); want != with[layer] && layer != "0.0" {
				t.Errorf("%s: gradients in %s: %v, want %v", c.name, layer, with[layer], want)
			}
		}
		for _, a := range b.trace.Graph.Assignments() {
			if v := a.Variable.Op().(graph.VariableOp).Variable; isFrozen(layerpath.Of(v.Name)) {
				t.Errorf("%s: %s is assigned to", c.name, v.Name)
			}
		}
		if n := len(training.State.Variables()); n != c.state {
			t.Errorf("%s: %d variables of the optimizer, want %d", c.name, n, c.state)
		}
		if all == 0 {
			all = cost
		}
		if share := float64(cost) / float64(all); math.Abs(share-c.cost) > 0.01 {
			t.Errorf("%s: %.2f of the multiplications, want %.2f", c.name, share, c.cost)
		}
		// The compiled program has no more than the graph.
		program, _, err := s.Program(4)
		if err != nil {
			t.Fatal(err)
		}
		stop, err := engine.StartProfile(program)
		if err != nil {
			t.Fatal(err)
		}
		flops := int64(0)
		for _, stage := range stop().Stages {
			flops += stage.FLOPs
		}
		if flops != 2*cost {
			t.Errorf("%s: the program does %d operations, the graph %d", c.name, flops, 2*cost)
		}
	}
}

// raceDetector is set by race_test.go.
var raceDetector = false

// Once all kinds of steps have run, they allocate nothing. The race detector keeps more
// values on the heap.
func TestRecipeAllocatesNothing(t *testing.T) {
	if raceDetector {
		t.Skip("under the race detector")
	}
	model := blocks(t)
	s := NewSingle(&Training{
		Model: model, Device: cpu.New(cpu.Options{Threads: 2}),
		Optimizer: optim.ClipNorm{Max: 1, Of: optim.Groups{
			Of: optim.AdamW{WeightDecay: 0.1}, NoDecay: true,
			Depth: optim.DepthRates{Params: model.Parameters(), From: 0.01, To: 0.1},
		}},
		Objective: objective.Objective{Entropy: nn.CrossEntropy{LabelSmoothing: 0.1}},
		Phases:    []nn.Frozen{allBut("4"), only("0")}, FullBatch: 4,
		EMA: optim.EMA{Decay: 0.9, Warmup: true},
	})
	defer s.Close()
	b := &data.Batch{Images: tensor.Full(0.5, 4, 2, 8, 8), Labels: tensor.New(4)}
	steps := func() {
		for i := range 8 {
			at := At{Step: uint64(i), Update: uint64(i / 2), Phase: i / 4, Rate: 0.1, First: i%2 == 0, Last: i%2 == 1, Images: 8}
			if _, _, err := s.Run(b, at); err != nil {
				t.Fatal(err)
			}
		}
	}
	if allocs := testing.AllocsPerRun(3, steps); allocs > 0 {
		t.Errorf("%v allocations in 8 steps", allocs)
	}
}
