package cpu

import (
	"fmt"
	"math"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/engine/enginetest/randgraph"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// An mbBlock is the part of an inverted bottleneck that is computed by one step: an
// expansion from in to out channels and a depthwise convolution, with activations.
type mbBlock struct {
	batch, in, out, height, width int
	size, stride                  int
	expanded, filtered            func(*graph.Node) *graph.Node
}

func same(x *graph.Node) *graph.Node { return x }

// scaled is an activation with numbers: one is a constant, the other a mean of the input.
func scaled(x *graph.Node) *graph.Node {
	g := x.Graph()
	return graph.Add(graph.Mul(graph.SiLU(x), g.Scalar(1.5)), graph.Mean(g.Inputs()[0]))
}

// pooled reads the result with its pixels, and its sums.
func pooled(x *graph.Node) *graph.Node {
	y := graph.HardSwish(x)
	return graph.Mul(y, graph.Reshape(graph.Mean(y, 2, 3), y.Shape()[0], y.Shape()[1], 1, 1))
}

var mbBlocks = []mbBlock{
	{1, 5, 24, 14, 9, 3, 1, same, same},
	{2, 16, 72, 11, 12, 5, 2, graph.ReLU6, graph.ReLU6},
	{3, 8, 40, 7, 7, 3, 2, graph.SiLU, graph.SiLU},
	{1, 16, 33, 28, 28, 5, 1, graph.HardSwish, graph.ReLU},
	{9, 5, 6, 5, 8, 3, 1, graph.ReLU, graph.HardSwish},
	{2, 12, 50, 9, 10, 3, 1, scaled, scaled},
	{1, 12, 48, 12, 10, 5, 2, graph.SiLU, pooled},
}

// build returns the result, and what the depthwise convolution reads.
func (b mbBlock) build() (y, expanded *graph.Node) {
	x := graph.New().Input("x", b.batch, b.in, b.height, b.width)
	seed := uint64(0)
	variable := func(shape ...int) *graph.Node {
		seed++
		v := &graph.Variable{Name: fmt.Sprintf("w%d", seed), Value: randgraph.Values("weights", seed, shape...)}
		return x.Graph().Variable(v)
	}
	expanded = b.expanded(graph.Conv2D(x, variable(b.out, b.in, 1, 1), variable(b.out), graph.Window{}, 1))
	w := graph.Window{Pad: [2]int{b.size / 2, b.size / 2}, Stride: [2]int{b.stride, b.stride}}
	y = graph.Conv2D(expanded, variable(b.out, 1, b.size, b.size), variable(b.out), w, b.out)
	return b.filtered(y), expanded
}

// compiled compiles outputs.
func compiled(t *testing.T, d *Device, outputs ...*graph.Node) engine.Program {
	t.Helper()
	p, err := d.Compile(outputs[0].Graph(), outputs...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// mbSteps counts the steps that compute two convolutions.
func mbSteps(t *testing.T, p engine.Program) (n int) {
	t.Helper()
	stop, err := p.(engine.Profiler).StartProfile()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range stop().Stages {
		if s.Algorithm == "MBConv" {
			n++
		}
	}
	return n
}

// A block has the same bits whether both convolutions are computed together or, as the
// expanded image is an output as well, one after the other.
func TestMBConvKeepsBits(t *testing.T) {
	defer func(was work.Limits) { work.Limit = was }(work.Limit)
	fine := work.Limit
	fine.TaskFMAs, fine.FrameFloats = 256, 1<<10
	for _, l := range []work.Limits{work.Limit, fine} {
		work.Limit = l
		for i, b := range mbBlocks {
			for threads := 1; threads <= 3; threads += 2 {
				d := New(Options{Threads: threads})
				y, _ := b.build()
				together := compiled(t, d, y)
				z, expanded := b.build()
				apart := compiled(t, d, z, expanded)
				if mbSteps(t, together) != 1 || mbSteps(t, apart) != 0 {
					t.Fatalf("block %d: %d and %d steps compute both convolutions, want 1 and 0", i, mbSteps(t, together), mbSteps(t, apart))
				}
				x := randgraph.Values("normal", uint64(i), b.batch, b.in, b.height, b.width)
				got, err := engine.Run(d, engine.Feeds{y.Graph().Inputs()[0]: x}, y)
				if err != nil {
					t.Fatal(err)
				}
				want, err := engine.Run(d, engine.Feeds{z.Graph().Inputs()[0]: x}, z, expanded)
				if err != nil {
					t.Fatal(err)
				}
				for k, v := range got[0].Data() {
					if math.Float32bits(v) != math.Float32bits(want[0].Data()[k]) {
						t.Fatalf("block %d, %d threads: element %d is %v, computed apart %v", i, threads, k, v, want[0].Data()[k])
					}
				}
				for _, p := range []engine.Program{together, apart} {
					if err := p.Close(); err != nil {
						t.Fatal(err)
					}
				}
				if err := d.Close(); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// The expanded image needs no memory, and running allocates none.
func TestMBConvMemory(t *testing.T) {
	d := New(Options{Threads: 1})
	defer d.Close()
	b := mbBlock{1, 8, 96, 56, 56, 3, 2, graph.ReLU6, graph.SiLU}
	y, _ := b.build()
	p := compiled(t, d, y)
	defer p.Close()
	expanded := int64(4 * 96 * 56 * 56)
	if got := p.(engine.MemoryPlanner).MemoryBytes(); got > expanded {
		t.Errorf("%d bytes of memory; the expanded image alone has %d", got, expanded)
	}
	x := randgraph.Values("normal", 1, b.batch, b.in, b.height, b.width)
	feeds, out := engine.Feeds{y.Graph().Inputs()[0]: x}, []*tensor.Tensor{tensor.New(y.Shape()...)}
	if n := testing.AllocsPerRun(3, func() {
		if err := p.Run(feeds, out); err != nil {
			t.Error(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations in a run", n)
	}
}
