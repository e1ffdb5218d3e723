// Package engine says what runs a graph.
//
// A [Device] compiles a graph into a [Program]; a Program runs it as often as
// wanted. There are two engines: engine/reference, which is plain and obviously
// right, and engine/cpu, which is fast. Package enginetest holds every engine
// to the definitions of the operators in package graph.
package engine

import (
	"fmt"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// A Device is a place where graphs run.
type Device interface {
	// Name is short, for users to choose an engine by: "cpu", "reference".
	Name() string
	// Description says more about it for people: instruction set, threads.
	Description() string
	// Compile prepares the computation of the outputs and of all the graph's
	// assignments. The graph must not be changed afterwards.
	Compile(g *graph.Graph, outputs ...*graph.Node) (Program, error)
}

// A Program is a compiled graph. It is not safe for concurrent use, but
// different programs may run at the same time as long as none of them assigns
// to a variable that another one uses.
type Program interface {
	// Run computes the outputs and then carries out the assignments. inputs
	// holds a tensor for each of Graph.Inputs, in that order; outputs one for
	// each output, which Run fills. Shapes must match exactly. Variables are
	// read and assigned in place, in Variable.Value. Once it has run, Run
	// allocates nothing.
	Run(inputs, outputs []*tensor.Tensor) error
	// Close releases the program's memory. It must not be run afterwards.
	Close() error
}

// Run is a convenience: it compiles the outputs, runs them once and returns
// fresh tensors.
func Run(d Device, inputs []*tensor.Tensor, outputs ...*graph.Node) ([]*tensor.Tensor, error) {
	if len(outputs) == 0 {
		return nil, fmt.Errorf("no outputs to compute")
	}
	p, err := d.Compile(outputs[0].Graph(), outputs...)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	results := make([]*tensor.Tensor, len(outputs))
	for i, n := range outputs {
		results[i] = tensor.New(n.Shape()...)
	}
	return results, p.Run(inputs, results)
}

// CheckShapes reports the first input or output that does not fit: engines
// call it at the start of Run. It allocates only to report an error.
func CheckShapes(nodes []*graph.Node, tensors []*tensor.Tensor, what string) error {
	if len(nodes) != len(tensors) {
		return fmt.Errorf("program takes %d %ss, got %d", len(nodes), what, len(tensors))
	}
	for i, n := range nodes {
		if tensors[i] == nil {
			return fmt.Errorf("%s %d is nil", what, i)
		}
		if !tensors[i].HasShape(n.Shape()) {
			return fmt.Errorf("%s %d (%v) has shape %v", what, i, n, tensors[i].Shape())
		}
	}
	return nil
}
