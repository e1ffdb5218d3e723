package graph

import (
	"fmt"

	"github.com/strideml/stride/tensor"
)

// LRNOp is local response normalization across channels, of N×C or N×C×H×W
// (Krizhevsky et al. 2012, section 3.3), as PyTorch's local_response_norm:
//
//	y[c] = x[c] / s[c]^Beta
//	s[c] = K + Alpha/Size · Σ_j x[j]²,  c−⌊Size/2⌋ ≤ j ≤ c+⌊(Size−1)/2⌋
//
// for each sample and pixel, where channels j that do not exist count as 0. The
// paper's alpha is Alpha/Size.
type LRNOp struct {
	Size           int
	Alpha, Beta, K float32
}

// Kind returns "LRN".
func (LRNOp) Kind() string { return "LRN" }

// Infer returns the shape of x.
func (o LRNOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 1); err != nil {
		return nil, err
	}
	if err := checkChannels(in[0]); err != nil {
		return nil, err
	}
	if o.Size < 1 {
		return nil, fmt.Errorf("size must be at least 1, got %d", o.Size)
	}
	if !(o.Alpha >= 0) || !(o.K > 0) || o.Beta != o.Beta {
		return nil, fmt.Errorf("alpha %v must be at least 0, k %v above 0 and beta %v a number", o.Alpha, o.K, o.Beta)
	}
	return in[0], nil
}

// Channels returns the channels from ≤ j < to, of count, whose squares are in
// s[c].
func (o LRNOp) Channels(c, count int) (from, to int) {
	return max(0, c-o.Size/2), min(count, c+(o.Size-1)/2+1)
}

func (o LRNOp) gradient(y, dy *Node) []*Node {
	return []*Node{dy.graph.add(LRNGradOp{LRN: o}, y.inputs[0], dy)}
}

func (o LRNOp) rebatch(batching) (Op, bool) { return o, true }

// LRNGradOp is the derivative of LRNOp with respect to x. With s[c] as there,
//
//	dx[c] = dy[c]/s[c]^Beta − 2·Alpha·Beta/Size · x[c] · Σ_j dy[j]·x[j]/s[j]^(Beta+1)
//
// over the channels j in whose s[j] x[c] is. Arguments: x, dy.
type LRNGradOp struct {
	noGradient
	LRN LRNOp
}

// Kind returns "LRNGrad".
func (LRNGradOp) Kind() string { return "LRNGrad" }

// Infer returns the shape of x.
func (o LRNGradOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 2); err != nil {
		return nil, err
	}
	if !in[0].Equal(in[1]) {
		return nil, fmt.Errorf("dy must have shape %v, got %v", in[0], in[1])
	}
	return in[0], nil
}

// LRN returns the local response normalization of x (N×C or N×C×H×W) over size
// neighbouring channels; see LRNOp. PyTorch's defaults are alpha 1e-4, beta 0.75
// and k 1; AlexNet has size 5, alpha 5e-4 (1e-4 for each channel), beta 0.75 and
// k 2.
func LRN(x *Node, size int, alpha, beta, k float32) *Node {
	return x.graph.add(LRNOp{size, alpha, beta, k}, x)
}
