package reference

import (
	"fmt"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// New returns the reference engine, a device named "reference".
func New() engine.Device { return device{} }

type device struct{ reducer engine.Reducer }

func (device) Name() string { return "reference" }

func (device) Description() string { return "plain loops in float64, one thread" }

// Compile lists the nodes that the outputs and the assignments need.
func (d device) Compile(g *graph.Graph, outputs ...*graph.Node) (engine.Program, error) {
	p := &program{inputs: g.Inputs(), outputs: outputs, assignments: g.Assignments(), reducer: d.reducer}
	wanted := append([]*graph.Node{}, outputs...)
	for _, a := range p.assignments {
		wanted = append(wanted, a.Value)
	}
	for i, n := range wanted {
		if n == nil || n.Graph() != g {
			return nil, fmt.Errorf("reference: output %d is not a node of the graph", i)
		}
	}
	p.needed = needed(g, wanted, nil)
	return p, nil
}

type program struct {
	inputs, outputs []*graph.Node
	assignments     []graph.Assignment
	needed          []*graph.Node
	reducer         engine.Reducer
}

// Run computes everything first and writes the outputs and variables last, so
// that it does not matter whether tensors share memory.
func (p *program) Run(feeds engine.Feeds, outputs []*tensor.Tensor) error {
	inputs := make([]*tensor.Tensor, len(p.inputs))
	if err := feeds.Arrange(p.inputs, inputs); err != nil {
		return fmt.Errorf("reference: %w", err)
	}
	if err := engine.CheckOutputs(p.outputs, outputs); err != nil {
		return fmt.Errorf("reference: %w", err)
	}
	feed := map[*graph.Node][]float64{}
	for i, n := range p.inputs {
		feed[n] = widen(inputs[i].Data())
	}
	for _, n := range p.needed {
		v, ok := n.Op().(graph.VariableOp)
		if !ok {
			continue
		}
		if v.Variable.Value.Released() {
			return fmt.Errorf("reference: the value of variable %q was released after another program had packed it", v.Variable.Name)
		}
		if err := v.Variable.Value.Fetch(); err != nil {
			return fmt.Errorf("reference: variable %q: %w", v.Variable.Name, err)
		}
	}
	values, err := evaluate(p.needed, feed, nil, p.reducer)
	if err != nil {
		return err
	}
	for i, n := range p.outputs {
		narrow(outputs[i].Data(), values[n])
	}
	for _, a := range p.assignments {
		v := a.Variable.Op().(graph.VariableOp).Variable
		narrow(v.Value.Data(), values[a.Value])
		v.Changed()
	}
	return nil
}

func (p *program) Close() error { return nil }
