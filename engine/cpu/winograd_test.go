package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu/internal/conv"
	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// A convCase is a convolution whose output and gradients are computed.
type convCase struct {
	n, in, out, h, w, k, pad int
	bias, relu               bool
}

func (c convCase) String() string {
	return fmt.Sprintf("%d×%d→%d,%d×%d,%d×%d/%d", c.n, c.in, c.out, c.h, c.w, c.k, c.k, c.pad)
}

// build returns the nodes of output, input gradient and weight gradient. The
// gradient of the output is an input.
func (c convCase) build(g *graph.Graph) []*graph.Node {
	op := graph.Conv2DOp{Window: graph.Window{Pad: [2]int{c.pad, c.pad}, Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}}, Groups: 1}
	x := g.Input("x", c.n, c.in, c.h, c.w)
	w := g.Input("w", c.out, c.in, c.k, c.k)
	var b *graph.Node
	if c.bias {
		b = g.Input("b", c.out)
	}
	y := graph.Conv2D(x, w, b, op.Window, 1)
	dy := g.Input("dy", y.Shape()...)
	grads := graph.Gradients(graph.Sum(graph.Mul(y, dy)), x, w)
	if c.relu {
		y = graph.ReLU(y)
	}
	return append([]*graph.Node{y}, grads...)
}

// compute runs the case on a device with random operands.
func (c convCase) compute(t testing.TB, d engine.Device) []*tensor.Tensor {
	t.Helper()
	g := graph.New()
	nodes := c.build(g)
	p, err := d.Compile(g, nodes...)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	r := rand.New(rand.NewPCG(1, 2))
	in, out := engine.Feeds{}, []*tensor.Tensor{}
	for _, n := range g.Inputs() {
		x := tensor.New(n.Shape()...)
		for i := range x.Data() {
			x.Data()[i] = float32(r.NormFloat64())
		}
		in[n] = x
	}
	for _, n := range nodes {
		out = append(out, tensor.New(n.Shape()...))
	}
	if err := p.Run(in, out); err != nil {
		t.Fatal(err)
	}
	return out
}

// relativeError is the root mean square of the difference over that of want.
func relativeError(got, want *tensor.Tensor) float64 {
	var diff, size float64
	for i, v := range want.Data() {
		d := float64(got.Data()[i]) - float64(v)
		diff += d * d
		size += float64(v) * float64(v)
	}
	return math.Sqrt(diff / size)
}

var winogradCases = []convCase{
	{n: 2, in: 8, out: 8, h: 8, w: 8, k: 3, pad: 1},
	{n: 1, in: 16, out: 24, h: 5, w: 7, k: 3, pad: 1, bias: true, relu: true},
	{n: 3, in: 24, out: 16, h: 6, w: 6, k: 3, pad: 0, bias: true},
	{n: 2, in: 8, out: 40, h: 9, w: 4, k: 3, pad: 2, relu: true},
	{n: 1, in: 32, out: 32, h: 30, w: 31, k: 3, pad: 1, bias: true, relu: true},
	{n: 5, in: 64, out: 48, h: 3, w: 3, k: 3, pad: 1},
	{n: 2, in: 16, out: 24, h: 13, w: 13, k: 5, pad: 2, bias: true, relu: true},
	{n: 3, in: 8, out: 8, h: 6, w: 5, k: 5, pad: 0},
	{n: 1, in: 8, out: 8, h: 1, w: 1, k: 3, pad: 1},
	{n: 9, in: 16, out: 16, h: 2, w: 3, k: 5, pad: 4},
}

