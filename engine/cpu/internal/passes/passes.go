package passes

import (
	"fmt"
	"io"
	"slices"

	"github.com/strideml/stride/engine/cpu/internal/conv"
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/engine/cpu/internal/lower"
	"github.com/strideml/stride/graph"
)

// A Pass changes a Func.
type Pass struct {
	Name string // the name of its file; the layout pass is in lower/layouts.go
	Does string // a summary, for Options.Dump
	// Run changes f. Only the algorithm and layout passes return errors: that of a
	// tuner, and that an operator is not supported.
	Run func(f *ir.Func) error
}

// List returns the passes in their order.
func List(o Options) []Pass {
	list := []Pass{
		{"activation", "activations of several operators become one", Activation},
		{"bias", "biases become arguments of matrix products", Bias},
		{"quantized", "what is quantized is computed with integers", Quantized},
		{"fold", "what is linear becomes weights of a convolution", Fold},
		{"broadcast", "arguments are read before they are broadcast", Broadcast},
		{"stack", "sums over stacked images become sums of images", Stack},
		{"shuffle", "channel shuffles become one operation", Shuffle},
		{"group", "elementwise operations are joined", Group},
		{"argmax", "maximum pooling notes where maxima come from", Argmax},
		{"algorithm", "convolutions and products get algorithms", Algorithm(o.Conv)},
		{"layout", "values get layouts, conversions are added", lower.Layout},
		{"sums", "sums over rows are split into partial sums and totals", Sums},
		{"slots", "parts of concatenations get slots in their results", Slots},
		{"mbconv", "expansions are computed as their depthwise convolutions need them", MBConv},
		{"epilogue", "elementwise work and sums move to where their argument is made", Epilogue},
		{"source", "elementwise operations are computed as the 1×1 convolution after them needs them", Source},
		{"place", "slots and views get their places in memory, copies are added", Place},
		{"buckets", "parts of what is added up over a group are computed in their places", Buckets},
		{"overlap", "sums over a group begin early and are waited for late", Overlap},
		{"schedule", "updates of variables move forward", Schedule},
		{"direct", "updates are computed in the memory of the variable", Direct},
		{"merge", "gradients of large matrices are joined with their updates", Merge},
		{"hoist", "what depends on variables alone is kept between runs", Hoist},
	}
	if !o.Group {
		list = slices.Insert(list, 0, Pass{"alone", "sums over the members of a group are their arguments", Alone})
	}
	return list
}

// Options say how to compile.
type Options struct {
	// Conv is for the choice of algorithms.
	Conv conv.Options
	// Group says that the program runs in a group of several members, which
	// graph.AllReduceOp adds up over.
	Group bool
	// Dump, if it is not nil, is where the Func is printed after each pass.
	Dump io.Writer
	// Check verifies the Func after each pass by ir.Check, for tests.
	Check bool
}

// Compile builds a Func of the nodes that outputs and assignments need, and runs all
// passes on it. It returns the error of a pass, of ir.Check or of writing to Dump.
func Compile(g *graph.Graph, outputs []*graph.Node, o Options) (*ir.Func, error) {
	f := Build(g, outputs)
	if err := o.after("build", "a node of the graph is an operation", f); err != nil {
		return nil, err
	}
	for _, p := range List(o) {
		if err := p.Run(f); err != nil {
			return nil, err
		}
		if err := o.after(p.Name, p.Does, f); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// after prints and checks the Func after a pass.
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
