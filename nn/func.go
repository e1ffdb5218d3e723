package nn

import (
	"github.com/strideml/stride/graph"
)

// FuncLayer is a function as a layer; see [Func].
type FuncLayer struct {
	name string
	f    func(*graph.Node) *graph.Node
}

// Func makes a layer of a function without parameters, such as one that
// transposes. The name is its kind in summaries and messages.
func Func(name string, f func(x *graph.Node) *graph.Node) *FuncLayer { return &FuncLayer{name, f} }

func (f *FuncLayer) kind() string { return f.name }

// Forward calls the function.
func (f *FuncLayer) Forward(x *graph.Node) *graph.Node {
	return within(f, x, func(scope) *graph.Node { return f.f(x) })
}
