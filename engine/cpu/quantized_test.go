package cpu_test

import (
	"math"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/kerneltest"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/tensor"
)

// quantizedGraph builds networks that are quantized.
type quantizedGraph struct {
	*graph.Graph
	seed uint64
}

func (g *quantizedGraph) normal(scale float32, shape ...int) *tensor.Tensor {
	g.seed++
	x := tensor.New(shape...)
	rng.Normal(rng.New(g.seed, "quantized"), x.Data(), 0, scale)
	return x
}

func (g *quantizedGraph) variable(t *tensor.Tensor) *graph.Node {
	return g.Variable(&graph.Variable{Name: "v", Value: t})
}

func (g *quantizedGraph) uint8(x *graph.Node, scale, zero float32) *graph.Node {
	return graph.FakeQuantize(x, g.variable(tensor.Must(tensor.FromSlice([]float32{scale}))), g.Scalar(zero), graph.Uint8)
}

// weights are quantized with a scale for each output channel.
func (g *quantizedGraph) weights(shape ...int) *graph.Node {
	terms := 1
	for _, n := range shape[1:] {
		terms *= n
	}
	w := g.normal(float32(1/math.Sqrt(float64(terms))), shape...)
	sizes := make([]int, len(shape))
	for i := range sizes {
		sizes[i] = 1
	}
	sizes[0] = shape[0]
	scale := tensor.New(sizes...)
	for o := range shape[0] {
		most := float32(0)
		for _, v := range w.Data()[o*terms:][:terms] {
			most = max(most, v, -v)
		}
		scale.Data()[o] = most / 127
	}
	return graph.FakeQuantize(g.variable(w), g.variable(scale), g.Scalar(0), graph.Int8)
}

func (g *quantizedGraph) conv(x *graph.Node, out, size, stride int) *graph.Node {
	w := g.weights(out, x.Shape()[1], size, size)
	return graph.Conv2D(x, w, g.variable(g.normal(0.3, out)), graph.Window{Stride: [2]int{stride, stride}, Pad: [2]int{size / 2, size / 2}}, 1)
}

// quantizedCases are small networks, and the largest difference of their results from those of the reference
// engine: a step of the result for each rounding on the way. Of those that only one rounding separates few may differ.
var quantizedCases = []struct {
	name      string
	tolerance float64
	many      bool // elements differ: a bias is rounded too, or there are several roundings
	build     func(g *quantizedGraph) *graph.Node
}{
	{"a convolution", 0.02, false, func(g *quantizedGraph) *graph.Node {
		return g.uint8(graph.ReLU(g.conv(g.uint8(g.image(), 0.03, 128), 40, 3, 2)), 0.02, 0)
	}},
	{"one to numbers", 2e-4, true, func(g *quantizedGraph) *graph.Node {
		return graph.ReLU6(g.conv(g.uint8(g.image(), 0.03, 128), 17, 1, 1))
	}},
	{"integers with a sign", 0.03, false, func(g *quantizedGraph) *graph.Node {
		y := g.conv(graph.FakeQuantize(g.image(), g.Scalar(0.03), g.Scalar(-5), graph.Int8), 24, 3, 1)
		return graph.FakeQuantize(y, g.Scalar(0.03), g.Scalar(3), graph.FakeQuantizeOp{Min: -100, Max: 90})
	}},
	{"groups", 0.02, false, func(g *quantizedGraph) *graph.Node {
		x := g.uint8(g.conv(g.image(), 24, 1, 1), 0.03, 120)
		return g.uint8(graph.Conv2D(x, g.weights(12, 6, 3, 3), nil, graph.Window{Dilation: [2]int{2, 2}}, 4), 0.02, 100)
	}},
	{"a residual", 0.025, false, func(g *quantizedGraph) *graph.Node {
		x := g.uint8(g.conv(g.image(), 32, 3, 1), 0.03, 120)
		return g.uint8(graph.ReLU(graph.Add(x, g.conv(x, 32, 3, 1))), 0.025, 0)
	}},
	{"pooling and concatenation", 0.04, false, func(g *quantizedGraph) *graph.Node {
		x := g.uint8(graph.ReLU(g.conv(g.image(), 32, 3, 1)), 0.02, 0)
		x = graph.MaxPool2D(x, [2]int{3, 3}, graph.Window{Stride: [2]int{2, 2}, Pad: [2]int{1, 1}}, false)
		a, b := g.uint8(g.conv(x, 20, 1, 1), 0.02, 128), g.uint8(g.conv(x, 33, 3, 1), 0.02, 128)
		c := graph.Concat(1, a, b)
		return g.uint8(g.conv(graph.Slice(c, 1, 13, 45), 16, 1, 1), 0.02, 128)
	}},
	{"a linear layer", 0.06, true, func(g *quantizedGraph) *graph.Node {
		x := g.uint8(graph.ReLU(g.conv(g.image(), 12, 3, 4)), 0.02, 0)
		x = graph.Flatten(x)
		y := graph.Linear(x, g.weights(50, x.Shape()[1]), g.variable(g.normal(1, 50)))
		return graph.Linear(g.uint8(graph.ReLU(y), 0.02, 0), g.weights(9, 50), nil)
	}},
	{"bytes that numbers are read of", 0.05, false, func(g *quantizedGraph) *graph.Node {
		x := g.uint8(g.conv(g.uint8(g.image(), 0.03, 128), 32, 3, 1), 0.03, 120)
		return graph.Add(graph.Neg(x), graph.Abs(g.conv(x, 32, 1, 1)))
	}},
	{"a depthwise convolution", 0.04, false, func(g *quantizedGraph) *graph.Node {
		x := g.uint8(graph.ReLU6(g.conv(g.uint8(g.image(), 0.03, 128), 40, 1, 1)), 0.02, 0)
		y := graph.Conv2D(x, g.weights(40, 1, 3, 3), g.variable(g.normal(1, 40)), graph.Window{Pad: [2]int{1, 1}, Stride: [2]int{2, 2}}, 40)
		return g.uint8(g.conv(g.uint8(graph.ReLU6(y), 0.02, 0), 24, 1, 1), 0.02, 100)
	}},
	{"a table, a sum and a mean", 0.05, true, func(g *quantizedGraph) *graph.Node {
		a := g.uint8(graph.HardSwish(g.uint8(g.conv(g.uint8(g.image(), 0.03, 128), 20, 3, 1), 0.03, 120)), 0.02, 20)
		b := graph.FakeQuantize(a, g.Scalar(0.02), g.Scalar(-108), graph.Int8) // the same bytes
		c := g.uint8(g.conv(a, 20, 3, 1), 0.02, 128)
		d := g.uint8(graph.ReLU(graph.Add(b, c)), 0.03, 0)
		e := g.uint8(graph.AvgPool2D(d, [2]int{2, 3}, graph.Window{Stride: [2]int{2, 2}, Pad: [2]int{1, 1}}, false, false), 0.03, 3)
		mean := graph.Flatten(graph.AdaptiveAvgPool2D(d, 1, 1))
		return graph.Concat(1, graph.Linear(g.uint8(graph.Mean(e, 2, 3), 0.01, 0), g.weights(7, 20), nil), graph.Linear(g.uint8(mean, 0.01, 0), g.weights(7, 20), nil))
	}},
	{"parts with other scales", 0.06, true, func(g *quantizedGraph) *graph.Node {
		x := g.uint8(graph.ReLU(g.conv(g.uint8(g.image(), 0.03, 128), 20, 3, 1)), 0.02, 0)
		y := g.uint8(graph.Concat(1, x, g.uint8(g.conv(x, 9, 1, 1), 0.03, 128)), 0.04, 100)
		return g.uint8(g.conv(y, 16, 1, 1), 0.02, 128)
	}},
	{"a channel without weights, but with a bias", 0.02, false, func(g *quantizedGraph) *graph.Node {
		w := g.normal(0.1, 8, 3, 3, 3)
		scale := tensor.New(8, 1, 1, 1)
		for i := range scale.Data() {
			scale.Data()[i] = 0.003
		}
		scale.Data()[5] = 1e-12
		for i := range 27 {
			w.Data()[5*27+i] *= 1e-9
		}
		x := g.uint8(g.image(), 0.03, 128)
		y := graph.Conv2D(x, graph.FakeQuantize(g.variable(w), g.variable(scale), g.Scalar(0), graph.Int8), g.variable(g.normal(1, 8)), graph.Window{}, 1)
		return g.uint8(y, 0.02, 128)
	}},
}

