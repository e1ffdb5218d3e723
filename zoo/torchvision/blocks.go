package torchvision

import (
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
)

// convBNAct is a convolution with batch normalization and an activation, nil
// for none: torchvision's Conv2dNormActivation. The padding keeps the size of
// the image where the stride is 1.
func convBNAct(out, kernel, stride, groups int, norm, activation nn.Layer) *nn.SequentialLayer {
	s := nn.Sequential(
		nn.Conv2D(out, kernel).Stride(stride).Pad((kernel-1)/2).Groups(groups).NoBias(),
		norm,
	)
	if activation != nil {
		s.Append(activation)
	}
	return s
}

// squeezeExcitation multiplies each channel by a factor between 0 and 1 that
// two 1×1 convolutions compute from the means of all channels (Hu et al. 2018).
type squeezeExcitation struct {
	FC1, FC2         nn.Layer
	activation, gate func(*graph.Node) *graph.Node
}

// newSqueezeExcitation is for an input of some channels. The first convolution
// gives squeezed channels.
func newSqueezeExcitation(channels, squeezed int, activation, gate func(*graph.Node) *graph.Node) *squeezeExcitation {
	return &squeezeExcitation{nn.Conv2D(squeezed, 1), nn.Conv2D(channels, 1), activation, gate}
}

func (s *squeezeExcitation) Forward(x *graph.Node) *graph.Node {
	factors := s.activation(s.FC1.Forward(graph.MeanKeep(x, 2, 3)))
	return graph.Mul(x, s.gate(s.FC2.Forward(factors)))
}

// roundChannels rounds to a multiple of 8 that is at least 0.9 times n:
// torchvision's _make_divisible.
func roundChannels(n float64) int {
	rounded := max(8, int(n+4)/8*8)
	if float64(rounded) < 0.9*n {
		rounded += 8
	}
	return rounded
}

// invalid is a network that nn.New reports as an error.
func invalid(network, format string, args ...any) nn.Layer {
	return nn.Func(network, func(x *graph.Node) *graph.Node {
		x.Graph().Fail(network, format, args...)
		return nil
	})
}
