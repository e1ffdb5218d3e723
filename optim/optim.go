package optim

import (
	"fmt"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// An Optimizer adds the operators of one update to a graph.
type Optimizer interface {
	// Update assigns new values to the parameters. lr is the learning rate, a
	// scalar (usually an input, so that it may change from step to step);
	// params are nodes made by Graph.Variable and grads their derivatives, in
	// the same order. state returns the variable of that name that belongs to
	// a parameter, made with its shape and filled with init at first use; see
	// State.Variable. Update panics with a *graph.Error where shapes or
	// settings break a rule.
	Update(g *graph.Graph, lr *graph.Node, params, grads []*graph.Node, state func(param *graph.Variable, name string, init float32) *graph.Variable)
	// String describes the optimizer with its settings, for records.
	String() string
}

// State holds the variables of an optimizer, such as momentum, between
// graphs. The zero value is empty and ready.
type State struct {
	variables []*graph.Variable
	byParam   map[stateKey]*graph.Variable
}

// stateKey tells variables apart. Parameters of two models may have one name.
type stateKey struct {
	param *graph.Variable
	name  string
}

// Variable returns the variable param.Name + "." + name, which is made, of
// param's shape and filled with init, when it is first asked for. It is the
// last argument of Optimizer.Update.
func (s *State) Variable(param *graph.Variable, name string, init float32) *graph.Variable {
	key := stateKey{param, name}
	if v, ok := s.byParam[key]; ok {
		return v
	}
	v := &graph.Variable{Name: param.Name + "." + name, Value: tensor.Full(init, param.Value.Shape()...)}
	if s.byParam == nil {
		s.byParam = map[stateKey]*graph.Variable{}
	}
	s.byParam[key] = v
	s.variables = append(s.variables, v)
	return v
}

// Variables returns all variables in the order in which they were made, for
// checkpoints.
func (s *State) Variables() []*graph.Variable { return s.variables }

// check reports arguments of Update that do not fit together.
func check(g *graph.Graph, name string, lr *graph.Node, params, grads []*graph.Node) {
	if lr.Shape().Size() != 1 || len(lr.Shape()) != 0 {
		g.Fail(name, "the learning rate must be a scalar, got shape %v", lr.Shape())
	}
	if len(params) != len(grads) {
		g.Fail(name, "%d parameters have %d gradients", len(params), len(grads))
	}
	for i, p := range params {
		if _, ok := p.Op().(graph.VariableOp); !ok {
			g.Fail(name, "parameter %d, %v, is not a variable", i, p)
		}
		if !grads[i].Shape().Equal(p.Shape()) {
			g.Fail(name, "parameter %q has shape %v, its gradient %v", variable(p).Name, p.Shape(), grads[i].Shape())
		}
	}
}

// variable returns what stands behind a node that check has passed.
func variable(p *graph.Node) *graph.Variable { return p.Op().(graph.VariableOp).Variable }

// A Schedule gives the learning rate of each training step. Steps count from 0, over
// all epochs.
type Schedule func(step uint64) float32

// Constant returns the schedule that gives the same rate at every step.
func Constant(rate float32) Schedule { return func(uint64) float32 { return rate } }

// finite reports a setting that is negative, infinite or NaN.
func finite(g *graph.Graph, optimizer, setting string, v float32) {
	if !(v >= 0 && v <= 1e30) {
		g.Fail(optimizer, "%s must be a number of at least 0, got %v", setting, v)
	}
}

func setting(name string, v float32) string {
	if v == 0 {
		return ""
	}
	return fmt.Sprintf(", %s %v", name, v)
}
