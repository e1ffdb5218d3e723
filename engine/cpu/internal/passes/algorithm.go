package passes

import (
	"fmt"
	"slices"

	"github.com/strideml/stride/engine/cpu/internal/conv"
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/graph"
)

// Algorithm returns the pass that sets Plan of each convolution, by conv.Choose, and
// of each matrix product, in product.go. The pass fails if the tuner of the options does.
func Algorithm(o conv.Options) func(f *ir.Func) error {
	return func(f *ir.Func) error {
		inference := isInference(f)
		var unread []*ir.Op
		for _, op := range f.Ops {
			if product, ok := op.Do.(graph.MatMulOp); ok {
				unread = append(unread, planProduct(op, product, o.BF16)...)
			} else if err := choose(op, o, inference); err != nil {
				return fmt.Errorf("%v: %w", op.Node, err)
			}
		}
		removeUnread(f, unread)
		return nil
	}
}

// isInference reports whether a Func has neither updates of variables nor gradients of
// convolutions.
func isInference(f *ir.Func) bool {
	return len(f.Updates) == 0 && !slices.ContainsFunc(f.Ops, func(o *ir.Op) bool {
		switch o.Do.(type) {
		case graph.Conv2DInputGradOp, graph.Conv2DWeightGradOp:
			return true
		}
		return false
	})
}

// choose sets the plan of a convolution, which in inference has its weights packed once.
func choose(o *ir.Op, options conv.Options, inference bool) (err error) {
	out := o.Out().Shape
	switch op := o.Do.(type) {
	case graph.Conv2DOp:
		kept := inference && o.Args[1].Fixed
		o.Plan, err = conv.Choose(conv.Problem{Kind: conv.Output, Op: op, X: o.Args[0].Shape, W: o.Args[1].Shape, Y: out, Kept: kept}, options)
	case graph.Conv2DInputGradOp:
		o.Plan, err = conv.Choose(conv.Problem{Kind: conv.InputGrad, Op: op.Conv, X: out, W: o.Args[0].Shape, Y: o.Args[1].Shape}, options)
	case graph.ConvTranspose2DOp:
		o.Plan, err = conv.Choose(conv.Problem{Kind: conv.InputGrad, Op: op.Conv(), X: out, W: o.Args[1].Shape, Y: o.Args[0].Shape}, options)
	case graph.Conv2DWeightGradOp:
		o.Plan, err = conv.Choose(conv.Problem{Kind: conv.WeightGrad, Op: op.Conv, X: o.Args[0].Shape, W: out, Y: o.Args[1].Shape}, options)
	}
	return err
}
