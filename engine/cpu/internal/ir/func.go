package ir

import (
	"slices"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// A Func is a graph in the intermediate form.
type Func struct {
	Graph *graph.Graph
	// Ops run in this order.
	Ops []*Op
	// Leaves are the inputs, variables and constants that are needed.
	Leaves []*Value
	// Outputs are the values that a run returns.
	Outputs []*Value
	// Updates are copied into their variables at the end of a run, unless they are
	// Direct.
	Updates []*Update
	// Mutable has the variables that the program assigns.
	Mutable map[*graph.Variable]bool
	// Rounding counts the changes after which results are rounded in another way than the
	// graph says.
	Rounding int
	// Stage says which passes have run, for Check.
	Stage Stage

	values int
}

// A Stage says what is decided about the values of a Func.
type Stage int

// The stages.
const (
	Built   Stage = iota // nothing is decided
	LaidOut              // Layout is decided, and Needs are filled in
	Placed               // Base, Offset and Pitch are decided as well
)

// An Update makes a value the new value of a variable.
type Update struct {
	Variable *graph.Variable
	Old, New *Value
	// Direct updates are computed in the memory of the variable.
	Direct bool
}

// NewValue returns a value with the next ID. The caller sets the operation that
// defines it.
func (f *Func) NewValue(n *graph.Node, shape tensor.Shape) *Value {
	v := &Value{ID: f.values, Node: n, Shape: shape}
	f.values++
	return v
}

// NewOp returns an operation with one new result. The caller adds it to Ops.
func (f *Func) NewOp(do Operator, n *graph.Node, shape tensor.Shape, args ...*Value) *Op {
	v := f.NewValue(n, shape)
	o := &Op{Do: do, Node: n, Args: args, Outs: []*Value{v}}
	v.Def = o
	return o
}

// Number sets the index of each operation to its position in Ops. [Op.Index] and
// [Ready] return what it has set, so passes call it again after they change Ops.
func (f *Func) Number() {
	for i, o := range f.Ops {
		o.index = i
		if o.Source != nil {
			o.Source.index = i
		}
	}
}

// Ready returns the index of the operation after which the value is complete, −1
// for leaves. A view is complete when its argument is, a Join or a Bucket when its last
// part is.
func Ready(v *Value) int {
	if v.Def == nil {
		return -1
	}
	switch v.Def.Do.(type) {
	case View:
		return Ready(v.Def.Args[0])
	case Join, Bucket:
		last := -1
		for _, a := range v.Def.Args {
			last = max(last, Ready(a))
		}
		return last
	}
	return v.Def.index
}

// Uses lists the operations that read each value.
type Uses struct {
	ops    map[*Value][]*Op
	pinned map[*Value]bool
}

// Uses returns the readers of all values. Later changes of operations do not change
// it.
func (f *Func) Uses() *Uses {
	u := &Uses{ops: map[*Value][]*Op{}, pinned: map[*Value]bool{}}
	for _, o := range f.Ops {
		o.Reads(func(v *Value, _ bool) {
			if !slices.Contains(u.ops[v], o) {
				u.ops[v] = append(u.ops[v], o)
			}
		})
	}
	for _, v := range f.Outputs {
		u.pinned[v] = true
	}
	for _, up := range f.Updates {
		u.pinned[up.New] = true
	}
	return u
}

// Of returns the operations that read a value, each once.
func (u *Uses) Of(v *Value) []*Op { return u.ops[v] }

// Pinned reports whether a value is an output or the new value of a variable,
// and so must exist as such at the end.
func (u *Uses) Pinned(v *Value) bool { return u.pinned[v] }

// Only reports whether o is the only operation that reads v, and v is not pinned.
func (u *Uses) Only(v *Value, o *Op) bool {
	return !u.pinned[v] && len(u.ops[v]) == 1 && u.ops[v][0] == o
}

// Sole returns the only operation that reads a value. It is nil if there are several
// or none, or if the value is pinned.
func (u *Uses) Sole(v *Value) *Op {
	if u.pinned[v] || len(u.ops[v]) != 1 {
		return nil
	}
	return u.ops[v][0]
}

// Remove removes operations from Ops. Their results are not changed.
func (f *Func) Remove(gone map[*Op]bool) {
	f.Ops = slices.DeleteFunc(f.Ops, func(o *Op) bool { return gone[o] })
}
