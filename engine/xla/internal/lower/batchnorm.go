package lower

import (
	"github.com/strideml/stride/graph"
)

// Sums over the elements of a channel are plain reductions, which XLA fuses with what
// computes their terms.

// notChannel lists the axes of N×C or N×C×H×W but C.
func notChannel(x value) []int {
	if x.Type.Rank() == 2 {
		return []int{0}
	}
	return []int{0, 2, 3}
}

// channels repeats one number a channel to the shape of x.
func (b *builder) channels(v, x value) value { return b.alongAxis(v, x.Shape(), 1) }

// row returns row i of a 2×C matrix.
func (b *builder) row(m value, i int) value {
	c := m.Shape()[1]
	return b.Reshape(b.Slice(m, []int{i, 0}, []int{i + 1, c}, nil), c)
}

// rows makes a 2×C matrix.
func (b *builder) rows(first, second value) value {
	c := first.Shape()[0]
	return b.Concatenate(0, b.Reshape(first, 1, c), b.Reshape(second, 1, c))
}

// deviation is √(variance + eps) of each channel.
func (b *builder) deviation(stats value, eps float32) value {
	variance := b.row(stats, 1)
	return b.Sqrt(b.plus(variance, float64(eps)))
}

func batchStats(b *builder, _ graph.BatchStatsOp, _ *graph.Node, in []value) value {
	x := in[0]
	m := float64(x.Type.Size() / x.Shape()[1])
	mean := b.sum(x, notChannel(x)...)
	mean = b.Div(mean, b.fill(mean, m))
	d := b.Sub(x, b.channels(mean, x))
	variance := b.sum(b.Mul(d, d), notChannel(x)...)
	return b.rows(mean, b.Div(variance, b.fill(variance, m)))
}

func batchNorm(b *builder, op graph.BatchNormOp, _ *graph.Node, in []value) value {
	x, stats, gamma, beta := in[0], in[1], in[2], in[3]
	scale := b.Div(gamma, b.deviation(stats, op.Eps))
	centered := b.Sub(x, b.channels(b.row(stats, 0), x))
	return b.Add(b.Mul(centered, b.channels(scale, x)), b.channels(beta, x))
}

func batchNormParamGrad(b *builder, op graph.BatchNormParamGradOp, _ *graph.Node, in []value) value {
	x, stats, dy := in[0], in[1], in[2]
	centered := b.Sub(x, b.channels(b.row(stats, 0), x))
	dgamma := b.Div(b.sum(b.Mul(dy, centered), notChannel(x)...), b.deviation(stats, op.Eps))
	return b.rows(dgamma, b.sum(dy, notChannel(x)...))
}

// batchNormInputGrad takes the result p of batchNormParamGrad.
func batchNormInputGrad(b *builder, op graph.BatchNormInputGradOp, _ *graph.Node, in []value) value {
	x, stats, gamma, p, dy := in[0], in[1], in[2], in[3], in[4]
	deviation := b.deviation(stats, op.BatchNorm.Eps)
	scale := b.channels(b.Div(gamma, deviation), x)
	if !op.BatchNorm.Train {
		return b.Mul(scale, dy)
	}
	m := float64(x.Type.Size() / x.Shape()[1])
	share := func(v value) value { return b.Div(v, b.fill(v, m)) }
	centered := b.Sub(x, b.channels(b.row(stats, 0), x))
	slope := b.channels(b.Div(share(b.row(p, 0)), deviation), x)
	d := b.Sub(b.Sub(dy, b.channels(share(b.row(p, 1)), x)), b.Mul(centered, slope))
	return b.Mul(scale, d)
}
