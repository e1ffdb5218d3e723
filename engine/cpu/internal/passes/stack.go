package passes

import (
	"slices"

	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// Stack makes a sum of images of a sum over axis 1 of N×r×C×H×W, where that stacks r
// images, as split attention (ResNeSt) and selective kernels (SKNet) do: it is a
// reshaped N×rC×H×W, a concatenation of reshaped N×C×H×W, or a product of such values
// and of N×r×C×1×1. Values of rank 5 have no layout with the channels side by side.
// Programs that assign to variables are left as they are, so that a training step has
// the same bits with and without rematerialization.
func Stack(f *ir.Func) error {
	if len(f.Updates) > 0 {
		return nil
	}
	s := &stacks{f: f, parts: map[*ir.Value][]*ir.Value{}}
	summed := false
	for _, o := range f.Ops {
		if parts := s.summed(o); parts != nil {
			sum := parts[0]
			for i, p := range parts[1:] {
				if i == len(parts)-2 {
					o.Do, o.Args = graph.BinaryOp{Func: graph.KindAdd}, []*ir.Value{sum, p}
					break
				}
				sum = s.add(graph.BinaryOp{Func: graph.KindAdd}, o.Node, o.Out().Shape, sum, p)
			}
			summed = true
			f.Rounding++
		}
		s.ops = append(s.ops, o)
	}
	f.Ops = s.ops
	if summed {
		removeUnused(f)
	}
	return nil
}

type stacks struct {
	f     *ir.Func
	ops   []*ir.Op
	parts map[*ir.Value][]*ir.Value // by stack: its images, see of
}

// add adds an operation.
func (s *stacks) add(do ir.Operator, node *graph.Node, shape tensor.Shape, args ...*ir.Value) *ir.Value {
	o := s.f.NewOp(do, node, shape, args...)
	o.Out().Vars, o.Out().Fixed = variablesOf(args...)
	s.ops = append(s.ops, o)
	return o.Out()
}

// summed returns the images that an operation adds up, nil if it does something else.
func (s *stacks) summed(o *ir.Op) []*ir.Value {
	sum := o
	if _, ok := o.Do.(graph.ReshapeOp); ok && o.Args[0].Def != nil { // that takes away an axis which the sum has kept
		sum = o.Args[0].Def
	}
	op, ok := sum.Do.(graph.ReduceOp)
	if !ok || op.Func != graph.KindSum || !slices.Equal(op.Axes, []int{1}) || !s.isStack(sum.Args[0]) {
		return nil
	}
	if x := sum.Args[0].Shape; !o.Out().Shape.Equal(tensor.Shape{x[0], x[2], x[3], x[4]}) {
		return nil
	}
	return s.of(sum.Args[0], o.Node)
}

// isStack reports whether of can take a value apart into two images or more.
func (s *stacks) isStack(v *ir.Value) bool {
	if len(v.Shape) != 5 || v.Shape[1] < 2 || v.Def == nil {
		return false
	}
	switch op := v.Def.Do.(type) {
	case graph.ReshapeOp:
		return v.Def.Args[0].Shape.Equal(joined(v.Shape))
	case graph.ConcatOp:
		return op.Axis == 1 && !slices.ContainsFunc(v.Def.Args, func(a *ir.Value) bool { return unstacked(a) == nil })
	case graph.BinaryOp:
		return !slices.ContainsFunc(v.Def.Args, func(a *ir.Value) bool { return !s.isStack(a) && !isSmallStack(a, v.Shape) })
	}
	return false
}

// isSmallStack reports whether a value is N×r×C×1×1 for a stack of the given shape.
func isSmallStack(v *ir.Value, stack tensor.Shape) bool {
	return v.Shape.Equal(tensor.Shape{stack[0], stack[1], stack[2], 1, 1})
}

// joined is the shape N×rC×H×W of the images of a stack side by side.
func joined(s tensor.Shape) tensor.Shape { return tensor.Shape{s[0], s[1] * s[2], s[3], s[4]} }

// unstacked returns the image that is reshaped to a stack of one; nil if v is none.
func unstacked(v *ir.Value) *ir.Value {
	if v.Def == nil || len(v.Shape) != 5 || v.Shape[1] != 1 {
		return nil
	}
	if _, ok := v.Def.Do.(graph.ReshapeOp); !ok || !v.Def.Args[0].Shape.Equal(joined(v.Shape)) {
		return nil
	}
	return v.Def.Args[0]
}

// of returns the images of a stack, and adds the operations that make them.
func (s *stacks) of(v *ir.Value, node *graph.Node) []*ir.Value {
	if known := s.parts[v]; known != nil {
		return known
	}
	var parts []*ir.Value
	switch do := v.Def.Do.(type) {
	case graph.ConcatOp:
		for _, a := range v.Def.Args {
			parts = append(parts, unstacked(a))
		}
	case graph.BinaryOp:
		var sides [2][]*ir.Value
		for i, a := range v.Def.Args {
			if s.isStack(a) {
				sides[i] = s.of(a, node)
			} else {
				sides[i] = s.slices(s.add(graph.ReshapeOp{Shape: joined(a.Shape)}, node, joined(a.Shape), a), v.Shape[1], node)
			}
		}
		for i := range v.Shape[1] {
			parts = append(parts, s.add(do, node, tensor.Shape{v.Shape[0], v.Shape[2], v.Shape[3], v.Shape[4]}, sides[0][i], sides[1][i]))
		}
	default: // a reshape
		parts = s.slices(v.Def.Args[0], v.Shape[1], node)
	}
	s.parts[v] = parts
	return parts
}

// slices returns n parts of the channels of an image.
func (s *stacks) slices(x *ir.Value, n int, node *graph.Node) []*ir.Value {
	parts, ops := channelSlices(s.f, node, x, n)
	s.ops = append(s.ops, ops...)
	return parts
}
