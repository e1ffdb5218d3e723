package passes

import (
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/graph"
)

// Alone makes each sum over the members of a group its argument: it is for a group of one.
// Gradients that were joined for the sum, sliced out of it and reshaped are the gradients
// themselves then, so that the program is that of the same graph without sums.
func Alone(f *ir.Func) error {
	is := map[*ir.Value]*ir.Value{} // what stands for a value
	gone := map[*ir.Op]bool{}
	for _, o := range f.Ops {
		for i, v := range o.Args {
			if w := is[v]; w != nil {
				o.Args[i] = w
			}
		}
		if v := alone(o, is); v != nil {
			is[o.Out()] = v
			gone[o] = true
		}
	}
	if len(gone) == 0 {
		return nil
	}
	for i, v := range f.Outputs {
		if w := is[v]; w != nil {
			f.Outputs[i] = w
		}
	}
	for _, u := range f.Updates {
		if w := is[u.New]; w != nil {
			u.New = w
		}
	}
	f.Remove(gone)
	removeUnused(f)
	return nil
}

// alone returns the value that an operation's result is equal to, if that is known from a
// sum over a group of one; otherwise nil. is has what is known so far.
func alone(o *ir.Op, is map[*ir.Value]*ir.Value) *ir.Value {
	if _, ok := o.Do.(graph.AllReduceOp); ok {
		return o.Args[0]
	}
	if len(is) == 0 || len(o.Args) != 1 || o.Args[0].Def == nil {
		return nil
	}
	from := o.Args[0].Def
	switch op := o.Do.(type) {
	case graph.SliceOp:
		if joined, ok := from.Do.(graph.ConcatOp); ok && joined.Axis == op.Axis {
			at := 0
			for _, v := range from.Args {
				end := at + v.Shape[op.Axis]
				if at == op.Start && end == op.Stop {
					return v
				}
				at = end
			}
		}
	case graph.ReshapeOp:
		if _, ok := from.Do.(graph.ReshapeOp); ok && from.Args[0].Shape.Equal(o.Out().Shape) {
			return from.Args[0]
		}
	}
	return nil
}
