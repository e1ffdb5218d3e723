package passes

import (
	"slices"

	"github.com/strideml/stride/engine/cpu/internal/gemm"
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/engine/cpu/internal/work"
)

// Merge joins the gradient of a large matrix of weights with the update that runs
// next, if that is the only reader of the gradient. The gradient is then never in
// memory as a whole: each worker keeps one block of it in its cache.
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

// next returns the first operation that is not an alias, nil if there is none.
func next(ops []*ir.Op) *ir.Op {
	for _, o := range ops {
		if !o.Alias() {
			return o
		}
	}
	return nil
}
