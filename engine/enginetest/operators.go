package enginetest

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/tensor"
)

// An operatorCase applies an operator to some arguments.
type operatorCase struct {
	name string
	args []arg
	// build adds the operator to the graph.
	build func(x []*graph.Node) *graph.Node
	// forward and backward are the tolerances of the result and of the
	// derivatives.
	forward, backward tolerance
	// flat says that there is no derivative to compare.
	flat bool
}

// An arg is an argument of an operator.
type arg struct {
	shape tensor.Shape
	// fill draws an element; nil means the standard normal distribution.
	fill func(r *rand.Rand) float32
	// data, if not nil, is the value.
	data []float32
	// fixed arguments (labels, for one) get no derivative.
	fixed bool
}

func of(shape ...int) arg { return arg{shape: shape} }

func (a arg) with(fill func(r *rand.Rand) float32) arg {
	a.fill = fill
	return a
}

func constant(shape []int, data ...float32) arg {
	return arg{shape: shape, data: data, fixed: true}
}

// positive draws numbers from ½ to 2.
func positive(r *rand.Rand) float32 { return 0.5 + 1.5*r.Float32() }

// large draws numbers up to ±30, where exponentials nearly overflow.
func large(r *rand.Rand) float32 { return 60*r.Float32() - 30 }

// around6 draws numbers on both sides of 0 and of 6.
func around6(r *rand.Rand) float32 { return 12*r.Float32() - 3 }

// small whole numbers, so that there are many ties.
func digit(r *rand.Rand) float32 { return float32(r.IntN(4) - 1) }

func (c operatorCase) values() []*tensor.Tensor {
	hash := fnv.New64a()
	hash.Write([]byte(c.name))
	values := make([]*tensor.Tensor, len(c.args))
	for i, a := range c.args {
		r := rng.New(hash.Sum64(), "enginetest", uint64(i))
		x := normal(r, a.shape...)
		switch {
		case a.data != nil:
			copy(x.Data(), a.data)
		case a.fill != nil:
			for k := range x.Data() {
				x.Data()[k] = a.fill(r)
			}
		}
		values[i] = x
	}
	return values
}

// A role is how arguments enter the graph.
type role int

const (
	asInputs    role = iota // all are inputs
	asVariables             // all but the first are variables, as weights are
	asConstants             // all but the first are constants
)

// problem builds the graph of the case, with derivatives if asked, and
// returns the nodes of the arguments as well.
func (c operatorCase) problem(role role, backward bool) (*problem, []*graph.Node) {
	p := &problem{graph: graph.New()}
	g := p.graph
	nodes := make([]*graph.Node, len(c.args))
	for i, x := range c.values() {
		name := fmt.Sprintf("x%d", i)
		switch {
		case i == 0 || role == asInputs:
			nodes[i] = g.Input(name, x.Shape()...)
			p.inputs = append(p.inputs, x)
		case role == asVariables:
			nodes[i] = g.Variable(&graph.Variable{Name: name, Value: x, Trainable: true})
		default:
			nodes[i] = g.Constant(x)
		}
	}
	y := c.build(nodes)
	p.outputs = []*graph.Node{y}
	if backward {
		// The loss is Σ y·r, so that r is the derivative with respect to y.
		r := normal(rng.New(7, "enginetest"), y.Shape()...)
		weight := g.Input("r", y.Shape()...)
		p.inputs = append(p.inputs, r)
		p.outputs = append(p.outputs, graph.Gradients(graph.Sum(graph.Mul(y, weight)), c.differentiated(nodes)...)...)
	}
	return p, nodes
}

func (c operatorCase) differentiated(nodes []*graph.Node) []*graph.Node {
	var wrt []*graph.Node
	for i, a := range c.args {
		if !a.fixed {
			wrt = append(wrt, nodes[i])
		}
	}
	return wrt
}

func (c operatorCase) check(t tb, device engine.Device) {
	t.Helper()
	p, _ := c.problem(asInputs, false)
	p.check(t, device, c.forward, 1)
	if !c.flat {
		p, _ = c.problem(asInputs, true)
		p.check(t, device, c.backward, 1)
	}
	if len(c.args) > 1 {
		p, _ = c.problem(asVariables, !c.flat)
		p.check(t, device, max(c.forward, c.backward), 2)
		p, _ = c.problem(asConstants, false)
		p.check(t, device, c.forward, 1)
	}
}

// operatorGroups is the whole table.
func operatorGroups() map[string][]operatorCase {
	return map[string][]operatorCase{
		"Unary":        unaryCases(),
		"Binary":       binaryCases(),
		"Broadcast":    broadcastCases(),
		"Reduce":       reduceCases(),
		"Softmax":      softmaxCases(),
		"CrossEntropy": crossEntropyCases(),
		"Conv2D":       convCases(),
		"MatMul":       matMulCases(),
		"MaxPool2D":    maxPoolCases(),
		"AvgPool2D":    avgPoolCases(),
		"Adaptive":     adaptivePoolCases(),
		"Shape":        shapeCases(),
		"BatchNorm":    batchNormCases(),
		"Dropout":      dropoutCases(),
		"Special":      specialCases(),
	}
}

// Run tests that a device computes what the definitions of the operators say.
func Run(t *testing.T, device engine.Device) {
	for name, cases := range operatorGroups() {
		t.Run(name, func(t *testing.T) {
			for _, c := range cases {
				t.Run(c.name, func(t *testing.T) { c.check(t, device) })
			}
		})
	}
	t.Run("Structure", func(t *testing.T) { structure(t, device) })
	t.Run("Networks", func(t *testing.T) { networks(t, device) })
	t.Run("Random", func(t *testing.T) { randomGraphs(t, device) })
}
