package enginetest

import (
	"cmp"
	"math"
	"math/rand/v2"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/enginetest/internal/cases"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/tensor"
)

// tb is what testing.T and rapid.T have in common.
type tb interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// tolerance says how results are compared; see the package comment.
type tolerance = cases.Tolerance

const (
	exact     = cases.Exact
	pointwise = cases.Pointwise
	sums      = cases.Sums
	measured  = cases.Measured
)

// A problem is a graph with everything that is needed to run it.
type problem struct {
	graph   *graph.Graph
	feeds   engine.Feeds
	outputs []*graph.Node
	// precision is that of the tolerance measured; no Draws stand for FewDraws.
	precision Precision
}

// check compiles the problem, runs it the given number of times and compares
// the outputs and the variables after each run.
func (p *problem) check(t tb, device engine.Device, tol tolerance, runs int) {
	t.Helper()
	program, err := device.Compile(p.graph, p.outputs...)
	if err != nil {
		t.Fatalf("compile: %v", err)
	}
	var e *expectation
	for range runs {
		if e == nil || len(p.graph.Assignments()) > 0 {
			e = p.expect(t, p.wanted(), tol)
		}
		p.run(t, program, e)
	}
	if err := program.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

// wanted lists what a run computes: the outputs and then the new values of
// variables.
func (p *problem) wanted() []*graph.Node {
	nodes := append([]*graph.Node{}, p.outputs...)
	for _, a := range p.graph.Assignments() {
		nodes = append(nodes, a.Value)
	}
	return nodes
}

// step runs the program once. What is expected is computed from the
// variables' values before the run, so errors do not add up over several
// steps.
func (p *problem) step(t tb, program engine.Program, tol tolerance) {
	t.Helper()
	p.run(t, program, p.expect(t, p.wanted(), tol))
}

// run runs the program once and compares everything it may have changed.
func (p *problem) run(t tb, program engine.Program, e *expectation) {
	t.Helper()
	assignments := p.graph.Assignments()
	versions := map[*graph.Variable]uint64{}
	before := map[*graph.Variable]*tensor.Tensor{}
	for _, n := range p.graph.Variables() {
		v := n.Op().(graph.VariableOp).Variable
		before[v], versions[v] = v.Value.Clone(), v.Version()
	}
	fed := engine.Feeds{}
	for n, x := range p.feeds {
		fed[n] = x.Clone()
	}
	got := make([]*tensor.Tensor, len(p.outputs))
	for i, n := range p.outputs {
		got[i] = tensor.Full(float32(math.NaN()), n.Shape()...)
	}
	if err := program.Run(fed, got); err != nil {
		t.Fatalf("run: %v", err)
	}

	for i, n := range p.outputs {
		compare(t, n.String(), n.Shape(), got[i].Data(), e.want[i], e.slack[i])
	}
	for i, a := range assignments {
		v := a.Variable.Op().(graph.VariableOp).Variable
		k := len(p.outputs) + i
		compare(t, "variable "+v.Name, a.Variable.Shape(), v.Value.Data(), e.want[k], e.slack[k])
		if v.Version() == versions[v] {
			t.Errorf("variable %s was assigned to, but Changed was not called", v.Name)
		}
		delete(before, v)
	}
	for v, old := range before {
		if !sameBits(v.Value, old) {
			t.Errorf("variable %s changed without an assignment", v.Name)
		}
	}
	for n, x := range fed {
		if !sameBits(x, p.feeds[n]) {
			t.Errorf("input %v was changed by the run", n)
		}
	}
}

// feed is the problem's inputs as the reference takes them.
func (p *problem) feed() map[*graph.Node][]float64 {
	feed := map[*graph.Node][]float64{}
	for n, x := range p.feeds {
		feed[n] = widen(x.Data())
	}
	return feed
}

// An expectation holds the right values of some nodes and the tolerance of
// each element.
type expectation struct{ want, slack [][]float64 }

func (p *problem) expect(t tb, nodes []*graph.Node, tol tolerance) *expectation {
	t.Helper()
	e, err := p.expectation(nodes, tol)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return e
}

func (p *problem) expectation(nodes []*graph.Node, tol tolerance) (*expectation, error) {
	if len(nodes) == 0 {
		return &expectation{}, nil
	}
	want, err := reference.Eval(nodes, p.feed())
	if err != nil {
		return nil, err
	}
	slack := make([][]float64, len(want))
	for i, w := range want {
		slack[i] = make([]float64, len(w))
	}
	switch tol {
	case pointwise:
		for i, w := range want {
			for k, v := range w {
				slack[i][k] = 1e-6*math.Abs(v) + 1e-7
			}
		}
	case sums:
		share := 1e-6 + 1e-7*math.Sqrt(float64(longestSum(p.graph)))
		for i, w := range want {
			top := 0.0
			for _, v := range w {
				if !math.IsInf(v, 0) && !math.IsNaN(v) {
					top = max(top, math.Abs(v))
				}
			}
			for k := range w {
				slack[i][k] = share * top
			}
		}
	case measured:
		if err := p.measure(nodes, want, slack); err != nil {
			return nil, err
		}
	}
	return &expectation{want, slack}, nil
}

const noise = 1e-6

// tie makes arguments of Equal equal that are so but for rounding: in float32 they
// may be, and noise would never make them so.
func tie(n *graph.Node, v []float64, values map[*graph.Node][]float64) {
	if op, ok := n.Op().(graph.BinaryOp); !ok || op.Func != graph.KindEqual {
		return
	}
	a, b := n.Inputs()[0], n.Inputs()[1]
	if values[a] == nil || values[b] == nil {
		return
	}
	for i := range v {
		x, y := values[a][broadcastIndex(i, n.Shape(), a.Shape())], values[b][broadcastIndex(i, n.Shape(), b.Shape())]
		if math.Abs(x-y) <= 10*noise*(math.Abs(x)+math.Abs(y)) {
			v[i] = 1
		}
	}
}

// broadcastIndex returns which element of an argument goes into element i of a
// result that the argument is broadcast to.
func broadcastIndex(i int, result, argument tensor.Shape) (index int) {
	step := 1
	for axis := len(argument) - 1; axis >= 0; axis-- {
		size := result[len(result)-len(argument)+axis]
		if argument[axis] > 1 {
			index += i % size * step
		}
		step *= argument[axis]
		i /= size
	}
	return index
}

// measure sets slack to three times the greatest effect of noise, which is drawn
// several times. The typical effect on a tensor counts for all its elements, so that
// one on which the noise happens to cancel has no unfair tolerance.
func (p *problem) measure(nodes []*graph.Node, want, slack [][]float64) error {
	for run := range cmp.Or(p.precision.Draws, FewDraws) {
		r := rng.New(uint64(run), "enginetest noise")
		values := p.feed()
		shake := func(n *graph.Node, v []float64) {
			values[n] = v
			if run == 0 {
				tie(n, v, values)
			}
			p.precision.shake(r, n, v, values)
		}
		feed := p.feed()
		for _, n := range p.graph.Inputs() {
			if !wholeNumbers(feed[n]) {
				shake(n, feed[n])
			}
		}
		other, err := reference.Eval(nodes, feed, shake)
		if err != nil {
			return err
		}
		for i, w := range want {
			for k, v := range w {
				o := other[i][k]
				switch d := math.Abs(o - v); {
				case d > slack[i][k]:
					slack[i][k] = d
				case math.IsNaN(d) && v != o && !(math.IsNaN(v) && math.IsNaN(o)): // rounding decides whether it is finite
					slack[i][k] = math.Inf(1)
				}
			}
		}
	}
	for i, w := range want {
		square, count := 0.0, 0.0
		for _, s := range slack[i] {
			if !math.IsInf(s, 0) {
				square += s * s
				count++
			}
		}
		typical := math.Sqrt(square / math.Max(count, 1))
		for k, v := range w {
			if math.IsInf(slack[i][k], 0) {
				continue
			}
			slack[i][k] = 3*math.Max(slack[i][k], typical) + 1e-6*math.Abs(v) + 1e-9
			if math.IsNaN(slack[i][k]) {
				slack[i][k] = 0
			}
		}
	}
	return nil
}

// sizes returns the root of the mean square and the greatest absolute value of the
// finite numbers, or zeros.
func sizes(v []float64) (root, greatest float64) {
	sum, n := 0.0, 0.0
	for _, x := range v {
		if x = math.Abs(x); x <= math.MaxFloat64 {
			greatest = math.Max(greatest, x)
			sum += x * x
			n++
		}
	}
	return math.Sqrt(sum / math.Max(n, 1)), greatest
}

// shake adds noise to the value of a node as rounding may.
func (p Precision) shake(r *rand.Rand, n *graph.Node, v []float64, values map[*graph.Node][]float64) {
	rounding := cases.RoundingOf(n)
	if rounding.None {
		return
	}
	unit := rounding.Unit
	if rounding.UnitOf != nil {
		_, greatest := sizes(values[rounding.UnitOf])
		unit = math.Max(unit, greatest)
	}
	further, relative := 0.0, noise
	if rounding.Sum != nil {
		typical, top := math.Sqrt(float64(rounding.Terms)), math.Sqrt(float64(rounding.Terms))
		if rounding.Mean {
			typical /= float64(rounding.Terms)
		}
		for _, argument := range rounding.Sum {
			root, greatest := sizes(values[argument])
			typical, top = typical*root, top*greatest
		}
		unit = math.Max(unit, typical)
		if isProduct(n) {
			further, relative = p.Factors*typical, noise+p.Factors // few products, or one that is greater than the others
		}
		if rounding.Conv {
			further = math.Max(further, p.Conv*top)
		}
	}
	for i := range v {
		if math.IsInf(v[i], 0) {
			continue // noise on it would be NaN and hide what follows
		}
		v[i] += (relative*math.Abs(v[i]) + noise*unit/8 + further) * r.NormFloat64()
	}
}

// wholeNumbers reports whether an input holds class indices or the like.
func wholeNumbers(v []float64) bool {
	for _, x := range v {
		if x != math.Trunc(x) {
			return false
		}
	}
	return true
}

// longestSum is the greatest number of terms that one operator of the graph
// adds up.
func longestSum(g *graph.Graph) int {
	longest := 1
	for _, n := range g.Nodes() {
		longest = max(longest, cases.RoundingOf(n).Terms)
	}
	return longest
}

// compare reports how many elements of a result are wrong, and the first of
// them.
func compare(t tb, what string, shape tensor.Shape, got []float32, want, slack []float64) {
	t.Helper()
	bad, first := 0, -1
	for i, w := range want {
		if near(float64(got[i]), w, slack[i]) {
			continue
		}
		if bad++; bad == 1 {
			first = i
		}
	}
	if bad > 0 {
		t.Errorf("%s: %d of %d elements are wrong; at %v got %v, want %v ± %.3g",
			what, bad, len(want), position(shape, first), got[first], want[first], slack[first])
	}
}

func near(got, want, slack float64) bool {
	switch {
	case math.IsNaN(want):
		return math.IsNaN(got) || math.IsInf(slack, 1)
	case math.IsInf(slack, 1):
		return true
	case math.IsInf(float64(float32(want)), 0): // infinite, or too large for float32
		return got == float64(float32(want))
	}
	return math.Abs(got-float64(float32(want))) <= slack || math.Abs(got-want) <= slack
}

func sameBits(a, b *tensor.Tensor) bool {
	for i, v := range a.Data() {
		if math.Float32bits(v) != math.Float32bits(b.Data()[i]) {
			return false
		}
	}
	return a.Shape().Equal(b.Shape())
}

// position is the index along each axis of the i-th element.
func position(shape tensor.Shape, i int) []int {
	index := make([]int, len(shape))
	for a := len(shape) - 1; a >= 0; a-- {
		index[a] = i % shape[a]
		i /= shape[a]
	}
	return index
}

func widen(src []float32) []float64 {
	dst := make([]float64, len(src))
	for i, v := range src {
		dst[i] = float64(v)
	}
	return dst
}

// normal returns a tensor of standard normal numbers.
func normal(r *rand.Rand, shape ...int) *tensor.Tensor {
	x := tensor.New(shape...)
	rng.Normal(r, x.Data(), 0, 1)
	return x
}
