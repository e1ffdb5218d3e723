package passes

import (
	"slices"

	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// GroupNorm makes a group normalization of what files of PyTorch have in its place: the
// groups of an image become rows, which are normalized, and the image again; then come
// factors and summands, for all elements or for each channel, before and after that. So
// the image keeps its layout, and several tasks share a row. Programs that assign to
// variables are left as they are, so that training has the same bits.
func GroupNorm(f *ir.Func) error {
	if len(f.Updates) > 0 {
		return nil
	}
	uses, gone := f.Uses(), map[*ir.Op]bool{}
	becomes := map[*ir.Op]*normalization{}
	for _, o := range f.Ops {
		if n := normalizationOf(o, uses); n != nil {
			becomes[n.last()] = n
			for _, part := range n.parts {
				gone[part] = part != n.last()
			}
			f.Rounding++
		}
	}
	var ops []*ir.Op
	for _, o := range f.Ops {
		if n := becomes[o]; n != nil {
			ops = append(ops, n.replace(f)...)
		}
		if !gone[o] {
			ops = append(ops, o)
		}
	}
	f.Ops = ops
	return nil
}

// A normalization is a normalization of rows that is one of groups of channels.
type normalization struct {
	x      *ir.Value // an image
	groups int
	eps    float32
	parts  []*ir.Op // that compute it, the last one last
	affine []*ir.Op // those of them that multiply by or add something
}

func (n *normalization) last() *ir.Op { return n.parts[len(n.parts)-1] }

// normalizationOf returns the normalization of groups that a layer normalization is a
// part of; nil if there is none.
func normalizationOf(o *ir.Op, uses *ir.Uses) *normalization {
	ln, ok := o.Do.(graph.LayerNormOp)
	if !ok || !filledWith(o.Args[1], 1) || !filledWith(o.Args[2], 0) {
		return nil
	}
	n := &normalization{x: o.Args[0], eps: ln.Eps}
	for n.x.Def != nil && isReshape(n.x.Def) && uses.Sole(n.x) != nil {
		n.parts = append(n.parts, n.x.Def)
		n.x = n.x.Def.Args[0]
	}
	rows := o.Out().Shape.Size() / o.Args[1].Shape.Size()
	if !n.x.Image() || rows%n.x.Shape[0] != 0 || n.x.Shape[1]%(rows/n.x.Shape[0]) != 0 {
		return nil
	}
	n.groups = rows / n.x.Shape[0]
	n.parts = append(n.parts, o)
	complete := 0 // parts after which the image is what it was
	for u := uses.Sole(o.Out()); u != nil && n.follows(u); u = uses.Sole(u.Out()) {
		n.parts = append(n.parts, u)
		if !isReshape(u) {
			n.affine = append(n.affine, u)
		}
		if u.Out().Shape.Equal(n.x.Shape) {
			complete = len(n.parts)
		}
	}
	if n.parts = n.parts[:complete]; complete == 0 {
		return nil
	}
	n.affine = slices.DeleteFunc(n.affine, func(a *ir.Op) bool { return !slices.Contains(n.parts, a) })
	if !n.ofChannels() {
		return nil
	}
	return n
}

// ofChannels reports whether each channel has a factor and a summand in the end.
func (n *normalization) ofChannels() bool {
	factors, summands := 0, 0
	for _, o := range n.affine {
		v, _ := n.operand(o)
		size := v.Shape.Size()
		switch {
		case o.Do.(graph.BinaryOp).Func == graph.KindAdd:
			summands = max(summands, size)
		case summands > 0:
			summands = max(summands, size)
			fallthrough
		default:
			factors = max(factors, size)
		}
	}
	return factors == n.x.Shape[1] && summands == n.x.Shape[1]
}

// follows reports whether an operation on the last result is a part of the normalization.
func (n *normalization) follows(o *ir.Op) bool {
	if isReshape(o) {
		return true
	}
	_, ok := n.operand(o)
	return ok
}

// operand returns what the last result is multiplied by or what is added to it: one
// element, or one for each channel of the image.
func (n *normalization) operand(o *ir.Op) (v *ir.Value, ok bool) {
	b, ok := o.Do.(graph.BinaryOp)
	if !ok || b.Func != graph.KindMul && b.Func != graph.KindAdd {
		return nil, false
	}
	v = o.Args[1]
	if o.Args[0].Shape.Size() < v.Shape.Size() {
		v = o.Args[0]
	}
	if !v.Fixed {
		return nil, false
	}
	channels := n.x.Shape[1]
	ofChannels := len(v.Shape) >= 3 && v.Shape[len(v.Shape)-3] == channels && v.Shape.Size() == channels && o.Out().Shape.Equal(n.x.Shape)
	return v, v.Shape.Size() == 1 || ofChannels
}

// replace makes the last part the normalization, and returns the operations that compute
// the statistics and what channels are multiplied by and what is added to them.
func (n *normalization) replace(f *ir.Func) (before []*ir.Op) {
	node, s := n.last().Node, n.x.Shape
	add := func(do ir.Operator, shape tensor.Shape, args ...*ir.Value) *ir.Value {
		o := f.NewOp(do, node, shape, args...)
		o.Out().Vars, o.Out().Fixed = variablesOf(args...)
		before = append(before, o)
		return o.Out()
	}
	binary := func(do graph.BinaryKind, a, b *ir.Value) *ir.Value {
		shape := a.Shape
		if b.Shape.Size() > a.Shape.Size() {
			shape = b.Shape
		}
		return add(graph.BinaryOp{Func: do}, shape, a, b)
	}
	var scale, shift *ir.Value
	for _, o := range n.affine {
		v, _ := n.operand(o)
		v = add(graph.ReshapeOp{Shape: tensor.Shape{v.Shape.Size()}}, tensor.Shape{v.Shape.Size()}, v)
		switch o.Do.(graph.BinaryOp).Func {
		case graph.KindMul:
			if scale == nil {
				scale = v
			} else {
				scale = binary(graph.KindMul, scale, v)
			}
			if shift != nil {
				shift = binary(graph.KindMul, shift, v)
			}
		case graph.KindAdd:
			if shift == nil {
				shift = v
			} else {
				shift = binary(graph.KindAdd, shift, v)
			}
		}
	}
	stats := add(graph.GroupStatsOp{Groups: n.groups}, tensor.Shape{s[0], 2, n.groups}, n.x)
	last := n.last()
	last.Do, last.Args = graph.GroupNormOp{Groups: n.groups, Eps: n.eps}, []*ir.Value{n.x, stats, scale, shift}
	return before
}

func isReshape(o *ir.Op) bool {
	_, ok := o.Do.(graph.ReshapeOp)
	return ok
}

// filledWith reports whether a value is a constant whose elements are all x.
func filledWith(v *ir.Value, x float32) bool {
	c, ok := v.Node.Op().(graph.ConstantOp)
	return ok && v.Leaf() && !slices.ContainsFunc(c.Value.Data(), func(e float32) bool { return e != x })
}
