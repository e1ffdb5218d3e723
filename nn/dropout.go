package nn

import (
	"github.com/strideml/stride/graph"
)

// DropoutLayer drops elements at random while training; see [Dropout].
type DropoutLayer struct{ p float32 }

// Dropout returns a layer that in Train mode zeroes each element with
// probability p, 0 ≤ p < 1, and multiplies the others by 1/(1−p). In Eval mode
// it does nothing. Which elements go depends on the model's seed, the layer's
// path, the number of the training step (Trace.Step) and the element's index.
func Dropout(p float32) *DropoutLayer { return &DropoutLayer{p} }

func (d *DropoutLayer) kind() string { return "Dropout" }

// Forward adds the operator in Train mode and returns x itself in Eval mode.
func (d *DropoutLayer) Forward(x *graph.Node) *graph.Node {
	return within(d, x, func(s scope) *graph.Node {
		if !(d.p >= 0 && d.p < 1) {
			s.g.Fail("Dropout", "probability must be at least 0 and below 1, got %v", d.p)
		}
		if s.mode() == Eval || d.p == 0 {
			return x
		}
		s.require("a random stream of its own")
		return s.dropped(x, d.p)
	})
}
