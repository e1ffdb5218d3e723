package passes

import (
	"github.com/strideml/stride/engine/cpu/internal/ir"
)

// Hoist sets Once of the operations that compute the same in every run because they
// depend on nothing but variables that the program does not assign: for example, one
// that concatenates running statistics. They run again only when one of the variables
// has changed, and their results are kept between runs.
func Hoist(f *ir.Func) error {
	pinned := map[*ir.Value]bool{} // memory that must hold a result at the end of each run
	for _, v := range f.Outputs {
		pinned[rootOf(v)] = true
	}
	for _, u := range f.Updates {
		pinned[rootOf(u.New)] = true
	}
	for _, o := range f.Ops {
		if _, sum := o.Do.(ir.BeginAllReduce); sum || o.Alias() {
			continue
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
