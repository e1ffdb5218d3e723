package train

import (
	"fmt"
	"slices"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
)

// orderOf returns the order in which a program adds up its sums: programs for
// the same values compute the same bits only if their orders are equal.
func orderOf(p engine.Program) uint64 {
	if q, ok := p.(engine.ReductionOrderer); ok {
		return q.ReductionOrder()
	}
	return 0
}

// memoryOf returns the memory of a program, or false where the engine does not
// say.
func memoryOf(p engine.Program) (bytes int64, ok bool) {
	q, ok := p.(engine.MemoryPlanner)
	if !ok {
		return 0, false
	}
	return q.MemoryBytes(), true
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
	bytes, ok := memoryOf(program)
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
