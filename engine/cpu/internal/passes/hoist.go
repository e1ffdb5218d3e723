package passes

import (
	"github.com/strideml/stride/engine/cpu/internal/ir"
)

// Hoist finds the operations that compute the same in every run, as they depend
// on nothing but variables that the program does not assign, such as the running
// statistics of a normalization put together. They run again only when one of
// the variables has changed, and their results are kept.
func Hoist(f *ir.Func) error {
	pinned := map[*ir.Value]bool{} // memory that must hold a result at the end of each run
	for _, v := range f.Outputs {
		pinned[rootOf(v)] = true
	}
	for _, u := range f.Updates {
		pinned[rootOf(u.New)] = true
	}
	for _, o := range f.Ops {
		if o.Alias() {
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
			kept = kept && v.Base == nil && !pinned[v]
		}
		if fixed && kept {
			o.Once = vars
		}
	}
	return nil
}
