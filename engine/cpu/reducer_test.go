package cpu_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/strideml/stride/dist"
	"github.com/strideml/stride/dist/local"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
)

// groupNet has layers whose gradients are made by different steps.
func groupNet() (*nn.Model, error) {
	return nn.New(nn.Sequential(
		nn.Conv2D(8, 3).Pad(1).NoBias(), nn.BatchNorm(), nn.ReLU(),
		nn.Conv2D(16, 3).Pad(1), nn.ReLU(), nn.MaxPool2D(2),
		nn.Conv2D(16, 3).Pad(1).Groups(16), nn.ReLU(),
		nn.Flatten(), nn.Linear(24), nn.Sigmoid(), nn.Linear(10),
	), tensor.Shape{1, 8, 8}, nn.Options{Seed: 1})
}

// A groupStep is the training step of a rank, or of one process if there is none.
type groupStep struct {
	model   *nn.Model
	program engine.Program
	feeds   engine.Feeds
	loss    []*tensor.Tensor
}

// sumGradients is dist.Buckets.AllReduce with buckets of a few KB.
func sumGradients(grads []*graph.Node) []*graph.Node {
	return dist.Buckets{Bytes: 8 << 10, LastBytes: 1 << 10}.AllReduce(grads)
}

// newGroupStep compiles the step for images lo ≤ i < hi of a batch. sum adds up gradients;
// nil leaves them as they are.
func newGroupStep(t *testing.T, d engine.Device, lo, hi, batch int, o optim.Optimizer, sum func([]*graph.Node) []*graph.Node) *groupStep {
	t.Helper()
	model, err := groupNet()
	if err != nil {
		t.Fatal(err)
	}
	s := &groupStep{model: model, feeds: engine.Feeds{}}
	trace, err := s.model.Trace(hi-lo, nn.Train)
	if err != nil {
		t.Fatal(err)
	}
	g, state := trace.Graph, optim.State{}
	labels, rate := g.Input("labels", hi-lo), g.Input("rate")
	loss := nn.CrossEntropyLoss(trace.Output, labels)
	if hi-lo < batch {
		loss = graph.Mul(loss, g.Scalar(float32(hi-lo)/float32(batch)))
	}
	var params []*graph.Node
	for _, v := range s.model.Parameters() {
		params = append(params, g.Variable(v))
	}
	grads := graph.Gradients(loss, params...)
	if sum != nil {
		grads = sum(grads)
	}
	o.Update(g, rate, params, grads, &state)
	if s.program, err = d.Compile(g, loss); err != nil {
		t.Fatal(err)
	}
	all := tensor.New(batch, 1, 8, 8)
	rng.Normal(rng.New(3, "images"), all.Data(), 0, 1)
	s.feeds[trace.Input] = tensor.Must(tensor.FromSlice(all.Data()[lo*64:hi*64], hi-lo, 1, 8, 8))
	s.feeds[labels], s.feeds[rate] = tensor.New(hi-lo), tensor.Scalar(0.1)
	for i := range hi - lo {
		s.feeds[labels].Data()[i] = float32((lo + i) % 10)
	}
	s.loss = []*tensor.Tensor{tensor.New()}
	return s
}

func (s *groupStep) run() error { return s.program.Run(s.feeds, s.loss) }

// weights returns all parameters and buffers, one after the other.
func (s *groupStep) weights() (all []float32) {
	for _, v := range slices.Concat(s.model.Parameters(), s.model.Buffers()) {
		all = append(all, v.Value.Data()...)
	}
	return all
}

