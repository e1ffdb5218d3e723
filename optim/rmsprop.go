package optim

import (
	"github.com/strideml/stride/graph"
)

// RMSprop is torch.optim.RMSprop, after Hinton's lecture. For a parameter p with
// gradient g:
//
//	g ← g + WeightDecay·p
//	s ← Alpha·s + (1−Alpha)·g²                      (starts at 0)
//	a ← Alpha·a + (1−Alpha)·g                       (Centered alone; starts at 0)
//	d ← g / (√(s − a²) + Eps)                       (a is 0 unless Centered)
//	b ← Momentum·b + d, p ← p − lr·b                with Momentum
//	p ← p − lr·d                                    otherwise
//
// With TensorFlow it is what TensorFlow 1 made of it, with which EfficientNet and
// MobileNet were trained, and timm's RMSpropTF: Eps is in the root, √(s − a² + Eps);
// s starts at 1; and the learning rate is in the momentum, b ← Momentum·b + lr·d,
// p ← p − b.
//
// The state variables of each parameter are "square_avg", "grad_avg" (Centered)
// and "momentum_buffer" (Momentum).
type RMSprop struct {
	// Alpha is the decay of the averages, from 0 to below 1; 0 means 0.99, and 0.9
	// with TensorFlow.
	Alpha float32
	// Eps keeps the denominator from 0; 0 means 1e-8, and 1e-10 with TensorFlow.
	Eps float32
	// Momentum is the factor of the previous update in the next one; 0 is none.
	Momentum float32
	// Centered divides by the deviation of the gradient from its average.
	Centered bool
	// TensorFlow chooses the rules of TensorFlow 1.
	TensorFlow bool
	// WeightDecay, at least 0, is the factor of each parameter that is added to its
	// gradient.
	WeightDecay float32
}

func (o RMSprop) withDefaults() RMSprop {
	if o.TensorFlow {
		o.Alpha, o.Eps = or(o.Alpha, 0.9), or(o.Eps, 1e-10)
	} else {
		o.Alpha, o.Eps = or(o.Alpha, 0.99), or(o.Eps, 1e-8)
	}
	return o
}

// String is like "rmsprop, tensorflow, alpha 0.9, eps 1e-10, momentum 0.9, centered".
func (o RMSprop) String() string {
	o = o.withDefaults()
	s := "rmsprop"
	if o.TensorFlow {
		s += ", tensorflow"
	}
	s += setting("alpha", o.Alpha) + setting("eps", o.Eps) + setting("momentum", o.Momentum)
	if o.Centered {
		s += ", centered"
	}
	return s + setting("weight decay", o.WeightDecay)
}

func (o RMSprop) withoutDecay() Optimizer { o.WeightDecay = 0; return o }

// Update implements Optimizer. It panics with a *graph.Error if a setting is out of
// range.
func (o RMSprop) Update(g *graph.Graph, lr *graph.Node, params, grads []*graph.Node, state *State) {
	o = o.withDefaults()
	check(g, "RMSprop", lr, params, grads)
	share(g, "RMSprop", "alpha", o.Alpha)
	finite(g, "RMSprop", "eps", o.Eps)
	finite(g, "RMSprop", "momentum", o.Momentum)
	finite(g, "RMSprop", "weight decay", o.WeightDecay)
	for i, p := range params {
		d := grads[i]
		if o.WeightDecay != 0 {
			d = graph.Add(d, graph.Mul(p, g.Scalar(o.WeightDecay)))
		}
		d = graph.Div(d, o.root(g, variable(p), d, state))
		if o.TensorFlow {
			d = graph.Mul(d, lr)
		}
		if o.Momentum != 0 {
			direction := d
			d = keep(g, state.Variable(variable(p), "momentum_buffer", 0), func(old *graph.Node) *graph.Node {
				return graph.Add(graph.Mul(old, g.Scalar(o.Momentum)), direction)
			})
		}
		if !o.TensorFlow {
			d = graph.Mul(d, lr)
		}
		g.Assign(p, graph.Sub(p, d))
	}
}

// root returns the denominator for a gradient.
func (o RMSprop) root(g *graph.Graph, p *graph.Variable, d *graph.Node, state *State) *graph.Node {
	start := float32(0)
	if o.TensorFlow {
		start = 1
	}
	square := keep(g, state.Variable(p, "square_avg", start), func(old *graph.Node) *graph.Node {
		return average(old, graph.Mul(d, d), o.Alpha)
	})
	if o.Centered {
		mean := keep(g, state.Variable(p, "grad_avg", 0), func(old *graph.Node) *graph.Node { return average(old, d, o.Alpha) })
		// A variance of 0 may come out below 0.
		square = graph.Maximum(graph.Sub(square, graph.Mul(mean, mean)), g.Scalar(0))
	}
	if o.TensorFlow {
		return graph.Sqrt(graph.Add(square, g.Scalar(o.Eps)))
	}
	return graph.Add(graph.Sqrt(square), g.Scalar(o.Eps))
}
