package randgraph

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/rng"
)

// A grower draws a case node by node. It builds the graph meanwhile, so that
// it knows the shapes; nodes that break a rule are taken back.
type grower struct {
	r     *rand.Rand
	c     *Case
	graph *graph.Graph
	vars  variables
	nodes []*graph.Node // of the steps

	most    int   // elements of a node, at most
	work    int   // multiply-adds that may still be added
	batch   int   // the common number of samples of all inputs, if samples do not mix
	special bool  // some inputs have infinities and NaN
	apart   bool  // of special cases: images are not added
	depths  []int // of channels that occur
	sides   []int // of images
}

// Generate draws the case that belongs to a seed. A seed stands for the same
// case as long as the table of operators and the templates stay the same.
func Generate(seed uint64) *Case {
	r := rng.New(seed, "randgraph case")
	g := &grower{r: r, c: &Case{Seed: seed}, graph: graph.New(), vars: variables{}, most: 2500, work: 1 << 20}
	g.special = g.chance(0.08)
	if g.chance(0.05) {
		g.most, g.work = 40000, 1<<23
	}
	if g.chance(0.25) {
		g.batch = []int{4, 4, 6, 8, 9, 12, 16}[r.IntN(7)]
	}
	for range 3 {
		g.depths = append(g.depths, []int{1, 2, 3, 4, 5, 7, 8, 8, 9, 12, 16, 16, 17, 20, 24, 32, 33}[r.IntN(17)])
	}
	g.sides = []int{g.between(1, 7), g.between(1, 7)}
	if g.chance(0.25) {
		g.sides = []int{1, 1}
	}
	if g.most > 2500 {
		g.sides = []int{g.between(1, 20), g.between(1, 20)}
	}
	g.apart = g.special && (g.batch > 0 || g.chance(0.5))
	g.roots()
	for range g.between(2, []int{4, 10, 22}[r.IntN(3)]) {
		g.attempt(g.grow)
	}
	if g.batch > 0 {
		g.inference()
	} else {
		g.training()
	}
	return g.c.normalise()
}

func (g *grower) chance(p float64) bool         { return g.r.Float64() < p }
func (g *grower) between(lo, hi int) int        { return lo + g.r.IntN(hi-lo+1) }
func (g *grower) channels() int                 { return g.depths[g.r.IntN(len(g.depths))] }
func (g *grower) shape(x int) []int             { return g.nodes[x].Shape() }
func (g *grower) size(x int) int                { return g.nodes[x].Shape().Size() }
func (g *grower) last() int                     { return len(g.c.Steps) - 1 }
func (g *grower) scalar(v float32) int          { return g.add(Step{Op: "Constant", Floats: []float32{v}}) }
func (g *grower) apply(op string, x ...int) int { return g.add(Step{Op: op, Args: x}) }

// invalid is what add panics with.
type invalid struct{ error }

// attempt calls f and takes its steps back if one of them is invalid.
func (g *grower) attempt(f func()) (ok bool) {
	n := len(g.c.Steps)
	var assigns []Assign
	if len(g.c.Programs) > 0 {
		assigns = slices.Clone(g.c.Programs[0].Assigns)
	}
	defer func() {
		switch e := recover().(type) {
		case nil:
			ok = true
		case invalid:
			g.c.Steps, g.nodes = g.c.Steps[:n], g.nodes[:n]
			if len(g.c.Programs) > 0 {
				g.c.Programs[0].Assigns = assigns
			}
		default:
			panic(e)
		}
	}()
	f()
	return true
}

// add appends a step.
func (g *grower) add(s Step) int {
	if s.Op == "" {
		panic(invalid{fmt.Errorf("operator does not fit")})
	}
	n, err := g.build(s)
	if err != nil {
		panic(invalid{err})
	}
	if g.apart && (s.Op == "Add" || s.Op == "Sub") && len(n.Shape()) == 4 {
		// The sum of two convolutions of an infinity is NaN or, computed as one, not.
		panic(invalid{fmt.Errorf("a sum of images with infinities")})
	}
	if n.Shape().Size() > g.most {
		panic(invalid{fmt.Errorf("too large")})
	}
	work := int(n.MultiplyAdds())
	if work > g.work {
		panic(invalid{fmt.Errorf("too much work")})
	}
	g.work -= work
	g.c.Steps, g.nodes = append(g.c.Steps, s), append(g.nodes, n)
	return g.last()
}

func (g *grower) build(s Step) (n *graph.Node, err error) {
	defer graph.Catch(&err)
	switch s.Op {
	case "Input":
		return g.graph.Input("", s.Ints...), nil
	case "Variable":
		return g.graph.Variable(&graph.Variable{Value: Values(s.Fill.Kind, s.Fill.Seed, s.Ints...)}), nil
	case "Constant":
		return g.graph.Constant(s.constant()), nil
	}
	args := make([]*graph.Node, len(s.Args))
	for i, a := range s.Args {
		args[i] = g.nodes[a]
	}
	return operators[s.Op].build(args, s), nil
}

// leaf adds a leaf of the given kind and values.
func (g *grower) leaf(op, fill string, shape ...int) int {
	if g.special && op == "Input" && fill == "normal" && g.chance(0.6) {
		fill = "special"
	}
	return g.add(Step{Op: op, Ints: slices.Clone(shape), Fill: Fill{fill, uint64(g.r.IntN(1000))}})
}

