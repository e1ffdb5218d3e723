package passes

import (
	"slices"

	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/graph"
)

// Build returns a Func with one operation for each node that the outputs and the
// assignments of a graph depend on. Inputs, variables and constants become leaves.
func Build(g *graph.Graph, outputs []*graph.Node) *ir.Func {
	f := &ir.Func{Graph: g, Mutable: map[*graph.Variable]bool{}}
	for _, a := range g.Assignments() {
		f.Mutable[variableOf(a.Variable)] = true
	}
	needed := neededNodes(g, outputs)
	values := make([]*ir.Value, len(g.Nodes()))
	for _, n := range g.Nodes() {
		if !needed[n.ID()] {
			continue
		}
		if leaf(n) {
			v := f.NewValue(n, n.Shape())
			switch op := n.Op().(type) {
			case graph.ConstantOp:
				v.Fixed = true
			case graph.VariableOp:
				if v.Fixed = !f.Mutable[op.Variable]; v.Fixed {
					v.Vars = []*graph.Variable{op.Variable}
				}
			}
			f.Leaves = append(f.Leaves, v)
			values[n.ID()] = v
			continue
		}
		args := make([]*ir.Value, len(n.Inputs()))
		for i, in := range n.Inputs() {
			args[i] = values[in.ID()]
		}
		o := f.NewOp(n.Op(), n, n.Shape(), args...)
		if _, ok := n.Op().(graph.AllReduceOp); !ok { // what other members have may change
			o.Out().Vars, o.Out().Fixed = variablesOf(args...)
		}
		f.Ops = append(f.Ops, o)
		values[n.ID()] = o.Out()
	}
	for _, n := range outputs {
		f.Outputs = append(f.Outputs, values[n.ID()])
	}
	for _, a := range g.Assignments() {
		f.Updates = append(f.Updates, &ir.Update{Variable: variableOf(a.Variable), Old: values[a.Variable.ID()], New: values[a.Value.ID()]})
	}
	return f
}

func variableOf(n *graph.Node) *graph.Variable { return n.Op().(graph.VariableOp).Variable }

// leaf reports whether a node is an input, a variable or a constant.
func leaf(n *graph.Node) bool {
	switch n.Op().(type) {
	case graph.InputOp, graph.VariableOp, graph.ConstantOp:
		return true
	}
	return false
}

// neededNodes finds the nodes that outputs and assignments depend on.
func neededNodes(g *graph.Graph, outputs []*graph.Node) []bool {
	needed := make([]bool, len(g.Nodes()))
	for _, n := range outputs {
		needed[n.ID()] = true
	}
	for _, a := range g.Assignments() {
		needed[a.Value.ID()], needed[a.Variable.ID()] = true, true
	}
	for _, n := range slices.Backward(g.Nodes()) {
		if needed[n.ID()] {
			for _, in := range n.Inputs() {
				needed[in.ID()] = true
			}
		}
	}
	return needed
}

// variablesOf returns the variables that some values depend on, and whether all of
// them are fixed, see [ir.Value]. If they are not, list is nil.
func variablesOf(values ...*ir.Value) (list []*graph.Variable, fixed bool) {
	for _, v := range values {
		if !v.Fixed {
			return nil, false
		}
		for _, x := range v.Vars {
			if !slices.Contains(list, x) {
				list = append(list, x)
			}
		}
	}
	return list, true
}
