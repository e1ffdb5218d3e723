package graph

import (
	"fmt"
	"slices"
	"strings"

	"github.com/strideml/stride/tensor"
)

// An Op is an operator with its attributes: one of the struct types of this
// package, by value.
type Op interface {
	// Kind is the operator's name, such as "Conv2D".
	Kind() string
	// Infer returns the shape of the result for arguments of the given
	// shapes, or an error that says which rule they break.
	Infer(in []tensor.Shape) (tensor.Shape, error)
	// gradient returns, for each argument of n, the derivative of a scalar
	// with respect to it, given the derivative dy with respect to n; nil
	// where there is none.
	gradient(n, dy *Node) []*Node
}

// What others need to know of an operator beside its rule is an optional
// method of the operator's type. An operator without the method has the
// default:
//
//	elementwise()               Elementwise: no
//	cheap()                     worth computing again (rematerialization): no
//	rebatch(batching)           treats each sample for itself (Rebatched): no
//	multiplyAdds(*Node)         Node.MultiplyAdds: 0
//	window(*Node, axis)         Node.Window: one element
//	sumsRows()                  sums up rows of an argument as they are made: no
//	describe([]tensor.Shape)    its text in messages: Kind

// Elementwise reports whether an operator computes each element of its result
// from the elements of its arguments at the same place, broadcast: engines may
// compute several such operators in one pass over memory.
func Elementwise(op Op) bool {
	_, ok := op.(interface{ elementwise() })
	return ok
}

// sumsRows reports whether an engine may compute the operator, a sum over the
// rows of its last argument, while these are being made.
func sumsRows(op Op) bool {
	_, ok := op.(interface{ sumsRows() })
	return ok
}

// MultiplyAdds counts the multiplications, each with its addition, of a
// convolution, c_out·(c_in/groups)·k_h·k_w·h_out·w_out for each image, of its
// derivatives, as many, and of a matrix product, rows·inner·columns. All else
// counts as 0.
func (n *Node) MultiplyAdds() int64 {
	if op, ok := n.op.(interface{ multiplyAdds(*Node) int64 }); ok {
		return op.multiplyAdds(n)
	}
	return 0
}

// Window returns how many elements of its arguments, along the vertical (axis
// 0) or horizontal (1) axis of images, an element of the node is computed from,
// and the distance of these windows for neighbouring elements. Both are 1 for
// operators without a window. Of adaptive pooling, whose windows differ by one
// element, it is the largest window and the smallest distance.
func (n *Node) Window(axis int) (size, stride int) {
	if op, ok := n.op.(interface {
		window(n *Node, axis int) (size, stride int)
	}); ok {
		return op.window(n, axis)
	}
	return 1, 1
}

// arity checks the number of arguments.
func arity(in []tensor.Shape, want int) error {
	if len(in) != want {
		return fmt.Errorf("takes %d arguments, got %d", want, len(in))
	}
	return nil
}

func rank(what string, s tensor.Shape, want int, form string) error {
	if len(s) != want {
		return fmt.Errorf("%s must have rank %d (%s), got %v", what, want, form, s)
	}
	return nil
}

// noGradient is embedded by operators that have no derivative of their own:
// those that are piecewise constant, and those that compute gradients.
type noGradient struct{}

func (noGradient) gradient(n, dy *Node) []*Node {
	if strings.Contains(n.op.Kind(), "Grad") {
		fail(n.path, n.op.Kind(), "second derivatives are not defined")
	}
	return make([]*Node, len(n.inputs))
}

// normalAxes resolves negative axes, sorts them and rejects bad ones. No axes
// mean all of them.
func normalAxes(axes []int, rank int) ([]int, error) {
	if len(axes) == 0 {
		all := make([]int, rank)
		for i := range all {
			all[i] = i
		}
		return all, nil
	}
	out := make([]int, 0, len(axes))
	for _, a := range axes {
		b := a
		if b < 0 {
			b += rank
		}
		if b < 0 || b >= rank {
			return nil, fmt.Errorf("axis %d is out of range for rank %d", a, rank)
		}
		if slices.Contains(out, b) {
			return nil, fmt.Errorf("axis %d is given twice", a)
		}
		out = append(out, b)
	}
	slices.Sort(out)
	return out, nil
}

// checkedAxes is normalAxes for building functions: it fails at the graph's
// current path.
func checkedAxes(x *Node, op string, axes []int) []int {
	out, err := normalAxes(axes, len(x.shape))
	if err != nil {
		fail(x.graph.failurePath(), op, "%w", err)
	}
	return out
}
