package lower

import (
	"github.com/strideml/stride/graph"
)

// normalRows are the rows of x, rows×n, that are normalised each by itself.
type normalRows struct {
	xhat    value // (x−mean)/√(variance+eps)
	inverse value // 1/√(variance+eps), one for each row
}

// rowsOf views x as a matrix, whose rows are the elements along the last axes.
func (b *builder) rowsOf(x value, axes int) value {
	n := 1
	for _, size := range x.Shape()[x.Type.Rank()-axes:] {
		n *= size
	}
	return b.Reshape(x, x.Type.Size()/n, n)
}

// normalRows normalises the rows of a matrix.
func (b *builder) normalRows(x value, eps float32) normalRows {
	mean, variance := b.rowStats(x)
	inverse := b.inverse(variance, eps)
	centered := b.Sub(x, b.alongAxis(mean, x.Shape(), 0))
	return normalRows{b.Mul(centered, b.alongAxis(inverse, x.Shape(), 0)), inverse}
}

// rowStats returns the mean and the biased variance of each row of a matrix.
func (b *builder) rowStats(x value) (mean, variance value) {
	mean = b.rowMean(x)
	d := b.Sub(x, b.alongAxis(mean, x.Shape(), 0))
	return mean, b.rowMean(b.Mul(d, d))
}

func (b *builder) rowMean(x value) value {
	sum := b.sum(x, 1)
	return b.Div(sum, b.fill(sum, float64(x.Shape()[1])))
}

// inverse is 1/√(variance+eps).
func (b *builder) inverse(variance value, eps float32) value {
	return b.Div(b.fill(variance, 1), b.Sqrt(b.Add(variance, b.fill(variance, float64(eps)))))
}

func layerNorm(b *builder, op graph.LayerNormOp, y *graph.Node, in []value) value {
	x := b.rowsOf(in[0], op.Axes)
	gamma, beta := b.rowsOf(in[1], op.Axes), b.rowsOf(in[2], op.Axes)
	r := b.normalRows(x, op.Eps)
	scaled := b.Mul(b.broadcast(gamma, x.Shape()), r.xhat)
	return b.Reshape(b.Add(scaled, b.broadcast(beta, x.Shape())), y.Shape()...)
}

func layerNormParamGrad(b *builder, op graph.LayerNormParamGradOp, y *graph.Node, in []value) value {
	x, dy := b.rowsOf(in[0], op.LayerNorm.Axes), b.rowsOf(in[1], op.LayerNorm.Axes)
	r := b.normalRows(x, op.LayerNorm.Eps)
	n := x.Shape()[1]
	dgamma, dbeta := b.sum(b.Mul(dy, r.xhat), 0), b.sum(dy, 0)
	return b.Reshape(b.Concatenate(0, b.Reshape(dgamma, 1, n), b.Reshape(dbeta, 1, n)), y.Shape()...)
}

func layerNormInputGrad(b *builder, op graph.LayerNormInputGradOp, y *graph.Node, in []value) value {
	axes := op.LayerNorm.Axes
	x, gamma, dy := b.rowsOf(in[0], axes), b.rowsOf(in[1], axes), b.rowsOf(in[2], axes)
	r := b.normalRows(x, op.LayerNorm.Eps)
	g := b.Mul(dy, b.broadcast(gamma, x.Shape()))
	row := func(v value) value { return b.alongAxis(v, x.Shape(), 0) }
	d := b.Sub(b.Sub(g, row(b.rowMean(g))), b.Mul(r.xhat, row(b.rowMean(b.Mul(g, r.xhat)))))
	return b.Reshape(b.Mul(d, row(r.inverse)), y.Shape()...)
}
