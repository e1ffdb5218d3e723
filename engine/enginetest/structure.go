package enginetest

import (
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/tensor"
)

// structure tests what has to do with graphs rather than operators: outputs,
// assignments and errors.
func structure(t *testing.T, device engine.Device, precision Precision) {
	for _, graphs := range []map[string]func(p *problem){outputGraphs(), assignmentGraphs()} {
		for name, build := range graphs {
			t.Run(name, func(t *testing.T) {
				p := &problem{graph: graph.New(), precision: precision}
				build(p)
				p.check(t, device, measured, 3)
			})
		}
	}
	t.Run("changed variables", func(t *testing.T) { changedVariables(t, device, precision) })
	t.Run("programs at the same time", func(t *testing.T) { concurrentPrograms(t, device, precision) })
	t.Run("wrong arguments", func(t *testing.T) { wrongArguments(t, device) })
}

func variable(g *graph.Graph, r *rand.Rand, name string, shape ...int) *graph.Node {
	return g.Variable(&graph.Variable{Name: name, Value: normal(r, shape...), Trainable: true})
}

// outputGraphs are graphs whose outputs are unusual.
func outputGraphs() map[string]func(p *problem) {
	r := rng.New(3, "enginetest structure")
	return map[string]func(p *problem){
		"one node as several outputs": func(p *problem) {
			x := p.input(r, 2, 3)
			y := graph.Exp(x)
			p.outputs = []*graph.Node{y, y, graph.Neg(y), y}
		},
		"leaves as outputs": func(p *problem) {
			x := p.input(r, 2, 3, 4, 4)
			v := variable(p.graph, r, "v", 3, 5)
			c := p.graph.Constant(normal(r, 4, 2))
			p.outputs = []*graph.Node{x, v, c, x, p.graph.Scalar(7)}
		},
		"reshaped leaves as outputs": func(p *problem) {
			x := p.input(r, 2, 3, 4, 4)
			v := variable(p.graph, r, "v", 3, 5)
			c := p.graph.Constant(normal(r, 4, 2))
			p.outputs = []*graph.Node{graph.Reshape(x, 2, 48), graph.Reshape(v, 15), graph.Reshape(c, 2, 2, 2), graph.Flatten(x)}
		},
		"an output that is used further": func(p *problem) {
			x, w := p.input(r, 2, 3, 6, 6), variable(p.graph, r, "w", 8, 3, 3, 3)
			y := graph.Conv2D(x, w, nil, square(1, 1, 1), 1)
			z := graph.ReLU(y)
			p.outputs = []*graph.Node{y, z, graph.Flatten(z), graph.MaxPool2D(z, [2]int{2, 2}, graph.Window{}, false)}
		},
		"inputs that nothing uses": func(p *problem) {
			p.input(r, 5)
			x := p.input(r, 2, 3)
			p.input(r, 2, 2, 2, 2)
			p.outputs = []*graph.Node{graph.Neg(x)}
		},
		"nodes that nothing uses": func(p *problem) {
			x := p.input(r, 2, 3)
			graph.Log(x)
			p.outputs = []*graph.Node{graph.Exp(x)}
			graph.Exp(graph.Exp(p.outputs[0]))
		},
		"the same expression twice": func(p *problem) {
			x := p.input(r, 2, 3, 4, 4)
			p.outputs = []*graph.Node{graph.Add(graph.Exp(x), graph.Exp(x)), graph.Sub(graph.Sum(x, 2), graph.Sum(x, 2))}
		},
		"only constants": func(p *problem) {
			p.outputs = []*graph.Node{graph.Exp(graph.Add(p.graph.Scalar(1), p.graph.Constant(normal(r, 2, 3))))}
		},
	}
}

