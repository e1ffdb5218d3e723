package graph

import (
	"fmt"

	"github.com/strideml/stride/tensor"
)

// TopKOp gives the indices of the K greatest elements along Axis, or with Smallest of
// the K smallest ones, as float32: the greatest first, or the smallest. Of equal
// elements the one with the smaller index comes first. NaN counts as greatest. It has
// no derivative.
type TopKOp struct {
	noGradient
	Axis, K  int
	Smallest bool
}

// Kind returns "TopK".
func (TopKOp) Kind() string { return "TopK" }

// Infer sets the size of Axis to K.
func (o TopKOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 1); err != nil {
		return nil, err
	}
	if o.Axis < 0 || o.Axis >= len(in[0]) {
		return nil, fmt.Errorf("axis %d is out of range for %v", o.Axis, in[0])
	}
	if o.K < 1 || o.K > in[0][o.Axis] {
		return nil, fmt.Errorf("k must be 1 to %d, the size of axis %d of %v, got %d", in[0][o.Axis], o.Axis, in[0], o.K)
	}
	out := in[0].Clone()
	out[o.Axis] = o.K
	return out, nil
}

func (o TopKOp) rebatch(batching) (Op, bool) { return o, o.Axis != 0 }

// TopK returns the k greatest elements along axis (negative: from the end), or the k
// smallest ones, and their indices as float32, as PyTorch's topk with sorted=True: the
// greatest first, or the smallest, and of equal ones that with the smaller index. The
// values have a derivative.
func TopK(x *Node, axis, k int, largest bool) (values, indices *Node) {
	indices = TopKIndices(x, axis, k, largest)
	return GatherElements(x, axis, indices), indices
}

// TopKIndices returns the indices of TopK alone.
func TopKIndices(x *Node, axis, k int, largest bool) *Node {
	return x.graph.add(TopKOp{Axis: checkedAxes(x, "TopK", []int{axis})[0], K: k, Smallest: !largest}, x)
}
