package randgraph

import (
	"fmt"
	"slices"

	"github.com/strideml/stride/graph"
)

// inference makes a program of a batch that engines may cut in parts, and
// sometimes another one for another number of samples.
func (g *grower) inference() {
	var fit []int
	for i, n := range g.nodes {
		if _, _, ok := graph.Rebatched([]*graph.Node{n}, 2); ok && (!isLeaf(g.c.Steps[i].Op) || g.chance(0.02)) {
			fit = append(fit, i)
		}
	}
	if len(fit) == 0 {
		fit = []int{0}
	}
	p := Program{Outputs: []int{fit[len(fit)-1]}}
	for _, i := range fit {
		if g.chance(0.15) {
			p.Outputs = append(p.Outputs, i)
		}
	}
	g.c.Programs = []Program{p}
	g.c.Schedule = []int{0, 0}
	if g.chance(0.4) {
		q := Program{Outputs: slices.Clone(p.Outputs[:1]), Batch: g.between(1, g.batch+3)}
		g.c.Programs = append(g.c.Programs, q)
		g.c.Schedule = []int{0, 1, 0, 1}
	}
}

// training makes programs of a graph with derivatives and updates, or
// without.
func (g *grower) training() {
	forward := len(g.nodes)
	outputs := g.outputs(0, forward)
	g.c.Programs = []Program{{Outputs: outputs, Whole: g.chance(0.2)}}
	g.c.Schedule = []int{0, 0}
	if g.chance(0.75) && g.attempt(g.loss) {
		g.derive(g.last(), forward)
	}
	if g.chance(0.4) || g.anyAssigned() && g.chance(0.5) { // one trains, one infers
		g.c.Programs = append(g.c.Programs, g.otherBatch(Program{Outputs: g.outputs(0, forward)}))
		g.c.Schedule = [][]int{{0, 1, 0}, {1, 0, 1, 0, 1}, {0, 0, 1}}[g.r.IntN(3)]
	}
}

// otherBatch returns the program for another number of samples, if it does
// not mix them.
func (g *grower) otherBatch(p Program) Program {
	if g.chance(0.3) {
		return p
	}
	q := p
	q.Batch = g.between(1, 9)
	if _, err := g.c.build(q, g.c.newVariables()); err != nil {
		return p
	}
	return q
}

func (g *grower) anyAssigned() bool { return len(g.c.Programs[0].Assigns) > 0 }

// outputs draws some of the nodes from lo to hi, the last one almost always.
func (g *grower) outputs(lo, hi int) []int {
	var list []int
	if g.chance(0.9) {
		list = append(list, hi-1)
	}
	for i := lo; i < hi; i++ {
		p := 0.15
		if isLeaf(g.c.Steps[i].Op) {
			p = 0.04
		}
		if g.chance(p) {
			list = append(list, i)
			if g.chance(0.05) {
				list = append(list, i)
			}
		}
	}
	if len(list) == 0 {
		list = []int{hi - 1}
	}
	return list
}

// loss adds a scalar that depends on one to three of the last nodes.
func (g *grower) loss() {
	total := -1
	for range g.between(1, 3) {
		y := max(0, len(g.nodes)-1-g.r.IntN(min(8, len(g.nodes))))
		if !g.usable(y) || g.c.Steps[y].Op == "ArgMax" || g.c.Steps[y].Op == "Equal" {
			continue
		}
		var part int
		switch s := g.shape(y); {
		case len(s) == 2 && s[1] >= 4 && g.chance(0.5):
			part = g.add(Step{Op: "Mean", Args: []int{g.add(Step{Op: "CrossEntropy", Args: []int{y, g.leaf("Input", "labels", s[0])}})}})
		case g.chance(0.3):
			part = g.add(Step{Op: "Sum", Args: []int{g.apply("Mul", y, y)}})
		case g.chance(0.2):
			part = g.add(Step{Op: "Mean", Args: []int{y}})
		default:
			part = g.add(Step{Op: "Sum", Args: []int{g.apply("Mul", y, g.leaf("Input", "normal", s...))}})
		}
		if total < 0 {
			total = part
		} else {
			total = g.apply("Add", total, part)
		}
	}
	if total < 0 {
		panic(invalid{fmt.Errorf("nothing to differentiate")})
	}
	// The loss is the last node of the forward pass, as recomputation wants it.
	g.apply("Add", total, g.scalar(0))
}

// derive adds derivatives of the loss with respect to leaves and sometimes
// other nodes, nodes that read these, and updates.
func (g *grower) derive(loss, forward int) {
	var wrt []int
	for i := range forward {
		s := g.c.Steps[i]
		p := 0.05
		switch s.Op {
		case "Variable":
			p = 0.9
		case "Input":
			p = 0.4
		}
		if g.usable(i) && g.chance(p) {
			wrt = append(wrt, i)
		}
	}
	nodes := make([]*graph.Node, len(wrt))
	for k, i := range wrt {
		nodes[k] = g.nodes[i]
	}
	of := map[int]int{}
	for k, d := range graph.Gradients(g.nodes[loss], nodes...) {
		g.c.Steps = append(g.c.Steps, Step{Op: "Gradient", Args: []int{loss, wrt[k]}})
		g.nodes = append(g.nodes, d)
		of[wrt[k]] = g.last()
	}
	if g.chance(0.3) { // what reads derivatives
		for range g.between(1, 4) {
			g.attempt(g.grow)
		}
	}
	p := &g.c.Programs[0]
	if g.chance(0.8) {
		p.Outputs = append(p.Outputs, loss)
	}
	// Parameters stay finite: an engine may compute γ·(x−mean) as γ·x − γ·mean.
	for _, i := range wrt {
		if g.c.Steps[i].Op == "Variable" && !g.special && g.chance(0.6) {
			g.attempt(func() { g.update(i, of[i]) })
		} else if g.chance(0.7) {
			p.Outputs = append(p.Outputs, of[i])
		}
	}
	if !g.special && g.chance(0.3) {
		g.bookkeeping()
	}
	p.Outputs = append(p.Outputs, g.outputs(loss+1, len(g.nodes))...)
	if g.chance(0.15) { // nothing but assignments
		p.Outputs = nil
	}
	if len(p.Outputs)+len(p.Assigns) == 0 {
		p.Outputs = []int{loss}
	}
	if g.chance(0.6) {
		g.c.Drop = &Drop{Depth: []int{1, 2, 4, 1 << 30}[g.r.IntN(4)], Count: g.r.IntN(4) * g.r.IntN(4)}
	}
}

