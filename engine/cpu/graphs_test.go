package cpu_test

import (
	"errors"
	"math"
	"testing"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/engine/enginetest"
	"github.com/strideml/stride/engine/enginetest/randgraph"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/zoo"
)

// Graphs on which the engine was wrong once, found by random graphs and made
// as small as possible.

// sawtooth returns whole numbers from −5 to 5.
func sawtooth(seed int, shape ...int) *tensor.Tensor {
	x := tensor.New(shape...)
	for i := range x.Data() {
		x.Data()[i] = float32((i*7+seed*3)%11) - 5
	}
	return x
}

// wantValues runs a graph of one input on one thread and compares the output.
func wantValues(t *testing.T, x *tensor.Tensor, y *graph.Node, want ...float32) {
	t.Helper()
	feeds := engine.Feeds{y.Graph().Inputs()[0]: x}
	got, err := engine.Run(cpu.New(cpu.Options{Threads: 1}), feeds, y)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range got[0].Data() {
		if v != want[i] && !(v != v && want[i] != want[i]) {
			t.Fatalf("got %v, want %v", got[0].Data(), want)
		}
	}
}

// A concatenation along another axis than the channels is a part of one along
// the channels, twice, and so cannot be computed in its place there.
func TestConcatOfConcat(t *testing.T) {
	build := func() (x, a *graph.Node) {
		x = graph.New().Input("x", 1, 2, 1, 2)
		return x, graph.MaxPool2D(x, [2]int{1, 1}, graph.Window{}, false)
	}
	in := tensor.Must(tensor.FromSlice([]float32{1, 2, 3, 4}, 1, 2, 1, 2))

	_, a := build()
	wide := graph.Concat(3, a, a)
	wantValues(t, in, graph.Concat(1, wide, wide), 1, 2, 1, 2, 3, 4, 3, 4, 1, 2, 1, 2, 3, 4, 3, 4)

	_, a = build()
	high := graph.Concat(2, a, a)
	wantValues(t, in, graph.Concat(1, high, high), 1, 2, 1, 2, 3, 4, 3, 4, 1, 2, 1, 2, 3, 4, 3, 4)

	_, a = build()
	deep := graph.Concat(0, a, a)
	wantValues(t, in, graph.Concat(1, deep, deep), 1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4)

	// Another concatenation of the same node that nothing uses.
	_, a = build()
	wide = graph.Concat(3, a, a)
	c := graph.Concat(1, wide, wide)
	graph.Concat(1, a, a)
	wantValues(t, in, c, 1, 2, 1, 2, 3, 4, 3, 4, 1, 2, 1, 2, 3, 4, 3, 4)
}

// The argument of a convolution is a part of the channels of an input, whose
// layouts are the same memory; the derivative of the weight reads it again.
func TestWeightGradientOfSlicedInput(t *testing.T) {
	g := graph.New()
	x := g.Input("x", 2, 8, 1, 1)
	w := g.Variable(&graph.Variable{Name: "w", Value: sawtooth(2, 4, 3, 1, 1), Trainable: true})
	y := graph.Conv2D(graph.Slice(x, 1, 5, 8), w, nil, graph.Window{}, 1)
	dw := graph.Gradients(graph.Sum(graph.Mul(y, y)), w)[0]
	wantValues(t, sawtooth(1, 2, 8, 1, 1), dw, 52, -348, 352, 48, -344, 342, 44, -340, 332, -26, 214, -206)
}

// The update of a weight reads its derivative under two names, which stand for
// the same memory. The weight is so large that its derivative and its update are
// one step.
func TestUpdateReadsGradientTwice(t *testing.T) {
	const n = 512
	g := graph.New()
	x := g.Input("x", 2, n)
	w := g.Variable(&graph.Variable{Name: "w", Value: sawtooth(4, n, n), Trainable: true})
	y := graph.Linear(x, w, nil)
	dw := graph.Gradients(graph.Sum(y), w)[0]
	again := graph.Reshape(graph.Reshape(dw, n*n), n, n)
	g.Assign(w, graph.Sub(w, graph.Mul(g.Scalar(1e-5), graph.Mul(dw, graph.Sigmoid(again)))))
	enginetest.Graph(t, cpu.New(cpu.Options{Threads: 1}), engine.Feeds{x: sawtooth(5, 2, n)}, y)
}

