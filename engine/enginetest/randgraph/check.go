package randgraph

import (
	"errors"
	"fmt"
	"math"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/enginetest"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// A Target is an engine under test, set up in one way.
type Target struct {
	Name string
	// Devices must give the same bits as one another: the same engine with
	// different numbers of threads. The first should compute in the goroutine
	// of its caller, so that a panic can be reported.
	Devices []engine.Device
	// Poison, if it is not nil, fills memory that no run may read before it
	// is written with NaN. It is called before each run.
	Poison func(d engine.Device)
	// ConvError is how inexact the algorithms of convolutions are that the target is
	// made to take: see [enginetest.Precision]; 0 for those that it would choose.
	ConvError float64
	// With, if it is not nil, calls run with the settings of the target.
	With func(run func())
}

// Stats counts what was done.
type Stats struct {
	Graphs, Runs   int
	Values         int // compared with the reference engine
	BitComparisons int // of whole tensors
	Skipped        int // graphs whose numbers are too large for float32
	Closer         int // results that were right only by a tolerance of many draws
}

func (s *Stats) add(t Stats) {
	s.Graphs += t.Graphs
	s.Runs += t.Runs
	s.Values += t.Values
	s.BitComparisons += t.BitComparisons
	s.Skipped += t.Skipped
	s.Closer += t.Closer
}

// A Failure says what is wrong with an engine.
type Failure struct {
	// Kind is one of "compile", "run", "panic", "wrong value", "bits" and
	// "changed".
	Kind   string
	Detail string
}

func (f *Failure) Error() string { return f.Kind + ": " + f.Detail }

func failure(kind, format string, args ...any) *Failure {
	return &Failure{kind, fmt.Sprintf(format, args...)}
}

// errInvalid says that the case itself breaks a rule: shrinking tries that.
type errInvalid struct{ error }

// Check runs the case on all devices of a target. It returns a *Failure if
// the engine is at fault.
func (c *Case) Check(t Target) (stats Stats, err error) {
	err = c.checkFor("", t, &stats)
	return stats, err
}

// checkFor looks for failures of one kind only, which takes less time, or of
// all if kind is "".
func (c *Case) checkFor(kind string, t Target, stats *Stats) (err error) {
	run := func() {
		err = c.check(kind, t, stats)
		if errors.Is(err, errTooLarge) {
			stats.Skipped++
			err = nil
		}
	}
	if t.With == nil {
		run()
	} else {
		t.With(run)
	}
	return err
}

func (c *Case) check(kind string, t Target, stats *Stats) error {
	vars := c.newVariables()
	programs := make([]built, len(c.Programs))
	for i, p := range c.Programs {
		b, err := c.build(p, vars)
		if err != nil {
			return errInvalid{err}
		}
		programs[i] = b
	}
	stats.Graphs++
	s := session{c: c, t: t, vars: vars, stats: stats}
	var first [][]*tensor.Tensor
	compare := kind == "" || kind == "wrong value"
	for i, d := range t.Devices {
		if i > 0 && kind == "wrong value" {
			break
		}
		got, err := s.on(d, programs, i == 0 && compare, nil)
		if err == nil && i > 0 {
			err = s.same(first, got, fmt.Sprintf("device %d differs from the first", i))
		}
		if err != nil {
			return err
		}
		if i == 0 {
			first = got
		}
	}
	if c.Drop == nil {
		return nil
	}
	b, ok := programs[0].rematerialized(*c.Drop)
	if !ok {
		return nil
	}
	var sums [2]uint64
	_, err := s.on(t.Devices[0], programs, false, &sums[0])
	if err != nil {
		return err
	}
	programs[0] = b
	got, err := s.on(t.Devices[0], programs, compare, &sums[1])
	if err != nil {
		return err
	}
	if sums[0] != sums[1] { // the engine says that sums are taken in another order
		return nil
	}
	return s.same(first, got, "with values computed again the results differ")
}

// errTooLarge says that numbers occur that overflow in float32, or that few
// steps make overflow.
var errTooLarge = errors.New("too large numbers")

// checkSizes returns errTooLarge if there are such numbers.
func (b built) checkSizes(feeds engine.Feeds) error {
	large := false
	feed := map[*graph.Node][]float64{}
	for n, x := range feeds {
		feed[n] = widen(x)
	}
	_, err := reference.Eval(b.wanted(), feed, func(_ *graph.Node, values []float64) {
		for _, v := range values {
			large = large || math.Abs(v) > 1e12 && !math.IsInf(v, 0)
		}
	})
	if err == nil && large {
		err = errTooLarge
	}
	return err
}

// wanted are the outputs and the values of assignments.
func (b built) wanted() []*graph.Node {
	nodes := slices.Clone(b.outputs)
	for _, a := range b.graph.Assignments() {
		nodes = append(nodes, a.Value)
	}
	return nodes
}

// A session runs a case on several devices.
type session struct {
	c     *Case
	t     Target
	vars  variables
	stats *Stats
}

// on compiles the programs on a device and runs the schedule twice, from the
// same variables. It returns the outputs of each run and the values of all
// variables in the end. compare says whether to compare the first pass with
// the reference engine. sums, if it is not nil, gets the first program's
// ReductionOrder.
func (s *session) on(d engine.Device, programs []built, compare bool, sums *uint64) (results [][]*tensor.Tensor, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = failure("panic", "%v in %s", r, stack())
		}
	}()
	s.c.reset(s.vars)
	compiled := make([]engine.Program, len(programs))
	for i, b := range programs {
		p, err := d.Compile(b.graph, b.outputs...)
		if err != nil {
			return nil, failure("compile", "program %d: %v", i, err)
		}
		defer p.Close()
		compiled[i] = p
	}
	if q, ok := compiled[0].(engine.ReductionOrderer); ok && sums != nil {
		*sums = q.ReductionOrder()
	}
	for pass := range 2 {
		s.c.reset(s.vars)
		var got [][]*tensor.Tensor
		for k, i := range s.c.Schedule {
			where := fmt.Sprintf("run %d, of program %d", k, i)
			r := run{session: s, b: programs[i], program: compiled[i], feeds: s.c.feeds(programs[i], k), where: where}
			outputs, err := r.do(d, compare && pass == 0)
			if err != nil {
				return nil, err
			}
			got = append(got, outputs)
		}
		got = append(got, s.state())
		if pass == 0 {
			results = got
		} else if err := s.same(results, got, "the same runs again differ"); err != nil {
			return nil, err
		}
	}
	return results, nil
}

