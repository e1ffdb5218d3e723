package cpu

import (
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/enginetest"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/tensor"
)

// An elementwise operation whose result is a part of a concatenation is done in
// place, but not where the sums in its epilogue read the argument as well.
func TestSumsReadAnArgumentOfAPart(t *testing.T) {
	g := &viewGraph{Graph: graph.New(), r: rng.New(1, "in place")}
	x := g.Input("x", 2, 3, 5, 4)
	y := g.conv(x, 4, 3)
	stats := g.Constant(tensor.Full(0.5, 2, 4))
	gamma := g.variable(4)
	z := graph.BatchNormInference(y, stats, gamma, g.variable(4), 1e-5)
	grads := graph.Gradients(graph.Sum(graph.Mul(z, graph.Tanh(y))), z, gamma)
	joined := graph.Concat(1, grads[0], g.conv(x, 3, 1))
	images := tensor.New(x.Shape()...)
	rng.Normal(g.r, images.Data(), 0, 1)
	enginetest.Graph(t, New(Options{Threads: 2}), engine.Feeds{x: images}, joined, grads[1])
}
