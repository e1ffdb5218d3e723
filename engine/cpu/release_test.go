package cpu

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// A program releases what it has packed, during its first run or after it, and computes the same
// bits from then on, as do programs that share its packed weights.
func TestReleaseVariables(t *testing.T) {
	const batch = 24
	kept, _ := partsNet(t, New(Options{Threads: 2}), batch)
	want := runParts(t, kept, batch)
	for _, early := range []bool{false, true} {
		p, w := partsNet(t, New(Options{Threads: 2}), batch)
		replica, err := p.Replicate(New(Options{Threads: 1}))
		if err != nil {
			t.Fatal(err)
		}
		if !early {
			runParts(t, p, batch)
		}
		if err := p.ReleaseVariables(); err != nil {
			t.Fatal(err)
		}
		if early == w.Value.Released() {
			t.Errorf("early %v: released %v", early, !early)
		}
		later, err := p.Replicate(New(Options{Threads: 3}))
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for i, q := range []program{p, replica.(program), later.(program)} {
			wg.Go(func() {
				for range 3 {
					if !slices.Equal(runParts(t, q, batch), want) {
						t.Errorf("early %v: program %d computes something else", early, i)
					}
				}
			})
		}
		wg.Wait()
		if !w.Value.Released() || p.ReleasedBytes() < 4*int64(w.Value.Size()) {
			t.Errorf("early %v: released %v, %d bytes", early, w.Value.Released(), p.ReleasedBytes())
		}
	}
}

// Whoever needs a value that was released gets an error with the variable's name, and goes on when
// the variable has a value again.
func TestReleasedIsRefused(t *testing.T) {
	const batch = 8
	p, w := partsNet(t, New(Options{Threads: 2}), batch)
	if err := p.ReleaseVariables(); err != nil {
		t.Fatal(err)
	}
	before := w.Value.Clone()
	want := runParts(t, p, batch)
	run := func(p engine.Program) error {
		return p.Run(engine.Feeds{p.(program).Inputs[0]: tensor.New(batch, 3, 9, 9)}, []*tensor.Tensor{tensor.New(batch, 10)})
	}
	refused := func(what string, err error) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), `the value of variable "w" was released`) {
			t.Errorf("%s: got %v", what, err)
		}
	}
	w.Changed()
	refused("a variable that is said to have changed", run(p))
	refused("again", run(p))
	w.Value = before
	w.Changed()
	if got := runParts(t, p, batch); !slices.Equal(got, want) {
		t.Error("other results with the value of before")
	}
	if !w.Value.Released() {
		t.Error("a new value stays")
	}

	g := graph.New()
	x := g.Input("x", batch, 3, 9, 9)
	y := graph.Conv2D(x, g.Variable(w), nil, graph.Window{}, 1)
	for what, out := range map[string]*graph.Node{"a program that packs it": y, "one that reads it": graph.Sum(graph.ReLU(g.Variable(w)))} {
		q, err := New(Options{Threads: 1}).Compile(g, out)
		if err != nil {
			t.Fatal(err)
		}
		refused(what, q.Run(engine.Feeds{x: tensor.New(x.Shape()...)}, []*tensor.Tensor{tensor.New(out.Shape()...)}))
	}
}

// What each run reads, returns or assigns stays.
func TestReleaseKeeps(t *testing.T) {
	named := func(name string, shape ...int) *graph.Variable {
		return &graph.Variable{Name: name, Value: tensor.Full(0.5, shape...)}
	}
	w, bias, slope, result, target := named("w", 8, 3, 3, 3), named("bias", 8), named("slope", 5), named("result", 5), named("target", 4)
	g := graph.New()
	x, five := g.Input("x", 2, 3, 10, 10), g.Input("five", 5)
	y := graph.Conv2D(x, g.Variable(w), g.Variable(bias), graph.Window{}, 1)
	outputs := []*graph.Node{y, g.Variable(result), graph.Mul(five, g.Variable(slope))}
	p, err := New(Options{Threads: 2}).Compile(g, outputs...)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.(engine.VariableReleaser).ReleaseVariables(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		err := p.Run(engine.Feeds{x: tensor.New(x.Shape()...), five: tensor.New(5)}, []*tensor.Tensor{tensor.New(y.Shape()...), tensor.New(5), tensor.New(5)})
		if err != nil {
			t.Fatal(err)
		}
	}
	if !w.Value.Released() || slope.Value.Released() || result.Value.Released() {
		t.Errorf("weights %v, factors %v, result %v", w.Value.Released(), slope.Value.Released(), result.Value.Released())
	}
	old := g.Variable(target)
	g.Assign(old, graph.Add(old, old))
	if p, err = New(Options{Threads: 2}).Compile(g, outputs...); err != nil {
		t.Fatal(err)
	}
	if err := p.(engine.VariableReleaser).ReleaseVariables(); err == nil {
		t.Error("a program that assigns releases variables")
	}
}
