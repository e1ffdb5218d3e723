package passes

import (
	"github.com/strideml/stride/engine/cpu/internal/ir"
)

// Hoist finds the operations that compute the same in every run, as they depend
// on nothing but variables that the program does not assign, such as the running
// statistics of a normalization put together. They run again only when one of
// the variables has changed, and their results are kept.
func Hoist(f *ir.Func) error {
	uses := f.Uses()
	for _, o := range f.Ops {
		if costsNothing(o) || uses.Pinned(o.Out()) {
			continue
		}
		if _, ok := o.Do.(ir.Fold); ok {
			continue // whose weights are packed at once
		}
		var read []*ir.Value
		kept := true
		o.Reads(func(v *ir.Value, _ bool) {
			read = append(read, v)
			root := rootOf(v)
			kept = kept && (root.Leaf() || root.Def.Once != nil)
		})
		vars, fixed := variablesOf(read...)
		for _, v := range o.Outs {
			kept = kept && v.Base == nil
		}
		if fixed && kept && !pinnedView(f, o) {
			o.Once = vars
		}
	}
	return nil
}

// pinnedView reports whether an output or the new value of a variable is a view
// of an operation's result.
func pinnedView(f *ir.Func, o *ir.Op) bool {
	for _, v := range f.Outputs {
		if rootOf(v) == o.Out() {
			return true
		}
	}
	for _, u := range f.Updates {
		if rootOf(u.New) == o.Out() {
			return true
		}
	}
	return false
}
