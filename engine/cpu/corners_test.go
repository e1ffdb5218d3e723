package cpu

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/engine/enginetest"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// ramp returns a tensor of fixed small values, of both signs.
func ramp(shape ...int) *tensor.Tensor {
	x := tensor.New(shape...)
	for i := range x.Data() {
		x.Data()[i] = float32(i*7%13)/8 - 0.6
	}
	return x
}

// cornerCases are graphs at the edges of the rules of the passes: images whose
// two layouts coincide, views of leaves, and values that are outputs as well as
// new values of variables.
var cornerCases = []struct {
	name  string
	shape []int // of the input
	build func(g *viewGraph, x *graph.Node) []*graph.Node
}{
	{"nothing but the input", []int{2, 1, 3, 3}, func(_ *viewGraph, x *graph.Node) []*graph.Node { return []*graph.Node{x, x} }},
	{"views of the input", []int{2, 3, 1, 1}, func(g *viewGraph, x *graph.Node) []*graph.Node {
		return []*graph.Node{graph.Flatten(x), graph.Slice(x, 1, 1, 2), graph.Reshape(graph.Slice(x, 1, 1, 3), 4)}
	}},
	{"a view of a constant and of a variable", []int{2, 1}, func(g *viewGraph, x *graph.Node) []*graph.Node {
		c, v := g.Constant(ramp(2, 3)), g.variable(1, 4, 1, 1)
		return []*graph.Node{graph.Reshape(c, 6), graph.Slice(v, 1, 1, 3), graph.Mul(x, graph.Slice(graph.Reshape(v, 4), 0, 1, 2))}
	}},
	{"one channel", []int{2, 1, 4, 5}, func(g *viewGraph, x *graph.Node) []*graph.Node {
		a := graph.ReLU(g.conv(x, 1, 3))
		y := graph.Concat(1, a, x, g.conv(x, 2, 1))
		return []*graph.Node{graph.Flatten(a), g.norm(a), graph.Softmax(a, 1), graph.Softmax(a, 2), graph.Sum(y, 0, 2, 3), graph.Slice(y, 1, 1, 2), graph.Pad(x, []int{0, 1, 0, 2}, []int{1, 0, 2, 0}, 3), graph.Sum(a)}
	}},
	{"one pixel", []int{3, 4, 1, 1}, func(g *viewGraph, x *graph.Node) []*graph.Node {
		a := graph.ReLU(g.conv(x, 6, 1))
		y := graph.Concat(1, a, x, g.conv(x, 2, 3))
		return []*graph.Node{graph.Flatten(a), g.norm(y), graph.Softmax(y, 1), graph.Softmax(a, 3), graph.Mean(y, 0, 2, 3), graph.Slice(y, 1, 5, 9), graph.Mean(y, 2, 3), graph.ArgMax(y, 1), graph.Transpose(y, 1, 0, 3, 2), graph.Add(graph.Slice(a, 1, 0, 1), y)}
	}},
	{"an output that is assigned too", []int{2, 3}, func(g *viewGraph, x *graph.Node) []*graph.Node {
		v, w := g.variable(2, 3), g.variable(2, 3)
		y := graph.Add(v, x)
		g.Assign(v, y)
		g.Assign(w, v)
		return []*graph.Node{v, y, graph.Reshape(y, 6), graph.Exp(y)}
	}},
	{"variables that swap", []int{2, 3}, func(g *viewGraph, x *graph.Node) []*graph.Node {
		v, w := g.variable(2, 3), g.variable(3, 2)
		g.Assign(v, graph.Reshape(w, 2, 3))
		g.Assign(w, graph.Reshape(graph.Mul(v, x), 3, 2))
		return []*graph.Node{graph.Transpose(v, 1, 0), graph.Reshape(w, 6)}
	}},
	{"a variable by its own channels", []int{1}, func(g *viewGraph, x *graph.Node) []*graph.Node {
		v := g.variable(1, 3000, 1, 1)
		g.Assign(v, graph.Mul(v, graph.Slice(v, 1, 0, 1)))
		return []*graph.Node{graph.Add(x, x)}
	}},
	{"an input that is assigned", []int{2, 3}, func(g *viewGraph, x *graph.Node) []*graph.Node {
		g.Assign(g.variable(2, 3), x)
		g.Assign(g.variable(6), graph.Reshape(x, 6))
		g.Assign(g.variable(2), g.Constant(ramp(2)))
		return []*graph.Node{x}
	}},
	{"an epilogue that reads its result twice", []int{2, 3, 4, 4}, func(g *viewGraph, x *graph.Node) []*graph.Node {
		a := g.conv(x, 3, 3)
		b := graph.Mul(a, graph.Add(a, graph.Sigmoid(a)))
		c := graph.Sub(b, graph.BatchNorm(b, graph.BatchStats(b), g.variable(3), g.variable(3), 1e-5))
		return []*graph.Node{c, graph.Sum(c, 0, 2, 3)}
	}},
	{"products of a variable with itself", []int{3, 3}, func(g *viewGraph, x *graph.Node) []*graph.Node {
		v := g.variable(3, 3)
		y := graph.MatMul(v, graph.MatMul(v, x))
		d := graph.Gradients(graph.Sum(y), v)[0]
		g.Assign(v, graph.Sub(v, d))
		g.Assign(g.variable(3, 3), graph.Add(v, graph.MatMulT(v, v, true, false)))
		return []*graph.Node{x}
	}},
	{"sums of slices", []int{2, 3, 3, 3}, func(g *viewGraph, x *graph.Node) []*graph.Node {
		y := graph.Concat(1, graph.ReLU(g.conv(x, 1, 1)), graph.ReLU(g.conv(x, 1, 3)), graph.ReLU(g.conv(x, 5, 1)))
		loss := graph.Sum(graph.Mul(g.conv(y, 2, 3), g.conv(y, 2, 1)))
		return append(graph.Gradients(loss, append([]*graph.Node{x}, g.w...)...), graph.BatchStats(graph.Slice(y, 1, 1, 4)), graph.Sum(graph.Slice(y, 1, 0, 1), 0, 2, 3))
	}},
	{"the same part twice", []int{2, 1, 3, 3}, func(g *viewGraph, x *graph.Node) []*graph.Node {
		y := graph.Concat(1, x, x)
		z := graph.Concat(1, y, y, x)
		return []*graph.Node{z, g.norm(z), graph.ReLU(graph.Slice(z, 1, 1, 2)), graph.BatchStats(y)}
	}},
	{"values that are kept between runs", []int{12, 3, 4, 4}, func(g *viewGraph, x *graph.Node) []*graph.Node {
		y := graph.Concat(1, graph.ReLU(g.conv(x, 5, 3)), x)
		stats := graph.Exp(graph.Concat(1, g.variable(2, 5), g.variable(2, 3)))
		y = g.conv(graph.BatchNormInference(y, stats, g.variable(8), g.variable(8), 1e-5), 4, 1)
		y = graph.BatchNormInference(y, graph.Exp(g.variable(2, 4)), g.variable(4), g.variable(4), 1e-5)
		factor := graph.Reshape(graph.Sum(g.variable(6, 4), 0), 4, 1, 1)
		return []*graph.Node{graph.Mul(y, factor), graph.Linear(graph.Flatten(y), graph.Tanh(g.variable(3, 64)), graph.Exp(g.variable(3)))}
	}},
	{"pooling and its gradient twice", []int{2, 1, 4, 4}, func(g *viewGraph, x *graph.Node) []*graph.Node {
		a, b := maxPool(x), maxPool(x)
		d := graph.Gradients(graph.Sum(graph.Add(graph.Mul(a, a), graph.Mul(b, x))), x)
		return append(d, a, b, graph.Sum(a, 0, 2, 3), graph.Flatten(b))
	}},
}

