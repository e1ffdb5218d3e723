package nn

import (
	"math"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// BatchNormLayer normalises channels; see [BatchNorm].
type BatchNormLayer struct{ eps, momentum float32 }

// BatchNorm returns batch normalization (Ioffe & Szegedy 2015) of N×C or
// N×C×H×W: (x−mean)/√(variance+eps)·weight + bias for each channel. In Train
// mode mean and (biased) variance are those of the batch, and each run moves
// the running statistics: running = (1−momentum)·running + momentum·batch,
// with the unbiased variance of the batch. In Eval mode the running statistics
// take their place. eps is 1e-5 and momentum 0.1 unless set otherwise, as in
// PyTorch (the book's momentum is one minus that). The batch is the one that is
// traced; see SyncBatchNorm for statistics of a larger one.
//
// Parameters: weight (C, ones) and bias (C, zeros). Buffers: running_mean
// (zeros) and running_var (ones). PyTorch's num_batches_tracked is accepted
// when a state is loaded and not kept: PyTorch does without it too.
func BatchNorm() *BatchNormLayer { return &BatchNormLayer{1e-5, 0.1} }

// Eps sets what is added to the variance.
func (b *BatchNormLayer) Eps(eps float32) *BatchNormLayer { b.eps = eps; return b }

// Momentum sets the weight of the newest batch in the running statistics.
func (b *BatchNormLayer) Momentum(m float32) *BatchNormLayer { b.momentum = m; return b }

func (b *BatchNormLayer) kind() string { return "BatchNorm" }

// Forward adds the normalization, and in Train mode the assignments to the
// running statistics.
func (b *BatchNormLayer) Forward(x *graph.Node) *graph.Node {
	return within(b, x, func(s scope) *graph.Node {
		in := x.Shape()
		switch {
		case len(in) != 2 && len(in) != 4:
			s.g.Fail("BatchNorm", "input must be N×C or N×C×H×W, got %v", in)
		case !(b.eps >= 0) || !(b.momentum >= 0 && b.momentum <= 1):
			s.g.Fail("BatchNorm", "eps %v must be at least 0 and momentum %v from 0 to 1", b.eps, b.momentum)
		}
		c := in[1]
		gamma := s.parameter("weight", fillConstant(1), c)
		beta := s.parameter("bias", fillConstant(0), c)
		mean := s.buffer("running_mean", fillConstant(0), c)
		variance := s.buffer("running_var", fillConstant(1), c)
		if s.mode() == Eval {
			stats := graph.Concat(0, graph.Reshape(mean, 1, c), graph.Reshape(variance, 1, c))
			return graph.BatchNormInference(x, stats, gamma, beta, b.eps)
		}
		share := s.share()
		m := valuesPerChannel(s.g, "BatchNorm", in, share)
		var stats *graph.Node
		if share == 1 {
			stats = graph.BatchStats(x)
		} else {
			stats = graph.SyncBatchStats(x, mean, share)
		}
		unbiased := graph.Mul(graph.Slice(stats, 0, 1, 2), s.g.Scalar(float32(float64(m)/float64(m-1))))
		b.move(s, mean, graph.Slice(stats, 0, 0, 1))
		b.move(s, variance, unbiased)
		if share == 1 {
			return graph.BatchNorm(x, stats, gamma, beta, b.eps)
		}
		return graph.SyncBatchNorm(x, stats, gamma, beta, b.eps, share)
	})
}

// valuesPerChannel returns how many values of an N×C or N×C×H×W input a channel has
// in training, if that is this share of all. It fails where that is one, whose variance
// is 0.
func valuesPerChannel(g *graph.Graph, kind string, in tensor.Shape, share float32) int {
	m := int(math.Round(float64(in.Size()/in[1]) / float64(share)))
	if m < 2 {
		g.Fail(kind, "training needs more than one value for each channel, input %v has one: use a larger batch", in)
	}
	return m
}

// move assigns (1−momentum)·running + momentum·batch to a running statistic.
func (b *BatchNormLayer) move(s scope, running, batch *graph.Node) {
	s.update(running, func(old *graph.Node) *graph.Node {
		return graph.Add(
			graph.Mul(old, s.g.Scalar(1-b.momentum)),
			graph.Mul(graph.Reshape(batch, running.Shape()...), s.g.Scalar(b.momentum)))
	})
}
