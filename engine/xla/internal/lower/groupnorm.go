package lower

import (
	"github.com/strideml/stride/engine/xla/internal/stablehlo"
	"github.com/strideml/stride/graph"
)

// groupStats has the groups of each sample as the rows of a matrix.
func groupStats(b *builder, op graph.GroupStatsOp, y *graph.Node, in []value) value {
	x, n := in[0], y.Shape()[0]
	mean, variance := b.rowStats(b.Reshape(x, n*op.Groups, x.Type.Size()/(n*op.Groups)))
	return b.Concatenate(1, b.Reshape(mean, n, 1, op.Groups), b.Reshape(variance, n, 1, op.Groups))
}

// statsOf returns the means and 1/√(variance+eps) of the groups, N×Groups, from the
// statistics N×2×Groups.
func (b *builder) statsOf(op graph.GroupNormOp, stats value) (mean, inverse value) {
	n := stats.Shape()[0]
	mean = b.Reshape(b.sliceAxis(stats, 1, 0, 1, 1), n, op.Groups)
	variance := b.Reshape(b.sliceAxis(stats, 1, 1, 2, 1), n, op.Groups)
	return mean, b.inverse(variance, op.Eps)
}

// ofGroups repeats what each sample and group has, N×Groups, to the shape of x.
func (b *builder) ofGroups(v, x value) value {
	n, groups, channels := v.Shape()[0], v.Shape()[1], x.Shape()[1]
	each := b.BroadcastInDim(v, []int{n, groups, channels / groups}, []int{0, 1})
	return b.BroadcastInDim(b.Reshape(each, n, channels), x.Shape(), []int{0, 1})
}

// groupXhat is x̂ = (x−mean)/√(variance+eps).
func (b *builder) groupXhat(op graph.GroupNormOp, x, stats value) value {
	mean, inverse := b.statsOf(op, stats)
	return b.Mul(b.Sub(x, b.ofGroups(mean, x)), b.ofGroups(inverse, x))
}

func groupNorm(b *builder, op graph.GroupNormOp, _ *graph.Node, in []value) value {
	x, stats, gamma, beta := in[0], in[1], in[2], in[3]
	scaled := b.Mul(b.alongAxis(gamma, x.Shape(), 1), b.groupXhat(op, x, stats))
	return b.Add(scaled, b.alongAxis(beta, x.Shape(), 1))
}

func groupNormParamGrad(b *builder, op graph.GroupNormParamGradOp, y *graph.Node, in []value) value {
	x, stats, dy := in[0], in[1], in[2]
	n, channels := x.Shape()[0], x.Shape()[1]
	sum := func(v value) value { // over the elements of each channel
		return b.Reshape(b.sum(b.Reshape(v, n, channels, v.Type.Size()/(n*channels)), 2), n, 1, channels)
	}
	return b.Concatenate(1, sum(b.Mul(dy, b.groupXhat(op.GroupNorm, x, stats))), sum(dy))
}

// groupNormInputGrad takes the result p of groupNormParamGrad.
func groupNormInputGrad(b *builder, op graph.GroupNormInputGradOp, _ *graph.Node, in []value) value {
	x, stats, gamma, p, dy := in[0], in[1], in[2], in[3], in[4]
	n, channels, groups := x.Shape()[0], x.Shape()[1], op.GroupNorm.Groups
	m := float64(x.Type.Size() / (n * groups))
	// The means of gamma·dy·x̂ and of gamma·dy over each group.
	scaled := b.Reshape(b.Mul(b.alongAxis(gamma, p.Shape(), 2), p), n, 2, groups, channels/groups)
	means := b.Div(b.sum(scaled, 3), b.Fill(stablehlo.Of(stablehlo.F32, n, 2, groups), m))
	mean := func(row int) value {
		return b.ofGroups(b.Reshape(b.sliceAxis(means, 1, row, row+1, 1), n, groups), x)
	}
	_, inverse := b.statsOf(op.GroupNorm, stats)
	g := b.Mul(b.alongAxis(gamma, x.Shape(), 1), dy)
	d := b.Sub(b.Sub(g, mean(1)), b.Mul(b.groupXhat(op.GroupNorm, x, stats), mean(0)))
	return b.Mul(d, b.ofGroups(inverse, x))
}
