package cpu

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu/internal/passes"
	"github.com/strideml/stride/engine/enginetest"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/tensor"
)

// viewGraph builds graphs that concatenate images.
type viewGraph struct {
	*graph.Graph
	r *rand.Rand
	w []*graph.Node
}

func (g *viewGraph) variable(shape ...int) *graph.Node {
	v := tensor.New(shape...)
	rng.Uniform(g.r, v.Data(), -0.5, 1)
	n := g.Variable(&graph.Variable{Name: "v", Value: v})
	g.w = append(g.w, n)
	return n
}

func (g *viewGraph) conv(x *graph.Node, out, size int) *graph.Node {
	pad := size / 2
	return graph.Conv2D(x, g.variable(out, x.Shape()[1], size, size), g.variable(out), graph.Window{Pad: [2]int{pad, pad}}, 1)
}

func (g *viewGraph) norm(x *graph.Node) *graph.Node {
	c := x.Shape()[1]
	return graph.BatchNorm(x, graph.BatchStats(x), g.variable(c), g.variable(c), 1e-5)
}

func maxPool(x *graph.Node) *graph.Node {
	return graph.MaxPool2D(x, [2]int{3, 3}, graph.Window{Stride: [2]int{1, 1}, Pad: [2]int{1, 1}}, false)
}

var viewCases = []struct {
	name   string
	copies int // steps that copy parts or slices
	build  func(g *viewGraph, x *graph.Node) *graph.Node
}{
	{"inception", 0, func(g *viewGraph, x *graph.Node) *graph.Node {
		pool := maxPool(x)
		y := graph.Concat(1, graph.ReLU(g.conv(x, 5, 1)), graph.ReLU(g.conv(graph.ReLU(g.conv(x, 8, 1)), 16, 3)),
			graph.Tanh(g.conv(x, 3, 5)), g.conv(pool, 7, 1))
		return g.conv(y, 4, 1)
	}},
	{"dense block", 0, func(g *viewGraph, x *graph.Node) *graph.Node {
		x = graph.AvgPool2D(g.conv(x, 8, 3), [2]int{2, 2}, graph.Window{}, false, true)
		for range 3 {
			x = graph.Concat(1, x, g.conv(graph.ReLU(g.norm(x)), 8, 3))
		}
		return g.conv(graph.ReLU(g.norm(x)), 6, 1)
	}},
	{"dense block by lists", 0, func(g *viewGraph, x *graph.Node) *graph.Node {
		parts := []*graph.Node{g.conv(x, 8, 3)}
		for range 3 {
			parts = append(parts, g.conv(graph.ReLU(g.norm(graph.Concat(1, parts...))), 4, 1))
		}
		return graph.Concat(1, parts...)
	}},
	{"one part twice", 1, func(g *viewGraph, x *graph.Node) *graph.Node {
		a := graph.ReLU(g.conv(x, 3, 3))
		return g.conv(graph.Concat(1, a, g.conv(x, 4, 1), a), 5, 3)
	}},
	{"another order", 3, func(g *viewGraph, x *graph.Node) *graph.Node {
		a, b, d := g.conv(x, 3, 3), g.norm(g.conv(x, 4, 1)), graph.ReLU(g.conv(x, 5, 1))
		return graph.Add(g.conv(graph.Concat(1, a, b, d), 5, 3), g.conv(graph.Concat(1, d, b, a), 5, 1))
	}},
	{"the input", 1, func(g *viewGraph, x *graph.Node) *graph.Node {
		return g.conv(graph.Concat(1, x, maxPool(g.conv(x, 3, 1))), 5, 3)
	}},
	{"read elsewhere", 0, func(g *viewGraph, x *graph.Node) *graph.Node {
		a, b := g.conv(x, 8, 3), graph.Sigmoid(g.conv(x, 4, 1))
		c := graph.Concat(1, a, b)
		d := graph.Add(graph.Mul(a, graph.Tanh(a)), graph.Slice(c, 1, 4, 12))
		return graph.Concat(1, g.conv(d, 3, 3), graph.AvgPool2D(b, [2]int{3, 3}, graph.Window{Stride: [2]int{1, 1}, Pad: [2]int{1, 1}}, false, true), graph.ReLU(graph.Add(graph.Slice(c, 1, 0, 2), graph.Slice(c, 1, 2, 4))))
	}},
}

