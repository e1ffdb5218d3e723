package optim

import (
	"fmt"
	"strconv"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// An Optimizer adds the operators of one update to a graph.
type Optimizer interface {
	// Update assigns new values to the parameters. lr is the learning rate, a
	// scalar (usually an input, so that it may change from step to step);
	// params are nodes made by Graph.Variable and grads their derivatives, in
	// the same order. Variables that the optimizer keeps are those of state.
	// Update panics with a *graph.Error where shapes or settings break a rule.
	Update(g *graph.Graph, lr *graph.Node, params, grads []*graph.Node, state *State)
	// String describes the optimizer with all its settings, for records: a run
	// is only resumed with an optimizer of the same description.
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
// param's shape and filled with init, when it is first asked for.
func (s *State) Variable(param *graph.Variable, name string, init float32) *graph.Variable {
	return s.variable(param, name, func() *tensor.Tensor { return tensor.Full(init, param.Value.Shape()...) })
}

// Scalar is Variable for a single number.
func (s *State) Scalar(param *graph.Variable, name string, init float32) *graph.Variable {
	return s.variable(param, name, func() *tensor.Tensor { return tensor.Scalar(init) })
}

// Copy is Variable for one that begins with param's values.
func (s *State) Copy(param *graph.Variable, name string) *graph.Variable {
	return s.variable(param, name, param.Value.Clone)
}

func (s *State) variable(param *graph.Variable, name string, value func() *tensor.Tensor) *graph.Variable {
	key := stateKey{param, name}
	if v, ok := s.byParam[key]; ok {
		return v
	}
	v := &graph.Variable{Name: param.Name + "." + name, Value: value()}
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

// finite reports a setting that is negative, infinite or NaN.
func finite(g *graph.Graph, optimizer, setting string, v float32) {
	if !(v >= 0 && v <= 1e30) {
		g.Fail(optimizer, "%s must be a number of at least 0, got %v", setting, v)
	}
}

// exact returns the number that was written, 0.999, where v is the float32 that is
// nearest to it.
func exact(v float32) float64 {
	d, err := strconv.ParseFloat(strconv.FormatFloat(float64(v), 'g', -1, 32), 64)
	if err != nil { // NaN and infinities are read back, too
		return float64(v)
	}
	return d
}

// or returns v, or what 0 stands for.
func or(v, standard float32) float32 {
	if v == 0 {
		return standard
	}
	return v
}

// share reports a factor that is not from 0 to below 1.
func share(g *graph.Graph, optimizer, setting string, v float32) {
	if !(v >= 0 && v < 1) {
		g.Fail(optimizer, "%s must be at least 0 and below 1, got %v", setting, v)
	}
}

// average returns the moving average old·decay + value·(1−decay).
func average(old, value *graph.Node, decay float32) *graph.Node {
	g := old.Graph()
	return graph.Add(graph.Mul(old, g.Scalar(decay)), graph.Mul(value, g.Scalar(float32(1-exact(decay)))))
}

// keep assigns a value to a variable of a parameter and returns the value.
func keep(g *graph.Graph, v *graph.Variable, value func(old *graph.Node) *graph.Node) *graph.Node {
	old := g.Variable(v)
	latest := value(old)
	g.Assign(old, latest)
	return latest
}

func setting(name string, v float32) string {
	if v == 0 {
		return ""
	}
	return fmt.Sprintf(", %s %v", name, v)
}
