package conv

import (
	"fmt"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// A Problem is one of the three operators of a convolution layer, with the shapes
// of its input X (N×C×H×W), weights W (O×C/groups×Kh×Kw) and output Y (N×O×H'×W').
type Problem struct {
	Kind    Kind
	Op      graph.Conv2DOp
	X, W, Y tensor.Shape
	// Kept says that the program changes no variables, so that the weights are packed once
	// and all stay in memory.
	Kept bool
	// BF16 says that products may be of operands that are rounded to bfloat16.
	BF16 bool
}

// A Kind says what of a convolution layer is computed.
type Kind int

// The operators of a convolution layer.
const (
	Output     Kind = iota // Y from X and W
	InputGrad              // the gradient of X from W and that of Y
	WeightGrad             // the gradient of W from X and that of Y
)

// String returns the name of the operator.
func (k Kind) String() string {
	return [...]string{"output", "input gradient", "weight gradient"}[k]
}

// String identifies the problem. It is the key of a choice in tuning files: do not
// change it.
func (p Problem) String() string {
	s := fmt.Sprintf("%v of %v by %v, stride %d×%d, padding %d×%d, dilation %d×%d, groups %d", p.Kind, p.X, p.W,
		p.Op.Stride[0], p.Op.Stride[1], p.Op.Pad[0], p.Op.Pad[1], p.Op.Dilation[0], p.Op.Dilation[1], p.Op.Groups)
	if e := p.Op.ExtraPad; e != [2]int{} {
		s += fmt.Sprintf(", extra padding %d×%d", e[0], e[1])
	}
	if p.BF16 {
		s += ", bfloat16"
	}
	return s
}

// depthwise reports whether there are as many groups as channels and one output
// channel for each.
func (p Problem) depthwise() bool {
	return p.Op.Groups > 1 && p.Op.Groups == p.X[1] && p.W[0] == p.X[1]
}
