package passes

import (
	"testing"

	"github.com/strideml/stride/graph"
)

func TestSums(t *testing.T) { testPass(t, "sums", sumsCases) }

var sumsCases = []passCase{
	{"statistics", func(g testGraph) []*graph.Node { return list(graph.BatchStats(g.conv(g.image(), 3, 1, false))) }, `
		v4 2×8×5×4 NHWC = Copy(v0)
		v2 2×3×5×4 NHWC = Conv2D(v4, v1)
		v5 6 = sums of moments(v2)
		v3 2×3 = total of moments(v5)
		output 0 = v3`},
	{"statistics twice", func(g testGraph) []*graph.Node {
		y := g.conv(g.image(), 3, 1, false)
		return list(graph.BatchStats(y), graph.BatchStats(y))
	}, `
		v5 2×8×5×4 NHWC = Copy(v0)
		v2 2×3×5×4 NHWC = Conv2D(v5, v1)
		v6 6 = sums of moments(v2)
		v3 2×3 = total of moments(v6)
		v4 2×3 = view(v3)
		output 0 = v3
		output 1 = v4`},
	{"statistics of a concatenation, of which a part has some already", func(g testGraph) []*graph.Node {
		x := g.image()
		a, b := g.conv(x, 3, 1, false), g.conv(x, 4, 1, false)
		return list(graph.BatchStats(a), graph.BatchStats(graph.Concat(1, a, b)))
	}, `
		v8 2×8×5×4 NHWC = Copy(v0)
		v2 2×3×5×4 NHWC = Conv2D(v8, v1)
		v4 2×4×5×4 NHWC = Conv2D(v8, v3)
		v9 6 = sums of moments(v2)
		v5 2×3 = total of moments(v9)
		v6 2×7×5×4 NHWC = Join(v2, v4)
		v11 8 = sums of moments(v4)
		v10 2×4 = total of moments(v11)
		v7 2×7 = JoinStatistics(v5, v10)
		output 0 = v5
		output 1 = v7`},
	{"statistics of a concatenation of concatenations", func(g testGraph) []*graph.Node {
		x := g.image()
		a, b := g.conv(x, 3, 1, false), g.conv(x, 4, 1, false)
		return list(graph.BatchStats(graph.Concat(1, graph.Concat(1, a, b), a)))
	}, `
		v8 2×8×5×4 NHWC = Copy(v0)
		v2 2×3×5×4 NHWC = Conv2D(v8, v1)
		v4 2×4×5×4 NHWC = Conv2D(v8, v3)
		v5 2×7×5×4 NHWC = Join(v2, v4)
		v6 2×10×5×4 NHWC = Join(v5, v2)
		v10 6 = sums of moments(v2)
		v9 2×3 = total of moments(v10)
		v12 8 = sums of moments(v4)
		v11 2×4 = total of moments(v12)
		v7 2×10 = JoinStatistics(v9, v11, v9)
		output 0 = v7`},
	{"statistics of an input", func(g testGraph) []*graph.Node { return list(graph.BatchStats(g.Input("x", 5, 4))) }, `
		v2 8 = sums of moments(v0)
		v1 2×4 = total of moments(v2)
		output 0 = v1`},
	{"the gradient of a bias", func(g testGraph) []*graph.Node { return list(graph.Sum(g.image(), 0, 2, 3)) }, `
		v2 2×8×5×4 NHWC = Copy(v0)
		v3 8 = sums of rows(v2)
		v1 8 = total of rows(v3)
		output 0 = v1`},
	{"means of columns", func(g testGraph) []*graph.Node { return list(graph.Mean(g.Input("x", 5, 4), 0)) }, `
		v2 4 = sums of rows(v0)
		v1 4 = total of rows(v2)
		output 0 = v1`},
	{"sums of rows, of everything, and maxima", func(g testGraph) []*graph.Node {
		x := g.Input("x", 5, 4)
		return list(graph.Sum(x, 1), graph.Sum(x), graph.Max(x, 0))
	}, `
		v1 5 = Sum(v0)
		v2 scalar = Sum(v0)
		v3 4 = Max(v0)
		output 0 = v1
		output 1 = v2
		output 2 = v3`},
	{"gradients of a normalization", func(g testGraph) []*graph.Node {
		x, dy, gamma := g.image(), g.Input("dy", 2, 8, 5, 4), g.variable(8)
		y := graph.BatchNorm(x, graph.BatchStats(x), gamma, g.variable(8), 1e-5)
		return graph.Gradients(graph.Sum(graph.Mul(y, dy)), gamma, x)
	}, `
		v12 2×8×5×4 NHWC = Copy(v0)
		v15 16 = sums of moments(v12)
		v3 2×8 = total of moments(v15)
		v5 1×1×1×1 = view(v4)
		v6 2×8×5×4 = BroadcastTo(v5)
		v7 2×8×5×4 = Mul(v6, v1)
		v13 2×8×5×4 NHWC = Copy(v7)
		v16 16 = sums of gamma and beta(v13, v12, v3)
		v17 8 = Deviation(v3)
		v8 2×8 = total of gamma and beta(v16, v17)
		v9 2×8×5×4 NHWC = BatchNormInputGrad(v12, v3, v2, v8, v13, v17)
		v10 1×8 = Slice(v8)
		v11 8 = view(v10)
		v14 2×8×5×4 = Copy(v9)
		output 0 = v11
		output 1 = v14`},
}
