package graph

import (
	"fmt"
	"slices"

	"github.com/strideml/stride/tensor"
)

// Group normalization (Wu & He 2018) works on N×C or N×C×H×W. The channels are cut
// into Groups of C/Groups neighbours, and the m = H·W·C/Groups elements of a group of
// one sample share their statistics. Like batch normalization it is split into the
// statistics and their use, so that the gradients use the statistics too.

// GroupStatsOp gives N×2×Groups: for each sample the mean (row 0) and the biased
// variance Σ(x−mean)²/m (row 1) of each group. It has no derivative of its own: that
// of GroupNormOp contains it.
type GroupStatsOp struct {
	noGradient
	Groups int
}

// Kind returns "GroupStats".
func (GroupStatsOp) Kind() string { return "GroupStats" }

// Infer returns N×2×Groups.
func (o GroupStatsOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 1); err != nil {
		return nil, err
	}
	if err := checkGroups(in[0], o.Groups); err != nil {
		return nil, err
	}
	return tensor.Shape{in[0][0], 2, o.Groups}, nil
}

func (o GroupStatsOp) rebatch(batching) (Op, bool) { return o, true }

func checkGroups(x tensor.Shape, groups int) error {
	if err := checkChannels(x); err != nil {
		return err
	}
	if groups < 1 || x[1]%groups != 0 {
		return fmt.Errorf("%d groups must divide the %d channels of %v", groups, x[1], x)
	}
	return nil
}

// GroupNormOp gives gamma·(x−mean)/√(variance+Eps) + beta, where mean and variance
// are those of an element's sample and group, gamma and beta those of its channel.
// Arguments: x, its statistics (GroupStatsOp with the same Groups, which the
// derivative with respect to x takes for granted), gamma (C), beta (C).
type GroupNormOp struct {
	Groups int
	Eps    float32
}

// Kind returns "GroupNorm".
func (GroupNormOp) Kind() string { return "GroupNorm" }

// Infer returns the shape of x.
func (o GroupNormOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 4); err != nil {
		return nil, err
	}
	if err := o.check(in[0], in[1]); err != nil {
		return nil, err
	}
	if c := in[0][1]; !in[2].Equal(tensor.Shape{c}) || !in[3].Equal(tensor.Shape{c}) {
		return nil, fmt.Errorf("input %v needs scale and shift of %d, got %v and %v", in[0], c, in[2], in[3])
	}
	return in[0], nil
}

// check checks the shapes of x and its statistics.
func (o GroupNormOp) check(x, stats tensor.Shape) error {
	if err := checkGroups(x, o.Groups); err != nil {
		return err
	}
	if !stats.Equal(tensor.Shape{x[0], 2, o.Groups}) {
		return fmt.Errorf("input %v needs statistics %d×2×%d, got %v", x, x[0], o.Groups, stats)
	}
	if !(o.Eps >= 0) {
		return fmt.Errorf("eps must be at least 0, got %v", o.Eps)
	}
	return nil
}

func (o GroupNormOp) gradient(y, dy *Node) []*Node {
	g := dy.graph
	x, stats, gamma := y.inputs[0], y.inputs[1], y.inputs[2]
	p := g.add(GroupNormParamGradOp{GroupNorm: o}, x, stats, dy)
	total := Sum(p, 0)
	return []*Node{
		g.add(GroupNormInputGradOp{GroupNorm: o}, x, stats, gamma, p, dy),
		nil,
		Reshape(Slice(total, 0, 0, 1), gamma.shape...),
		Reshape(Slice(total, 0, 1, 2), gamma.shape...),
	}
}

func (GroupNormOp) cheap() {}

func (o GroupNormOp) rebatch(b batching) (Op, bool) {
	return o, b.batched[0] && b.batched[1] && !b.batched[2] && !b.batched[3]
}

// GroupNormParamGradOp gives N×2×C: for each sample and channel Σ dy·x̂ with
// x̂ = (x−mean)/√(variance+Eps) (row 0) and Σ dy (row 1). Added up over the samples
// they are the derivatives with respect to gamma and beta. Arguments: x, stats, dy.
type GroupNormParamGradOp struct {
	noGradient
	GroupNorm GroupNormOp
}