// In a group of one a step with sums is the step without: the same bits, steps and memory.
func TestGroupOfOneCostsNothing(t *testing.T) {
	one := dist.NewGroup(local.New(1, local.Options{})[0], dist.Float32)
	defer one.Close()
	var weights [][]float32
	var memory []int64
	var stages []string
	for i, o := range []cpu.Options{{}, {}, {Reducer: one}} {
		sum := sumGradients
		if i == 0 {
			sum = nil
		}
		o.Threads = 2
		d := cpu.New(o)
		defer d.Close()
		s := newGroupStep(t, d, 0, 12, 12, optim.SGD{Momentum: 0.9}, sum)
		stop, err := engine.StartProfile(s.program)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if err := s.run(); err != nil {
				t.Fatal(err)
			}
		}
		var names []string
		for _, stage := range stop().Stages {
			names = append(names, stage.Name)
		}
		use, err := engine.Memory(s.program)
		if err != nil {
			t.Fatal(err)
		}
		weights, memory, stages = append(weights, s.weights()), append(memory, use.TotalBytes), append(stages, strings.Join(names, ", "))
	}
	for i := range 2 {
		if !slices.Equal(weights[i+1], weights[0]) || memory[i+1] != memory[0] || stages[i+1] != stages[0] {
			t.Errorf("%d: %d bytes, steps\n%s\nwant %d bytes, steps\n%s", i, memory[i+1], stages[i+1], memory[0], stages[0])
		}
	}
}

// If a sum fails, whichever it is, all variables stay as they were.
func TestFailedSumChangesNothing(t *testing.T) {
	count := &cpu.Zeros{}
	if err := newGroupStep(t, cpu.New(cpu.Options{Threads: 1, Reducer: count}), 0, 6, 6, optim.SGD{Momentum: 0.9}, sumGradients).run(); err != nil {
		t.Fatal(err)
	}
	if len(count.Began) < 3 {
		t.Fatalf("only %d sums", len(count.Began))
	}
	for fail := 1; fail <= len(count.Began); fail++ {
		for _, o := range []optim.Optimizer{optim.SGD{Momentum: 0.9}, optim.AdamW{}, optim.LAMB{}} {
			z := &cpu.Zeros{Fail: fail}
			s := newGroupStep(t, cpu.New(cpu.Options{Threads: 2, Reducer: z}), 0, 6, 6, o, sumGradients)
			before := s.weights()
			if err := s.run(); !errors.Is(err, cpu.ErrZeros) || !strings.Contains(err.Error(), "AllReduce") {
				t.Errorf("%v, sum %d: error %v", o, fail, err)
			}
			if !slices.Equal(s.weights(), before) {
				t.Errorf("%v, sum %d: weights have changed", o, fail)
			}
			if err := s.run(); err != nil { // the others are back
				t.Errorf("%v, sum %d: %v", o, fail, err)
			}
			if slices.Equal(s.weights(), before) {
				t.Errorf("%v, sum %d: weights have not changed afterwards", o, fail)
			}
		}
	}
}

// All members begin the same sums in the same order, whatever the number of their images
// and of their threads, their algorithms and instruction sets.
func TestOrderOfSums(t *testing.T) {
	var want []int
	for _, batch := range []int{1 + 1, 3, 8, 64} {
		for _, o := range []cpu.Options{{Threads: 1}, {Threads: 3}, {Threads: 2, Strict: true}} {
			z := &cpu.Zeros{}
			o.Reducer = z
			s := newGroupStep(t, cpu.New(o), 0, batch, batch, optim.SGD{}, sumGradients)
			if err := s.run(); err != nil {
				t.Fatal(err)
			}
			if want == nil {
				want = z.Began
			}
			if !slices.Equal(z.Began, want) {
				t.Errorf("batch of %d, %d threads: sums of %v, want %v", batch, o.Threads, z.Began, want)
			}
		}
	}
}