// TestViews checks that parts of concatenations and slices of images are views
// and right, forward and backward.
func TestViews(t *testing.T) {
	for _, c := range viewCases {
		t.Run(c.name, func(t *testing.T) {
			g := &viewGraph{Graph: graph.New(), r: rng.New(1, "view test")}
			x := g.Input("x", 3, 4, 12, 10)
			y := c.build(g, x)
			outputs := append([]*graph.Node{y}, graph.Gradients(graph.Mean(graph.Mul(y, y)), append(g.w, x)...)...)
			plan, err := New(Options{Threads: 1}).plan(g.Graph, outputs, nil)
			if err != nil {
				t.Fatal(err)
			}
			copies := 0
			for _, s := range plan.Steps {
				image := len(s.Node.Shape()) == 4 && s.Node.Op().Kind() != "BroadcastTo" && !(s.Name == "layout" && s.Node == x)
				if image && slices.Contains([]string{"concat", "slice", "layout"}, s.Name) {
					copies++
				}
			}
			const outputCopies = 2 // y and the gradient of x, to row-major order
			if copies != c.copies+outputCopies {
				t.Errorf("%d copies, want %d and those of outputs", copies-outputCopies, c.copies)
			}
			images := tensor.New(x.Shape()...)
			rng.Normal(g.r, images.Data(), 0, 1)
			enginetest.Graph(t, New(Options{Threads: 2}), engine.Feeds{x: images}, outputs...)
		})
	}
}

// TestMasks checks the gradients of concatenated ReLUs: masked as a whole where
// that is possible, and right anyway.
func TestMasks(t *testing.T) {
	for _, c := range []struct {
		name   string
		masked int
		build  func(g *viewGraph, x *graph.Node) (y, also *graph.Node)
	}{
		{"all parts", 1, func(g *viewGraph, x *graph.Node) (y, also *graph.Node) {
			y = graph.Concat(1, graph.ReLU(g.conv(x, 8, 3)), graph.ReLU(g.norm(g.conv(x, 3, 1))), graph.ReLU(g.conv(x, 5, 1)))
			return graph.Add(g.conv(y, 4, 3), g.conv(y, 4, 1)), nil
		}},
		{"before pooling", 1, func(g *viewGraph, x *graph.Node) (y, also *graph.Node) {
			return maxPool(graph.Concat(1, graph.ReLU(g.conv(x, 8, 3)), graph.ReLU(g.conv(x, 3, 1)))), nil
		}},
		{"one without", 0, func(g *viewGraph, x *graph.Node) (y, also *graph.Node) {
			return g.conv(graph.Concat(1, graph.ReLU(g.conv(x, 8, 3)), g.conv(x, 3, 1)), 4, 1), nil
		}},
		{"a part read elsewhere", 0, func(g *viewGraph, x *graph.Node) (y, also *graph.Node) {
			a := graph.ReLU(g.conv(x, 4, 3))
			return graph.Add(g.conv(graph.Concat(1, a, graph.ReLU(g.conv(x, 3, 1))), 4, 1), a), nil
		}},
		{"the gradient wanted", 0, func(g *viewGraph, x *graph.Node) (y, also *graph.Node) {
			also = graph.Concat(1, graph.ReLU(g.conv(x, 4, 3)), graph.ReLU(g.conv(x, 3, 1)))
			return g.conv(also, 4, 1), also
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := &viewGraph{Graph: graph.New(), r: rng.New(1, "mask test")}
			x := g.Input("x", 3, 4, 9, 7)
			y, also := c.build(g, x)
			wanted := append(g.w, x)
			if also != nil {
				wanted = append(wanted, also)
			}
			outputs := append([]*graph.Node{y}, graph.Gradients(graph.Mean(graph.Mul(y, y)), wanted...)...)
			f, err := passes.Compile(g.Graph, outputs, passes.Options{Check: true})
			if err != nil {
				t.Fatal(err)
			}
			masked := 0
			for _, o := range f.Ops {
				if o.Epilogue.Mask != nil {
					masked++
				}
			}
			if masked != c.masked {
				t.Errorf("%d gradients masked as a whole, want %d", masked, c.masked)
			}
			images := tensor.New(x.Shape()...)
			rng.Normal(g.r, images.Data(), 0, 1)
			enginetest.Graph(t, New(Options{Threads: 2}), engine.Feeds{x: images}, outputs...)
		})
	}
}
