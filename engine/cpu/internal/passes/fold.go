package passes

import (
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// Fold makes a batch normalization with given statistics a part of the
// convolution before it, if nothing else reads the convolution and if its weights and
// the coefficients depend on nothing but variables that the program does not assign:
// the result is a convolution with the weights w·s and the bias (b−mean)·s + beta,
// with s = gamma/√(variance+eps).
func Fold(f *ir.Func) error {
	uses := f.Uses()
	var ops []*ir.Op
	gone := map[*ir.Op]bool{}
	for _, o := range f.Ops {
		if vars := foldable(o, uses); vars != nil {
			c := o.Args[0].Def
			gone[c] = true
			w := c.Args[1]
			args := append([]*ir.Value{w}, o.Args[1:]...)
			args = append(args, c.Args[2:]...)
			fold := f.NewOp(ir.Fold{Eps: o.Do.(graph.BatchNormOp).Eps}, o.Node, w.Shape, args...)
			bias := f.NewValue(o.Node, tensor.Shape{w.Shape[0]})
			bias.Def = fold
			fold.Outs = append(fold.Outs, bias)
			for _, v := range fold.Outs {
				v.Vars, v.Fixed = vars, true
			}
			o.Do, o.Args = c.Do, []*ir.Value{c.Args[0], fold.Out(), bias}
			ops = append(ops, fold)
		}
		ops = append(ops, o)
	}
	f.Ops = ops
	f.Remove(gone)
	return nil
}

// foldable returns the variables that the folded weights and bias of a normalization
// after a convolution depend on, nil if it cannot be folded.
func foldable(o *ir.Op, uses *ir.Uses) []*graph.Variable {
	op, ok := o.Do.(graph.BatchNormOp)
	if !ok || op.Train {
		return nil
	}
	x := o.Args[0]
	if x.Def == nil || !uses.Only(x, o) {
		return nil
	}
	if _, ok := x.Def.Do.(graph.Conv2DOp); !ok {
		return nil
	}
	args := append([]*ir.Value{}, x.Def.Args[1:]...)
	vars, _ := variablesOf(append(args, o.Args[1:]...)...)
	return vars
}
