package enginetest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/enginetest/internal/cases"
	"github.com/strideml/stride/engine/reference"
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
		if c.BFloat16 {
			cases.RoundToBFloat16(r.Data())
		}
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

func checkCase(t tb, device engine.Device, c cases.Case, precision Precision) {
	t.Helper()
	check := func(role role, backward bool, tol tolerance, runs int) {
		p, _ := caseProblem(c, role, backward)
		if precision.Factors > 0 {
			c.BFloat16 = true
			if p, _ = caseProblem(c, role, backward); !p.hasRoundedFactors(t) {
				p.precision, tol = precision, max(tol, measured)
			}
		}
		p.check(t, device, tol, runs)
	}
	check(asInputs, false, c.Forward, 1)
	if !c.Flat {
		check(asInputs, true, c.Backward, 1)
	}
	if len(c.Args) > 1 {
		check(asVariables, !c.Flat, max(c.Forward, c.Backward), 2)
		check(asConstants, false, c.Forward, 1)
	}
}

// hasRoundedFactors reports whether bfloat16 has all factors of the products that convolutions, matrix products and their
// gradients add up.
func (p *problem) hasRoundedFactors(t tb) bool {
	t.Helper()
	var factors []*graph.Node
	for _, n := range p.graph.Nodes() {
		if isProduct(n) {
			factors = append(factors, n.Inputs()[:2]...)
		}
	}
	if len(factors) == 0 {
		return true
	}
	values, err := reference.Eval(factors, p.feed())
	if err != nil {
		t.Fatalf("%v", err)
	}
	for _, x := range values {
		for _, v := range x {
			rounded := []float32{float32(v)}
			if cases.RoundToBFloat16(rounded); float64(rounded[0]) != v && v == v {
				return false
			}
		}
	}
	return true
}

// isProduct reports whether an operator adds up products of its first two arguments.
func isProduct(n *graph.Node) bool {
	_, ok := n.Op().(graph.MatMulOp)
	return ok || cases.RoundingOf(n).Conv
}

// A Concession is something that a device need not do.
type Concession int

// FlushesSubnormals says that the device takes numbers below 2⁻¹²⁶ for zeros, as TPUs
// and XLA's CPU client do, perhaps also when it divides by multiplying with a
// reciprocal. The cases then feed no numbers that are so small or whose reciprocal is.
const FlushesSubnormals Concession = 1

// RoundsFactors says that the device may round the factors of convolutions and matrix products, and of their
// derivatives, to bfloat16, and add up the products in float32. The cases then feed numbers that bfloat16 has. Where these are the
// factors, the products are exact, and the tolerances stay those of float32. Where factors are results of other operators, the
// tolerance is measured, with an error of 2⁻⁸ in each product: each factor is off by at most 2⁻⁹. Networks are not trained: with
// such errors a ReLU or a maximum often falls on the other side, and single gradients with it.
const RoundsFactors Concession = 2

// Run tests that a device computes what the definitions of the operators say.
func Run(t *testing.T, device engine.Device, concessions ...Concession) {
	RunEvery(t, device, 1, concessions...)
}

// RunEvery is Run with the first and then every n-th case of each operator, for devices
// that take long to compile.
func RunEvery(t *testing.T, device engine.Device, n int, concessions ...Concession) {
	precision := Precision{}
	if slices.Contains(concessions, RoundsFactors) {
		precision.Factors = 0x1p-8
	}
	for _, o := range cases.Operators {
		t.Run(o.File, func(t *testing.T) {
			for i, c := range o.Cases() {
				if i%n != 0 {
					continue
				}
				if slices.Contains(concessions, FlushesSubnormals) {
					c = c.WithoutSubnormals()
				}
				t.Run(c.Name, func(t *testing.T) { checkCase(t, device, c, precision) })
			}
		})
	}
	t.Run("Structure", func(t *testing.T) { structure(t, device, precision) })
	if precision.Factors == 0 {
		t.Run("Networks", func(t *testing.T) { Networks(t, device) })
	}
}