// TestWinograd computes convolutions by Winograd's algorithm alone, with
// blocks of different sizes, and compares them and their gradients with the
// reference engine.
func TestWinograd(t *testing.T) {
	defer func(was work.Limits) { work.Limit = was }(work.Limit)
	work.Limit.WinogradGain = math.Inf(1)
	oracle := reference.New()
	for _, c := range winogradCases {
		want := c.compute(t, oracle)
		for _, cut := range []work.Limits{
			{WinogradTiles: 48, WinogradFloats: 1 << 16, MinimalTasks: 8, BlockTerms: 1024, MaxChunks: 16, PartialFloats: 1 << 21},
			{WinogradTiles: 1, WinogradFloats: 1, MinimalTasks: 64, BlockTerms: 8, MaxChunks: 1, PartialFloats: 1 << 21},
			{WinogradTiles: 6, WinogradFloats: 1 << 14, MinimalTasks: 1, BlockTerms: 16, MaxChunks: 3, PartialFloats: 1 << 21},
		} {
			work.Limit.WinogradTiles, work.Limit.WinogradFloats, work.Limit.MinimalTasks = cut.WinogradTiles, cut.WinogradFloats, cut.MinimalTasks
			work.Limit.BlockTerms, work.Limit.MaxChunks = cut.BlockTerms, cut.MaxChunks
			t.Run(fmt.Sprintf("%v/%d", c, cut.WinogradTiles), func(t *testing.T) {
				got := c.compute(t, New(Options{Threads: 2}))
				for i, name := range []string{"output", "input gradient", "weight gradient"} {
					if e := relativeError(got[i], want[i]); e > 2e-6 { // that of direct sums is up to 3e-7
						t.Errorf("%s: relative error %.2g", name, e)
					}
				}
			})
		}
	}
}

// TestWinogradEach computes convolutions by each algorithm for their kernels,
// whether or not it is the best one.
func TestWinogradEach(t *testing.T) {
	oracle := reference.New()
	for _, c := range winogradCases {
		want := c.compute(t, oracle)
		op := graph.Conv2DOp{Window: graph.Window{Pad: [2]int{c.pad, c.pad}, Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}}, Groups: 1}
		v := conv.Problem{Op: op, X: tensor.Shape{c.n, c.in, c.h, c.w}, W: tensor.Shape{c.out, c.in, c.k, c.k}, Y: want[0].Shape()}
		for _, plan := range conv.Candidates(v) {
			name := plan.Algorithm()
			if !strings.HasPrefix(name, "Winograd") {
				continue
			}
			choices := map[string]string{}
			for _, v.Kind = range []conv.Kind{conv.Output, conv.InputGrad, conv.WeightGrad} {
				choices[v.String()] = name
			}
			d := New(Options{Threads: 2, Tuning: NewTuning(choices, nil)})
			g := graph.New()
			p, err := d.Compile(g, c.build(g)...)
			if err != nil {
				t.Fatal(err)
			}
			if got := algorithms(p); !slices.Equal(got, []string{name}) {
				t.Errorf("%v: %v, want %s alone", c, got, name)
			}
			p.Close()
			for i, got := range c.compute(t, d) {
				if e := relativeError(got, want[i]); e > 2e-6 {
					t.Errorf("%v, %s, result %d: relative error %.2g", c, name, i, e)
				}
			}
			d.Close()
		}
	}
}

// TestDirect computes convolutions by direct sums alone, among them some whose
// operands a weight gradient copies first.
func TestDirect(t *testing.T) {
	defer func(was work.Limits) { work.Limit = was }(work.Limit)
	oracle, strict := reference.New(), New(Options{Threads: 2, Strict: true})
	for _, terms := range []int{work.Limit.PixelTerms, 5} {
		work.Limit.PixelTerms = terms
		for _, c := range append(slices.Clone(winogradCases),
			convCase{n: 3, in: 256, out: 64, h: 9, w: 9, k: 1},
			convCase{n: 2, in: 512, out: 192, h: 5, w: 5, k: 1},
			convCase{n: 2, in: 48, out: 192, h: 5, w: 6, k: 3},
			convCase{n: 2, in: 64, out: 72, h: 5, w: 6, k: 3, pad: 1},
			convCase{n: 2, in: 128, out: 64, h: 5, w: 6, k: 3},
		) {
			got := c.compute(t, strict)
			for i, want := range c.compute(t, oracle) {
				if e := relativeError(got[i], want); e > 1e-6 {
					t.Errorf("%v, result %d: relative error %.2g", c, i, e)
				}
			}
		}
	}
}

