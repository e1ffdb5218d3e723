package passes

import (
	"slices"

	"github.com/strideml/stride/engine/cpu/internal/ir"
)

// Direct decides for each update whether its value is computed in the memory of the
// variable or copied there at the end of the run. It is computed there if
//
//   - one elementwise operation makes the value;
//   - no later operation reads the variable, or waits for a sum over a group, which may
//     fail;
//   - neither the value nor the old contents of the variable are an output, and no
//     other update has the same value;
//   - only elementwise operations read the value: others may read past its end.
func Direct(f *ir.Func) error {
	m := accesses(f)
	used, wait := map[*ir.Value]int{}, lastWait(f)
	for _, u := range f.Updates {
		used[rootOf(u.New)]++
	}
	for _, u := range f.Updates {
		from, to := rootOf(u.New), rootOf(u.Old)
		o := from.Def
		if o == nil || !inPlace(o) || used[from] > 1 || len(m.wrote[from]) != 1 || o.Index() < wait ||
			slices.ContainsFunc(f.Outputs, func(v *ir.Value) bool { return rootOf(v) == from || rootOf(v) == to }) ||
			slices.ContainsFunc(m.read[from], func(i int) bool { return !inPlace(f.Ops[i]) }) ||
			slices.ContainsFunc(m.read[to], func(i int) bool { return i > o.Index() }) {
			continue
		}
		u.Direct = true
	}
	return nil
}
