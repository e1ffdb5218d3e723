package step

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
)

// ErrBudget says that a training step needs more memory than it may have, whatever is
// computed again.
var ErrBudget = errors.New("training does not fit the memory budget")

// orderOf returns the order in which a program adds up its sums: programs for
// the same values compute the same bits only if their orders are equal.
func orderOf(p engine.Program) uint64 {
	if q, ok := p.(engine.ReductionOrderer); ok {
		return q.ReductionOrder()
	}
	return 0
}

// chainDepths are the lengths of the chains of recomputed values that are
// tried: long ones save more where layers build on each other, as in DenseNet,
// but keep what is recomputed for longer.
var chainDepths = []int{1, 2, 4, 1 << 30}

// A recomputer looks for the step that fits a budget with the least work done
// twice.
type recomputer struct {
	device  engine.Device
	outputs []*graph.Node
	budget  int64  // for the program
	order   uint64 // of the sums of the step that recomputes nothing
}

// A stepPlan is a compiled step, its memory and how many values it recomputes.
type stepPlan struct {
	program engine.Program
	// node returns the node of the compiled graph that stands for one of the
	// step's: values that are recomputed take a copy of the graph.
	node    func(*graph.Node) *graph.Node
	bytes   int64
	dropped int
}

// fit compiles the step whose outputs are given, the last of which ends the
// forward pass, such that its program takes at most budget bytes. If need be,
// values that are cheap to compute are dropped after the forward pass and
// computed again: the largest first, and no more than necessary. Results are
// the same bits. If nothing fits, there is no program, and bytes is what the
// smallest one would take.
func (r *recomputer) fit() (stepPlan, error) {
	best, err := r.try(nil)
	if err != nil || best.bytes <= r.budget {
		return best, err
	}
	r.order = orderOf(best.program)
	best.program.Close()
	least := best.bytes
	var tried [][]*graph.Node
	for _, depth := range chainDepths {
		nodes := graph.Rematerializable(r.outputs[len(r.outputs)-1], depth)
		if len(nodes) == 0 || slices.ContainsFunc(tried, func(t []*graph.Node) bool { return slices.Equal(t, nodes) }) {
			continue
		}
		tried = append(tried, nodes)
		all, err := r.try(nodes)
		if err != nil {
			return stepPlan{}, err
		}
		if r.fits(all) {
			return r.fewest(nodes, all)
		}
		all.program.Close()
		if orderOf(all.program) == r.order {
			least = min(least, all.bytes)
		}
	}
	return stepPlan{bytes: least}, nil
}

// try compiles the step with some nodes dropped.
func (r *recomputer) try(drop []*graph.Node) (stepPlan, error) {
	outputs := slices.Clone(r.outputs)
	g, of := outputs[0].Graph(), func(n *graph.Node) *graph.Node { return n }
	if len(drop) > 0 {
		g, of = graph.Rematerialized(outputs[len(outputs)-1], drop)
		for i := range outputs {
			outputs[i] = of(outputs[i])
		}
	}
	program, err := r.device.Compile(g, outputs...)
	if err != nil {
		return stepPlan{}, err
	}
	bytes, ok := Planned(program)
	if !ok {
		program.Close()
		return stepPlan{}, fmt.Errorf("%w: device %s does not plan its memory", ErrBudget, r.device.Name())
	}
	return stepPlan{program, of, bytes, len(drop)}, nil
}

// fits reports whether a plan keeps to the budget and computes the same bits.
func (r *recomputer) fits(plan stepPlan) bool {
	return plan.bytes <= r.budget && orderOf(plan.program) == r.order
}

// fewest returns the plan that drops the fewest of the nodes, from the first
// on, and fits. best is the one that drops all of them.
func (r *recomputer) fewest(nodes []*graph.Node, best stepPlan) (stepPlan, error) {
	for lo := 1; lo < best.dropped; {
		mid := (lo + best.dropped) / 2
		plan, err := r.try(nodes[:mid])
		if err != nil {
			best.program.Close()
			return stepPlan{}, err
		}
		if !r.fits(plan) {
			plan.program.Close()
			lo = mid + 1
			continue
		}
		best.program.Close()
		best = plan
	}
	return best, nil
}

// compile compiles a step on so many images within the budget, which sums, bytes of
// gradients, take a part of.
func (t *Training) compile(images int, sums int64, outputs []*graph.Node) (stepPlan, error) {
	if t.Budget == 0 {
		program, err := t.Device.Compile(outputs[0].Graph(), outputs...)
		return stepPlan{program: program, node: func(n *graph.Node) *graph.Node { return n }}, err
	}
	rest := t.Memory(images).Total() + sums
	r := recomputer{device: t.Device, outputs: outputs, budget: t.Budget - rest}
	best, err := r.fit()
	if err == nil && best.program == nil {
		err = fmt.Errorf("%w of %s: batches of %d need at least %s", ErrBudget, Megabytes(t.Budget), images, Megabytes(best.bytes+rest))
	}
	return best, err
}

// Memory is what a step holds in memory beside its program and sums, in bytes.
type Memory struct {
	// Parameters are the weights and running statistics, Optimizer is the state of the
	// optimizer, and Batch one batch of images and labels.
	Parameters, Optimizer, Batch int64
}

// Total is the sum.
func (m Memory) Total() int64 { return m.Parameters + m.Optimizer + m.Batch }

// Memory counts it for batches of so many images.
func (t *Training) Memory(images int) Memory {
	m := Memory{Batch: 4 * int64(images) * int64(t.Model.Input().Size()+1)}
	if t.Objective.Targeted || t.Objective.Soft { // beside the labels
		m.Batch += 4 * int64(images) * int64(t.Objective.Target.Size())
	}
	for _, list := range [][]*graph.Variable{t.Model.Parameters(), t.Model.Buffers()} {
		for _, v := range list {
			m.Parameters += 4 * int64(v.Value.Size())
		}
	}
	for _, v := range t.State.Variables() {
		m.Optimizer += 4 * int64(v.Value.Size())
	}
	return m
}

// Planned returns the memory of a program, or false where the engine does not say.
func Planned(p engine.Program) (bytes int64, ok bool) {
	q, ok := p.(engine.MemoryPlanner)
	if !ok {
		return 0, false
	}
	return q.MemoryBytes(), true
}

// Megabytes writes a number of bytes for people, rounded up so that it is
// enough. Below a megabyte it is exact to a byte or to a tenth of a kilobyte.
func Megabytes(bytes int64) string {
	tenths := func(unit float64) float64 { return math.Ceil(float64(bytes)/(unit/10)) / 10 }
	switch {
	case bytes < 1e3:
		return fmt.Sprintf("%d B", bytes)
	case bytes < 1e6 && tenths(1e3) < 1e3:
		return fmt.Sprintf("%v KB", tenths(1e3))
	}
	return fmt.Sprintf("%.1f MB", tenths(1e6))
}