// assignmentGraphs are graphs that assign to variables.
func assignmentGraphs() map[string]func(p *problem) {
	r := rng.New(5, "enginetest structure")
	return map[string]func(p *problem){
		"a variable that is assigned to and put out": func(p *problem) {
			x, v := p.input(r, 3, 4), variable(p.graph, r, "v", 3, 4)
			next := graph.Add(v, x)
			p.graph.Assign(v, next)
			p.outputs = []*graph.Node{v, next, graph.Reshape(v, 12)}
		},
		"assignments without outputs": func(p *problem) {
			x, v := p.input(r, 3, 4), variable(p.graph, r, "v", 3, 4)
			p.graph.Assign(v, graph.Sub(v, x))
		},
		"two variables that swap": func(p *problem) {
			a, b := variable(p.graph, r, "a", 3, 4), variable(p.graph, r, "b", 3, 4)
			p.graph.Assign(a, b)
			p.graph.Assign(b, a)
			p.outputs = []*graph.Node{graph.Sub(a, b)}
		},
		"three variables that rotate, and a fourth read of the old values": func(p *problem) {
			a, b, c := variable(p.graph, r, "a", 8), variable(p.graph, r, "b", 8), variable(p.graph, r, "c", 8)
			d := variable(p.graph, r, "d", 8)
			p.graph.Assign(a, b)
			p.graph.Assign(b, c)
			p.graph.Assign(c, a)
			p.graph.Assign(d, graph.Add(graph.Mul(a, b), c))
		},
		"assignments of leaves and reshapes": func(p *problem) {
			x := p.input(r, 12)
			a, b, c := variable(p.graph, r, "a", 12), variable(p.graph, r, "b", 3, 4), variable(p.graph, r, "c", 4, 3)
			p.graph.Assign(a, x)
			p.graph.Assign(b, graph.Reshape(a, 3, 4))
			p.graph.Assign(c, graph.Reshape(b, 4, 3))
			p.outputs = []*graph.Node{graph.Neg(a)}
		},
		"a variable assigned to itself": func(p *problem) {
			a := variable(p.graph, r, "a", 5)
			p.graph.Assign(a, a)
			p.outputs = []*graph.Node{graph.Neg(a)}
		},
		"one value for two variables": func(p *problem) {
			x, a, b := p.input(r, 2, 3), variable(p.graph, r, "a", 2, 3), variable(p.graph, r, "b", 2, 3)
			y := graph.Exp(x)
			p.graph.Assign(a, y)
			p.graph.Assign(b, y)
			p.outputs = []*graph.Node{y}
		},
		"an updated weight that the next run must see": func(p *problem) {
			x, w, b := p.input(r, 2, 3, 5, 5), variable(p.graph, r, "w", 6, 3, 3, 3), variable(p.graph, r, "b", 6)
			y := graph.Conv2D(x, w, b, square(1, 1, 1), 1)
			u := variable(p.graph, r, "u", 4, 150)
			z := graph.Linear(graph.Flatten(y), u, nil)
			p.graph.Assign(w, graph.Mul(w, p.graph.Scalar(-0.5)))
			p.graph.Assign(u, graph.Add(u, p.graph.Scalar(0.25)))
			p.graph.Assign(b, graph.Add(b, p.graph.Scalar(1)))
			p.outputs = []*graph.Node{z}
		},
	}
}

// input adds an input with random values.
func (p *problem) input(r interface{ NormFloat64() float64 }, shape ...int) *graph.Node {
	x := tensor.New(shape...)
	for i := range x.Data() {
		x.Data()[i] = float32(r.NormFloat64())
	}
	return p.given("input", x)
}

// given adds an input that is fed x.
func (p *problem) given(name string, x *tensor.Tensor) *graph.Node {
	if p.feeds == nil {
		p.feeds = engine.Feeds{}
	}
	n := p.graph.Input(name, x.Shape()...)
	p.feeds[n] = x
	return n
}

// changedVariables changes weights from outside between runs, in place and by
// another program.
func changedVariables(t *testing.T, device engine.Device, precision Precision) {
	r := rng.New(4, "enginetest structure")
	conv := &graph.Variable{Name: "conv", Value: normal(r, 6, 3, 3, 3)}
	linear := &graph.Variable{Name: "linear", Value: normal(r, 5, 54)}
	p := &problem{graph: graph.New(), precision: precision}
	x := p.input(r, 2, 3, 5, 5)
	y := graph.Conv2D(x, p.graph.Variable(conv), nil, graph.Window{}, 1)
	p.outputs = []*graph.Node{graph.Linear(graph.Flatten(y), p.graph.Variable(linear), nil)}

	other := &problem{graph: graph.New()}
	for _, v := range []*graph.Variable{conv, linear} {
		n := other.graph.Variable(v)
		other.graph.Assign(n, graph.Mul(n, other.graph.Scalar(0.75)))
	}

	program, err := device.Compile(p.graph, p.outputs...)
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	p.step(t, program, measured)
	for _, v := range []*graph.Variable{conv, linear} {
		v.Value.Data()[3] += 2
		v.Changed()
	}
	p.step(t, program, measured)
	other.check(t, device, measured, 1)
	p.step(t, program, measured)
	if err := conv.Value.CopyFrom(normal(r, 6, 3, 3, 3)); err != nil {
		t.Fatal(err)
	}
	conv.Changed()
	p.step(t, program, measured)
}

