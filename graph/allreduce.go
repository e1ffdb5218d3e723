package graph

import "github.com/strideml/stride/tensor"

// AllReduceOp gives the sum of x over all members of a group: processes that run the same
// program at the same time, each with values of its own, such as its part of a batch. All
// members get the same bits. A device that belongs to no group is the only member of its
// own: the result is x.
//
// The number that [Gradients] differentiates is the sum of the members' losses. Each loss
// depends on each member's x by way of the sum, so the derivative is the AllReduce of dy.
//
// All members' graphs have the same AllReduce operators with the same shapes, whatever
// else differs, such as their batch sizes. They are carried out in an order that follows
// from the order of the graph's nodes alone.
type AllReduceOp struct{}

// Kind returns "AllReduce".
func (AllReduceOp) Kind() string { return "AllReduce" }

// Infer returns the shape of x.
func (AllReduceOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 1); err != nil {
		return nil, err
	}
	return in[0], nil
}

func (AllReduceOp) gradient(_, dy *Node) []*Node { return []*Node{AllReduce(dy)} }

// AllReduce returns the sum of x over all members of the device's group; x itself on a
// device that belongs to none. See [AllReduceOp]. A mean over n members is the sum of x/n.
func AllReduce(x *Node) *Node { return x.graph.add(AllReduceOp{}, x) }