// assign makes the first program store a value.
func (g *grower) assign(variable, value int) {
	p := &g.c.Programs[0]
	for _, a := range p.Assigns {
		if a.Variable == variable {
			return
		}
	}
	p.Assigns = append(p.Assigns, Assign{variable, value})
}

// scaled is a node times a number.
func (g *grower) scaled(x int, by float32) int { return g.apply("Mul", x, g.scalar(by)) }

// update assigns a new value to variable v by its derivative d.
func (g *grower) update(v, d int) {
	shape := g.shape(v)
	size := g.size(v)
	if g.chance(0.2) { // weight decay
		d = g.apply("Add", d, g.scaled(v, 0.01))
	}
	if g.chance(0.25) { // a factor for each element, by way of other shapes
		flat := g.add(Step{Op: "Reshape", Args: []int{d}, Ints: []int{size}})
		again := g.add(Step{Op: "Reshape", Args: []int{flat}, Ints: shape})
		d = g.apply("Mul", d, g.apply("Sigmoid", again))
	}
	if g.chance(0.15) { // a bounded norm
		norm := g.apply("Sqrt", g.apply("Add", g.add(Step{Op: "Sum", Args: []int{g.apply("Mul", d, d)}}), g.scalar(1)))
		d = g.apply("Div", d, norm)
	}
	switch g.r.IntN(5) {
	case 0, 1: // plain
		g.assign(v, g.apply("Sub", v, g.scaled(d, 1e-2)))
	case 2, 3: // momentum
		velocity := g.leaf("Variable", "normal", shape...)
		next := g.apply("Add", g.scaled(velocity, 0.9), d)
		g.assign(velocity, next)
		if g.chance(0.3) { // Nesterov's
			next = g.apply("Add", d, g.scaled(next, 0.9))
		}
		g.assign(v, g.apply("Sub", v, g.scaled(next, 1e-2)))
	default: // Adam without its corrections
		first, second := g.leaf("Variable", "normal", shape...), g.leaf("Variable", "positive", shape...)
		m := g.apply("Add", g.scaled(first, 0.9), g.scaled(d, 0.1))
		s := g.apply("Add", g.scaled(second, 0.99), g.scaled(g.apply("Mul", d, d), 0.01))
		g.assign(first, m)
		g.assign(second, s)
		g.assign(v, g.apply("Sub", v, g.scaled(g.apply("Div", m, g.apply("Sqrt", s)), 1e-2)))
	}
	if g.chance(0.15) { // a moving average of the new value
		p := g.c.Programs[0]
		average := g.leaf("Variable", "normal", shape...)
		now := p.Assigns[len(p.Assigns)-1].Value
		g.assign(average, g.apply("Add", g.scaled(average, 0.9), g.scaled(now, 0.1)))
	}
}

// bookkeeping assigns values that are no updates by derivatives.
func (g *grower) bookkeeping() {
	var free []int
	for i, s := range g.c.Steps {
		if s.Op == "Variable" && g.usable(i) && !slices.ContainsFunc(g.c.Programs[0].Assigns, func(a Assign) bool { return a.Variable == i }) {
			free = append(free, i)
		}
	}
	for _, v := range free {
		same, ok := g.find(func(s []int) bool { return slices.Equal(s, g.shape(v)) })
		if !ok || !g.chance(0.5) {
			continue
		}
		if g.c.Steps[same].Op == "Variable" && g.chance(0.5) { // swapped
			g.assign(v, same)
			g.assign(same, v)
			continue
		}
		if g.chance(0.5) {
			g.assign(v, same)
			continue
		}
		g.attempt(func() { g.assign(v, g.apply("Add", g.scaled(v, 0.9), g.scaled(same, 0.1))) })
	}
}

// normalise removes steps that no program needs, and another one that none
// uses, and renumbers the rest.
func (c *Case) normalise(another ...int) *Case {
	c = c.clone()
	keep := make([]bool, len(c.Steps))
	for _, p := range c.Programs {
		for i, n := range c.needed(p) {
			keep[i] = keep[i] || n
		}
	}
	for _, i := range another {
		keep[i] = false
	}
	number := make([]int, len(c.Steps))
	var steps []Step
	for i, s := range c.Steps {
		if !keep[i] {
			continue
		}
		number[i] = len(steps)
		for k, a := range s.Args {
			s.Args[k] = number[a]
		}
		steps = append(steps, s)
	}
	c.Steps = steps
	for _, p := range c.Programs {
		for k, n := range p.Outputs {
			p.Outputs[k] = number[n]
		}
		for k, a := range p.Assigns {
			p.Assigns[k] = Assign{number[a.Variable], number[a.Value]}
		}
	}
	return c
}