// Values that are dropped and computed again have the same bits, here of a
// DenseNet that is trained with less and less memory.
func TestMemoryBudgetKeepsBits(t *testing.T) {
	state := func(budget int64) (list []*tensor.Tensor) {
		net := zoo.DenseNet(4, zoo.DenseNetConfig{Channels: 8, Growth: 4, Blocks: []int{3, 2}})
		m, err := nn.New(net, tensor.Shape{1, 32, 32}, nn.Options{Seed: 3})
		if err != nil {
			t.Fatal(err)
		}
		s := train.NewStepper(m, cpu.New(cpu.Options{Threads: 2}), optim.SGD{Momentum: 0.9})
		s.SetMemoryBudget(budget)
		b := &data.Batch{Images: tensor.New(6, 1, 32, 32), Labels: tensor.New(6)}
		for i := range b.Images.Data() {
			b.Images.Data()[i] = float32(i*i%101) / 101
		}
		if _, _, err := s.Run(b, 0, 0.1); errors.Is(err, train.ErrBudget) {
			return nil
		} else if err != nil {
			t.Fatal(err)
		}
		for _, p := range append(m.Parameters(), m.Buffers()...) {
			list = append(list, p.Value)
		}
		return list
	}
	want, kept := state(0), 0
	for budget := int64(290_000); budget < 600_000; budget += 13_410 {
		got := state(budget)
		if got != nil {
			kept++
		}
		for i, x := range got {
			for k, v := range x.Data() {
				if math.Float32bits(v) != math.Float32bits(want[i].Data()[k]) {
					t.Fatalf("budget %d: element %d of tensor %d is %v, without a budget %v", budget, k, i, v, want[i].Data()[k])
				}
			}
		}
	}
	if kept < 5 {
		t.Errorf("only %d budgets can be kept", kept)
	}
}

// A linear layer with a bias has the same bits whether its product is used by
// one node or by two, one of which is computed again.
func TestRematerializedBiasKeepsBits(t *testing.T) {
	g := graph.New()
	x, w, b := g.Input("x", 1, 3), g.Input("w", 1, 3), g.Input("b", 1)
	y := graph.Linear(x, w, b)
	c := graph.Concat(0, y, y)
	loss := graph.Sum(graph.Mul(c, c))
	outputs := append(graph.Gradients(loss, w), loss, y)
	for seed := range uint64(50) {
		feeds := engine.Feeds{x: randgraph.Values("normal", seed, 1, 3), w: randgraph.Values("weights", seed, 1, 3), b: randgraph.Values("weights", seed, 1)}
		compareRematerialized(t, loss, graph.Rematerializable(loss, 4), feeds, outputs)
	}
}

// compareRematerialized compares the bits of outputs with those of the graph in
// which some nodes are recomputed.
func compareRematerialized(t *testing.T, loss *graph.Node, drop []*graph.Node, feeds engine.Feeds, outputs []*graph.Node) {
	t.Helper()
	device := cpu.New(cpu.Options{Threads: 1})
	defer device.Close()
	want, err := engine.Run(device, feeds, outputs...)
	if err != nil {
		t.Fatal(err)
	}
	copied, of := graph.Rematerialized(loss, drop)
	again := engine.Feeds{}
	for i, n := range loss.Graph().Inputs() {
		again[copied.Inputs()[i]] = feeds[n]
	}
	var copies []*graph.Node
	for _, n := range outputs {
		copies = append(copies, of(n))
	}
	if orderOf(t, device, outputs) != orderOf(t, device, copies) {
		return // the engine says that it rounds otherwise
	}
	got, err := engine.Run(device, again, copies...)
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		for k, v := range got[i].Data() {
			if math.Float32bits(v) != math.Float32bits(want[i].Data()[k]) {
				t.Fatalf("output %d: %v, not recomputed %v", i, got[i].Data(), want[i].Data())
			}
		}
	}
}

// orderOf tells how a program for the outputs cuts up its sums, if it says.
func orderOf(t *testing.T, device engine.Device, outputs []*graph.Node) uint64 {
	t.Helper()
	p, err := device.Compile(outputs[0].Graph(), outputs...)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if q, ok := p.(engine.ReductionOrderer); ok {
		return q.ReductionOrder()
	}
	return 0
}

// The derivative of normalization by given statistics is gamma/√(variance+ε)
// times dy, whatever x is.
func TestInferenceNormGradientIgnoresInput(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	g := graph.New()
	x := g.Input("x", 3, 2)
	stats := g.Constant(tensor.Must(tensor.FromSlice([]float32{0, 0, 1, 1}, 2, 2)))
	gamma, beta := g.Constant(tensor.Full(1, 2)), g.Constant(tensor.Full(0, 2))
	y := graph.BatchNormInference(x, stats, gamma, beta, 0)
	in := tensor.Must(tensor.FromSlice([]float32{1, 2, inf, 4, 5, nan}, 3, 2))
	wantValues(t, in, graph.Gradients(graph.Sum(y), x)[0], 1, 1, 1, 1, 1, 1)
}