// concurrentPrograms runs programs that read the same variables at the same
// time; each must give what it gives alone.
func concurrentPrograms(t *testing.T, device engine.Device, precision Precision) {
	r := rng.New(6, "enginetest structure")
	weight := &graph.Variable{Name: "weight", Value: normal(r, 8, 3, 3, 3)}
	var wait sync.WaitGroup
	for batch := 1; batch <= 4; batch++ {
		p := &problem{graph: graph.New(), precision: precision}
		x := p.input(r, batch, 3, 10, 10)
		y := graph.Conv2D(x, p.graph.Variable(weight), nil, square(1, 1, 1), 1)
		p.outputs = []*graph.Node{graph.MaxPool2D(graph.ReLU(y), [2]int{2, 2}, graph.Window{}, false)}
		program, err := device.Compile(p.graph, p.outputs...)
		if err != nil {
			t.Fatal(err)
		}
		defer program.Close()
		p.step(t, program, measured)
		alone := p.results()
		if err := program.Run(p.feeds, alone); err != nil {
			t.Fatal(err)
		}
		wait.Go(func() {
			for range 20 {
				got := p.results()
				if err := program.Run(p.feeds, got); err != nil || !sameBits(got[0], alone[0]) {
					t.Errorf("batch %d: other results beside other programs (error %v)", batch, err)
					return
				}
			}
		})
	}
	wait.Wait()
}

// wrongArguments must be refused with errors.
func wrongArguments(t *testing.T, device engine.Device) {
	g := graph.New()
	x := g.Input("left", 2, 3)
	y := graph.Neg(x)
	other := graph.New().Input("other", 2, 3)
	program, err := device.Compile(g, y)
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	good, bad := tensor.New(2, 3), tensor.New(3, 2)
	list := func(x ...*tensor.Tensor) []*tensor.Tensor { return x }
	for name, c := range map[string]struct {
		feeds   engine.Feeds
		outputs []*tensor.Tensor
		want    string // part of the error
	}{
		"no inputs":        {nil, list(good), `input "left" (%0 Input 2×3) is not fed`},
		"unknown input":    {engine.Feeds{x: good, other: good}, list(good), `input "other" (%0 Input 2×3) is fed, which belongs to another graph`},
		"another input":    {engine.Feeds{other: good}, list(good), `input "left" (%0 Input 2×3) is not fed; input "other" (%0 Input 2×3) is fed, which belongs to another graph`},
		"a wrong node":     {engine.Feeds{x: good, y: good}, list(good), "node %1 Neg 2×3 is fed, which is not an input of the program"},
		"misshapen input":  {engine.Feeds{x: bad}, list(good), `input "left" (%0 Input 2×3) is fed a tensor of shape 3×2`},
		"nil input":        {engine.Feeds{x: nil}, list(good), `input "left" (%0 Input 2×3) is fed nil`},
		"nil node":         {engine.Feeds{x: good, nil: good}, list(good), "a nil node is fed"},
		"no outputs":       {engine.Feeds{x: good}, nil, "program has 1 outputs, got 0"},
		"misshapen output": {engine.Feeds{x: good}, list(bad), "output 0 (%1 Neg 2×3): tensor has shape 3×2"},
	} {
		if err := program.Run(c.feeds, c.outputs); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v does not contain %q", name, err, c.want)
		}
	}
	if err := program.Run(engine.Feeds{x: good}, list(tensor.New(2, 3))); err != nil {
		t.Errorf("a correct run after wrong ones: %v", err)
	}
	if _, err := device.Compile(graph.New(), y); err == nil {
		t.Error("compiling an output of another graph: no error")
	}
}