// TestWinogradSameBits computes with different numbers of threads.
func TestWinogradSameBits(t *testing.T) {
	defer func(was work.Limits) { work.Limit = was }(work.Limit)
	work.Limit.WinogradGain = math.Inf(1)
	for _, c := range winogradCases {
		want := c.compute(t, New(Options{Threads: 1}))
		for _, threads := range []int{2, 3} {
			for i, got := range c.compute(t, New(Options{Threads: threads})) {
				if !got.Equal(want[i]) {
					t.Errorf("%v: result %d differs with %d threads", c, i, threads)
				}
			}
		}
	}
}

// stepsOf returns the names of the steps that a device makes of a graph.
func stepsOf(t *testing.T, g *graph.Graph, outputs []*graph.Node) (names []string) {
	t.Helper()
	plan, err := New(Options{Threads: 1}).plan(g, outputs, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range plan.Steps {
		names = append(names, s.Name)
	}
	return names
}

// algorithms returns the names of the algorithms in a program's plan.
func algorithms(p engine.Program) (names []string) {
	for _, s := range p.(program).Steps() {
		if s.Algorithm != "" && (len(names) == 0 || names[len(names)-1] != s.Algorithm) {
			names = append(names, s.Algorithm)
		}
	}
	return names
}

// TestChoice checks which algorithms shapes ask for.
func TestChoice(t *testing.T) {
	for _, test := range []struct {
		c      convCase
		strict bool
		want   string
	}{
		{convCase{n: 4, in: 64, out: 64, h: 24, w: 24, k: 3, pad: 1}, false, "Winograd F(4×4, 3×3), Winograd F(4×4, 3×3), Winograd F(4×4, 3×3)"},
		{convCase{n: 4, in: 64, out: 64, h: 24, w: 24, k: 3, pad: 1}, true, "direct, direct, outer products"},
		{convCase{n: 4, in: 32, out: 32, h: 26, w: 26, k: 5, pad: 2}, false, "Winograd F(3×3, 5×5), Winograd F(3×3, 5×5), Winograd F(3×3, 5×5)"},
		{convCase{n: 64, in: 64, out: 64, h: 4, w: 4, k: 5, pad: 2}, false, "Winograd F(2×2, 5×5), Winograd F(2×2, 5×5), Winograd F(2×2, 5×5)"},
		{convCase{n: 64, in: 64, out: 64, h: 6, w: 6, k: 3, pad: 1}, false, "Winograd F(3×3, 3×3), Winograd F(3×3, 3×3), Winograd F(3×3, 3×3)"},
		{convCase{n: 64, in: 64, out: 64, h: 2, w: 2, k: 3, pad: 1}, false, "Winograd F(2×2, 3×3), Winograd F(2×2, 3×3), Winograd F(2×2, 3×3)"},
		{convCase{n: 4, in: 8, out: 8, h: 24, w: 24, k: 3, pad: 1}, false, "direct, narrow, direct, narrow, outer products"},
		{convCase{n: 4, in: 12, out: 20, h: 24, w: 24, k: 3, pad: 1}, false, "direct, direct, outer products"},
		{convCase{n: 4, in: 64, out: 64, h: 24, w: 24, k: 1}, false, "1×1 as GEMM, 1×1 as GEMM, outer products"},
		{convCase{n: 256, in: 6, out: 16, h: 14, w: 14, k: 5}, false, "direct, product gradient, outer products"},
	} {
		var names []string
		for i := range 3 {
			g := graph.New()
			p, err := New(Options{Threads: 1, Strict: test.strict}).Compile(g, test.c.build(g)[i])
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, algorithms(p)...)
			p.Close()
		}
		if got := strings.Join(names, ", "); got != test.want {
			t.Errorf("%v, strict %v: %s, want %s", test.c, test.strict, got, test.want)
		}
	}
}
