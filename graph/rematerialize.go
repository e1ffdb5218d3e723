package graph

import (
	"cmp"
	"slices"
)

// Rematerialization, also called gradient checkpointing: a training step keeps
// much of the forward pass for the backward pass. Values that are cheap to
// compute can be dropped after the forward pass and computed again when the
// backward pass needs them. That takes more time and less memory, and gives the
// same bits.

// cheap reports whether an operator costs little more than reading its
// arguments. Those that do have a method that says so.
func cheap(op Op) bool {
	_, ok := op.(interface{ cheap() })
	return ok
}

func isLeaf(n *Node) bool { return len(n.inputs) == 0 }

// neededAfter returns, by ID, which nodes up to last are used by a node after
// it: what has to be kept.
func neededAfter(last *Node) []bool {
	needed := make([]bool, last.id+1)
	for _, n := range last.graph.nodes[last.id+1:] {
		for _, in := range n.inputs {
			if in.id <= last.id {
				needed[in.id] = true
			}
		}
	}
	return needed
}

// Rematerializable returns the nodes worth dropping after the forward pass, the
// largest first: those that [Rematerialized] can compute again, by cheap
// operators, from values that are kept. last is the last node of the forward
// pass, usually the loss; the gradients come after it. PyTorch calls the
// technique gradient checkpointing.
//
// A dropped node may be computed from other dropped ones, which then live
// longer; depth bounds the length of such a chain, and 1 forbids it.
func Rematerializable(last *Node, depth int) []*Node {
	r := rematerialization{needed: neededAfter(last), depth: map[*Node]int{}}
	var list []*Node
	for _, n := range last.graph.nodes[:last.id+1] {
		if !r.needed[n.id] || isLeaf(n) || !cheap(n.op) {
			continue
		}
		keep := map[*Node]bool{}
		d := r.chain(n, keep)
		extra := 0 // what is to be kept that would not have been
		for k := range keep {
			extra += k.shape.Size()
		}
		if d <= depth && extra < n.shape.Size() {
			r.depth[n] = d
			list = append(list, n)
		}
	}
	slices.SortStableFunc(list, func(a, b *Node) int { return cmp.Compare(b.shape.Size(), a.shape.Size()) })
	return list
}

type rematerialization struct {
	needed []bool
	depth  map[*Node]int // of the nodes that can be dropped
}

// chain returns how many nodes deep n is computed from others that can be
// dropped, and adds to keep what it is computed from and nobody else keeps.
func (r *rematerialization) chain(n *Node, keep map[*Node]bool) int {
	depth := 1
	for _, in := range n.inputs {
		switch {
		case isLeaf(in):
		case r.needed[in.id]:
			depth = max(depth, 1+r.depth[in]) // 0 for those that are kept
		case cheap(in.op):
			depth = max(depth, r.chain(in, keep))
		default:
			keep[in] = true
		}
	}
	return depth
}

// Rematerialized returns a copy of last's graph in which nodes after last do not
// use the nodes of drop, but copies of them that are computed just before they
// are needed first, or a little earlier. of returns the node of the copy that
// corresponds to one of the graph. Inputs, variables and assignments are the same
// and in the same order. All nodes of drop must be among those of
// [Rematerializable] for some depth.
func Rematerialized(last *Node, drop []*Node) (g *Graph, of func(*Node) *Node) {
	c := copier{g: New(), needed: neededAfter(last), drop: map[*Node]bool{}, copies: map[*Node]*Node{}, again: map[*Node]*Node{}}
	for _, n := range drop {
		c.drop[n] = true
	}
	from := last.graph
	users := usersAfter(last)
	for i, n := range from.nodes {
		if n.id > last.id {
			// An engine may attach to n what is done to each element of it,
			// and sums, if all else that takes is there. So it comes before n,
			// and before the first of two gradients of the same operator.
			c.attached(n, users)
			if i+1 < len(from.nodes) && shareGradient(n, from.nodes[i+1], last) {
				c.computeAll(from.nodes[i+1].inputs)
			}
		}
		inputs := make([]*Node, len(n.inputs))
		for i, in := range n.inputs {
			if n.id > last.id && c.drop[in] {
				inputs[i] = c.compute(in)
			} else {
				inputs[i] = c.copies[in]
			}
		}
		c.copies[n] = c.g.append(n, inputs)
	}
	of = func(n *Node) *Node { return c.copies[n] }
	for _, n := range from.inputs {
		c.g.inputs = append(c.g.inputs, of(n))
	}
	for _, n := range from.variables {
		c.g.variables = append(c.g.variables, of(n))
		c.g.byVariable[n.op.(VariableOp).Variable] = of(n)
	}
	for _, a := range from.assignments {
		c.g.assignments = append(c.g.assignments, Assignment{of(a.Variable), of(a.Value)})
	}
	return c.g, of
}

type copier struct {
	g             *Graph
	needed        []bool
	drop          map[*Node]bool
	copies, again map[*Node]*Node // in g: of each node, and as computed again
}

// shareGradient reports whether two nodes have a common argument from after
// last.
func shareGradient(a, b, last *Node) bool {
	return slices.ContainsFunc(a.inputs, func(in *Node) bool { return in.id > last.id && slices.Contains(b.inputs, in) })
}

// usersAfter returns the nodes after last that use each node after it.
func usersAfter(last *Node) map[*Node][]*Node {
	users := map[*Node][]*Node{}
	for _, n := range last.graph.nodes[last.id+1:] {
		for _, in := range n.inputs {
			if in.id > last.id {
				users[in] = append(users[in], n)
			}
		}
	}
	return users
}

// attached computes what elementwise users of n, their users and sums need.
func (c *copier) attached(n *Node, users map[*Node][]*Node) {
	for _, u := range users[n] {
		if Elementwise(u.op) {
			c.computeAll(u.inputs)
			c.attached(u, users)
		} else if sumsRows(u.op) {
			c.computeAll(u.inputs)
		}
	}
}

func (c *copier) computeAll(nodes []*Node) {
	for _, n := range nodes {
		if c.drop[n] {
			c.compute(n)
		}
	}
}

// compute returns the copy of n that is computed again.
func (c *copier) compute(n *Node) *Node {
	if a, ok := c.again[n]; ok {
		return a
	}
	inputs := make([]*Node, len(n.inputs))
	for i, in := range n.inputs {
		if c.drop[in] || !isLeaf(in) && !c.needed[in.id] && cheap(in.op) {
			inputs[i] = c.compute(in)
		} else {
			inputs[i] = c.copies[in]
		}
	}
	a := c.g.append(n, inputs)
	c.again[n] = a
	return a
}

// append adds a node like n of another graph.
func (g *Graph) append(n *Node, inputs []*Node) *Node {
	m := &Node{graph: g, id: len(g.nodes), op: n.op, inputs: inputs, shape: n.shape, path: n.path}
	g.nodes = append(g.nodes, m)
	return m
}