// Kind returns "GroupNormParamGrad".
func (GroupNormParamGradOp) Kind() string { return "GroupNormParamGrad" }

// Infer returns N×2×C.
func (o GroupNormParamGradOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 3); err != nil {
		return nil, err
	}
	if err := o.GroupNorm.check(in[0], in[1]); err != nil {
		return nil, err
	}
	if !in[0].Equal(in[2]) {
		return nil, fmt.Errorf("dy must have shape %v, got %v", in[0], in[2])
	}
	return tensor.Shape{in[0][0], 2, in[0][1]}, nil
}

// GroupNormInputGradOp is the derivative of GroupNormOp with respect to x. With
// x̂ as in GroupNormParamGradOp and means over the elements of a sample's group,
//
//	dx = (gamma·dy − mean(gamma·dy) − x̂·mean(gamma·dy·x̂)) / √(variance+Eps)
//
// Arguments: x, stats, gamma, the result of GroupNormParamGradOp, which has the sums
// that the means are made of, dy.
type GroupNormInputGradOp struct {
	noGradient
	GroupNorm GroupNormOp
}

// Kind returns "GroupNormInputGrad".
func (GroupNormInputGradOp) Kind() string { return "GroupNormInputGrad" }

// Infer returns the shape of x.
func (o GroupNormInputGradOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 5); err != nil {
		return nil, err
	}
	if !in[0].Equal(in[4]) {
		return nil, fmt.Errorf("dy must have shape %v, got %v", in[0], in[4])
	}
	return in[0], nil
}

// GroupStats returns the mean and the biased variance of each sample's groups of
// channels of x (N×C or N×C×H×W) as an N×2×groups node. GroupNorm adds it itself.
func GroupStats(x *Node, groups int) *Node { return x.graph.add(GroupStatsOp{Groups: groups}, x) }

// GroupNorm normalises the channels of x (N×C×…, any rank), cut into groups of
// C/groups neighbours, by the mean and the variance of each sample's groups: see
// GroupNormOp. gamma and beta have shape C; nil stands for ones and for zeros.
// PyTorch's eps is 1e-5.
func GroupNorm(x *Node, groups int, gamma, beta *Node, eps float32) *Node {
	if len(x.shape) != 2 && len(x.shape) != 4 {
		return groupNormAsRows(x, groups, gamma, beta, eps)
	}
	c := x.shape[1:2]
	return x.graph.add(GroupNormOp{Groups: groups, Eps: eps},
		x, GroupStats(x, groups), orFull(x.graph, gamma, 1, c), orFull(x.graph, beta, 0, c))
}

// groupNormAsRows is GroupNorm of x of another rank than 2 and 4: each group of a
// sample is a row of LayerNorm.
func groupNormAsRows(x *Node, groups int, gamma, beta *Node, eps float32) *Node {
	s := x.shape
	if len(s) < 2 || groups < 1 || s[1]%groups != 0 {
		fail(x.graph.failurePath(), "GroupNorm", "input must be N×C×… with a number of channels that %d groups divide, got %v", groups, s)
	}
	rows := Reshape(x, s[0]*groups, s[1:].Size()/groups)
	y := Reshape(LayerNorm(rows, nil, nil, eps, 1), s...)
	channels := slices.Concat(tensor.Shape{s[1]}, slices.Repeat(tensor.Shape{1}, len(s)-2))
	if gamma != nil {
		y = Mul(y, Reshape(gamma, channels...))
	}
	if beta != nil {
		y = Add(y, Reshape(beta, channels...))
	}
	return y
}

// InstanceNorm normalises each channel of each sample of x (N×C×…), as PyTorch's
// instance_norm: it is GroupNorm with a group for each channel.
func InstanceNorm(x, gamma, beta *Node, eps float32) *Node {
	groups := 0
	if len(x.shape) > 1 {
		groups = x.shape[1]
	}
	return GroupNorm(x, groups, gamma, beta, eps)
}
