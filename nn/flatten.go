package nn

import (
	"github.com/strideml/stride/graph"
)

// FlattenLayer joins all axes but the first; see [Flatten].
type FlattenLayer struct{ name string }

// Flatten returns a layer that turns N×C×H×W into N×(C·H·W).
func Flatten() *FlattenLayer { return &FlattenLayer{"Flatten"} }

func (f *FlattenLayer) kind() string { return f.name }

// Forward adds the change of shape.
func (f *FlattenLayer) Forward(x *graph.Node) *graph.Node {
	return within(f, x, func(scope) *graph.Node { return graph.Flatten(x) })
}
