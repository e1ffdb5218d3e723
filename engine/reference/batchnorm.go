package reference

import (
	"math"

	"github.com/strideml/stride/graph"
)

func batchStats(_ graph.BatchStatsOp, y array, in []array) {
	x := in[0]
	c := x.shape[1]
	m := float64(len(x.data) / c)
	mean, variance := y.data[:c], y.data[c:]
	each(x.shape, func(i int, index []int) { mean[index[1]] += x.data[i] / m })
	each(x.shape, func(i int, index []int) {
		d := x.data[i] - mean[index[1]]
		variance[index[1]] += d * d / m
	})
}

// deviation is √(variance + eps) of a channel.
func deviation(stats array, channel int, eps float32) float64 {
	return math.Sqrt(stats.data[at(stats.shape, 1, channel)] + float64(eps))
}

func batchNorm(op graph.BatchNormOp, y array, in []array) {
	x, stats, gamma, beta := in[0], in[1], in[2], in[3]
	each(x.shape, func(i int, index []int) {
		c := index[1]
		xhat := (x.data[i] - stats.data[c]) / deviation(stats, c, op.Eps)
		y.data[i] = gamma.data[c]*xhat + beta.data[c]
	})
}

func batchNormParamGrad(op graph.BatchNormParamGradOp, p array, in []array) {
	x, stats, dy := in[0], in[1], in[2]
	each(x.shape, func(i int, index []int) {
		c := index[1]
		xhat := (x.data[i] - stats.data[c]) / deviation(stats, c, op.Eps)
		p.data[at(p.shape, 0, c)] += dy.data[i] * xhat
		p.data[at(p.shape, 1, c)] += dy.data[i]
	})
}

// batchNormInputGrad takes the result p of batchNormParamGrad.
func batchNormInputGrad(op graph.BatchNormInputGradOp, dx array, in []array) {
	x, stats, gamma, p, dy := in[0], in[1], in[2], in[3], in[4]
	m := float64(len(x.data) / x.shape[1])
	each(x.shape, func(i int, index []int) {
		c := index[1]
		dev := deviation(stats, c, op.BatchNorm.Eps)
		d := dy.data[i]
		if op.BatchNorm.Train {
			xhat := (x.data[i] - stats.data[c]) / dev
			dgamma, dbeta := p.data[at(p.shape, 0, c)], p.data[at(p.shape, 1, c)]
			d += -dbeta/m - xhat*dgamma/m
		}
		dx.data[i] = gamma.data[c] / dev * d
	})
}
