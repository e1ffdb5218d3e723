package nn

import "github.com/strideml/stride/graph"

// An affine is the scale and the shift after a normalization.
type affine struct{ noWeight, noBias bool }

// of returns the parameters, nil for what there is none of.
func (a affine) of(s scope, shape ...int) (weight, bias *graph.Node) {
	if !a.noWeight {
		weight = s.parameter("weight", fillConstant(1), shape...)
	}
	if !a.noBias {
		bias = s.parameter("bias", fillConstant(0), shape...)
	}
	return weight, bias
}

// LayerNormLayer normalises each sample, or each part of it, by itself; see
// [LayerNorm].
type LayerNormLayer struct {
	axes   []int
	eps    float32
	affine affine
}

// LayerNorm returns layer normalization (Ba, Kiros, Hinton 2016) over the last axis:
// (x−mean)/√(variance+eps)·weight + bias, with the mean and the biased variance of the
// elements along it. eps is 1e-5 unless set otherwise, as in PyTorch.
//
// Parameters: weight (ones) and bias (zeros), both with the sizes of the axes.
func LayerNorm() *LayerNormLayer { return &LayerNormLayer{axes: []int{-1}, eps: 1e-5} }

// Axes sets the axes that are normalised over, in place of the last; negative ones
// count from the end, and axis 0 is the batch. Axes(1) of an N×C×H×W input normalises
// the channels of each pixel, as ConvNeXt and timm's LayerNorm2d do; Axes(-3, -2, -1)
// is PyTorch's LayerNorm([C, H, W]).
func (l *LayerNormLayer) Axes(axes ...int) *LayerNormLayer { l.axes = axes; return l }

// Eps sets what is added to the variance.
func (l *LayerNormLayer) Eps(eps float32) *LayerNormLayer { l.eps = eps; return l }

// NoBias leaves the bias out.
func (l *LayerNormLayer) NoBias() *LayerNormLayer { l.affine.noBias = true; return l }

// NoAffine leaves weight and bias out: PyTorch's elementwise_affine=False.
func (l *LayerNormLayer) NoAffine() *LayerNormLayer { l.affine = affine{true, true}; return l }

func (l *LayerNormLayer) kind() string { return "LayerNorm" }

// Forward adds the normalization of x.
func (l *LayerNormLayer) Forward(x *graph.Node) *graph.Node {
	return within(l, x, func(s scope) *graph.Node {
		in := x.Shape()
		over := make([]bool, len(in))
		for _, a := range l.axes {
			if a < 0 {
				a += len(in)
			}
			if a < 1 || a >= len(in) {
				s.g.Fail("LayerNorm", "axes must be from 1 to %d or negative, for input %v, got %v", len(in)-1, in, l.axes)
			}
			over[a] = true
		}
		var shape []int
		for i, d := range in {
			if over[i] {
				shape = append(shape, d)
			}
		}
		if len(shape) == 0 {
			s.g.Fail("LayerNorm", "there must be at least one axis")
		}
		weight, bias := l.affine.of(s, shape...)
		return graph.LayerNorm(x, weight, bias, l.eps, l.axes...)
	})
}
