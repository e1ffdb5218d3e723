package passes

import (
	"slices"

	"github.com/strideml/stride/engine/cpu/internal/ir"
)

// Schedule moves each operation that computes the new value of a variable forward,
// to right after the operations that make its arguments and the last one that reads
// the old value. Gradients then need memory until their parameter is updated, not to
// the end of the backward pass.
//
// All updates come after the last wait for a sum over a group: if one fails, no variable
// has changed.
//
// Only elementwise operations are moved, and of these only those whose results are
// read by moved operations alone. Those that are moved to the same place keep their
// order.
func Schedule(f *ir.Func) error {
	m := accesses(f)
	moving := m.moving(f)
	if len(moving) == 0 {
		return nil
	}
	old := map[*ir.Value]*ir.Value{} // by new value
	for _, u := range f.Updates {
		old[rootOf(u.New)] = rootOf(u.Old)
	}
	after := map[int][]*ir.Op{} // by index: the operations that are moved to right after it; −1 is the start
	follows := map[int]int{}    // by index of a moved operation: that of the one it is moved after
	wait := lastWait(f)
	for i, o := range f.Ops {
		if moving[i] {
			at := max(wait, m.earliest(o, moving, follows, old[rootOf(o.Out())]))
			follows[i] = at
			after[at] = append(after[at], o)
		}
	}
	ops := slices.Clone(after[-1])
	for i, o := range f.Ops {
		if !moving[i] {
			ops = append(append(ops, o), after[i]...)
		}
	}
	f.Ops = ops
	moveAliases(f)
	return nil
}

// moving finds the operations that may move, by index: elementwise ones whose
// result is the new value of a variable, read by such operations only.
func (m access) moving(f *ir.Func) map[int]bool {
	moving := map[int]bool{}
	for _, u := range f.Updates {
		if o := rootOf(u.New).Def; o != nil && inPlace(o) {
			moving[o.Index()] = true
		}
	}
	for changed := true; changed; { // an operation that does not move needs its arguments where they were
		changed = false
		for i := range moving {
			if slices.ContainsFunc(m.read[f.Ops[i].Out()], func(j int) bool { return !moving[j] }) {
				delete(moving, i)
				changed = true
			}
		}
	}
	return moving
}

// earliest returns the index of the operation, one that is not moved, after which o
// can run: the last that makes an argument or reads the variable whose new value o
// computes; −1 if there is none.
func (m access) earliest(o *ir.Op, moving map[int]bool, follows map[int]int, variable *ir.Value) int {
	at := -1
	after := func(ops []int) {
		for _, j := range ops {
			p, placed := follows[j]
			switch {
			case j == o.Index():
			case !moving[j]:
				at = max(at, j)
			case placed:
				at = max(at, p)
			}
		}
	}
	o.Reads(func(v *ir.Value, _ bool) { after(m.wrote[rootOf(v)]) })
	after(m.read[variable])
	return at
}
