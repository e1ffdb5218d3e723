package nn

import (
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// StochasticDepthLayer drops samples at random while training; see
// [StochasticDepth].
type StochasticDepthLayer struct{ p float32 }

// StochasticDepth returns a layer that in Train mode sets all values of a sample to
// zero with probability p, 0 ≤ p < 1, and multiplies those of the other samples by
// 1/(1−p) (Huang et al. 2016, Deep Networks with Stochastic Depth); torchvision's
// StochasticDepth with mode "row". In Eval mode it does nothing. A residual block
// applies it to what it adds to its input, so that the block is left out for some
// samples. Which samples go depends on the model's seed, the layer's path, the
// number of the training step (Trace.Step) and the sample's index in the batch.
func StochasticDepth(p float32) *StochasticDepthLayer { return &StochasticDepthLayer{p} }

func (d *StochasticDepthLayer) kind() string { return "StochasticDepth" }

// Forward adds the operators in Train mode and returns x itself in Eval mode. The
// first axis of x is that of the samples.
func (d *StochasticDepthLayer) Forward(x *graph.Node) *graph.Node {
	return within(d, x, func(s scope) *graph.Node {
		in := x.Shape()
		switch {
		case !(d.p >= 0 && d.p < 1):
			s.g.Fail("StochasticDepth", "probability must be at least 0 and below 1, got %v", d.p)
		case len(in) == 0:
			s.g.Fail("StochasticDepth", "input must have an axis of samples, got a single number")
		}
		if s.mode() == Eval || d.p == 0 {
			return x
		}
		s.require("a random stream of its own")
		// Dropout of a one for each sample, which is repeated for all its values.
		shape := make([]int, len(in))
		for i := range shape {
			shape[i] = 1
		}
		shape[0] = in[0]
		kept := s.dropped(s.g.Constant(tensor.Full(1, shape...)), d.p)
		return graph.Mul(x, kept)
	})
}
