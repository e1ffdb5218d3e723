package passes

import (
	"slices"

	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/engine/cpu/internal/lower"
	"github.com/strideml/stride/graph"
)

// Group fuses elementwise operations of one shape into groups that are computed
// together, block by block: an operation belongs to the group of its readers if all
// of them are in one group and that has less than lower.MaxMembers operations.
func Group(f *ir.Func) error {
	uses := f.Uses()
	groups := map[*ir.Op]*ir.Op{}    // by elementwise operation: the last operation of its group
	members := map[*ir.Op][]*ir.Op{} // by the last operation of a group: its operations, the last first
	for _, o := range slices.Backward(f.Ops) {
		if !lower.IsElementwise(o.Do) {
			continue
		}
		root := groupOfReaders(o, uses, groups)
		if root == nil || len(members[root]) >= lower.MaxMembers {
			root = o
		}
		groups[o] = root
		members[root] = append(members[root], o)
	}
	gone := map[*ir.Op]bool{}
	for root, list := range members {
		for _, o := range list {
			gone[o] = o != root
		}
		slices.Reverse(list)
		makeGroup(root, list)
	}
	f.Remove(gone)
	return nil
}

// groupOfReaders returns the group that all readers of an operation's result
// are in, nil if there is none of the same shape.
func groupOfReaders(o *ir.Op, uses *ir.Uses, groups map[*ir.Op]*ir.Op) (root *ir.Op) {
	v := o.Out()
	if uses.Pinned(v) {
		return nil
	}
	for _, u := range uses.Of(v) {
		g := groups[u]
		if g == nil || root != nil && g != root {
			return nil
		}
		root = g
	}
	if root == nil || !root.Out().Shape.Equal(v.Shape) {
		return nil
	}
	return root
}

// makeGroup turns an operation into the group of the listed operations, of which it
// is the last.
func makeGroup(root *ir.Op, list []*ir.Op) {
	inside := map[*ir.Value]bool{}
	for _, o := range list {
		inside[o.Out()] = true
	}
	var args []*ir.Value
	for _, o := range list {
		for _, v := range o.Args {
			if !inside[v] && !slices.Contains(args, v) {
				args = append(args, v)
			}
		}
	}
	number := map[*ir.Value]int{}
	for i, v := range args {
		number[v] = i
	}
	e := &ir.Elementwise{}
	for i, o := range list {
		m := ir.Member{Op: o.Do.(graph.Op)}
		for _, v := range o.Args {
			m.Args = append(m.Args, number[v])
		}
		number[o.Out()] = len(args) + i
		e.Members = append(e.Members, m)
	}
	root.Do, root.Args = e, args
}
