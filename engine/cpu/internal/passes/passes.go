package passes

import (
	"fmt"
	"io"

	"github.com/strideml/stride/engine/cpu/internal/conv"
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/engine/cpu/internal/lower"
	"github.com/strideml/stride/graph"
)

// A Pass changes a Func. Name is that of its file; the layout pass is in package
// lower, whose operators have the rules.
type Pass struct {
	Name string
	Does string // in a few words, for people who read the form after each pass
	Run  func(f *ir.Func) error
}

// List returns the passes in their order.
func List(o conv.Options) []Pass {
	return []Pass{
		{"bias", "biases become arguments of matrix products", Bias},
		{"fold", "batch normalizations become weights of convolutions", Fold},
		{"group", "elementwise operations are joined", Group},
		{"argmax", "maximum pooling notes where maxima come from", Argmax},
		{"algorithm", "convolutions and products get algorithms", Algorithm(o)},
		{"layout", "values get layouts, conversions are added", lower.Layout},
		{"sums", "sums over rows are split into partial sums and totals", Sums},
		{"slots", "parts of concatenations get places in their results", Slots},
		{"epilogue", "elementwise work and sums move to where their argument is made", Epilogue},
		{"place", "values get their places in other values, copies are added", Place},
		{"schedule", "updates of variables move forward", Schedule},
		{"direct", "updates are computed in the memory of the variable", Direct},
		{"merge", "gradients of large matrices are joined with their updates", Merge},
		{"hoist", "what depends on variables alone is kept between runs", Hoist},
	}
}

// Options say how to compile.
type Options struct {
	// Conv is for the choice of algorithms.
	Conv conv.Options
	// Dump, if it is not nil, gets the form after each pass.
	Dump io.Writer
	// Check verifies the form after each pass, for tests.
	Check bool
}

// Compile takes a graph through all passes.
func Compile(g *graph.Graph, outputs []*graph.Node, o Options) (*ir.Func, error) {
	f := Build(g, outputs)
	if err := o.after("build", "a node of the graph is an operation", f); err != nil {
		return nil, err
	}
	for _, p := range List(o.Conv) {
		if err := p.Run(f); err != nil {
			return nil, err
		}
		if err := o.after(p.Name, p.Does, f); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// after checks and prints the form.
func (o Options) after(pass, does string, f *ir.Func) error {
	if o.Dump != nil {
		if _, err := fmt.Fprintf(o.Dump, "== %s: %s\n", pass, does); err != nil {
			return err
		}
		if err := ir.Write(o.Dump, f); err != nil {
			return err
		}
	}
	if o.Check {
		if err := ir.Check(f); err != nil {
			return fmt.Errorf("after pass %s: %w", pass, err)
		}
	}
	return nil
}
