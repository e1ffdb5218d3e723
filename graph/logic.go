package graph

// Truth values are numbers: 0 is false and 1 is true. The functions of this file add
// no operators of their own and have no derivatives.

// Not returns 1 where a is 0, and 0 elsewhere.
func Not(a *Node) *Node { return Equal(a, a.graph.Scalar(0)) }

// And returns 1 where both of a and b are 1, and 0 elsewhere, broadcast. All elements
// must be 0 or 1.
func And(a, b *Node) *Node { return Minimum(a, b) }

// Or returns 1 where one of a and b is 1 or both are, and 0 elsewhere, broadcast. All
// elements must be 0 or 1.
func Or(a, b *Node) *Node { return Maximum(a, b) }

// Xor returns 1 where one of a and b is 1 and the other is 0, and 0 elsewhere,
// broadcast. All elements must be 0 or 1.
func Xor(a, b *Node) *Node { return Not(Equal(a, b)) }
