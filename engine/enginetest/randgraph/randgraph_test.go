package randgraph

import (
	"errors"
	"flag"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/enginetest/internal/cases"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// The reference engine agrees with itself, so a failure is one of this package.
func TestReference(t *testing.T) {
	d := reference.New()
	Test(t, []Target{{Name: "reference", Devices: []engine.Device{d, d}}}, Options{Cases: 200})
}

func TestGenerateIsDeterministic(t *testing.T) {
	for seed := range uint64(20) {
		if a, b := Generate(seed), Generate(seed); !reflect.DeepEqual(a, b) {
			t.Fatalf("seed %d stands for two cases", seed)
		}
	}
}

// altered is the reference engine with a hook that changes the value of each
// node.
type altered struct {
	engine.Device
	hook func(n *graph.Node, v []float64)
}

func (d altered) Compile(g *graph.Graph, outputs ...*graph.Node) (engine.Program, error) {
	p, err := d.Device.Compile(g, outputs...)
	return alteredProgram{p, d.hook, built{graph: g, outputs: outputs}}, err
}

type alteredProgram struct {
	engine.Program
	hook func(n *graph.Node, v []float64)
	b    built
}

func (p alteredProgram) Run(feeds engine.Feeds, outputs []*tensor.Tensor) error {
	feed := map[*graph.Node][]float64{}
	for n, x := range feeds {
		feed[n] = widen(x)
	}
	values, err := reference.Eval(p.b.wanted(), feed, p.hook)
	if err != nil {
		return err
	}
	for i := range values {
		to := (*tensor.Tensor)(nil)
		if i < len(outputs) {
			to = outputs[i]
		} else {
			v := p.b.graph.Assignments()[i-len(outputs)].Variable.Op().(graph.VariableOp).Variable
			to = v.Value
			v.Changed()
		}
		for k, v := range values[i] {
			to.Data()[k] = float32(v)
		}
	}
	return nil
}

func alteredTarget(hook func(n *graph.Node, v []float64)) Target {
	return Target{Name: "altered", Devices: []engine.Device{altered{reference.New(), hook}}}
}

// TestRounding runs on an engine whose only fault is that it rounds each
// value to float32: the tolerances must allow for that.
func TestRounding(t *testing.T) {
	Test(t, []Target{alteredTarget(func(_ *graph.Node, v []float64) {
		for i := range v {
			v[i] = float64(float32(v[i]))
		}
	})}, Options{Cases: 300, Seed: *firstSeed, For: *howLong})
}

var (
	howLong   = flag.Duration("random", 0, "how long TestRounding draws graphs; 0 means 300 of them")
	firstSeed = flag.Uint64("seed", 0, "the first seed of TestRounding")
)

// TestFaults breaks one kind of operator at a time, by 1e-4 in a single
// element, and expects the random graphs to notice. So each operator of the
// suite must occur in them: a new one needs an entry in the table.
func TestFaults(t *testing.T) {
	noticed := map[string]bool{}
	for _, o := range cases.Operators {
		for _, c := range o.Cases() {
			for _, kind := range kindsOf(c) {
				if _, ok := noticed[kind]; !ok {
					noticed[kind] = notices(kind)
				}
			}
		}
	}
	if len(noticed) < 38 {
		t.Errorf("the suite has only %d kinds of operators", len(noticed))
	}
	for kind, ok := range noticed {
		if !ok {
			t.Errorf("random graphs do not notice that %s is wrong", kind)
		}
	}
}

// kindsOf lists the operators that a case of the suite and its derivatives use.
func kindsOf(c cases.Case) (kinds []string) {
	g := graph.New()
	var args, wrt []*graph.Node
	for i, x := range c.Values() {
		args = append(args, g.Constant(x))
		if !c.Args[i].Fixed {
			wrt = append(wrt, args[i])
		}
	}
	y := c.Build(args)
	if !c.Flat {
		graph.Gradients(graph.Sum(y), wrt...)
	}
	for _, n := range g.Nodes() {
		if kind := n.Op().Kind(); kind != "Constant" {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// notices reports whether one of 4,000 cases fails if a kind of operator is
// wrong.
func notices(kind string) bool {
	target := alteredTarget(func(n *graph.Node, v []float64) {
		if last := len(v) - 1; n.Op().Kind() == kind {
			v[last] += 1e-4 * math.Max(1, math.Abs(v[last]))
		}
	})
	for seed := range uint64(4000) {
		c := Generate(seed)
		if !c.uses(kind) {
			continue
		}
		if _, err := c.Check(target); err != nil {
			return true
		}
	}
	return false
}

// uses reports whether a kind of operator is in one of the graphs.
func (c *Case) uses(kind string) bool {
	vars := c.newVariables()
	for _, p := range c.Programs {
		if b, err := c.build(p, vars); err == nil && slices.ContainsFunc(b.graph.Nodes(), func(n *graph.Node) bool { return n.Op().Kind() == kind }) {
			return true
		}
	}
	return false
}

// joins reports whether n is made by concatenations of that depth.
func joins(n *graph.Node, depth int) bool {
	if _, ok := n.Op().(graph.ConcatOp); ok {
		if depth--; depth == 0 {
			return true
		}
		for _, in := range n.Inputs() {
			if _, ok := in.Op().(graph.ConcatOp); ok && joins(in, depth) {
				return true
			}
		}
	}
	return false
}

// A fault in a large graph is found and reduced to the graph that shows it.
func TestShrink(t *testing.T) {
	target := alteredTarget(func(n *graph.Node, v []float64) {
		if joins(n, 2) {
			v[0]++
		}
	})
	for seed := range uint64(4000) {
		c := Generate(seed)
		_, err := c.Check(target)
		var f *Failure
		if !errors.As(err, &f) || len(c.Steps) < 15 {
			continue
		}
		small, smaller := c.Shrink(target, f.Kind, time.Minute)
		code := small.Code()
		t.Logf("seed %d: %v\n%s", seed, smaller, code)
		if len(small.Steps) > 4 || strings.Count(code, "graph.Concat(") != 2 {
			t.Errorf("seed %d has %d nodes, shrunk %d", seed, len(c.Steps), len(small.Steps))
		}
		return
	}
	t.Error("not found")
}
