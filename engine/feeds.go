package engine

import (
	"fmt"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// Feeds are the inputs of a run: a tensor for each node that Graph.Input made.
//
//	x, labels := g.Input("images", 16, 1, 28, 28), g.Input("labels", 16)
//	…
//	program.Run(engine.Feeds{x: images, labels: y}, results)
//
// A program keeps neither the map nor the tensors. A loop may keep one map and
// replace its tensors, or the contents of its tensors, before each run.
type Feeds map[*graph.Node]*tensor.Tensor

// Arrange stores the tensor of each of a program's inputs at the input's index
// in tensors, which has the length of inputs. Engines call it at the start of
// Run. The error names an input that is missing or has a wrong shape, or a
// node that is fed and is no input of the program. Arrange allocates only to
// report an error.
func (f Feeds) Arrange(inputs []*graph.Node, tensors []*tensor.Tensor) error {
	for i, n := range inputs {
		t, ok := f[n]
		switch {
		case !ok:
			return fmt.Errorf("%s is not fed%s", inputName(n), f.stranger(inputs, "; "))
		case t == nil:
			return fmt.Errorf("%s is fed nil", inputName(n))
		case !t.HasShape(n.Shape()):
			return fmt.Errorf("%s is fed a tensor of shape %v", inputName(n), t.Shape())
		}
		tensors[i] = t
	}
	if len(f) > len(inputs) {
		return fmt.Errorf("%s", f.stranger(inputs, ""))
	}
	return nil
}

// stranger says, after prefix, which node is fed and is none of the inputs; of
// several it takes the one that was made first. It returns "" if there is none.
func (f Feeds) stranger(inputs []*graph.Node, prefix string) string {
	known := map[*graph.Node]bool{}
	for _, n := range inputs {
		known[n] = true
	}
	var first *graph.Node
	for n := range f {
		switch {
		case n == nil:
			return prefix + "a nil node is fed"
		case !known[n] && (first == nil || n.ID() < first.ID()):
			first = n
		}
	}
	switch {
	case first == nil:
		return ""
	case len(inputs) > 0 && first.Graph() != inputs[0].Graph():
		return fmt.Sprintf("%s%s is fed, which belongs to another graph", prefix, inputName(first))
	}
	return fmt.Sprintf("%s%s is fed, which is not an input of the program", prefix, inputName(first))
}

// inputName describes a node: `input "labels" (%5 Input 16)`.
func inputName(n *graph.Node) string {
	if op, ok := n.Op().(graph.InputOp); ok {
		return fmt.Sprintf("input %q (%v)", op.Name, n)
	}
	return fmt.Sprintf("node %v", n)
}

// CheckOutputs reports the first tensor that cannot take the result of its
// node: engines call it at the start of Run. It allocates only to report an
// error.
func CheckOutputs(nodes []*graph.Node, tensors []*tensor.Tensor) error {
	if len(nodes) != len(tensors) {
		return fmt.Errorf("program has %d outputs, got %d tensors for them", len(nodes), len(tensors))
	}
	for i, n := range nodes {
		if tensors[i] == nil {
			return fmt.Errorf("output %d (%v): tensor is nil", i, n)
		}
		if !tensors[i].HasShape(n.Shape()) {
			return fmt.Errorf("output %d (%v): tensor has shape %v", i, n, tensors[i].Shape())
		}
	}
	return nil
}
