package reference

import (
	"math"

	"github.com/strideml/stride/graph"
)

// groupOf returns the number of channels of a group of x.
func groupOf(x array, groups int) int { return x.shape[1] / groups }

func groupStats(op graph.GroupStatsOp, y array, in []array) {
	x := in[0]
	size := groupOf(x, op.Groups)
	m := float64(x.shape[1:].Size() / op.Groups)
	each(x.shape, func(i int, index []int) { y.data[at(y.shape, index[0], 0, index[1]/size)] += x.data[i] / m })
	each(x.shape, func(i int, index []int) {
		group := index[1] / size
		d := x.data[i] - y.data[at(y.shape, index[0], 0, group)]
		y.data[at(y.shape, index[0], 1, group)] += d * d / m
	})
}

// groupElements calls visit for each element of x: its number, its index, its value
// normalised, and √(variance + eps).
func groupElements(op graph.GroupNormOp, x, stats array, visit func(i int, index []int, xhat, deviation float64)) {
	size := groupOf(x, op.Groups)
	each(x.shape, func(i int, index []int) {
		mean, variance := stats.data[at(stats.shape, index[0], 0, index[1]/size)], stats.data[at(stats.shape, index[0], 1, index[1]/size)]
		deviation := math.Sqrt(variance + float64(op.Eps))
		visit(i, index, (x.data[i]-mean)/deviation, deviation)
	})
}

func groupNorm(op graph.GroupNormOp, y array, in []array) {
	x, stats, gamma, beta := in[0], in[1], in[2], in[3]
	groupElements(op, x, stats, func(i int, index []int, xhat, _ float64) {
		y.data[i] = gamma.data[index[1]]*xhat + beta.data[index[1]]
	})
}

func groupNormParamGrad(op graph.GroupNormParamGradOp, p array, in []array) {
	x, stats, dy := in[0], in[1], in[2]
	groupElements(op.GroupNorm, x, stats, func(i int, index []int, xhat, _ float64) {
		p.data[at(p.shape, index[0], 0, index[1])] += dy.data[i] * xhat
		p.data[at(p.shape, index[0], 1, index[1])] += dy.data[i]
	})
}

// groupNormInputGrad takes the result p of groupNormParamGrad.
func groupNormInputGrad(op graph.GroupNormInputGradOp, dx array, in []array) {
	x, stats, gamma, p, dy := in[0], in[1], in[2], in[3], in[4]
	size := groupOf(x, op.GroupNorm.Groups)
	m := float64(x.shape[1:].Size() / op.GroupNorm.Groups)
	groupElements(op.GroupNorm, x, stats, func(i int, index []int, xhat, deviation float64) {
		meanG, meanGX := 0.0, 0.0
		first := index[1] / size * size
		for c := first; c < first+size; c++ {
			meanGX += gamma.data[c] * p.data[at(p.shape, index[0], 0, c)] / m
			meanG += gamma.data[c] * p.data[at(p.shape, index[0], 1, c)] / m
		}
		dx.data[i] = (gamma.data[index[1]]*dy.data[i] - meanG - xhat*meanGX) / deviation
	})
}
