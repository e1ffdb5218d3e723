package randgraph

import (
	"fmt"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// variables are those of a case, by the index of their step.
type variables map[int]*graph.Variable

// newVariables returns the variables with their values before the first run.
func (c *Case) newVariables() variables {
	vars := variables{}
	for i, s := range c.Steps {
		if s.Op == "Variable" {
			vars[i] = &graph.Variable{Name: fmt.Sprintf("v%d", i), Value: Values(s.Fill.Kind, s.Fill.Seed, s.Ints...), Trainable: true}
		}
	}
	return vars
}

// reset gives the variables their first values again.
func (c *Case) reset(vars variables) {
	for i, v := range vars {
		copy(v.Value.Data(), Values(c.Steps[i].Fill.Kind, c.Steps[i].Fill.Seed, c.Steps[i].Ints...).Data())
		v.Changed()
	}
}

// A built program is its graph with what it is compiled from.
type built struct {
	graph   *graph.Graph
	outputs []*graph.Node
	// inputs are the steps of the graph's inputs.
	inputs []int
	// loss is the last scalar that is differentiated, or nil.
	loss *graph.Node
}

// build makes the graph of a program.
func (c *Case) build(p Program, vars variables) (b built, err error) {
	defer graph.Catch(&err)
	g := graph.New()
	b.graph = g
	nodes := make([]*graph.Node, len(c.Steps))
	gradients := map[int]*graph.Node{}
	needed := c.needed(p)
	for i, s := range c.Steps {
		if !needed[i] {
			continue
		}
		switch s.Op {
		case "Input":
			nodes[i] = g.Input(fmt.Sprintf("n%d", i), s.Ints...)
			b.inputs = append(b.inputs, i)
		case "Variable":
			nodes[i] = g.Variable(vars[i])
		case "Constant":
			nodes[i] = g.Constant(s.constant())
		case "Gradient":
			if gradients[i] == nil {
				b.loss = nodes[s.Args[0]]
				c.differentiate(s.Args[0], needed, nodes, gradients)
			}
			nodes[i] = gradients[i]
		default:
			args := make([]*graph.Node, len(s.Args))
			for k, a := range s.Args {
				args[k] = nodes[a]
			}
			nodes[i] = operators[s.Op].build(args, s)
		}
	}
	for _, n := range p.Outputs {
		b.outputs = append(b.outputs, nodes[n])
	}
	for _, a := range p.Assigns {
		g.Assign(nodes[a.Variable], nodes[a.Value])
	}
	if p.Batch != 0 {
		small, outputs, ok := graph.Rebatched(b.outputs, p.Batch)
		if !ok {
			return b, fmt.Errorf("the samples are not computed independently of each other")
		}
		b.graph, b.outputs = small, outputs
	}
	return b, nil
}

// differentiate adds all derivatives of a scalar that are needed.
func (c *Case) differentiate(loss int, needed []bool, nodes []*graph.Node, gradients map[int]*graph.Node) {
	var steps []int
	var wrt []*graph.Node
	for i, s := range c.Steps {
		if needed[i] && s.Op == "Gradient" && s.Args[0] == loss {
			steps, wrt = append(steps, i), append(wrt, nodes[s.Args[1]])
		}
	}
	for k, d := range graph.Gradients(nodes[loss], wrt...) {
		gradients[steps[k]] = d
	}
}

// constant is the value of a constant: Floats if there are any.
func (s Step) constant() *tensor.Tensor {
	if len(s.Floats) == 0 {
		return Values(s.Fill.Kind, s.Fill.Seed, s.Ints...)
	}
	return tensor.Must(tensor.FromSlice(append([]float32{}, s.Floats...), s.Ints...))
}

// feeds returns the inputs of a program for a run, which differ from those of
// other runs.
func (c *Case) feeds(b built, run int) engine.Feeds {
	feeds := engine.Feeds{}
	for k, i := range b.inputs {
		n, f := b.graph.Inputs()[k], c.Steps[i].Fill
		feeds[n] = Values(f.Kind, f.Seed+1000*uint64(run), n.Shape()...)
	}
	return feeds
}

// rematerialized returns the program with the values of d dropped after the
// forward pass. ok is false if there is nothing to drop.
func (b built) rematerialized(d Drop) (r built, ok bool) {
	if b.loss == nil {
		return b, false
	}
	nodes := graph.Rematerializable(b.loss, d.Depth)
	if d.Count > 0 && d.Count < len(nodes) {
		nodes = nodes[:d.Count]
	}
	if len(nodes) == 0 {
		return b, false
	}
	r = b
	var of func(*graph.Node) *graph.Node
	r.graph, of = graph.Rematerialized(b.loss, nodes)
	r.outputs = nil
	for _, n := range b.outputs {
		r.outputs = append(r.outputs, of(n))
	}
	return r, true
}
