package enginetest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/enginetest/internal/cases"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/rng"
)

// A role is how arguments enter the graph.
type role int

const (
	asInputs    role = iota // all are inputs
	asVariables             // all but the first are variables, as weights are
	asConstants             // all but the first are constants
)

// caseProblem builds the graph of the case, with derivatives if asked, and
// returns the nodes of the arguments as well.
func caseProblem(c cases.Case, role role, backward bool) (*problem, []*graph.Node) {
	p := &problem{graph: graph.New()}
	g := p.graph
	nodes := make([]*graph.Node, len(c.Args))
	for i, x := range c.Values() {
		name := fmt.Sprintf("x%d", i)
		switch {
		case i == 0 || role == asInputs:
			nodes[i] = p.given(name, x)
		case role == asVariables:
			nodes[i] = g.Variable(&graph.Variable{Name: name, Value: x, Trainable: true})
		default:
			nodes[i] = g.Constant(x)
		}
	}
	y := c.Build(nodes)
	p.outputs = []*graph.Node{y}
	if backward {
		// The loss is Σ y·r, so that r is the derivative with respect to y.
		r := normal(rng.New(7, "enginetest"), y.Shape()...)
		weight := p.given("r", r)
		p.outputs = append(p.outputs, graph.Gradients(graph.Sum(graph.Mul(y, weight)), differentiated(c, nodes)...)...)
	}
	return p, nodes
}

func differentiated(c cases.Case, nodes []*graph.Node) []*graph.Node {
	var wrt []*graph.Node
	for i, a := range c.Args {
		if !a.Fixed {
			wrt = append(wrt, nodes[i])
		}
	}
	return wrt
}

func checkCase(t tb, device engine.Device, c cases.Case) {
	t.Helper()
	p, _ := caseProblem(c, asInputs, false)
	p.check(t, device, c.Forward, 1)
	if !c.Flat {
		p, _ = caseProblem(c, asInputs, true)
		p.check(t, device, c.Backward, 1)
	}
	if len(c.Args) > 1 {
		p, _ = caseProblem(c, asVariables, !c.Flat)
		p.check(t, device, max(c.Forward, c.Backward), 2)
		p, _ = caseProblem(c, asConstants, false)
		p.check(t, device, c.Forward, 1)
	}
}

// A Concession is something that a device need not do.
type Concession int

// FlushesSubnormals says that the device takes numbers below 2⁻¹²⁶ for zeros, as TPUs
// and XLA's CPU client do, perhaps also when it divides by multiplying with a
// reciprocal. The cases then feed no numbers that are so small or whose reciprocal is.
const FlushesSubnormals Concession = 1

// Run tests that a device computes what the definitions of the operators say.
func Run(t *testing.T, device engine.Device, concessions ...Concession) {
	RunEvery(t, device, 1, concessions...)
}

// RunEvery is Run with the first and then every n-th case of each operator, for devices
// that take long to compile.
func RunEvery(t *testing.T, device engine.Device, n int, concessions ...Concession) {
	for _, o := range cases.Operators {
		t.Run(o.File, func(t *testing.T) {
			for i, c := range o.Cases() {
				if i%n != 0 {
					continue
				}
				if slices.Contains(concessions, FlushesSubnormals) {
					c = c.WithoutSubnormals()
				}
				t.Run(c.Name, func(t *testing.T) { checkCase(t, device, c) })
			}
		})
	}
	t.Run("Structure", func(t *testing.T) { structure(t, device) })
	t.Run("Networks", func(t *testing.T) { Networks(t, device) })
}
