// Package engine says what runs a graph.
//
// A [Device] compiles a graph into a [Program]; a Program runs it as often as
// wanted. There are two engines: engine/reference, which computes plainly in
// float64, and engine/cpu, which is fast. Package enginetest tests that an engine
// computes what the operators of package graph are defined as.
//
// What an engine may offer beyond that, such as profiles of its programs or the
// memory that they need, are interfaces of this package, too: [Profiler],
// [Tracer], [MemoryPlanner] and [ReductionOrderer].
package engine

import (
	"errors"
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
	// assignments. The graph must not be changed afterwards. It is an error if an
	// output is nil or a node of another graph, or if the engine does not support
	// an operator.
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
	// Variable.Value; a device with memory of its own may leave the new values
	// there until somebody reads them (tensor.Tensor.Defer). In fast engines Run
	// allocates nothing from its second call on. It is an error, and nothing is
	// computed, if a tensor is missing, does not belong to an input or has a wrong
	// shape.
	Run(feeds Feeds, outputs []*tensor.Tensor) error
	// Close releases the program's memory. The program must not be run afterwards;
	// Run may return an error then.
	Close() error
}

// Run compiles the outputs, runs them once, with the graph's assignments, and
// returns new tensors, in the order of the outputs. Graphs without inputs take nil
// feeds. For more than one run, compile the graph and keep the Program.
//
// It is an error if d is nil: this package knows no engine. cpu.Default of
// engine/cpu is the device that nil means elsewhere.
func Run(d Device, feeds Feeds, outputs ...*graph.Node) ([]*tensor.Tensor, error) {
	if d == nil {
		return nil, errors.New("there is no device to run the graph: pass one, such as cpu.Default() of package engine/cpu")
	}
	if len(outputs) == 0 {
		return nil, errors.New("no outputs to compute")
	}
	for i, n := range outputs {
		if n == nil {
			return nil, fmt.Errorf("output %d is nil", i)
		}
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
