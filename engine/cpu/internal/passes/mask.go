package passes

import (
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/graph"
)

// Where all parts of a concatenation come from a ReLU, as in an Inception
// block, its gradient d is cut into slices and each slice is masked by its part.
// It is the same to mask d by the whole concatenation, in the epilogue of the
// operation that makes d; the masked slices are then views.

// findMasks returns, for each gradient that can be masked as a whole, the
// concatenation that masks it.
func findMasks(f *ir.Func, uses *ir.Uses) map[*ir.Value]*ir.Value {
	masks := map[*ir.Value]*ir.Value{}
	for _, o := range f.Ops {
		if _, ok := o.Do.(ir.Join); ok {
			if d := maskedBy(o, uses); d != nil {
				masks[d] = o.Out()
			}
		}
	}
	return masks
}

// maskedBy returns the value whose slices are each read by the gradient of a ReLU that
// made one part of a concatenation, and by no other operation; nil if there is none.
func maskedBy(join *ir.Op, uses *ir.Uses) (d *ir.Value) {
	at := 0
	for _, part := range join.Args {
		s := maskedSlice(part, at, uses)
		if s == nil || d != nil && s.Def.Args[0] != d {
			return nil
		}
		d = s.Def.Args[0]
		at += part.Shape[1]
	}
	if len(uses.Of(d)) != len(join.Args) || uses.Pinned(d) || !d.Shape.Equal(join.Out().Shape) {
		return nil
	}
	return d
}

// maskedSlice returns the slice, from channel start on, that is masked by part; nil if
// there is none.
func maskedSlice(part *ir.Value, start int, uses *ir.Uses) *ir.Value {
	for _, m := range uses.Of(part) {
		s := reluGradient(m)
		if s == nil || m.Args[0] != part || s.Layout != ir.NHWC || s.Def == nil || !uses.Only(s, m) {
			continue
		}
		if v, ok := s.Def.Do.(ir.View); ok && !v.Transposed && v.Start == start && s.Def.Args[0].Image() {
			return s
		}
	}
	return nil
}

// reluGradient returns the gradient that an operation masks by the result of a
// ReLU, its first argument, if it does that and nothing else.
func reluGradient(o *ir.Op) *ir.Value {
	e, ok := o.IsElementwise()
	if !ok || len(e.Members) != 1 || len(o.Args) != 2 {
		return nil
	}
	m := e.Members[0]
	op, ok := m.Op.(graph.UnaryGradOp)
	if !ok || op.Func != graph.KindReLU || m.Args[0] != 0 {
		return nil
	}
	return o.Args[1]
}
