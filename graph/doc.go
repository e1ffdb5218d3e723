// Package graph describes a computation on tensors without carrying it out.
//
// A [Graph] is a list of [Node] values in an order in which they can be
// computed. A node applies one operator, an [Op], to earlier nodes and knows
// the shape of what it will hold. Leaves are inputs (fed at each run),
// variables (named tensors that outlive the graph: parameters and buffers)
// and constants. Functions such as [Conv2D], [Add] and [CrossEntropy] append
// nodes; [Gradients] appends the nodes that compute derivatives; and
// [Graph.Assign] says which variables get new values when the graph is run. A
// whole training step (forward, loss, backward, update) is therefore one
// graph, which an engine compiles and runs.
//
// # Shapes and layout
//
// Images are N×C×H×W, convolution weights O×(C/groups)×Kh×Kw and weights of
// linear layers out×in, all row-major, as in PyTorch. An engine may store
// them as it likes as long as nobody sees it. All values are float32; class
// indices are float32 numbers without a fractional part.
//
// # Errors
//
// A shape that breaks an operator's rule makes the building function panic
// with an [*Error] that names the layer, the operator, the shapes and the
// rule. Code that builds graphs stays free of error handling; the one public
// boundary defers [Catch], which turns that panic into a returned error:
//
//	func build() (g *graph.Graph, err error) {
//		defer graph.Catch(&err)
//		…
//	}
//
// # Operators
//
// The set is small, and each operator's doc comment is its definition:
// engines must follow it, and package enginetest holds them to it. Each also
// states its derivative. Operators whose names end in GradOp exist only to be
// used by [Gradients]; they have no derivatives of their own.
package graph
