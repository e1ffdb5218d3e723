package graph

import (
	"fmt"
	"slices"

	"github.com/strideml/stride/tensor"
)

// Batch normalization (Ioffe & Szegedy 2015) works on N×C or N×C×H×W; axis 1
// is the channel, and m = N·H·W elements share its statistics. It is split
// into the statistics and their use, so that running statistics, fusion and
// inference all come from the same operators.

// BatchStatsOp gives the 2×C matrix of the mean (row 0) and the biased
// variance Σ(x−mean)²/m (row 1) of each channel. It has no derivative of its
// own: that of BatchNormOp with Train contains it.
type BatchStatsOp struct{ noGradient }

// Kind returns "BatchStats".
func (BatchStatsOp) Kind() string { return "BatchStats" }

// Infer returns 2×C.
func (BatchStatsOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 1); err != nil {
		return nil, err
	}
	if err := checkChannels(in[0]); err != nil {
		return nil, err
	}
	return tensor.Shape{2, in[0][1]}, nil
}

func checkChannels(x tensor.Shape) error {
	if len(x) != 2 && len(x) != 4 {
		return fmt.Errorf("input must be N×C or N×C×H×W, got %v", x)
	}
	return nil
}

// BatchNormOp gives gamma·(x−mean)/√(variance+Eps) + beta. Arguments: x,
// stats (2×C: mean, variance), gamma (C), beta (C). Train says that stats are
// the BatchStats of x itself, so that the derivative with respect to x takes
// their dependence on x into account; without it stats are constants. stats
// never get a derivative.
//
// Share, if it is not 0, says that x is the part of a batch that a member of a group
// has, this share of all values, and with Train that stats are those of the whole batch,
// see [SyncBatchStats]. They depend on what all members have, and so does the derivative
// with respect to x, of the sum of the members' losses. Those with respect to gamma and
// beta are of this member's loss, as for all parameters.
type BatchNormOp struct {
	Eps   float32
	Train bool
	Share float32
}

// Kind returns "BatchNorm".
func (BatchNormOp) Kind() string { return "BatchNorm" }

// Infer returns the shape of x.
func (BatchNormOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 4); err != nil {
		return nil, err
	}
	if err := checkChannels(in[0]); err != nil {
		return nil, err
	}
	c := in[0][1]
	if !in[1].Equal(tensor.Shape{2, c}) || !in[2].Equal(tensor.Shape{c}) || !in[3].Equal(tensor.Shape{c}) {
		return nil, fmt.Errorf("input %v needs statistics 2×%d and scale and shift of %d, got %v, %v and %v", in[0], c, c, in[1], in[2], in[3])
	}
	return in[0], nil
}

func (o BatchNormOp) gradient(y, dy *Node) []*Node {
	g := dy.graph
	x, stats, gamma := y.inputs[0], y.inputs[1], y.inputs[2]
	p := g.add(BatchNormParamGradOp{Eps: o.Eps}, x, stats, dy)
	c := gamma.shape[0]
	var dx *Node
	if o.Train {
		sums := p
		if o.Share != 0 { // those of all members, divided by the number of their values instead of x's
			sums = Mul(AllReduce(p), g.Scalar(o.Share))
		}
		dx = g.add(BatchNormInputGradOp{BatchNorm: o}, x, stats, gamma, sums, dy)
	} else { // it needs no sums over x: those of a frozen normalization are not computed
		variance := Reshape(Slice(stats, 0, 1, 2), c)
		channels := slices.Concat(tensor.Shape{1, c}, slices.Repeat(tensor.Shape{1}, len(x.shape)-2))
		dx = Mul(dy, Reshape(Div(gamma, Sqrt(Add(variance, g.Scalar(o.Eps)))), channels...))
	}
	return []*Node{
		dx,
		nil,
		Reshape(Slice(p, 0, 0, 1), c),
		Reshape(Slice(p, 0, 1, 2), c),
	}
}

func (BatchNormOp) cheap() {}

func (o BatchNormOp) rebatch(b batching) (Op, bool) { return o, !o.Train && b.only(0) }