func (g *quantizedGraph) image() *graph.Node { return g.Input("x", 3, 3, 17, 19) }

// TestQuantized compares quantized networks on all instruction sets with the reference engine: they have the same
// bits on all of them, and on any number of threads.
func TestQuantized(t *testing.T) {
	for _, c := range quantizedCases {
		t.Run(c.name, func(t *testing.T) {
			g := &quantizedGraph{Graph: graph.New(), seed: 1}
			y := c.build(g)
			feeds := engine.Feeds{g.Inputs()[0]: g.normal(1, g.Inputs()[0].Shape()...)}
			want, err := engine.Run(reference.New(), feeds, y)
			if err != nil {
				t.Fatal(err)
			}
			var first []float32
			kerneltest.EachISA(t, func(t *testing.T) {
				for _, threads := range []int{1, 3} {
					got, err := engine.Run(cpu.New(cpu.Options{Threads: threads}), feeds, y)
					if err != nil {
						t.Fatal(err)
					}
					off := 0
					for k, v := range want[0].Data() {
						if d := math.Abs(float64(v - got[0].Data()[k])); d > c.tolerance*1.0001 {
							t.Fatalf("element %d is %v, want %v", k, got[0].Data()[k], v)
						} else if d > c.tolerance/100 {
							off++
						}
					}
					if off > want[0].Size()/10 && !c.many {
						t.Errorf("%d of %d elements differ", off, want[0].Size())
					}
					if first == nil {
						first = got[0].Data()
					}
					if !kerneltest.SameSlices(first, got[0].Data()) {
						t.Errorf("%d threads: other bits", threads)
					}
				}
			})
		})
	}
}

// A scale of 0, which a broken file may have, ends in some result.
func TestQuantizedScaleOfZero(t *testing.T) {
	g := &quantizedGraph{Graph: graph.New(), seed: 1}
	w := graph.FakeQuantize(g.variable(g.normal(1, 4, 3, 1, 1)), g.variable(tensor.New(4, 1, 1, 1)), g.Scalar(0), graph.Int8)
	y := graph.Conv2D(g.uint8(g.image(), 0.03, 128), w, g.variable(g.normal(1, 4)), graph.Window{}, 1)
	if _, err := engine.Run(cpu.New(cpu.Options{}), engine.Feeds{g.Inputs()[0]: g.normal(1, g.Inputs()[0].Shape()...)}, y); err != nil {
		t.Fatal(err)
	}
}
