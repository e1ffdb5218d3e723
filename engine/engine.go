// Package engine says what runs a graph.
//
// A [Device] compiles a graph into a [Program]; a Program runs it as often as
// wanted. There are two engines: engine/reference, which is plain and obviously
// right, and engine/cpu, which is fast. Package enginetest holds every engine
// to the definitions of the operators in package graph.
//
// What an engine may offer beyond that, such as profiles of its programs or the
// memory that they need, are interfaces of this package, too: [Profiler],
// [Tracer], [MemoryPlanner] and [ReductionOrderer].
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
	// Run computes the outputs and then carries out the assignments. feeds
	// holds a tensor for each of Graph.Inputs and nothing else; outputs holds
	// one for each output, in the order of Compile, which Run fills. Shapes
	// must match exactly. Variables are read and assigned in place, in
	// Variable.Value. From its second call on, Run allocates nothing.
	Run(feeds Feeds, outputs []*tensor.Tensor) error
	// Close releases the program's memory. It must not be run afterwards.
	Close() error
}

// Run is a convenience: it compiles the outputs, runs them once and returns
// new tensors. Graphs without inputs take nil feeds.
func Run(d Device, feeds Feeds, outputs ...*graph.Node) ([]*tensor.Tensor, error) {
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
	return results, p.Run(feeds, results)
}