// BatchNormParamGradOp gives the 2×C matrix of the derivatives with respect to
// gamma, Σ dy·x̂ with x̂ = (x−mean)/√(variance+Eps) (row 0), and beta, Σ dy
// (row 1). Arguments: x, stats, dy.
type BatchNormParamGradOp struct {
	noGradient
	Eps float32
}

// Kind returns "BatchNormParamGrad".
func (BatchNormParamGradOp) Kind() string { return "BatchNormParamGrad" }

// Infer returns 2×C.
func (BatchNormParamGradOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 3); err != nil {
		return nil, err
	}
	if !in[0].Equal(in[2]) {
		return nil, fmt.Errorf("dy must have shape %v, got %v", in[0], in[2])
	}
	return in[1], nil
}

func (BatchNormParamGradOp) sumsRows() {}

// BatchNormInputGradOp is the derivative of BatchNormOp with respect to x:
// gamma/√(variance+Eps) · dy, and with Train
// gamma/√(variance+Eps) · (dy − dbeta/m − x̂·dgamma/m). Arguments: x, stats,
// gamma, the result of BatchNormParamGradOp (with Share the sum over all members, times
// Share), dy.
type BatchNormInputGradOp struct {
	noGradient
	BatchNorm BatchNormOp
}

// Kind returns "BatchNormInputGrad".
func (BatchNormInputGradOp) Kind() string { return "BatchNormInputGrad" }

// Infer returns the shape of x.
func (BatchNormInputGradOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 5); err != nil {
		return nil, err
	}
	if !in[0].Equal(in[4]) {
		return nil, fmt.Errorf("dy must have shape %v, got %v", in[0], in[4])
	}
	return in[0], nil
}

// BatchStats returns the mean and biased variance of each channel of x (N×C
// or N×C×H×W) as a 2×C node.
func BatchStats(x *Node) *Node { return x.graph.add(BatchStatsOp{}, x) }

// BatchNorm normalises x with its own statistics stats = BatchStats(x), as in
// training.
func BatchNorm(x, stats, gamma, beta *Node, eps float32) *Node {
	return x.graph.add(BatchNormOp{Eps: eps, Train: true}, x, stats, gamma, beta)
}

// BatchNormInference normalises x with given statistics (2×C: mean and
// variance), as in inference; they are constants to Gradients.
func BatchNormInference(x, stats, gamma, beta *Node, eps float32) *Node {
	return x.graph.add(BatchNormOp{Eps: eps}, x, stats, gamma, beta)
}

// SyncBatchStats returns what BatchStats returns of the whole batch, where x is the part
// that a member of a group has, and share is that part: all members' values are
// size(x)/share many. origin (C) should be near the mean, such as the running mean, and is
// the same for all members; variances are computed from deviations from it. There is one
// [AllReduce], of 2·C values.
//
// For members r with shares w, means μ and variances v, the mean is Σ w·μ, and the variance
// that of the means, which weigh w, plus the mean of the variances: Σ w·(v + (μ−mean)²).
func SyncBatchStats(x, origin *Node, share float32) *Node {
	g, stats := x.graph, BatchStats(x)
	origin = Reshape(origin, 1, stats.shape[1])
	d := Sub(Slice(stats, 0, 0, 1), origin)
	moments := AllReduce(Mul(Concat(0, d, Add(Slice(stats, 0, 1, 2), Mul(d, d))), g.Scalar(share)))
	mean := Slice(moments, 0, 0, 1)
	variance := Maximum(Sub(Slice(moments, 0, 1, 2), Mul(mean, mean)), g.Scalar(0))
	return Concat(0, Add(mean, origin), variance)
}

// SyncBatchNorm normalises x, the part of a batch that a member of a group has, a share of
// all values, with the statistics of the whole batch: stats = SyncBatchStats(x, …, share).
func SyncBatchNorm(x, stats, gamma, beta *Node, eps, share float32) *Node {
	if !(share > 0 && share <= 1) {
		fail(x.graph.failurePath(), "SyncBatchNorm", "the share of the batch must be above 0 and at most 1, got %v", share)
	}
	return x.graph.add(BatchNormOp{Eps: eps, Train: true, Share: share}, x, stats, gamma, beta)
}
