package passes

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/graph"
)

// Overlap begins each sum over the members of a group as soon as its argument is complete
// and waits for it just before the first operation that reads it: what is between them is
// computed meanwhile. What an argument is put together of by elementwise operations and
// copies is moved forward with it.
//
// All members must begin their sums in one order, although their batches, and with these
// their algorithms, may differ. So that order follows from the graph alone, see [sumOrder];
// a sum waits for its turn.
func Overlap(f *ir.Func) error {
	p := &overlap{f: f, wait: map[*ir.Op]*ir.Op{}, turn: map[*ir.Op]int{}, state: map[*ir.Op]int{}, ready: map[*ir.Op]bool{}}
	for _, o := range f.Ops {
		switch o.Do.(type) {
		case ir.BeginAllReduce:
			p.begins = append(p.begins, o)
		case ir.WaitAllReduce:
			p.wait[o.Args[0].Def] = o
		}
	}
	if len(p.begins) == 0 {
		return nil
	}
	order := sumOrder(f.Graph)
	slices.SortFunc(p.begins, func(a, b *ir.Op) int { return cmp.Compare(order[a.Node], order[b.Node]) })
	for i, o := range p.begins {
		p.turn[o] = i
		p.turn[p.wait[o]] = i
	}
	p.beginReady()
	for _, o := range f.Ops {
		switch o.Do.(type) {
		case ir.BeginAllReduce, ir.WaitAllReduce:
			continue
		}
		p.emit(o)
		p.beginReady()
	}
	for _, o := range p.begins {
		p.emit(p.wait[o])
	}
	if p.circular != nil {
		return fmt.Errorf("%v: sums over a group wait for each other", p.circular)
	}
	f.Ops = p.ops
	moveAliases(f)
	return nil
}

// sumOrder returns the order in which the sums of a graph begin, by node: by the last
// operator, in the graph's order, that their arguments need, apart from those that only put
// the results of others together. So a sum of gradients that were joined begins when the
// last of them is there, wherever in the graph they are joined, and a sum that needs another
// one comes after it.
func sumOrder(g *graph.Graph) map[*graph.Node]int {
	nodes := g.Nodes()
	last := make([]int, len(nodes)) // of each node: that operator's number
	var sums []*graph.Node
	for _, n := range nodes {
		switch n.Op().(type) {
		case graph.ConcatOp, graph.SliceOp, graph.ReshapeOp, graph.TransposeOp, graph.BroadcastOp:
			last[n.ID()] = lastOf(n, last)
		case graph.InputOp, graph.VariableOp, graph.ConstantOp:
			last[n.ID()] = -1
		case graph.AllReduceOp:
			last[n.ID()] = n.ID()
			sums = append(sums, n)
		default:
			last[n.ID()] = n.ID()
			if graph.Elementwise(n.Op()) {
				last[n.ID()] = lastOf(n, last)
			}
		}
	}
	slices.SortStableFunc(sums, func(a, b *graph.Node) int { return cmp.Compare(lastOf(a, last), lastOf(b, last)) })
	order := map[*graph.Node]int{}
	for i, n := range sums {
		order[n] = i
	}
	return order
}

// lastOf is the greatest of some numbers of nodes over the arguments of a node.
func lastOf(n *graph.Node, last []int) int {
	most := -1
	for _, in := range n.Inputs() {
		most = max(most, last[in.ID()])
	}
	return most
}

// An overlap puts operations in a new order.
type overlap struct {
	f      *ir.Func
	ops    []*ir.Op
	begins []*ir.Op          // in the order in which they begin
	wait   map[*ir.Op]*ir.Op // by the operation that begins
	turn   map[*ir.Op]int    // of those that begin and those that wait: their place in begins
	next   int               // the first of begins that has not begun
	state  map[*ir.Op]int    // emitted, emitting
	ready  map[*ir.Op]bool   // operations that can be emitted with what they need, known so far

	circular *graph.Node
}

const (
	emitting = 1 + iota
	emitted
)

// needs calls visit for each operation whose result another one reads, itself or by other
// names.
func needs(o *ir.Op, visit func(*ir.Op)) {
	o.Reads(func(v *ir.Value, _ bool) {
		if v.Def != nil {
			visit(v.Def)
		}
	})
}

// emit appends an operation, after all that it needs.
func (p *overlap) emit(o *ir.Op) {
	switch p.state[o] {
	case emitted:
		return
	case emitting:
		p.circular = o.Node
		return
	}
	p.state[o] = emitting
	needs(o, p.emit)
	if i := p.turn[o]; i > 0 {
		if earlier := p.begins[i-1]; o == p.begins[i] {
			p.emit(earlier)
		} else {
			p.emit(p.wait[earlier])
		}
	}
	p.state[o] = emitted
	p.ops = append(p.ops, o)
}

// beginReady emits the operations that can begin now.
func (p *overlap) beginReady() {
	for p.next < len(p.begins) && p.isReady(p.begins[p.next]) {
		p.emit(p.begins[p.next])
		p.next++
	}
}

// isReady reports whether all that an operation needs is emitted or can be, as it only
// puts together what is.
func (p *overlap) isReady(o *ir.Op) bool {
	if p.ready[o] || p.state[o] == emitted {
		return true
	}
	switch o.Do.(type) {
	case ir.BeginAllReduce, *ir.Elementwise, ir.Copy, graph.ConcatOp, graph.SliceOp, graph.TransposeOp, ir.Expand:
	default:
		if !o.Alias() {
			return false
		}
	}
	ready := true
	needs(o, func(n *ir.Op) { ready = ready && p.isReady(n) })
	p.ready[o] = ready
	return ready
}

// lastWait returns the index of the last operation that waits for a sum over a group, −1
// if there is none. Variables keep their values until then, for the sums may fail.
func lastWait(f *ir.Func) int {
	last := -1
	for i, o := range f.Ops {
		if _, ok := o.Do.(ir.WaitAllReduce); ok {
			last = i
		}
	}
	return last
}
