package optim

import (
	"github.com/strideml/stride/graph"
)

// LARS is the optimizer of You, Gitman and Ginsburg 2017 for large batches (algorithm 1):
// SGD with momentum, with a learning rate for each parameter tensor that is in proportion
// to the length of the tensor. For a parameter p with gradient g:
//
//	r ← Trust·‖p‖ / (‖g‖ + WeightDecay·‖p‖ + Eps)     1 where ‖p‖ or ‖g‖ is 0
//	b ← Momentum·b + lr·r·(g + WeightDecay·p)         (b starts at 0)
//	p ← p − b
//
// So momentum keeps the learning rate that held when it was gathered, as in the paper; in
// [SGD] and timm's Lars the present one counts.
//
// Biases and the scales and shifts of normalizations, which are parameters of one axis,
// have neither weight decay nor a rate of their own: r is 1 for them, unless AdaptAll is
// set. The state variable of each parameter is "momentum_buffer".
type LARS struct {
	// Momentum is at least 0 and below 1; 0 means 0.9.
	Momentum float32
	// Trust is the paper's η; 0 means 0.001.
	Trust float32
	// WeightDecay is at least 0; 0 is none. The paper uses 0.0005.
	WeightDecay float32
	// Eps is added to the denominator; 0 means 1e-8.
	Eps float32
	// AdaptAll treats parameters of one axis as all others.
	AdaptAll bool
}

const (
	larsMomentum = 0.9
	larsTrust    = 0.001
	larsEps      = 1e-8
)

// String is like "lars, momentum 0.9, trust 0.001, weight decay 0.0005".
func (o LARS) String() string {
	s := "lars" + setting("momentum", or(o.Momentum, larsMomentum)) + setting("trust", or(o.Trust, larsTrust)) + setting("weight decay", o.WeightDecay)
	if o.Eps != 0 {
		s += setting("eps", o.Eps)
	}
	if o.AdaptAll {
		s += ", adapt all"
	}
	return s
}

func (o LARS) withoutDecay() Optimizer { o.WeightDecay = 0; return o }

// Update implements Optimizer. It panics with a *graph.Error if a setting is out of
// range.
func (o LARS) Update(g *graph.Graph, lr *graph.Node, params, grads []*graph.Node, state *State) {
	check(g, "LARS", lr, params, grads)
	share(g, "LARS", "momentum", o.Momentum)
	finite(g, "LARS", "trust", o.Trust)
	finite(g, "LARS", "weight decay", o.WeightDecay)
	finite(g, "LARS", "eps", o.Eps)
	for i, p := range params {
		d, rate := grads[i], lr
		if o.AdaptAll || len(p.Shape()) > 1 {
			rate = graph.Mul(lr, o.ratio(p, d))
			if o.WeightDecay != 0 {
				d = graph.Add(d, graph.Mul(p, g.Scalar(o.WeightDecay)))
			}
		}
		buffer := g.Variable(state.Variable(variable(p), "momentum_buffer", 0))
		b := graph.Add(graph.Mul(buffer, g.Scalar(or(o.Momentum, larsMomentum))), graph.Mul(d, rate))
		g.Assign(buffer, b)
		g.Assign(p, graph.Sub(p, b))
	}
}

// ratio returns r for a parameter and its gradient.
func (o LARS) ratio(p, d *graph.Node) *graph.Node {
	g := p.Graph()
	one, zero := g.Scalar(1), g.Scalar(0)
	pn, dn := graph.Sqrt(squares(p)), graph.Sqrt(squares(d))
	none := graph.Maximum(graph.Equal(pn, zero), graph.Equal(dn, zero)) // 1 if a norm is 0
	some := graph.Sub(one, none)
	below := graph.Add(graph.Add(dn, graph.Mul(pn, g.Scalar(o.WeightDecay))), g.Scalar(or(o.Eps, larsEps)))
	r := graph.Div(graph.Mul(pn, g.Scalar(or(o.Trust, larsTrust))), below)
	// Where a norm is 0, r may be anything finite, and counts nothing.
	return graph.Add(graph.Mul(r, some), none)
}
