package optim

import (
	"strings"

	"github.com/strideml/stride/graph"
)

// SGD is stochastic gradient descent as torch.optim.SGD defines it. For a
// parameter p with gradient g, learning rate lr and the settings below:
//
//	g ← g + WeightDecay·p
//	b ← Momentum·b + g              (only with Momentum; b starts at 0)
//	p ← p − lr·(g + Momentum·b)     with Nesterov
//	p ← p − lr·b                    with Momentum
//	p ← p − lr·g                    otherwise
//
// The zero value is plain gradient descent. The state variable of each
// parameter is "momentum_buffer". PyTorch's dampening, which treats the first
// step differently from all others, is left out.
type SGD struct {
	// Momentum is the factor of the previous update in the next one, usually 0.9;
	// at least 0, which is none.
	Momentum float32
	// Nesterov takes the gradient as if the next momentum step had been made
	// (Sutskever et al. 2013); it needs Momentum.
	Nesterov bool
	// WeightDecay, at least 0, is the factor of each parameter that is added to
	// its gradient: an L2 penalty of WeightDecay/2·Σp².
	WeightDecay float32
}

// String is like "sgd, momentum 0.9, nesterov, weight decay 0.0005".
func (o SGD) String() string {
	var b strings.Builder
	b.WriteString("sgd" + setting("momentum", o.Momentum))
	if o.Nesterov {
		b.WriteString(", nesterov")
	}
	b.WriteString(setting("weight decay", o.WeightDecay))
	return b.String()
}

func (o SGD) withoutDecay() Optimizer { o.WeightDecay = 0; return o }

// Update implements Optimizer. It panics with a *graph.Error if a setting is
// negative or not finite, or if Nesterov is set without Momentum.
func (o SGD) Update(g *graph.Graph, lr *graph.Node, params, grads []*graph.Node, state *State) {
	check(g, "SGD", lr, params, grads)
	finite(g, "SGD", "momentum", o.Momentum)
	finite(g, "SGD", "weight decay", o.WeightDecay)
	if o.Nesterov && o.Momentum == 0 {
		g.Fail("SGD", "Nesterov needs a momentum above 0")
	}
	for i, p := range params {
		d := grads[i]
		if o.WeightDecay != 0 {
			d = graph.Add(d, graph.Mul(p, g.Scalar(o.WeightDecay)))
		}
		if o.Momentum != 0 {
			momentum := g.Scalar(o.Momentum)
			buffer := g.Variable(state.Variable(variable(p), "momentum_buffer", 0))
			b := graph.Add(graph.Mul(buffer, momentum), d)
			g.Assign(buffer, b)
			if o.Nesterov {
				d = graph.Add(d, graph.Mul(b, momentum))
			} else {
				d = b
			}
		}
		g.Assign(p, graph.Sub(p, graph.Mul(d, lr)))
	}
}
