package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// What is done in the epilogue of a convolution, statistics of its result and sums
// of the gradient that its input gradient makes, sees every element once,
// however Winograd's algorithm cuts the images into blocks.
func TestEpiloguesOfWinograd(t *testing.T) {
	defer func(was work.Limits) { work.Limit = was }(work.Limit)
	work.Limit.WinogradGain = math.Inf(1)
	pad := graph.Window{Pad: [2]int{1, 1}}
	for _, c := range []struct{ n, channels, side int }{
		{8, 32, 12}, {32, 16, 24}, {7, 32, 6}, {3, 16, 13}, {1, 16, 30}, {64, 32, 3},
	} {
		t.Run(fmt.Sprintf("%d×%d×%d", c.n, c.channels, c.side), func(t *testing.T) {
			results := func(o Options) []*tensor.Tensor {
				g := graph.New()
				x, b := g.Input("x", c.n, c.channels, c.side, c.side), g.Input("b", c.channels)
				v, w := g.Input("v", c.channels, c.channels, 3, 3), g.Input("w", c.channels, c.channels, 3, 3)
				y := graph.Conv2D(x, v, b, pad, 1)
				stats := graph.BatchStats(y)
				z := graph.Conv2D(graph.ReLU(y), w, nil, pad, 1)
				nodes := append([]*graph.Node{stats}, graph.Gradients(graph.Sum(graph.Mul(z, z)), b)...)
				d := New(o)
				defer d.Close()
				p, err := d.Compile(g, nodes...)
				if err != nil {
					t.Fatal(err)
				}
				defer p.Close()
				used := false
				for _, s := range p.(program).Steps() {
					used = used || strings.Contains(s.Algorithm, "Winograd")
				}
				if used == o.Strict {
					t.Fatalf("Winograd's algorithm is used: %v", used)
				}
				r := rand.New(rand.NewPCG(1, 2))
				in, out := engine.Feeds{}, []*tensor.Tensor{}
				for _, n := range g.Inputs() {
					a := tensor.New(n.Shape()...)
					for i := range a.Data() {
						a.Data()[i] = float32(r.NormFloat64())
					}
					in[n] = a
				}
				for _, n := range nodes {
					out = append(out, tensor.New(n.Shape()...))
				}
				for range 3 { // a race may hide
					if err := p.Run(in, out); err != nil {
						t.Fatal(err)
					}
				}
				return out
			}
			want, first := results(Options{Threads: 2, Strict: true}), results(Options{Threads: 1})
			for i, name := range []string{"statistics", "sums of the gradient"} {
				if off := relativeError(first[i], want[i]); !(off < 1e-5) {
					t.Errorf("%s: relative error %.1e", name, off)
				}
				for threads := 2; threads < 5; threads++ {
					if !results(Options{Threads: threads})[i].Equal(first[i]) {
						t.Errorf("%s: %d threads give others than one", name, threads)
					}
				}
			}
		})
	}
}
