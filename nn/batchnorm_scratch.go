package nn

import "github.com/strideml/stride/graph"

// BatchNormScratchLayer is batch normalization written with elementary
// operators, as Dive into Deep Learning does: no BatchStats, no BatchNorm, and
// a gradient that Gradients derives from the formula by itself. It shows what
// [BatchNorm] computes; use that one, which is faster.
//
// Its state has the book's names: gamma and beta, and the buffers moving_mean
// and moving_var.
type BatchNormScratchLayer struct {
	Gamma, Beta           *Param
	MovingMean, MovingVar *Param
	eps, momentum         float32
}

// BatchNormScratch returns the book's BatchNorm(features, dims): for N×C with
// dims 2 and for N×C×H×W with dims 4, C being features. In Train mode
//
//	moving = 0.9·moving + 0.1·batch
//
// where batch is the mean of the batch or its biased variance; PyTorch and
// [BatchNorm] take the unbiased one there, which is m/(m−1) times that for m
// values a channel. 1e-5 is added to the variance.
func BatchNormScratch(features, dims int) *BatchNormScratchLayer {
	shape := []int{1, features}
	for len(shape) < dims {
		shape = append(shape, 1)
	}
	return &BatchNormScratchLayer{
		Gamma: Parameter(shape...).Init(Constant(1)), Beta: Parameter(shape...),
		MovingMean: Buffer(shape...), MovingVar: Buffer(shape...).Init(Constant(1)),
		eps: 1e-5, momentum: 0.9,
	}
}

// Forward normalises x. In Train mode it fails where a channel has a single value.
func (b *BatchNormScratchLayer) Forward(x *graph.Node) *graph.Node {
	g, in, want := x.Graph(), x.Shape(), b.Gamma.shape
	if len(in) != len(want) || in[1] != want[1] || len(in) != 2 && len(in) != 4 {
		g.Fail("BatchNormScratch", "made for %d axes (2 or 4) and %d channels, got input %v", len(want), want[1], in)
	}
	mean, variance := b.MovingMean.Value(x), b.MovingVar.Value(x)
	if ModeOf(x) == Train {
		valuesPerChannel(g, "BatchNormScratch", in, 1)
		axes := []int{0}
		if len(in) == 4 {
			axes = []int{0, 2, 3}
		}
		mean = graph.MeanKeep(x, axes...)
		off := graph.Sub(x, mean)
		variance = graph.MeanKeep(graph.Mul(off, off), axes...)
		b.move(x, b.MovingMean, mean)
		b.move(x, b.MovingVar, variance)
	}
	normal := graph.Div(graph.Sub(x, mean), graph.Sqrt(graph.Add(variance, g.Scalar(b.eps))))
	return graph.Add(graph.Mul(b.Gamma.Value(x), normal), b.Beta.Value(x))
}

// move makes momentum·moving + (1−momentum)·batch the new moving average.
func (b *BatchNormScratchLayer) move(x *graph.Node, moving *Param, batch *graph.Node) {
	g := x.Graph()
	moving.Update(x, func(old *graph.Node) *graph.Node {
		return graph.Add(graph.Mul(old, g.Scalar(b.momentum)), graph.Mul(batch, g.Scalar(1-b.momentum)))
	})
}
