package randgraph

import "github.com/strideml/stride/graph"

// groupSums are sums over the members of a group. The group has one member, or others that
// have zeros: they change nothing.
func groupSums() map[string]operator {
	return map[string]operator{"AllReduce": {
		weight: 4, draw: drawAllReduce,
		build: func(x []*graph.Node, _ Step) *graph.Node { return graph.AllReduce(x[0]) },
	}}
}

// drawAllReduce sums up x alone, or joined with others, as gradients are.
func drawAllReduce(g *grower, x int) Step {
	if g.batch > 0 { // as in training only
		return Step{}
	}
	if g.chance(0.5) {
		return Step{Op: "AllReduce", Args: []int{x}}
	}
	flat := func(y int) int { return g.add(Step{Op: "Reshape", Args: []int{y}, Ints: []int{g.size(y)}}) }
	parts := []int{flat(x)}
	for range g.between(1, 3) {
		parts = append(parts, flat(g.r.IntN(x+1)))
	}
	sum := g.add(Step{Op: "AllReduce", Args: []int{g.add(Step{Op: "Concat", Args: parts, Ints: []int{0}})}})
	return Step{Op: "Slice", Args: []int{sum}, Ints: []int{0, 0, g.size(x)}}
}
