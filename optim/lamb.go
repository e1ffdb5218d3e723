package optim

import (
	"github.com/strideml/stride/graph"
)

// LAMB is the optimizer of You et al. 2020 for large batches, as timm's Lamb
// defines it: Adam's direction, with a length for each parameter tensor that is in
// proportion to that of the tensor. For a parameter p with gradient g, at its update
// number t, from 1:
//
//	m ← β₁·m + (1−β₁)·g, v ← β₂·v + (1−β₂)·g²        (start at 0)
//	u ← m/(1−β₁ᵗ) / (√v/√(1−β₂ᵗ) + Eps) + WeightDecay·p
//	p ← p − lr · r · u, where r = ‖p‖/‖u‖, 1 where one of the norms is 0
//
// Without weight decay r is 1, unless AlwaysAdapt is set. timm also limits the norm of
// all gradients to 1; [ClipNorm] does that here. State variables are those of Adam.
type LAMB struct {
	// Betas are β₁ and β₂, from 0 to below 1. Both 0 means 0.9 and 0.999.
	Betas [2]float32
	// Eps is added to the denominator; 0 means 1e-6.
	Eps float32
	// WeightDecay is at least 0; 0 is none. timm's default is 0.01.
	WeightDecay float32
	// AlwaysAdapt uses r for parameters without weight decay, too.
	AlwaysAdapt bool
	// TrustClip limits r to 1.
	TrustClip bool
}

// String is like "lamb, betas 0.9 0.999, eps 1e-06, weight decay 0.01".
func (o LAMB) String() string {
	s := "lamb" + moments{o.Betas, o.Eps}.or(lambEps).String() + setting("weight decay", o.WeightDecay)
	if o.AlwaysAdapt {
		s += ", always adapt"
	}
	if o.TrustClip {
		s += ", trust clip"
	}
	return s
}

const lambEps = 1e-6

func (o LAMB) withoutDecay() Optimizer { o.WeightDecay = 0; return o }

// Update implements Optimizer. It panics with a *graph.Error if a setting is out of
// range.
func (o LAMB) Update(g *graph.Graph, lr *graph.Node, params, grads []*graph.Node, state *State) {
	check(g, "LAMB", lr, params, grads)
	a := moments{o.Betas, o.Eps}.or(lambEps)
	a.check(g, "LAMB")
	finite(g, "LAMB", "weight decay", o.WeightDecay)
	for i, p := range params {
		t := count(g, variable(p), state)
		m, v := a.averages(g, variable(p), grads[i], state)
		denominator := graph.Add(graph.Div(graph.Sqrt(v), graph.Sqrt(correction(t, a.betas[1]))), g.Scalar(a.eps))
		u := graph.Div(graph.Div(m, correction(t, a.betas[0])), denominator)
		if o.WeightDecay != 0 {
			u = graph.Add(u, graph.Mul(p, g.Scalar(o.WeightDecay)))
		}
		rate := lr
		if o.WeightDecay != 0 || o.AlwaysAdapt {
			rate = graph.Mul(lr, o.trust(p, u))
		}
		g.Assign(p, graph.Sub(p, graph.Mul(u, rate)))
	}
}

// trust returns r for a parameter and its direction.
func (o LAMB) trust(p, u *graph.Node) *graph.Node {
	g := p.Graph()
	one, zero := g.Scalar(1), g.Scalar(0)
	pn, un := graph.Sqrt(squares(p)), graph.Sqrt(squares(u))
	none := graph.Maximum(graph.Equal(pn, zero), graph.Equal(un, zero)) // 1 if a norm is 0
	some := graph.Sub(one, none)
	r := graph.Div(graph.Add(graph.Mul(pn, some), none), graph.Add(graph.Mul(un, some), none))
	if o.TrustClip {
		r = graph.Minimum(r, one)
	}
	return r
}

// squares returns the sum of the squares of all elements.
func squares(n *graph.Node) *graph.Node { return graph.Sum(graph.Mul(n, n)) }
