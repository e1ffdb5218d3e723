package efficientnetlite

import (
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
)

// newBlock returns a block from in to out channels. That of the first stage
// does not widen its input.
func newBlock(in, out int, s stage) nn.Layer {
	residual := s.stride == 1 && in == out
	depthwise := func(channels int) *nn.Conv2DLayer {
		return conv(channels, s.kernel).Stride(s.stride).Groups(channels).Same()
	}
	if s.expand == 1 {
		return &separable{depthwise(in), batchNorm(), conv(out, 1), batchNorm(), residual}
	}
	wide := in * s.expand
	return &inverted{conv(wide, 1), batchNorm(), depthwise(wide), batchNorm(), conv(out, 1), batchNorm(), residual}
}

// separable filters each channel and then mixes them: timm's
// DepthwiseSeparableConv.
type separable struct {
	ConvDW   *nn.Conv2DLayer
	BN1      *nn.BatchNormLayer
	ConvPW   *nn.Conv2DLayer
	BN2      *nn.BatchNormLayer
	residual bool
}

func (b *separable) Forward(x *graph.Node) *graph.Node {
	y := graph.ReLU6(b.BN1.Forward(b.ConvDW.Forward(x)))
	return add(b.residual, x, b.BN2.Forward(b.ConvPW.Forward(y)))
}

// inverted widens the channels, filters each and narrows them again: timm's
// InvertedResidual.
type inverted struct {
	ConvPW   *nn.Conv2DLayer
	BN1      *nn.BatchNormLayer
	ConvDW   *nn.Conv2DLayer
	BN2      *nn.BatchNormLayer
	ConvPWL  *nn.Conv2DLayer
	BN3      *nn.BatchNormLayer
	residual bool
}

func (b *inverted) Forward(x *graph.Node) *graph.Node {
	y := graph.ReLU6(b.BN1.Forward(b.ConvPW.Forward(x)))
	y = graph.ReLU6(b.BN2.Forward(b.ConvDW.Forward(y)))
	return add(b.residual, x, b.BN3.Forward(b.ConvPWL.Forward(y)))
}

func add(residual bool, x, y *graph.Node) *graph.Node {
	if residual {
		return graph.Add(x, y)
	}
	return y
}
