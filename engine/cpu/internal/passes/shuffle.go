package passes

import (
	"slices"

	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// Shuffle makes one operation of a channel shuffle: N×C×H×W is reshaped to N×g×C/g×H×W,
// the two axes of channels change places, and the result is reshaped to N×C×H×W. It
// takes the g groups of channels in turn. If they are the parts of a concatenation that
// nothing else reads, it takes these.
func Shuffle(f *ir.Func) error {
	uses := f.Uses()
	var ops []*ir.Op
	shuffled := false
	for _, o := range f.Ops {
		if x, groups := shuffleOf(o, uses); x != nil {
			parts := concatenated(x, groups, uses)
			if parts == nil {
				var slices []*ir.Op
				parts, slices = channelSlices(f, o.Node, x, groups)
				ops = append(ops, slices...)
			}
			o.Do, o.Args = ir.Interleave{}, parts
			shuffled = true
		}
		ops = append(ops, o)
	}
	f.Ops = ops
	if shuffled {
		removeUnused(f)
	}
	return nil
}

// shuffleOf returns the image that an operation shuffles, and the number of its groups
// of channels; nil if it does something else.
func shuffleOf(o *ir.Op, uses *ir.Uses) (x *ir.Value, groups int) {
	if _, ok := o.Do.(graph.ReshapeOp); !ok || !o.Out().Image() {
		return nil, 0
	}
	turned := o.Args[0].Def
	if turned == nil || !uses.Only(o.Args[0], o) {
		return nil, 0
	}
	t, ok := turned.Do.(graph.TransposeOp)
	if !ok || !slices.Equal(t.Perm, []int{0, 2, 1, 3, 4}) || !uses.Only(turned.Args[0], turned) || turned.Args[0].Def == nil {
		return nil, 0
	}
	first := turned.Args[0].Def
	if _, ok := first.Do.(graph.ReshapeOp); !ok {
		return nil, 0
	}
	s := first.Out().Shape
	if x := first.Args[0]; x.Shape.Equal(o.Out().Shape) && slices.Equal(s, []int{x.Shape[0], s[1], x.Shape[1] / s[1], x.Shape[2], x.Shape[3]}) {
		return x, s[1]
	}
	return nil, 0
}

// concatenated returns the parts of a concatenation along the channels, if there are n
// of one size and the concatenation has one reader; otherwise nil.
func concatenated(x *ir.Value, n int, uses *ir.Uses) []*ir.Value {
	if x.Def == nil || uses.Sole(x) == nil || len(x.Def.Args) != n {
		return nil
	}
	c, ok := x.Def.Do.(graph.ConcatOp)
	if !ok || c.Axis != 1 || slices.ContainsFunc(x.Def.Args, func(v *ir.Value) bool { return v.Shape[1] != x.Shape[1]/n }) {
		return nil
	}
	return slices.Clone(x.Def.Args)
}

// channelSlices returns n parts of the channels of an image, and the operations that
// make them.
func channelSlices(f *ir.Func, node *graph.Node, x *ir.Value, n int) (parts []*ir.Value, ops []*ir.Op) {
	s := x.Shape
	c := s[1] / n
	for i := range n {
		o := f.NewOp(graph.SliceOp{Axis: 1, Start: i * c, Stop: (i + 1) * c}, node, tensor.Shape{s[0], c, s[2], s[3]}, x)
		o.Out().Vars, o.Out().Fixed = x.Vars, x.Fixed
		parts, ops = append(parts, o.Out()), append(ops, o)
	}
	return parts, ops
}

// removeUnused removes the operations whose results nothing reads.
func removeUnused(f *ir.Func) {
	needed := map[*ir.Value]bool{}
	for _, v := range f.Outputs {
		needed[v] = true
	}
	for _, u := range f.Updates {
		needed[u.New] = true
	}
	gone := map[*ir.Op]bool{}
	for _, o := range slices.Backward(f.Ops) {
		if !slices.ContainsFunc(o.Outs, func(v *ir.Value) bool { return needed[v] }) {
			gone[o] = true
			continue
		}
		o.Reads(func(v *ir.Value, _ bool) { needed[v] = true })
	}
	f.Remove(gone)
}
