package enginetest

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/enginetest/internal/cases"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

func TestReference(t *testing.T) {
	t.Parallel()
	Run(t, reference.New())
	Golden(t, reference.New())
}

// TestRounding runs the suite on an engine whose only fault is that it rounds
// each intermediate value to float32: the tolerances must allow for that.
func TestRounding(t *testing.T) {
	t.Parallel()
	d := tampering{reference.New(), round}
	Run(t, d)
	Golden(t, d)
}

func round(_ *graph.Node, v []float64) {
	for i := range v {
		v[i] = float64(float32(v[i]))
	}
}

// TestFaults breaks one kind of operator at a time, by 1e-4 in a single
// element, and expects the tables to notice.
func TestFaults(t *testing.T) {
	byKind := map[string][]cases.Case{} // by the kinds of operators in their graphs
	for _, o := range cases.Operators {
		for _, c := range o.Cases() {
			p, _ := caseProblem(c, asInputs, !c.Flat)
			seen := map[string]bool{}
			for _, n := range p.graph.Nodes() {
				if kind := n.Op().Kind(); kind != "Input" && !seen[kind] {
					seen[kind] = true
					byKind[kind] = append(byKind[kind], c)
				}
			}
		}
	}
	if len(byKind) < 38 {
		t.Errorf("the tables have only %d kinds of operators", len(byKind))
	}
	for kind, list := range byKind {
		t.Run(kind, func(t *testing.T) {
			d := tampering{reference.New(), func(n *graph.Node, v []float64) {
				if last := len(v) - 1; n.Op().Kind() == kind {
					v[last] += 1e-4 * math.Max(1, math.Abs(v[last]))
				}
			}}
			noticed := slices.ContainsFunc(list, func(c cases.Case) bool {
				return fails(func(t tb) { checkCase(t, d, c, Precision{}) })
			})
			if !noticed {
				t.Error("the tables do not notice")
			}
		})
	}
}

// fails reports whether a test fails.
func fails(test func(t tb)) bool {
	r := &recorder{}
	test(r)
	return r.failed
}

// A recorder is a tb that only remembers whether the test failed.
type recorder struct{ failed bool }

func (r *recorder) Helper()                           {}
func (r *recorder) Errorf(string, ...any)             { r.failed = true }
func (r *recorder) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

// tampering is the reference engine with a hook that changes values.
type tampering struct {
	engine.Device
	hook func(n *graph.Node, v []float64)
}

func (d tampering) Compile(g *graph.Graph, outputs ...*graph.Node) (engine.Program, error) {
	p, err := d.Device.Compile(g, outputs...)
	return &tamperingProgram{p, d, g, outputs}, err
}

type tamperingProgram struct {
	engine.Program
	device  tampering
	graph   *graph.Graph
	outputs []*graph.Node
}

func (p *tamperingProgram) Run(feeds engine.Feeds, outputs []*tensor.Tensor) error {
	if err := feeds.Arrange(p.graph.Inputs(), make([]*tensor.Tensor, len(p.graph.Inputs()))); err != nil {
		return err
	}
	nodes := append([]*graph.Node{}, p.outputs...)
	for _, a := range p.graph.Assignments() {
		nodes = append(nodes, a.Value)
	}
	values, err := reference.Eval(nodes, (&problem{graph: p.graph, feeds: feeds}).feed(), p.device.hook)
	if err != nil {
		return err
	}
	if err := p.Program.Run(feeds, outputs); err != nil { // checks, and marks variables as changed
		return err
	}
	store := func(to *tensor.Tensor, from []float64) {
		for i, v := range from {
			to.Data()[i] = float32(v)
		}
	}
	for i := range p.outputs {
		store(outputs[i], values[i])
	}
	for i, a := range p.graph.Assignments() {
		store(a.Variable.Op().(graph.VariableOp).Variable.Value, values[len(p.outputs)+i])
	}
	return nil
}
