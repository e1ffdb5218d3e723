package nn

import "github.com/strideml/stride/graph"

// LocalResponseNormLayer normalises each element by its neighbours in other
// channels; see [LocalResponseNorm].
type LocalResponseNormLayer struct {
	size           int
	alpha, beta, k float32
}

// LocalResponseNorm returns local response normalization over size neighbouring
// channels (Krizhevsky et al. 2012, AlexNet) of N×C or N×C×H×W, which the paper
// puts after the ReLU of the first two convolutions:
//
//	x / (k + alpha/size · Σ x²)^beta
//
// where the sum is over the channels from ⌊size/2⌋ before to ⌊(size−1)/2⌋ after.
// alpha is 1e-4, beta 0.75 and k 1 unless set otherwise, as in PyTorch. AlexNet's
// own is LocalResponseNorm(5).Alpha(5e-4).K(2): its alpha is not divided by size.
func LocalResponseNorm(size int) *LocalResponseNormLayer {
	return &LocalResponseNormLayer{size, 1e-4, 0.75, 1}
}

// Alpha sets the weight of the mean square of the neighbours, at least 0.
func (l *LocalResponseNormLayer) Alpha(alpha float32) *LocalResponseNormLayer {
	l.alpha = alpha
	return l
}

// Beta sets the exponent.
func (l *LocalResponseNormLayer) Beta(beta float32) *LocalResponseNormLayer { l.beta = beta; return l }

// K sets what is added to the mean square, above 0.
func (l *LocalResponseNormLayer) K(k float32) *LocalResponseNormLayer { l.k = k; return l }

func (l *LocalResponseNormLayer) kind() string { return "LocalResponseNorm" }

// Forward adds the normalization of x.
func (l *LocalResponseNormLayer) Forward(x *graph.Node) *graph.Node {
	return within(l, x, func(scope) *graph.Node { return graph.LRN(x, l.size, l.alpha, l.beta, l.k) })
}