// anyLeaf adds a leaf of any kind. With a common batch inputs have it, and
// nothing else has.
func (g *grower) anyLeaf(shape ...int) int {
	fill := "normal"
	if g.chance(0.15) {
		fill = "digits"
	}
	switch {
	case g.batch > 0 && len(shape) > 0 && shape[0] == g.batch:
		return g.leaf("Input", fill, shape...)
	case g.batch == 0 && g.chance(0.4):
		return g.leaf("Input", fill, shape...)
	case g.chance(0.8):
		return g.leaf("Variable", fill, shape...)
	}
	return g.leaf("Constant", fill, shape...)
}

// weight returns a leaf that is like a parameter, sometimes one that is used
// already.
func (g *grower) weight(shape ...int) int {
	if g.chance(0.3) {
		var found []int
		for i, s := range g.c.Steps {
			if s.Op == "Variable" && slices.Equal(s.Ints, shape) && s.Fill.Kind == "weights" {
				found = append(found, i)
			}
		}
		if len(found) > 0 {
			return found[g.r.IntN(len(found))]
		}
	}
	if g.special && !g.apart { // see add: engines cannot make one weight of several inputs
		return g.leaf("Input", "weights", shape...)
	}
	if g.batch == 0 && g.chance(0.06) {
		return g.leaf("Input", "weights", shape...)
	}
	if g.chance(0.05) {
		return g.leaf("Constant", "weights", shape...)
	}
	return g.leaf("Variable", "weights", shape...)
}

// stepNumber returns a node that holds the number of the training step.
func (g *grower) stepNumber() int {
	for i, s := range g.c.Steps {
		if s.Fill.Kind == "step" {
			return i
		}
	}
	return g.leaf([]string{"Input", "Variable", "Constant"}[g.r.IntN(3)], "step", 2)
}

// find returns an earlier node that is no step number or label and whose
// shape is as asked.
func (g *grower) find(fits func(s []int) bool) (int, bool) {
	var found []int
	for i := range g.nodes {
		if fits(g.shape(i)) && g.usable(i) {
			found = append(found, i)
		}
	}
	if len(found) == 0 {
		return 0, false
	}
	return found[g.r.IntN(len(found))], true
}

// usable reports whether a node may be an argument of any operator.
func (g *grower) usable(x int) bool {
	k := g.c.Steps[x].Fill.Kind
	return k != "step" && k != "labels" && k != "positive"
}

// partner returns a node that broadcasts with x.
func (g *grower) partner(x int) int {
	s := slices.Clone(g.shape(x))
	if y, ok := g.find(func(t []int) bool { return slices.Equal(s, t) }); ok && g.chance(0.6) {
		return y
	}
	if g.chance(0.5) { // one value for each channel, sample or the like
		for i := range s {
			if g.chance(0.4) && i != 1 {
				s[i] = 1
			}
		}
	}
	if g.chance(0.3) {
		s = s[g.between(0, len(s)):]
	}
	if y, ok := g.find(func(t []int) bool { return slices.Equal(s, t) }); ok && g.chance(0.7) {
		return y
	}
	if len(s) == 0 && g.chance(0.7) {
		return g.scalar([]float32{0.5, 2, -1, 1e-3, 0}[g.r.IntN(5)])
	}
	return g.anyLeaf(s...)
}

// within returns x, or a function of it whose values lie in the domain.
func (g *grower) within(x int, d domain) int {
	switch d {
	case bounded:
		return g.apply("Tanh", x)
	case positive:
		return g.apply("Add", g.apply("Sigmoid", x), g.scalar(0.5))
	}
	return x
}

// axis draws an axis of x, not that of the samples where these must not mix.
func (g *grower) axis(x int) (int, bool) {
	n, first := len(g.shape(x)), 0
	if g.batch > 0 {
		first = 1
	}
	if n <= first {
		return 0, false
	}
	return g.between(first, n-1), true
}

// axes draws some axes of x, often those of an image.
func (g *grower) axes(x int) []int {
	if len(g.shape(x)) == 4 && g.chance(0.5) {
		if g.batch == 0 && g.chance(0.3) {
			return []int{0, 2, 3}
		}
		return []int{2, 3}
	}
	var list []int
	for range g.between(1, 3) {
		if a, ok := g.axis(x); ok && !slices.Contains(list, a) {
			list = append(list, a)
		}
	}
	slices.Sort(list)
	return list
}

// roots adds what the graph begins with.
func (g *grower) roots() {
	n := g.batch
	if n == 0 {
		n = g.between(1, 4)
	}
	g.attempt(func() { g.leaf("Input", "normal", n, g.channels(), g.sides[0], g.sides[1]) })
	if g.chance(0.5) {
		g.attempt(func() { g.anyLeaf(n, g.channels(), g.sides[0], g.sides[1]) })
	}
	if len(g.nodes) == 0 || g.chance(0.4) {
		g.attempt(func() { g.leaf("Input", "normal", n, g.channels()) })
	}
}

// argument draws a node to go on from: the last one often, so that graphs
// are deep, and any earlier one, so that nodes are shared.
func (g *grower) argument() int {
	for range 20 {
		x := g.last() - g.r.IntN(min(3, len(g.nodes)))
		if g.chance(0.4) {
			x = g.r.IntN(len(g.nodes))
		}
		perSample := g.batch == 0 || len(g.shape(x)) > 0 && g.shape(x)[0] == g.batch
		if g.usable(x) && perSample && (g.c.Steps[x].Fill.Kind != "weights" || g.chance(0.1)) {
			return x
		}
	}
	return 0
}

// grow adds an operator or a template.
func (g *grower) grow() {
	x := g.argument()
	if g.chance(0.12) {
		templates[g.r.IntN(len(templates))](g, x)
		return
	}
	at := g.r.IntN(operatorWeight)
	for _, name := range operatorNames {
		o := operators[name]
		if at -= o.weight; at < 0 {
			g.add(o.draw(g, x))
			return
		}
	}
}
