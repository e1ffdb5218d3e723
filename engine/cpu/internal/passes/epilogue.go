package passes

import (
	"github.com/strideml/stride/engine/cpu/internal/gemm"
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/engine/cpu/internal/lower"
)

// Epilogue moves work into the epilogue of the operation that makes its argument,
// where it is done on each range of the result while that is in cache: elementwise
// operations, in place; sums over rows; and the masks of mask.go. All other arguments
// of that work must be complete before the operation begins.
func Epilogue(f *ir.Func) error {
	f.Number()
	uses := f.Uses()
	e := &epilogues{uses: uses, masks: findMasks(f, uses), masked: map[*ir.Value]bool{}, gone: map[*ir.Op]bool{}, sumsBefore: sumsBefore(f)}
	for _, o := range f.Ops {
		switch op := o.Do.(type) {
		case ir.View:
			if o.Out().Layout == ir.NHWC {
				e.mask(o.Args[0])
			}
		case *ir.Elementwise:
			if !e.alreadyMasked(o) {
				e.elementwise(o, op)
			}
		case ir.RowSums:
			e.sums(o)
		}
	}
	f.Remove(e.gone)
	moveAliases(f)
	return nil
}

type epilogues struct {
	uses   *ir.Uses
	masks  map[*ir.Value]*ir.Value // what findMasks returns
	masked map[*ir.Value]bool      // gradients that are masked in an epilogue
	gone   map[*ir.Op]bool         // operations that became part of an epilogue

	sumsBefore map[*ir.Value]int // what sumsBefore returns
}

// host returns the operation that computes the elements of a value, through slices of
// channels, and what its epilogue can do. It is nil if there is no such operation or
// it has no epilogue.
func host(v *ir.Value) (*ir.Op, lower.Ability) {
	for v.Def != nil && v.Layout == ir.NHWC {
		if view, ok := v.Def.Do.(ir.View); !ok || view.Transposed {
			break
		}
		v = v.Def.Args[0]
	}
	if v.Def == nil || v.Def.Out() != v {
		return nil, lower.Ability{}
	}
	a, ok := lower.AbilityOf(v.Def)
	if !ok {
		return nil, lower.Ability{}
	}
	return v.Def, a
}

// before reports whether all the other values are complete before v is computed, and need
// no sum over a group that v does not need: v could not be computed while that goes on.
func (e *epilogues) before(v *ir.Value, others []*ir.Value) bool {
	for _, o := range others {
		if o != v && (ir.Ready(o) >= ir.Ready(v) || e.sumsBefore[o] > e.sumsBefore[v]) {
			return false
		}
	}
	return true
}

// sumsBefore returns how many sums over a group, in their order, have begun when a value
// is computed at the latest. It has no value that needs none.
func sumsBefore(f *ir.Func) map[*ir.Value]int {
	sums := map[*ir.Value]int{}
	order := sumOrder(f.Graph)
	if len(order) == 0 {
		return sums
	}
	for _, o := range f.Ops {
		n := 0
		if _, ok := o.Do.(ir.WaitAllReduce); ok {
			n = order[o.Node] + 1
		}
		o.Reads(func(v *ir.Value, _ bool) { n = max(n, sums[v]) })
		for _, v := range o.Outs {
			sums[v] = n
		}
	}
	return sums
}

// elementwise moves an elementwise operation into the epilogue of the operation that
// makes one of its arguments, if it is the only reader of that argument.
func (e *epilogues) elementwise(o *ir.Op, op *ir.Elementwise) {
	clip := lower.ClipOf(op)
	sumClip, sum := lower.SumOf(o, op)
	for i, v := range o.Args {
		h, can := host(v)
		if op.Forms[i] != ir.Full || h == nil || h.Out() != v || h.Epilogue.Busy() || !e.uses.Only(v, o) || !e.before(v, o.Args) {
			continue
		}
		if _, ok := h.IsElementwise(); ok {
			continue
		}
		clips := clip != gemm.NoClip && clip <= can.Clips
		adds := sum && can.Adds && sumClip <= can.Clips
		if can.Scattered && !clips && !adds || can.Alone && !clips && !lower.AppliesAlone(o, i) {
			continue
		}
		switch {
		case clips:
			h.Epilogue.Clip = clip
		case adds:
			h.Epilogue.Add, h.Epilogue.Clip = o.Args[1-i], sumClip
		default:
			h.Epilogue.Elementwise, h.Epilogue.Self = o, i
			o.Args[i] = o.Out()
		}
		h.Outs[0] = o.Out()
		o.Out().Def = h
		e.gone[o] = true
		return
	}
}

// sums moves sums over rows into the epilogue of the operation that makes the rows.
func (e *epilogues) sums(o *ir.Op) {
	v := o.Args[0]
	h, can := host(v)
	if h == nil || can.Scattered || can.Alone || !e.before(v, o.Args) {
		return
	}
	h.Epilogue.Sums = append(h.Epilogue.Sums, o)
	h.Outs = append(h.Outs, o.Out())
	o.Out().Def = h
	e.gone[o] = true
}

// mask adds a mask to the epilogue of the operation that makes a gradient, if the
// gradient can be masked as a whole.
func (e *epilogues) mask(d *ir.Value) {
	y := e.masks[d]
	if y == nil || e.masked[d] {
		return
	}
	h, can := host(d)
	if h == nil || h.Out() != d || can.Scattered || can.Alone || len(h.Epilogue.Sums) > 0 || d.Slot != nil || y.Slot.Root != y || !e.before(d, []*ir.Value{y}) {
		return
	}
	e.masked[d] = true
	h.Epilogue.Mask = y
}

// alreadyMasked makes the gradient of a ReLU a view, if it is a slice of a masked
// gradient, and reports whether it is.
func (e *epilogues) alreadyMasked(o *ir.Op) bool {
	s := reluGradient(o)
	if s == nil || s.Def == nil {
		return false
	}
	if _, ok := s.Def.Do.(ir.View); !ok || !e.masked[s.Def.Args[0]] {
		return false
	}
	o.Do, o.Args, o.Needs, o.Placeable = ir.View{}, []*ir.Value{s}, []ir.Need{{Layout: ir.NHWC, Pitched: true}}, false
	return true
}
