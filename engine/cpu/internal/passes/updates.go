package passes

import (
	"slices"

	"github.com/strideml/stride/engine/cpu/internal/gemm"
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/engine/cpu/internal/work"
)

// Schedule moves each operation that computes the new value of a variable
// forward to where that can be done: after the operations that make its
// arguments and the last one that reads the old value. Gradients then need
// memory until their parameter is updated, not to the end of the backward pass.
//
// Only elementwise operations are moved that, apart from each other, nobody
// waits for; their order among themselves stays.
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
	after := map[int][]*ir.Op{} // the moving operations that follow each; −1 is the start
	follows := map[int]int{}    // of a moving operation: the one that it follows
	for i, o := range f.Ops {
		if moving[i] {
			at := m.earliest(o, moving, follows, old[rootOf(o.Out())])
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
	namesFirst(f)
	return nil
}

// namesFirst moves each operation that only gives memory another name to right
// after its last argument: operations that were moved or added may read it.
func namesFirst(f *ir.Func) {
	readers := map[*ir.Value][]*ir.Op{}
	missing := map[*ir.Op]int{} // arguments
	for _, o := range f.Ops {
		if costsNothing(o) {
			for _, v := range o.Args {
				readers[v] = append(readers[v], o)
				missing[o]++
			}
		}
	}
	ops := make([]*ir.Op, 0, len(f.Ops))
	var made func(v *ir.Value)
	made = func(v *ir.Value) {
		for _, o := range readers[v] {
			if missing[o]--; missing[o] == 0 {
				ops = append(ops, o)
				made(o.Out())
			}
		}
	}
	for _, v := range f.Leaves {
		made(v)
	}
	for _, o := range f.Ops {
		if !costsNothing(o) {
			ops = append(ops, o)
			for _, v := range o.Outs {
				made(v)
			}
		}
	}
	f.Ops = ops
}

// An access lists the operations that write and read the memory of each value
// that has memory of its own, by index.
type access struct{ wrote, read map[*ir.Value][]int }

func rootOf(v *ir.Value) *ir.Value {
	root, _ := v.Root()
	return root
}

// costsNothing reports whether an operation only gives memory another name.
func costsNothing(o *ir.Op) bool {
	switch o.Do.(type) {
	case ir.View, ir.Join:
		return true
	}
	return false
}

func accesses(f *ir.Func) access {
	f.Number()
	m := access{wrote: map[*ir.Value][]int{}, read: map[*ir.Value][]int{}}
	for i, o := range f.Ops {
		if costsNothing(o) {
			continue
		}
		for _, v := range o.Outs {
			m.wrote[rootOf(v)] = append(m.wrote[rootOf(v)], i)
		}
		o.Reads(func(v *ir.Value, _ bool) { m.read[rootOf(v)] = append(m.read[rootOf(v)], i) })
	}
	return m
}

// inPlace reports whether an operation may write over an argument: it is
// elementwise, reads each element before it writes the same one, and touches
// nothing else.
func inPlace(o *ir.Op) bool {
	e, ok := o.IsElementwise()
	if !ok || len(o.Outs) > 1 || o.Epilogue.Mask != nil || !o.Out().Dense() {
		return false
	}
	for i, v := range o.Args {
		if e.Forms[i] == ir.Full && !v.Dense() {
			return false
		}
	}
	return true
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

// earliest returns the operation that is not moved after which o can run: the
// last that makes an argument or reads the variable whose new value o computes.
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

// Direct decides for each update whether its value is computed straight into the
// variable or copied there at the end of the run. The first is possible if one
// elementwise operation makes the value, no later operation reads the variable,
// and nobody needs the old contents at the end, or the value but elementwise
// operations, which read nothing past its end.
func Direct(f *ir.Func) error {
	m := accesses(f)
	used := map[*ir.Value]int{}
	for _, u := range f.Updates {
		used[rootOf(u.New)]++
	}
	for _, u := range f.Updates {
		from, to := rootOf(u.New), rootOf(u.Old)
		o := from.Def
		if o == nil || !inPlace(o) || used[from] > 1 || len(m.wrote[from]) != 1 ||
			slices.ContainsFunc(f.Outputs, func(v *ir.Value) bool { return rootOf(v) == from || rootOf(v) == to }) ||
			slices.ContainsFunc(m.read[from], func(i int) bool { return !inPlace(f.Ops[i]) }) ||
			slices.ContainsFunc(m.read[to], func(i int) bool { return i > o.Index() }) {
			continue
		}
		u.Direct = true
	}
	return nil
}

// Merge makes the gradient of a large matrix of weights and the update that
// follows and alone reads it one operation. The gradient is then never whole in
// memory, only a block of it in the cache.
func Merge(f *ir.Func) error {
	direct := map[*ir.Value]bool{}
	for _, u := range f.Updates {
		if u.Direct {
			direct[rootOf(u.New)] = true
		}
	}
	uses, gone := f.Uses(), map[*ir.Op]bool{}
	for i, o := range f.Ops {
		p, ok := o.Plan.(*gemm.Outer)
		if !ok || p.Rows()*p.Columns() < work.Limit.StreamedFloats {
			continue
		}
		u := next(f.Ops[i+1:])
		if u == nil || !inPlace(u) || !direct[u.Out()] || !uses.Only(o.Out(), u) {
			continue
		}
		e, _ := u.IsElementwise()
		at := slices.Index(u.Args, o.Out())
		if e.Forms[at] != ir.Full || u.Args[at].Base != nil {
			continue
		}
		gone[u] = true
		o.Epilogue.Elementwise, o.Epilogue.Self = u, at
		u.Args[at] = u.Out()
		o.Outs[0], u.Out().Def = u.Out(), o
	}
	f.Remove(gone)
	return nil
}

// next returns the first operation that computes something.
func next(ops []*ir.Op) *ir.Op {
	for _, o := range ops {
		if !costsNothing(o) {
			return o
		}
	}
	return nil
}