// A mean over a channel that has an infinity is infinite.
func TestChannelMeanOfInfinity(t *testing.T) {
	inf := float32(math.Inf(1))
	in := tensor.Must(tensor.FromSlice([]float32{1, 2, inf, 4, 5, 6, 7, -inf}, 2, 2, 1, 2))
	x := graph.New().Input("x", 2, 2, 1, 2)
	wantValues(t, in, graph.Mean(x, 0, 2, 3), 3.5, float32(math.NaN()))
	x = graph.New().Input("x", 2, 2, 1, 2)
	wantValues(t, in, graph.Mean(x, 2, 3), 1.5, inf, 5.5, -inf)
}

// NaN wins in a max pool and gets the derivative, wherever it is in its window.
func TestMaxPoolGradientOfNaN(t *testing.T) {
	nan := float32(math.NaN())
	for want, v := range [][]float32{{nan, 1, nan}, {1, nan, nan}, {1, 2, nan}} {
		x := graph.New().Input("x", 1, 1, 1, 3)
		y := graph.MaxPool2D(x, [2]int{1, 3}, graph.Window{}, false)
		dx := make([]float32, 3)
		dx[want] = 1
		wantValues(t, tensor.Must(tensor.FromSlice(v, 1, 1, 1, 3)), graph.Gradients(graph.Sum(y), x)[0], dx...)
	}
}

// A normalization that is folded into the convolution before it rounds otherwise
// than one that is not, as that of a convolution which is read twice. The engine
// says so: it has another order then.
func TestRematerializedFold(t *testing.T) {
	g := graph.New()
	variable := func(name, values string, seed uint64, shape ...int) *graph.Node {
		return g.Variable(&graph.Variable{Name: name, Value: randgraph.Values(values, seed, shape...), Trainable: true})
	}
	x, w, b := g.Input("x", 2, 1, 3, 2), variable("w", "weights", 264, 1, 1, 1, 1), variable("b", "weights", 580, 1)
	conv := graph.Conv2D(x, w, b, graph.Window{}, 1)
	norm := graph.BatchNormInference(conv, variable("stats", "positive", 734, 2, 1), variable("gamma", "weights", 613, 1), b, 0.1)
	pooled := graph.AvgPool2D(graph.ReLU6(norm), [2]int{1, 1}, graph.Window{}, false, false)
	y := graph.Sigmoid(graph.Conv2D(pooled, g.Input("v", 1, 1, 1, 1), nil, graph.Window{}, 1))
	loss := graph.Sum(graph.Mul(y, y))
	grads := graph.Gradients(loss, x, g.Inputs()[1])
	_, of := graph.Rematerialized(loss, []*graph.Node{pooled, pooled.Inputs()[0], norm})
	device := cpu.New(cpu.Options{Threads: 1})
	defer device.Close()
	if orderOf(t, device, grads[1:]) == orderOf(t, device, []*graph.Node{of(grads[1])}) {
		t.Error("the engine does not say that it rounds otherwise")
	}
}

// What is kept between runs does not depend on what each run computes, though that
// is the same in each: outputs, and the values of packed operands.
func TestKeptOfPinnedValues(t *testing.T) {
	v := &graph.Variable{Name: "v", Value: sawtooth(2, 2, 2)}
	g := graph.New()
	x, w := g.Input("x", 2, 2), g.Variable(v)
	abs := graph.Abs(w) // an output, so that it is computed in each run
	product := graph.MatMul(x, abs)
	p, err := cpu.New(cpu.Options{Threads: 1}).Compile(g, product, abs)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	in := tensor.Must(tensor.FromSlice([]float32{1, 0, 0, 1}, 2, 2))
	out := []*tensor.Tensor{tensor.New(2, 2), tensor.New(2, 2)}
	for range 2 {
		if err := p.Run(engine.Feeds{x: in}, out); err != nil {
			t.Fatal(err)
		}
		for i, a := range v.Value.Data() {
			if want := float32(math.Abs(float64(a))); out[0].Data()[i] != want || out[1].Data()[i] != want {
				t.Fatalf("got %v and %v, want the absolute values of %v", out[0].Data(), out[1].Data(), v.Value.Data())
			}
		}
		v.Value.Data()[1] = -7
		v.Changed()
	}
	statistics := graph.New()
	y := graph.BatchStats(statistics.Variable(&graph.Variable{Name: "y", Value: tensor.Full(3, 1, 1, 1, 1)}))
	got, err := engine.Run(cpu.New(cpu.Options{Threads: 1}), nil, graph.MatMulT(y, y, false, true))
	if err != nil || got[0].Data()[0] != 9 {
		t.Errorf("got %v, %v", got, err)
	}
}
