package optim

import (
	"fmt"

	"github.com/strideml/stride/graph"
)

// ClipNorm limits the norm of all gradients together before the optimizer sees them,
// as torch.nn.utils.clip_grad_norm_ does: they are multiplied by
//
//	min(1, Max / (‖g‖ + 1e-6)), where ‖g‖ = √(Σ g²) over the gradients of all parameters
//
// A norm that is not finite makes all parameters NaN, which train.Fit reports.
type ClipNorm struct {
	// Max is the greatest norm, above 0.
	Max float32
	// Of gets the gradients.
	Of Optimizer
}

// String is like "sgd, clip norm 1".
func (o ClipNorm) String() string { return fmt.Sprintf("%v, clip norm %v", o.Of, o.Max) }

// Update implements Optimizer. It panics with a *graph.Error if Max is not above 0.
func (o ClipNorm) Update(g *graph.Graph, lr *graph.Node, params, grads []*graph.Node, state *State) {
	check(g, "ClipNorm", lr, params, grads)
	positive(g, "ClipNorm", "the greatest norm", o.Max)
	var sum *graph.Node
	for _, d := range grads {
		if s := squares(d); sum == nil {
			sum = s
		} else {
			sum = graph.Add(sum, s)
		}
	}
	if sum == nil { // no parameters
		return
	}
	factor := graph.Minimum(graph.Div(g.Scalar(o.Max), graph.Add(graph.Sqrt(sum), g.Scalar(1e-6))), g.Scalar(1))
	clipped := make([]*graph.Node, len(grads))
	for i, d := range grads {
		clipped[i] = graph.Mul(d, factor)
	}
	o.Of.Update(g, lr, params, clipped, state)
}

// ClipValue limits each number of the gradients to −Max … Max before the optimizer
// sees them, as torch.nn.utils.clip_grad_value_ does.
type ClipValue struct {
	// Max is the greatest magnitude, above 0.
	Max float32
	// Of gets the gradients.
	Of Optimizer
}

// String is like "sgd, clip value 0.5".
func (o ClipValue) String() string { return fmt.Sprintf("%v, clip value %v", o.Of, o.Max) }

// Update implements Optimizer. It panics with a *graph.Error if Max is not above 0.
func (o ClipValue) Update(g *graph.Graph, lr *graph.Node, params, grads []*graph.Node, state *State) {
	check(g, "ClipValue", lr, params, grads)
	positive(g, "ClipValue", "the greatest value", o.Max)
	clipped := make([]*graph.Node, len(grads))
	for i, d := range grads {
		clipped[i] = graph.Clip(d, -o.Max, o.Max)
	}
	o.Of.Update(g, lr, params, clipped, state)
}

// positive reports a setting that is not above 0.
func positive(g *graph.Graph, optimizer, setting string, v float32) {
	if !(v > 0 && v <= 1e30) {
		g.Fail(optimizer, "%s must be a number above 0, got %v", setting, v)
	}
}