// Ranks of any number, with parts of different sizes and whatever their delays, compute the
// weights that follow from the parts' gradients, and all ranks the same bits.
func TestRanks(t *testing.T) {
	const batch, steps = 12, 3
	for _, bounds := range [][]int{{0, 12}, {0, 6, 12}, {0, 3, 8, 12}, {0, 2, 5, 10, 12}} {
		ranks := len(bounds) - 1
		var want []float32
		for try := range 2 {
			jitter := func(_, _, _ int) time.Duration { return time.Duration(rand.IntN(500)) * time.Microsecond }
			weights := make([][]float32, ranks)
			var wait sync.WaitGroup
			for rank, c := range local.New(ranks, local.Options{Delay: jitter}) {
				wait.Go(func() {
					group := dist.NewGroup(c, dist.Float32)
					defer group.Close()
					d := cpu.New(cpu.Options{Threads: 1 + (rank+try)%2, Reducer: group})
					defer d.Close()
					s := newGroupStep(t, d, bounds[rank], bounds[rank+1], batch, optim.SGD{Momentum: 0.9}, sumGradients)
					for range steps {
						if err := s.run(); err != nil {
							t.Errorf("rank %d of %d: %v", rank, ranks, err)
						}
					}
					weights[rank] = s.weights()[:paramCount(s.model)]
				})
			}
			wait.Wait()
			if want == nil {
				want = weights[0]
			}
			for rank, w := range weights {
				if !slices.Equal(w, want) {
					t.Errorf("rank %d of %d has other bits", rank, ranks)
				}
			}
		}
		if diff := distance(want, expectedWeights(t, bounds, steps)); diff > 2e-5 {
			t.Errorf("%d ranks: weights differ from the reference by %v", ranks, diff)
		}
	}
}

func paramCount(m *nn.Model) (n int) {
	for _, v := range m.Parameters() {
		n += v.Value.Size()
	}
	return n
}

func distance(a, b []float32) (most float64) {
	for i := range a {
		most = max(most, float64(max(a[i]-b[i], b[i]-a[i])))
	}
	return most
}

// expectedWeights does the steps on the reference engine: ranks that add up in float32.
func expectedWeights(t *testing.T, bounds []int, steps int) []float32 {
	t.Helper()
	ranks := len(bounds) - 1
	weights := make([][]float32, ranks)
	var wait sync.WaitGroup
	for rank, c := range local.New(ranks, local.Options{}) {
		wait.Go(func() {
			group := dist.NewGroup(c, dist.Float32)
			defer group.Close()
			s := newGroupStep(t, reference.NewReducing(group), bounds[rank], bounds[rank+1], 12, optim.SGD{Momentum: 0.9}, sumGradients)
			for range steps {
				if err := s.run(); err != nil {
					t.Errorf("reference, rank %d: %v", rank, err)
				}
			}
			weights[rank] = s.weights()[:paramCount(s.model)]
		})
	}
	wait.Wait()
	return weights[0]
}

// A program in a group allocates nothing from its second run on.
func TestGroupStepAllocatesNothing(t *testing.T) {
	var wait sync.WaitGroup
	for _, c := range local.New(2, local.Options{}) {
		wait.Go(func() {
			group := dist.NewGroup(c, dist.Float32)
			defer group.Close()
			s := newGroupStep(t, cpu.New(cpu.Options{Threads: 1, Reducer: group}), 0, 4, 8, optim.SGD{}, sumGradients)
			for range 3 {
				if err := s.run(); err != nil {
					t.Error(err)
				}
			}
			if c.Rank() > 0 { // AllocsPerRun counts those of all goroutines
				for range 11 {
					if err := s.run(); err != nil {
						t.Error(err)
					}
				}
				return
			}
			if n := testing.AllocsPerRun(10, func() {
				if err := s.run(); err != nil {
					t.Error(err)
				}
			}); n > 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
	wait.Wait()
}

// Programs that add up over a group are not replicated: two of them would mix up the order.
func TestNoReplicasInGroup(t *testing.T) {
	g := graph.New()
	x := g.Input("x", 64, 3)
	d := cpu.New(cpu.Options{Threads: 2, Reducer: &cpu.Zeros{}})
	p, err := d.Compile(g, graph.AllReduce(x))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.(engine.Replicator).Replicate(d); err == nil || !strings.Contains(err.Error(), "cannot be replicated") {
		t.Errorf("error %v", err)
	}
	if _, _, err := p.(engine.Batcher).AnyBatch(d); err == nil {
		t.Error("a program that adds up over a group takes batches of any size")
	}
	out := tensor.New(64, 3)
	if err := p.Run(engine.Feeds{x: tensor.Full(2, 64, 3)}, []*tensor.Tensor{out}); err != nil || out.Data()[191] != 2 {
		t.Error(fmt.Sprint(out.Data()[191]), err)
	}
}
