package passes

import (
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/graph"
)

// Bias makes a vector that is added to the rows of a matrix product a third argument
// of the product, if all readers of the product add that vector. There are several
// such readers after rematerialization: the first becomes the product, and the others
// become views of it, so that a graph gives the same bits with and without
// rematerialization.
func Bias(f *ir.Func) error {
	uses := f.Uses()
	var adds []*ir.Op // additions that can become a part of their product
	for _, o := range f.Ops {
		if m, _ := biasOf(o, uses); m != nil {
			adds = append(adds, o)
		}
	}
	gone := map[*ir.Op]bool{}
	biased := map[*ir.Value]*ir.Op{} // by product: the operation that has become it
	for _, o := range adds {
		m, bias := addends(o)
		if first := biased[m]; first != nil {
			o.Do, o.Args = ir.View{}, []*ir.Value{first.Out()}
			continue
		}
		gone[m.Def], biased[m] = true, o
		o.Do, o.Args = m.Def.Do, []*ir.Value{m.Def.Args[0], m.Def.Args[1], bias}
	}
	f.Remove(gone)
	return nil
}

// biasOf returns the product and the vector that an operation adds, if all readers of
// the product add that vector; otherwise nil.
func biasOf(o *ir.Op, uses *ir.Uses) (m, bias *ir.Value) {
	m, bias = addends(o)
	if m == nil || uses.Pinned(m) {
		return nil, nil
	}
	for _, u := range uses.Of(m) {
		if n, b := addends(u); n != m || b != bias {
			return nil, nil
		}
	}
	return m, bias
}

// addends returns the product and the vector that an operation adds, nil if it does
// something else.
func addends(o *ir.Op) (m, bias *ir.Value) {
	if b, ok := o.Do.(graph.BinaryOp); !ok || b.Func != graph.KindAdd {
		return nil, nil
	}
	for i, m := range o.Args {
		if bias := o.Args[1-i]; takesBias(m, bias) {
			return m, bias
		}
	}
	return nil, nil
}

// takesBias reports whether m is a product whose rows a bias can be added to.
func takesBias(m, bias *ir.Value) bool {
	if m.Def == nil || len(m.Def.Args) != 2 {
		return false
	}
	op, ok := m.Def.Do.(graph.MatMulOp)
	return ok && !op.TransA && len(bias.Shape) == 1 && bias.Shape[0] == m.Shape[len(m.Shape)-1]
}