// state returns copies of all variables.
func (s *session) state() []*tensor.Tensor {
	var list []*tensor.Tensor
	for i := range s.c.Steps {
		if v := s.vars[i]; v != nil {
			list = append(list, v.Value.Clone())
		}
	}
	return list
}

// same compares the bits of two results of on.
func (s *session) same(a, b [][]*tensor.Tensor, what string) error {
	for k := range a {
		for i := range a[k] {
			s.stats.BitComparisons++
			if at := differs(a[k][i], b[k][i]); at >= 0 {
				where := fmt.Sprintf("output %d of run %d", i, k)
				if k == len(a)-1 {
					where = fmt.Sprintf("variable %d at the end", i)
				}
				return failure("bits", "%s: %s, element %d: %v and %v", what, where, at, a[k][i].Data()[at], b[k][i].Data()[at])
			}
		}
	}
	return nil
}

// differs returns the first element whose bits differ, or −1. All NaN are one.
func differs(a, b *tensor.Tensor) int {
	for i, v := range a.Data() {
		w := b.Data()[i]
		if math.Float32bits(v) != math.Float32bits(w) && !(v != v && w != w) {
			return i
		}
	}
	return -1
}

// A run is one run of one program.
type run struct {
	*session
	b       built
	program engine.Program
	feeds   engine.Feeds
	where   string
}