// lookInside profiles and traces a run of a program for the outputs.
func lookInside(t *testing.T, d *Device, feeds engine.Feeds, outputs []*graph.Node) {
	t.Helper()
	p, err := d.Compile(outputs[0].Graph(), outputs...)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var results []*tensor.Tensor
	for _, n := range outputs {
		results = append(results, tensor.New(n.Shape()...))
	}
	run := func() {
		if err := p.Run(feeds, results); err != nil {
			t.Fatal(err)
		}
	}
	stop, err := engine.StartProfile(p)
	if err != nil {
		t.Fatal(err)
	}
	run()
	profile := stop()
	if profile.Runs != 1 || len(profile.Stages) != len(p.(program).Steps()) {
		t.Errorf("a profile of %d runs of %d stages, want 1 of %d", profile.Runs, len(profile.Stages), len(p.(program).Steps()))
	}
	write, err := engine.StartTrace(p)
	if err != nil {
		t.Fatal(err)
	}
	run()
	var b bytes.Buffer
	if err := write(&b); err != nil || !json.Valid(b.Bytes()) {
		t.Errorf("trace %s: %v", b.String(), err)
	}
	use, err := engine.Memory(p)
	if err != nil {
		t.Fatal(err)
	}
	if use.LiveBytes+use.ScratchBytes > use.TotalBytes {
		t.Errorf("%d bytes are live and %d are scratch memory, of %d in all", use.LiveBytes, use.ScratchBytes, use.TotalBytes)
	}
}

// The results of the corner cases, for ordinary limits and for very small ones, are
// those of the reference engine.
func TestCorners(t *testing.T) {
	defer func(was work.Limits) { work.Limit = was }(work.Limit)
	for _, small := range []bool{false, true} {
		if small {
			work.Limit.CacheFloats, work.Limit.StreamedFloats, work.Limit.GrainShift = 1, 1, 6
		}
		d := New(Options{Threads: 2})
		for _, c := range cornerCases {
			t.Run(fmt.Sprintf("%s, small limits %v", c.name, small), func(t *testing.T) {
				g := &viewGraph{Graph: graph.New(), r: rand.New(rand.NewPCG(1, 2))}
				x := g.Input("x", c.shape...)
				outputs := c.build(g, x)
				feeds := engine.Feeds{x: ramp(c.shape...)}
				enginetest.Graph(t, d, feeds, outputs...)
				lookInside(t, d, feeds, outputs)
			})
		}
		d.Close()
	}
}
