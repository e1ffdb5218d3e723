package train_test

import (
	"context"
	"strings"
	"testing"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
)

// A Minimizer of the cross-entropy does what a Stepper does, bit for bit: with
// dropout, running statistics, momentum and a smaller last batch.
func TestMinimizerDoesWhatAStepperDoes(t *testing.T) {
	t.Parallel()
	loader, err := data.NewLoader(bars(20), data.LoaderConfig{BatchSize: 8, Shuffle: true})
	if err != nil {
		t.Fatal(err)
	}
	a, b := tiny(t, 3), tiny(t, 3)
	stepper := train.NewStepper(a, device, optim.SGD{Momentum: 0.9})
	defer stepper.Close()
	minimizer := train.NewMinimizer(device, optim.SGD{Momentum: 0.9}, b.Parameters(), func(x, y *graph.Node) *graph.Node {
		return nn.CrossEntropyLoss(b.Forward(x, nn.Train), y)
	})
	defer minimizer.Close()
	for epoch := range 2 {
		for batch, err := range loader.Epoch(context.Background(), epoch, 0) {
			if err != nil {
				t.Fatal(err)
			}
			want, _, err := stepper.Run(batch, minimizer.Steps(), 0.1)
			if err != nil {
				t.Fatal(err)
			}
			got, err := minimizer.Run(0.1, batch.Images, batch.Labels)
			if err != nil {
				t.Fatal(err)
			}
			if got != want {
				t.Errorf("step %d: loss %v, want %v", minimizer.Steps(), got, want)
			}
		}
	}
	if minimizer.Steps() != 6 {
		t.Errorf("%d steps", minimizer.Steps())
	}
	for i, e := range a.State() {
		if got := b.State()[i]; !got.Tensor.Equal(e.Tensor) {
			t.Errorf("%s differs", e.Name)
		}
	}
}

// The kernel of an edge detector is found by gradient descent, on both engines.
func TestMinimizerLearnsAKernel(t *testing.T) {
	t.Parallel()
	images, edges := tensor.Randn(tensor.Seed(1), 4, 1, 6, 8), tensor.New(4, 1, 6, 7)
	for i := range edges.Data() {
		row, column := i/7, i%7
		edges.Data()[i] = images.Data()[row*8+column] - images.Data()[row*8+column+1]
	}
	for _, d := range []engine.Device{device, reference.New(), nil} {
		kernel := &graph.Variable{Name: "kernel", Value: tensor.New(1, 1, 1, 2), Trainable: true}
		step := train.NewMinimizer(d, nil, []*graph.Variable{kernel}, func(x, y *graph.Node) *graph.Node {
			return nn.MSELoss(graph.Conv2D(x, x.Graph().Variable(kernel), nil, graph.Window{}, 1), y)
		})
		first, last := 0., 0.
		for i := range 60 {
			loss, err := step.Run(0.2, images, edges)
			if err != nil {
				t.Fatal(err)
			}
			if last = loss; i == 0 {
				first = loss
			}
		}
		if err := step.Close(); err != nil {
			t.Error(err)
		}
		if !kernel.Value.AllClose(tensor.Must(tensor.FromSlice([]float32{1, -1}, 1, 1, 1, 2)), 0, 1e-3) || last > 1e-5*first {
			t.Errorf("kernel %v, loss %v, then %v", kernel.Value, first, last)
		}
	}
}

// Only the parameters that are named are changed, and of those only the ones that
// the loss depends on; state is told apart although names are the same.
func TestMinimizerChangesItsParametersOnly(t *testing.T) {
	t.Parallel()
	variable := func(values ...float32) *graph.Variable {
		return &graph.Variable{Name: "w", Value: tensor.Must(tensor.FromSlice(values, len(values))), Trainable: true}
	}
	a, b, frozen, unused := variable(1, 2), variable(3), variable(5), variable(7)
	step := train.NewMinimizer(device, optim.SGD{Momentum: 0.5, WeightDecay: 0.5}, []*graph.Variable{a, unused, b}, func(x, target *graph.Node) *graph.Node {
		if target != nil {
			t.Error("a target out of nowhere")
		}
		g := x.Graph()
		graph.Exp(g.Variable(unused))
		return graph.Sum(graph.Mul(graph.Mul(graph.Mul(g.Variable(a), g.Variable(b)), g.Variable(frozen)), x))
	})
	defer step.Close()
	for i := range 2 {
		loss, err := step.Run(0.001, tensor.Full(1, 2), nil)
		if err != nil {
			t.Fatal(err)
		}
		if want := 3. * 3 * 5; i == 0 && loss != want {
			t.Errorf("loss %v, want %v", loss, want)
		}
		// The gradients are 3·5 + ½·(1, 2) and 5·(1+2) + ½·3.
		wantA := tensor.Must(tensor.FromSlice([]float32{1 - 0.0155, 2 - 0.016}, 2))
		if i == 0 && !(a.Value.AllClose(wantA, 1e-6, 0) && b.Value.AllClose(tensor.Full(3-0.0165, 1), 1e-6, 0)) {
			t.Errorf("after a step %v and %v", a.Value, b.Value)
		}
	}
	if frozen.Value.At(0) != 5 || unused.Value.At(0) != 7 {
		t.Errorf("%v and %v were changed", frozen.Value, unused.Value)
	}
}

func TestMinimizerAllocatesNothing(t *testing.T) {
	m := tiny(t, 1)
	step := train.NewMinimizer(device, nil, m.Parameters(), func(x, y *graph.Node) *graph.Node {
		return nn.CrossEntropyLoss(m.Forward(x, nn.Train), y)
	})
	defer step.Close()
	x, y := tensor.New(4, 1, 6, 6), tensor.New(4)
	run := func() {
		if _, err := step.Run(0.1, x, y); err != nil {
			t.Fatal(err)
		}
	}
	run()
	if n := testing.AllocsPerRun(10, run); n > 0 {
		t.Errorf("%v allocations in a step", n)
	}
}

func TestMinimizerErrors(t *testing.T) {
	t.Parallel()
	w := &graph.Variable{Name: "w", Value: tensor.New(3), Trainable: true}
	x := tensor.New(2, 3)
	for want, c := range map[string]struct {
		x    *tensor.Tensor
		loss func(x, y *graph.Node) *graph.Node
	}{
		"a step needs an input":                            {nil, func(x, y *graph.Node) *graph.Node { return x }},
		"the loss function returned nil":                   {x, func(x, y *graph.Node) *graph.Node { return nil }},
		"the loss function returned a node of another":     {x, func(x, y *graph.Node) *graph.Node { return graph.New().Scalar(1) }},
		"the loss function returned shape 2×3: want a sin": {x, func(x, y *graph.Node) *graph.Node { return graph.Mul(x, x.Graph().Variable(w)) }},
		"the loss depends on none of the parameters":       {x, func(x, y *graph.Node) *graph.Node { x.Graph().Variable(w); return graph.Sum(x) }},
		"MSELoss: output 2×3 and target 3 must have":       {x, func(x, y *graph.Node) *graph.Node { return nn.MSELoss(x, x.Graph().Variable(w)) }},
	} {
		step := train.NewMinimizer(device, nil, []*graph.Variable{w}, c.loss)
		if _, err := step.Run(0.1, c.x, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
		if step.Steps() != 0 {
			t.Error("a step that failed was counted")
		}
	}
}