// do runs the program and compares what it computes and what it must not
// change.
func (r run) do(d engine.Device, compare bool) ([]*tensor.Tensor, error) {
	r.stats.Runs++
	wanted := r.b.wanted()
	var want, slack [][]float64
	if compare {
		if err := r.b.checkSizes(r.feeds); err != nil {
			return nil, err
		}
		var err error
		if want, slack, err = enginetest.Expect(r.precision(enginetest.FewDraws), r.feeds, wanted...); err != nil {
			return nil, errInvalid{err}
		}
	}
	before := map[*graph.Variable]*tensor.Tensor{}
	for _, v := range r.vars {
		before[v] = v.Value.Clone()
	}
	fed := engine.Feeds{}
	for n, x := range r.feeds {
		fed[n] = x.Clone()
	}
	outputs := make([]*tensor.Tensor, len(r.b.outputs))
	for i, n := range r.b.outputs {
		outputs[i] = tensor.Full(float32(math.NaN()), n.Shape()...)
	}
	if r.t.Poison != nil {
		r.t.Poison(d)
	}
	if err := r.program.Run(fed, outputs); err != nil {
		return nil, failure("run", "%s: %v", r.where, err)
	}
	got := slices.Clone(outputs)
	assigned := map[*graph.Variable]bool{}
	for _, a := range r.b.graph.Assignments() {
		v := a.Variable.Op().(graph.VariableOp).Variable
		got = append(got, v.Value)
		assigned[v] = true
	}
	for v, x := range before {
		if !assigned[v] && differs(x, v.Value) >= 0 {
			return nil, failure("changed", "%s: variable %s, which nothing is assigned to", r.where, v.Name)
		}
	}
	for n, x := range fed {
		if differs(x, r.feeds[n]) >= 0 {
			return nil, failure("changed", "%s: %v", r.where, n)
		}
	}
	if !compare {
		return outputs, nil
	}
	for i, x := range got {
		if r.compare(i, wanted[i], x, want[i], slack[i]) == nil {
			continue
		}
		// Look closer, with the variables as they were before the run.
		after := swapValues(before)
		_, closer, err := enginetest.Expect(r.precision(enginetest.ManyDraws), r.feeds, wanted[i])
		swapValues(after)
		if err != nil {
			return nil, errInvalid{err}
		}
		if err := r.compare(i, wanted[i], x, want[i], closer[0]); err != nil {
			return nil, err
		}
		r.stats.Closer++
	}
	return outputs, nil
}

func (r run) precision(draws int) enginetest.Precision {
	return enginetest.Precision{Draws: draws, Conv: r.t.ConvError}
}

// swapValues gives variables other values and returns those they had.
func swapValues(values map[*graph.Variable]*tensor.Tensor) map[*graph.Variable]*tensor.Tensor {
	had := map[*graph.Variable]*tensor.Tensor{}
	for v, x := range values {
		had[v], v.Value = v.Value, x
	}
	return had
}

// compare compares a result with what is expected.
func (r run) compare(i int, n *graph.Node, got *tensor.Tensor, want, slack []float64) error {
	bad, first := 0, 0
	for k, v := range got.Data() {
		if math.IsInf(slack[k], 0) {
			continue
		}
		r.stats.Values++
		if !enginetest.Near(v, want[k], slack[k]) {
			if bad++; bad == 1 {
				first = k
			}
		}
	}
	if bad == 0 {
		return nil
	}
	what := fmt.Sprintf("output %d", i)
	if i >= len(r.b.outputs) {
		what = "new value of " + r.b.graph.Assignments()[i-len(r.b.outputs)].Variable.Op().(graph.VariableOp).Variable.Name
	}
	return failure("wrong value", "%s: %s, %v: %d of %d elements; element %d is %v, want %v ± %.3g",
		r.where, what, n, bad, len(want), first, got.Data()[first], want[first], slack[first])
}

func widen(x *tensor.Tensor) []float64 {
	out := make([]float64, len(x.Data()))
	for i, v := range x.Data() {
		out[i] = float64(v)
	}
	return out
}

// stack names the functions that led to a panic, the innermost first, up to
// those of this package.
func stack() string {
	var names []string
	_, s, _ := strings.Cut(string(debug.Stack()), "panic(")
	for _, line := range strings.Split(s, "\n")[1:] {
		if strings.Contains(line, "randgraph.") {
			break
		}
		if name, _, ok := strings.Cut(line, "(0x"); ok && !strings.HasPrefix(line, "\t") {
			names = append(names, name[strings.LastIndex(name, "/")+1:])
		}
	}
	return strings.Join(names, " < ")
}
