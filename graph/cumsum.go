package graph

import (
	"fmt"

	"github.com/strideml/stride/tensor"
)

// CumSumOp adds up along Axis: each element of the result is the sum of the elements up
// to it, or from it on with Reverse, itself included unless Exclusive is set. The
// derivative is the sum in the other direction.
type CumSumOp struct {
	Axis               int
	Exclusive, Reverse bool
}

// Kind returns "CumSum".
func (CumSumOp) Kind() string { return "CumSum" }

// Infer returns the argument's shape.
func (o CumSumOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 1); err != nil {
		return nil, err
	}
	if o.Axis < 0 || o.Axis >= len(in[0]) {
		return nil, fmt.Errorf("axis %d is out of range for %v", o.Axis, in[0])
	}
	return in[0], nil
}

func (o CumSumOp) gradient(y, dy *Node) []*Node {
	o.Reverse = !o.Reverse
	return []*Node{dy.graph.add(o, dy)}
}

func (o CumSumOp) rebatch(batching) (Op, bool) { return o, o.Axis != 0 }

// CumSum returns the sums of the elements up to each one along axis (negative: from the
// end), as PyTorch's cumsum. As in ONNX's CumSum, exclusive leaves out the element
// itself, and reverse adds up from the end.
func CumSum(x *Node, axis int, exclusive, reverse bool) *Node {
	return x.graph.add(CumSumOp{checkedAxes(x, "CumSum", []int{axis})[0], exclusive, reverse}, x)
}
