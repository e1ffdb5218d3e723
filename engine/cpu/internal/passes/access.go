package passes

import (
	"github.com/strideml/stride/engine/cpu/internal/ir"
)

// An access has, for each value with memory of its own, the indices of the operations
// that write and read that memory.
type access struct{ wrote, read map[*ir.Value][]int }

func rootOf(v *ir.Value) *ir.Value {
	root, _ := v.Root()
	return root
}

// accesses numbers the operations and returns what they write and read.
func accesses(f *ir.Func) access {
	f.Number()
	m := access{wrote: map[*ir.Value][]int{}, read: map[*ir.Value][]int{}}
	for i, o := range f.Ops {
		if o.Alias() {
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

// moveAliases moves each alias (see ir.Op.Alias) to right after the operation that
// makes its last argument: operations that a pass has moved or added may read it.
func moveAliases(f *ir.Func) {
	readers := map[*ir.Value][]*ir.Op{}
	missing := map[*ir.Op]int{} // arguments of an alias that are not made yet
	for _, o := range f.Ops {
		if o.Alias() {
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
		if !o.Alias() {
			ops = append(ops, o)
			for _, v := range o.Outs {
				made(v)
			}
		}
	}
	f.Ops = ops
}
