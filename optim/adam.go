package optim

import (
	"fmt"
	"math"

	"github.com/strideml/stride/graph"
)

// Adam is the optimizer of Kingma & Ba 2015 as torch.optim.Adam defines it. For a
// parameter p with gradient g, at its update number t, from 1:
//
//	g ← g + WeightDecay·p
//	m ← β₁·m + (1−β₁)·g             (starts at 0)
//	v ← β₂·v + (1−β₂)·g²            (starts at 0)
//	p ← p − lr/(1−β₁ᵗ) · m / (√v/√(1−β₂ᵗ) + Eps)
//
// The state variables of each parameter are "exp_avg", "exp_avg_sq" and "step",
// the number t, which is exact up to 2²⁴ and then stays: by then both corrections
// are 1. PyTorch's amsgrad is left out.
type Adam struct {
	// Betas are β₁ and β₂, from 0 to below 1. Both 0 means 0.9 and 0.999.
	Betas [2]float32
	// Eps is added to the denominator; 0 means 1e-8.
	Eps float32
	// WeightDecay, at least 0, is the factor of each parameter that is added to its
	// gradient. That is not what it is in AdamW.
	WeightDecay float32
}

// AdamW is Adam with decoupled weight decay (Loshchilov & Hutter 2019) as
// torch.optim.AdamW defines it: parameters are multiplied by 1 − lr·WeightDecay
// before Adam's update, and gradients stay as they are.
type AdamW struct {
	// Betas are β₁ and β₂, from 0 to below 1. Both 0 means 0.9 and 0.999.
	Betas [2]float32
	// Eps is added to the denominator; 0 means 1e-8.
	Eps float32
	// WeightDecay is at least 0; 0 is none. PyTorch's default is 0.01.
	WeightDecay float32
}

// String is like "adam, betas 0.9 0.999, eps 1e-08, weight decay 0.01".
func (o Adam) String() string {
	return "adam" + moments{o.Betas, o.Eps}.or(adamEps).String() + setting("weight decay", o.WeightDecay)
}

// String is like "adamw, betas 0.9 0.999, eps 1e-08, weight decay 0.01".
func (o AdamW) String() string {
	return "adamw" + moments{o.Betas, o.Eps}.or(adamEps).String() + setting("weight decay", o.WeightDecay)
}

func (o Adam) withoutDecay() Optimizer { o.WeightDecay = 0; return o }

func (o AdamW) withoutDecay() Optimizer { o.WeightDecay = 0; return o }

// Update implements Optimizer. It panics with a *graph.Error if a setting is out of
// range.
func (o Adam) Update(g *graph.Graph, lr *graph.Node, params, grads []*graph.Node, state *State) {
	check(g, "Adam", lr, params, grads)
	a := moments{o.Betas, o.Eps}.or(adamEps)
	a.check(g, "Adam")
	finite(g, "Adam", "weight decay", o.WeightDecay)
	for i, p := range params {
		d := grads[i]
		if o.WeightDecay != 0 {
			d = graph.Add(d, graph.Mul(p, g.Scalar(o.WeightDecay)))
		}
		a.update(g, lr, p, p, d, state)
	}
}

// Update implements Optimizer. It panics with a *graph.Error if a setting is out of
// range.
func (o AdamW) Update(g *graph.Graph, lr *graph.Node, params, grads []*graph.Node, state *State) {
	check(g, "AdamW", lr, params, grads)
	a := moments{o.Betas, o.Eps}.or(adamEps)
	a.check(g, "AdamW")
	finite(g, "AdamW", "weight decay", o.WeightDecay)
	var rest *graph.Node
	if o.WeightDecay != 0 {
		rest = graph.Sub(g.Scalar(1), graph.Mul(lr, g.Scalar(o.WeightDecay)))
	}
	for i, p := range params {
		from := p
		if rest != nil {
			from = graph.Mul(p, rest)
		}
		a.update(g, lr, p, from, grads[i], state)
	}
}

const adamEps = 1e-8

// moments are the settings of the averages of a gradient and of its square.
type moments struct {
	betas [2]float32
	eps   float32
}

// or fills in what zeros stand for.
func (a moments) or(eps float32) moments {
	if a.betas == [2]float32{} {
		a.betas = [2]float32{0.9, 0.999}
	}
	a.eps = or(a.eps, eps)
	return a
}

func (a moments) String() string {
	return fmt.Sprintf(", betas %v %v, eps %v", a.betas[0], a.betas[1], a.eps)
}

func (a moments) check(g *graph.Graph, optimizer string) {
	share(g, optimizer, "the first beta", a.betas[0])
	share(g, optimizer, "the second beta", a.betas[1])
	finite(g, optimizer, "eps", a.eps)
}

// update assigns to p what Adam makes of from, for the gradient d.
func (a moments) update(g *graph.Graph, lr, p, from, d *graph.Node, state *State) {
	t := count(g, variable(p), state)
	m, v := a.averages(g, variable(p), d, state)
	root := graph.Sqrt(correction(t, a.betas[1]))
	step := graph.Div(lr, correction(t, a.betas[0]))
	direction := graph.Div(m, graph.Add(graph.Div(graph.Sqrt(v), root), g.Scalar(a.eps)))
	g.Assign(p, graph.Sub(from, graph.Mul(direction, step)))
}

// averages are those of the gradient and of its square, with this one.
func (a moments) averages(g *graph.Graph, p *graph.Variable, d *graph.Node, state *State) (m, v *graph.Node) {
	m = keep(g, state.Variable(p, "exp_avg", 0), func(old *graph.Node) *graph.Node { return average(old, d, a.betas[0]) })
	v = keep(g, state.Variable(p, "exp_avg_sq", 0), func(old *graph.Node) *graph.Node {
		return average(old, graph.Mul(d, d), a.betas[1])
	})
	return m, v
}

// count returns the number of the update of a parameter, from 1.
func count(g *graph.Graph, p *graph.Variable, state *State) *graph.Node {
	return keep(g, state.Scalar(p, "step", 0), func(old *graph.Node) *graph.Node { return graph.Add(old, g.Scalar(1)) })
}

// correction returns 1 − βᵗ. With x = −t·ln β that is 1 − e⁻ˣ = 2T/(1+T), where
// T = tanh(x/2), which loses no digits where βᵗ is near to 1.
func correction(t *graph.Node, beta float32) *graph.Node {
	g := t.Graph()
	if beta == 0 {
		return g.Scalar(1)
	}
	tanh := graph.Tanh(graph.Mul(t, g.Scalar(float32(-math.Log(exact(beta))/2))))
	return graph.Div(graph.Add(tanh, tanh), graph.Add(tanh, g.Scalar(1)))
}
