package passes

import (
	"github.com/strideml/stride/engine/cpu/internal/ir"
)

// Buckets has the parts of each bucket computed in their places in its memory, by the
// operations that can write anywhere. Other parts are copied there as soon as they are
// complete.
func Buckets(f *ir.Func) error {
	f.Number()
	after := map[int][]*ir.Op{} // copies, by the index of the operation that they follow
	for _, o := range f.Ops {
		if _, ok := o.Do.(ir.Bucket); !ok {
			continue
		}
		at := 0
		for i, part := range o.Args {
			if made := movable(part); made != nil {
				made.Base, made.Offset = o.Out(), at
			} else {
				c := f.NewOp(ir.Copy{}, part.Node, part.Shape, part)
				c.Needs = []ir.Need{{Layout: ir.Plain}}
				v := c.Out()
				v.Layout, v.Base, v.Offset = ir.Plain, o.Out(), at
				o.Args[i] = v
				after[ir.Ready(part)] = append(after[ir.Ready(part)], c)
			}
			at += part.Shape[0]
		}
	}
	ops := after[-1]
	for i, o := range f.Ops {
		ops = append(append(ops, o), after[i]...)
	}
	f.Ops = ops
	moveAliases(f)
	return nil
}

// movable returns the value whose elements are those of a part of a bucket, perhaps in
// another shape, if its operation can write it to any place and it has none yet; otherwise
// nil.
func movable(part *ir.Value) *ir.Value {
	v, offset := part.Root()
	if v.Def == nil || !v.Def.Anywhere || v != v.Def.Out() || offset != 0 || v.Shape.Size() != part.Shape.Size() || v.Layout != ir.Plain {
		return nil
	}
	return v
}
