package nn

import "github.com/strideml/stride/graph"

// GroupNormLayer normalises groups of channels of each sample; see [GroupNorm] and
// [InstanceNorm2D].
type GroupNormLayer struct {
	name   string
	groups int // 0 stands for one a channel
	eps    float32
	affine affine
}

// GroupNorm returns group normalization (Wu & He 2018) of N×C×…: the channels are cut
// into that many groups of neighbours, and each sample's group is normalised by its own
// mean and biased variance: (x−mean)/√(variance+eps)·weight + bias, with a weight and a
// bias for each channel. It does not depend on the batch nor on the mode. eps is 1e-5
// unless set otherwise, as in PyTorch.
//
// Parameters: weight (C, ones) and bias (C, zeros).
func GroupNorm(groups int) *GroupNormLayer {
	return &GroupNormLayer{name: "GroupNorm", groups: groups, eps: 1e-5}
}

// InstanceNorm2D returns instance normalization (Ulyanov, Vedaldi, Lempitsky 2016) of
// N×C×H×W: [GroupNorm] with a group for each channel. It has no parameters unless
// Affine is called, and no running statistics, as PyTorch's InstanceNorm2d.
func InstanceNorm2D() *GroupNormLayer {
	return &GroupNormLayer{name: "InstanceNorm2D", eps: 1e-5, affine: affine{true, true}}
}

// Eps sets what is added to the variance.
func (l *GroupNormLayer) Eps(eps float32) *GroupNormLayer { l.eps = eps; return l }

// Affine gives the layer weight and bias.
func (l *GroupNormLayer) Affine() *GroupNormLayer { l.affine = affine{}; return l }

// NoAffine leaves weight and bias out: PyTorch's affine=False.
func (l *GroupNormLayer) NoAffine() *GroupNormLayer { l.affine = affine{true, true}; return l }

func (l *GroupNormLayer) kind() string { return l.name }

// Forward adds the normalization of x.
func (l *GroupNormLayer) Forward(x *graph.Node) *graph.Node {
	return within(l, x, func(s scope) *graph.Node {
		in, groups := x.Shape(), l.groups
		if len(in) < 2 || l.name == "InstanceNorm2D" && len(in) != 4 {
			s.g.Fail(l.name, "input must be %s, got %v", map[bool]string{true: "N×C×H×W", false: "N×C×…"}[groups == 0], in)
		}
		if groups == 0 {
			groups = in[1]
		}
		weight, bias := l.affine.of(s, in[1])
		return graph.GroupNorm(x, groups, weight, bias, l.eps)
	})
}
