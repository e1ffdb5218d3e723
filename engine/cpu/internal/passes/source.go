package passes

import (
	"github.com/strideml/stride/engine/cpu/internal/conv"
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/graph"
)

// Source makes an elementwise operation the source of the 1×1 convolution that is the only
// reader of its result: each task computes the elements that it multiplies, while they are
// in the cache. Such operations are left after the epilogue pass where they need more than the
// result before them: in squeeze-and-excitation the factors of an image depend on all its
// pixels. Programs that assign to variables are left as they are.
func Source(f *ir.Func) error {
	if len(f.Updates) > 0 {
		return nil
	}
	uses, gone := f.Uses(), map[*ir.Op]bool{}
	for _, o := range f.Ops {
		if _, ok := o.Do.(graph.Conv2DOp); !ok {
			continue
		}
		if p, ok := o.Plan.(*conv.Direct); !ok || !p.Fills() {
			continue
		}
		x := o.Args[0]
		if x.Def == nil || x.Slot != nil || !uses.Only(x, o) || !readsOnce(o, x) {
			continue
		}
		e := x.Def
		if _, ok := e.IsElementwise(); ok && len(e.Outs) == 1 && !e.Epilogue.Busy() {
			o.Source, gone[e] = e, true
		}
	}
	f.Remove(gone)
	moveAliases(f)
	return nil
}

// readsOnce reports whether an operation reads a value as its first argument and in no other place.
func readsOnce(o *ir.Op, v *ir.Value) bool {
	n := 0
	o.Reads(func(u *ir.Value, _ bool) {
		if u == v {
			n++
		}
	})
	return n == 1 && o.Args[0] == v
}
