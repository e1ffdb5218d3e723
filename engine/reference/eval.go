package reference

import (
	"errors"
	"fmt"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
)

// Eval computes outputs, nodes of one graph, in float64 from end to end. feed
// holds the values of the inputs, row-major; it may also hold values for any
// other nodes, which then replace what these would compute: variables above
// all, but also nodes in the middle of the graph. Variables that are not fed
// have their current values. Assignments are not carried out.
//
// Each hook is called with every computed node, in order, and its value. It
// may change the value in place: that is how tests find out how sensitive a
// result is to rounding.
func Eval(outputs []*graph.Node, feed map[*graph.Node][]float64, hooks ...func(n *graph.Node, value []float64)) ([][]float64, error) {
	if len(outputs) == 0 {
		return nil, errors.New("reference: no outputs to compute")
	}
	g := outputs[0].Graph()
	for i, n := range outputs {
		if n.Graph() != g {
			return nil, fmt.Errorf("reference: output %d belongs to another graph than output 0", i)
		}
	}
	for n, v := range feed {
		if len(v) != n.Shape().Size() {
			return nil, fmt.Errorf("reference: %v is fed %d values instead of %d", n, len(v), n.Shape().Size())
		}
	}
	values, err := evaluate(needed(g, outputs, feed), feed, hooks, nil)
	if err != nil {
		return nil, err
	}
	results := make([][]float64, len(outputs))
	for i, n := range outputs {
		results[i] = append([]float64{}, values[n]...)
	}
	return results, nil
}

// needed lists the nodes that wanted depends on, in the order of the graph.
// What fed nodes depend on is not needed for their sake.
func needed(g *graph.Graph, wanted []*graph.Node, feed map[*graph.Node][]float64) []*graph.Node {
	mark := map[*graph.Node]bool{}
	for _, n := range wanted {
		mark[n] = true
	}
	nodes := g.Nodes()
	count := 0
	for i := len(nodes) - 1; i >= 0; i-- {
		if mark[nodes[i]] {
			count++
			if _, fed := feed[nodes[i]]; fed {
				continue
			}
			for _, in := range nodes[i].Inputs() {
				mark[in] = true
			}
		}
	}
	list := make([]*graph.Node, 0, count)
	for _, n := range nodes {
		if mark[n] {
			list = append(list, n)
		}
	}
	return list
}

// evaluate computes the nodes in order, in a group with r, which is nil for a group of one.
func evaluate(nodes []*graph.Node, feed map[*graph.Node][]float64, hooks []func(*graph.Node, []float64), r engine.Reducer) (map[*graph.Node][]float64, error) {
	values := make(map[*graph.Node][]float64, len(nodes))
	for _, n := range nodes {
		if v, ok := feed[n]; ok {
			values[n] = v
			continue
		}
		y, err := computeNode(n, values, r)
		if err != nil {
			return nil, err
		}
		for _, hook := range hooks {
			hook(n, y)
		}
		values[n] = y
	}
	return values, nil
}

// computeNode computes a node from the values of its arguments.
func computeNode(n *graph.Node, values map[*graph.Node][]float64, r engine.Reducer) ([]float64, error) {
	args := make([]array, len(n.Inputs()))
	for i, in := range n.Inputs() {
		args[i] = array{in.Shape(), values[in]}
	}
	y := array{n.Shape(), make([]float64, n.Shape().Size())}
	var err error
	if _, ok := n.Op().(graph.AllReduceOp); ok && r != nil {
		err = reduceOver(r, y.data, args[0].data)
	} else {
		err = compute(n.Op(), y, args)
	}
	if err != nil {
		return nil, fmt.Errorf("reference: %v: %w", n, err)
	}
	return y.data, nil
}
