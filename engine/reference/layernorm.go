package reference

import (
	"math"

	"github.com/strideml/stride/graph"
)

// layerRows calls visit for each row of x that is normalised: the number of its
// first element, its length, its mean, and √(variance + eps).
func layerRows(op graph.LayerNormOp, x array, visit func(first, n int, mean, deviation float64)) {
	n := x.shape[len(x.shape)-op.Axes:].Size()
	for first := 0; first < len(x.data); first += n {
		row := x.data[first : first+n]
		mean, variance := 0.0, 0.0
		for _, v := range row {
			mean += v / float64(n)
		}
		for _, v := range row {
			variance += (v - mean) * (v - mean) / float64(n)
		}
		visit(first, n, mean, math.Sqrt(variance+float64(op.Eps)))
	}
}

func layerNorm(op graph.LayerNormOp, y array, in []array) {
	x, gamma, beta := in[0], in[1], in[2]
	layerRows(op, x, func(first, n int, mean, deviation float64) {
		for j := range n {
			y.data[first+j] = gamma.data[j]*(x.data[first+j]-mean)/deviation + beta.data[j]
		}
	})
}

func layerNormParamGrad(op graph.LayerNormParamGradOp, p array, in []array) {
	x, dy := in[0], in[1]
	layerRows(op.LayerNorm, x, func(first, n int, mean, deviation float64) {
		for j := range n {
			p.data[j] += dy.data[first+j] * (x.data[first+j] - mean) / deviation
			p.data[n+j] += dy.data[first+j]
		}
	})
}

func layerNormInputGrad(op graph.LayerNormInputGradOp, dx array, in []array) {
	x, gamma, dy := in[0], in[1], in[2]
	layerRows(op.LayerNorm, x, func(first, n int, mean, deviation float64) {
		meanG, meanGX := 0.0, 0.0
		for j := range n {
			g, xhat := dy.data[first+j]*gamma.data[j], (x.data[first+j]-mean)/deviation
			meanG += g / float64(n)
			meanGX += g * xhat / float64(n)
		}
		for j := range n {
			g, xhat := dy.data[first+j]*gamma.data[j], (x.data[first+j]-mean)/deviation
			dx.data[first+j] = (g - meanG - xhat*meanGX) / deviation
		}
	})
}
