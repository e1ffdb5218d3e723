package cpu

import (
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/enginetest"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/tensor"
)

// TestSharedMemoryOfValues computes graphs in which values are parts of others,
// under several names, or written over others.
func TestSharedMemoryOfValues(t *testing.T) {
	for _, c := range []struct {
		name  string
		build func(g *viewGraph, x *graph.Node) []*graph.Node
	}{
		// An elementwise operation whose result is a part of a concatenation is done
		// in place, but not where the sums in its epilogue read the argument as well.
		{"sums read the argument of a part", func(g *viewGraph, x *graph.Node) []*graph.Node {
			y, gamma := g.conv(x, 4, 3), g.variable(4)
			stats := g.Constant(tensor.Full(0.5, 2, 4))
			z := graph.BatchNormInference(y, stats, gamma, g.variable(4), 1e-5)
			grads := graph.Gradients(graph.Sum(graph.Mul(z, graph.Tanh(y))), z, gamma)
			return []*graph.Node{graph.Concat(1, grads[0], g.conv(x, 3, 1)), grads[1]}
		}},
		{"a concatenation twice in another", func(g *viewGraph, x *graph.Node) []*graph.Node {
			y := graph.Concat(1, g.conv(x, 3, 1), g.conv(x, 4, 3))
			return []*graph.Node{graph.Concat(1, y, y), g.conv(y, 3, 1)}
		}},
		{"slices of a concatenation are parts of another", func(g *viewGraph, x *graph.Node) []*graph.Node {
			y := graph.Concat(1, g.conv(x, 3, 1), g.conv(x, 4, 3))
			return []*graph.Node{graph.Concat(1, graph.Slice(y, 1, 2, 5), g.conv(x, 2, 1), graph.Slice(y, 1, 0, 7))}
		}},
		{"a part and what is computed of it", func(g *viewGraph, x *graph.Node) []*graph.Node {
			y := g.conv(x, 3, 1)
			return []*graph.Node{graph.Concat(1, graph.Tanh(y), y), graph.Concat(1, y, graph.Exp(y))}
		}},
		{"concatenations of one part", func(g *viewGraph, x *graph.Node) []*graph.Node {
			y := g.conv(x, 3, 1)
			return []*graph.Node{graph.Concat(1, y), graph.Concat(1, graph.Concat(1, y), graph.Tanh(graph.Concat(1, y)))}
		}},
		{"a slice of all channels", func(g *viewGraph, x *graph.Node) []*graph.Node {
			y := graph.Slice(g.conv(x, 3, 1), 1, 0, 3)
			return []*graph.Node{graph.Concat(1, y, graph.Tanh(y)), graph.BatchStats(y), graph.Sum(y, 0, 2, 3)}
		}},
		{"images of one pixel", func(g *viewGraph, x *graph.Node) []*graph.Node {
			y := g.conv(graph.AdaptiveAvgPool2D(x, 1, 1), 6, 1)
			s := graph.Slice(y, 1, 2, 5)
			return []*graph.Node{graph.Reshape(s, 3, 3), graph.Add(s, g.variable(3, 1, 1)), g.conv(s, 4, 1), graph.Concat(1, s, y),
				graph.Mul(x, graph.Slice(y, 1, 1, 2)), graph.BatchStats(s), graph.Max(s, 1)}
		}},
		{"a channel as a scalar before a value in whose epilogue it is read", func(g *viewGraph, x *graph.Node) []*graph.Node {
			y := g.conv(graph.Slice(graph.AdaptiveAvgPool2D(x, 1, 1), 0, 0, 1), 6, 1)
			s := graph.Slice(y, 1, 2, 3)
			return []*graph.Node{graph.Sub(s, g.conv(x, 3, 3)), graph.Sub(s, graph.MatMul(g.variable(3, 3), g.variable(3, 3)))}
		}},
		{"the gradient of a square matrix is its product", func(g *viewGraph, x *graph.Node) []*graph.Node {
			w := g.variable(6, 6)
			y := graph.MatMulT(w, g.variable(6, 6), true, false)
			g.Assign(w, graph.Sub(w, y))
			return []*graph.Node{x, x, graph.Sum(y)}
		}},
		{"a variable is updated under another shape", func(g *viewGraph, x *graph.Node) []*graph.Node {
			v, w := g.variable(2, 20000), g.variable(2, 200)
			g.Assign(v, graph.Reshape(graph.Add(graph.Reshape(v, 40000), g.variable(1, 40000)), 2, 20000))
			y := graph.Add(graph.Reshape(w, 400), g.variable(1, 400))
			g.Assign(w, graph.Reshape(y, 2, 200))
			return []*graph.Node{graph.Sum(y)}
		}},
		{"variables become channels of an image, an input and a constant", func(g *viewGraph, x *graph.Node) []*graph.Node {
			u, v, w := g.variable(3, 2, 12, 10), g.variable(3, 4, 12, 10), g.variable(4)
			g.Assign(u, graph.Slice(g.conv(x, 5, 1), 1, 1, 3))
			g.Assign(v, x)
			g.Assign(w, g.Constant(tensor.Full(3, 4)))
			return []*graph.Node{graph.Sum(u), graph.Sum(v), w, graph.Exp(w)}
		}},
		{"gradients of a normalization are parts", func(g *viewGraph, x *graph.Node) []*graph.Node {
			y := g.conv(x, 4, 3)
			z := g.norm(graph.ReLU(y))
			grads := graph.Gradients(graph.Sum(graph.Mul(z, graph.Tanh(z))), append([]*graph.Node{z, y}, g.w...)...)
			return append(grads[1:], graph.Concat(1, grads[0], g.conv(grads[0], 3, 1)))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, threads := range []int{1, 3} {
				g := &viewGraph{Graph: graph.New(), r: rng.New(1, "shared memory")}
				x := g.Input("x", 3, 4, 12, 10)
				outputs := c.build(g, x)
				images := tensor.New(x.Shape()...)
				rng.Normal(g.r, images.Data(), 0, 1)
				enginetest.Graph(t, New(Options{Threads: threads}), engine.Feeds{x: images}, outputs...)
			}
		})
	}
}
