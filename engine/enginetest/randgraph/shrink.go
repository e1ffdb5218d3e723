package randgraph

import (
	"errors"
	"slices"
	"time"

	"github.com/strideml/stride/graph"
)

// Shrink returns the smallest case found that fails in the same way as c,
// and its failure. It stops when no part can be removed or time is up.
func (c *Case) Shrink(t Target, kind string, limit time.Duration) (*Case, *Failure) {
	s := shrinker{target: t, kind: kind, until: time.Now().Add(limit), best: c}
	s.try(c)
	for again := true; again && time.Now().Before(s.until); {
		again = false
		for _, pass := range []func() bool{s.programs, s.outputs, s.steps, s.attributes, s.sizes} {
			again = pass() || again
		}
	}
	return s.best, s.failure
}

type shrinker struct {
	target  Target
	kind    string
	until   time.Time
	best    *Case
	failure *Failure
}

// weight is what shrinking makes smaller.
func (c *Case) weight() int {
	w := 30*len(c.Programs) + 10*len(c.Schedule)
	if c.Drop != nil {
		w += 200
	}
	for _, p := range c.Programs {
		w += 5 * (len(p.Outputs) + len(p.Assigns))
		if p.Whole {
			w += 50
		}
		if p.Batch != 0 {
			w += 50
		}
	}
	for _, s := range c.Steps {
		w += map[string]int{"Input": 40, "Constant": 50, "Variable": 60}[s.Op]
		if !isLeaf(s.Op) {
			w += 100 + len(s.Args)
		}
		for _, v := range s.Ints {
			w += v
		}
	}
	return w
}

// try makes a candidate the best one if it is smaller and fails in the same
// way.
func (s *shrinker) try(c *Case) bool {
	if time.Now().After(s.until) || len(c.Programs) == 0 || len(c.Schedule) == 0 {
		return false
	}
	for _, p := range c.Programs {
		if len(p.Outputs)+len(p.Assigns) == 0 {
			return false
		}
	}
	c = c.normalise()
	if !c.repair() || s.failure != nil && c.weight() >= s.best.weight() {
		return false
	}
	err := c.checkFor(s.kind, s.target, &Stats{})
	var f *Failure
	if !errors.As(err, &f) || f.Kind != s.kind {
		return false
	}
	s.best, s.failure = c, f
	return true
}

// programs removes programs, runs and recomputation.
func (s *shrinker) programs() (any bool) {
	for k := len(s.best.Programs) - 1; k >= 0 && len(s.best.Programs) > 1; k-- {
		c := s.best.clone()
		c.Programs = slices.Delete(c.Programs, k, k+1)
		var schedule []int
		for _, i := range c.Schedule {
			switch {
			case i < k:
				schedule = append(schedule, i)
			case i > k:
				schedule = append(schedule, i-1)
			}
		}
		c.Schedule = schedule
		any = s.try(c) || any
	}
	for k := len(s.best.Schedule) - 1; k >= 0; k-- {
		c := s.best.clone()
		c.Schedule = slices.Delete(c.Schedule, k, k+1)
		any = s.try(c) || any
	}
	if s.best.Drop != nil {
		c := s.best.clone()
		c.Drop = nil
		any = s.try(c) || any
	}
	for k := range s.best.Programs {
		c := s.best.clone()
		if p := &c.Programs[k]; p.Whole || p.Batch != 0 {
			p.Whole, p.Batch = false, 0
			any = s.try(c) || any
		}
	}
	return any
}

// outputs removes outputs and assignments: all but one, or else single ones.
func (s *shrinker) outputs() (any bool) {
	for k := range s.best.Programs {
		p := s.best.Programs[k]
		for i := 0; len(p.Outputs)+len(p.Assigns) > 2 && i < len(p.Outputs)+len(p.Assigns); i++ {
			c := s.best.clone()
			if only := &c.Programs[k]; i < len(p.Outputs) {
				only.Outputs, only.Assigns = only.Outputs[i:i+1], nil
			} else {
				only.Outputs, only.Assigns = nil, only.Assigns[i-len(p.Outputs):][:1]
			}
			if s.try(c) {
				any = true
				break
			}
		}
		for i := len(s.best.Programs[k].Outputs) - 1; i >= 0; i-- {
			c := s.best.clone()
			c.Programs[k].Outputs = slices.Delete(c.Programs[k].Outputs, i, i+1)
			any = s.try(c) || any
		}
		for i := len(s.best.Programs[k].Assigns) - 1; i >= 0; i-- {
			c := s.best.clone()
			c.Programs[k].Assigns = slices.Delete(c.Programs[k].Assigns, i, i+1)
			any = s.try(c) || any
		}
	}
	return any
}

// steps puts something simpler in the place of each step, from the last on:
// one of its arguments, or a new input.
func (s *shrinker) steps() (any bool) {
	for i := len(s.best.Steps) - 1; i >= 0; i-- {
		if i >= len(s.best.Steps) {
			continue
		}
		if !s.best.used(i) { // in a program that has all steps
			any = s.try(s.best.normalise(i)) || any
			continue
		}
		if isLeaf(s.best.Steps[i].Op) {
			any = s.mergeLeaf(i) || any
			continue
		}
		shapes, ok := s.best.shapes()
		if !ok {
			return any
		}
		step := s.best.Steps[i]
		done := false
		for _, a := range step.Args {
			if done {
				break
			}
			c := s.best.clone()
			c.replace(i, a)
			done = s.try(c)
		}
		if !done && step.Op != "Gradient" {
			c := s.best.clone()
			c.Steps[i] = Step{Op: "Input", Ints: slices.Clone(shapes[i]), Fill: Fill{"normal", uint64(i)}}
			done = s.try(c)
		}
		if !done && len(step.Args) > 1 && (step.Op == "Concat" || step.Op == "Conv2D" || step.Op == "Linear") {
			for k := len(step.Args) - 1; k >= 0; k-- {
				c := s.best.clone()
				c.Steps[i].Args = slices.Delete(c.Steps[i].Args, k, k+1)
				if len(c.Steps[i].Args) >= 2 && s.try(c) {
					done = true
					break
				}
			}
		}
		any = any || done
	}
	return any
}

// mergeLeaf puts an earlier leaf of the same shape in the place of leaf i.
func (s *shrinker) mergeLeaf(i int) bool {
	for k, step := range s.best.Steps[:i] {
		if isLeaf(step.Op) && slices.Equal(step.Ints, s.best.Steps[i].Ints) {
			c := s.best.clone()
			c.replace(i, k)
			if s.try(c) {
				return true
			}
		}
	}
	return false
}

// used reports whether a step is an argument, an output or assigned.
func (c *Case) used(i int) bool {
	return slices.ContainsFunc(c.Steps, func(s Step) bool { return slices.Contains(s.Args, i) }) ||
		slices.ContainsFunc(c.Programs, func(p Program) bool {
			return slices.Contains(p.Outputs, i) ||
				slices.ContainsFunc(p.Assigns, func(a Assign) bool { return a.Variable == i || a.Value == i })
		})
}

// replace lets all that uses step i use step by.
func (c *Case) replace(i, by int) {
	for k := range c.Steps {
		for j, a := range c.Steps[k].Args {
			if a == i {
				c.Steps[k].Args[j] = by
			}
		}
	}
	for k := range c.Programs {
		p := &c.Programs[k]
		for j, n := range p.Outputs {
			if n == i {
				p.Outputs[j] = by
			}
		}
		for j, a := range p.Assigns {
			if a.Value == i {
				p.Assigns[j].Value = by
			}
		}
	}
}

// attributes makes attributes of operators and values of leaves simpler.
func (s *shrinker) attributes() (any bool) {
	for i := range s.best.Steps {
		step := s.best.Steps[i]
		switch {
		case step.Op == "Conv2D" || step.Op == "MaxPool2D" || step.Op == "AvgPool2D":
			plain := []int{1, 1, 0, 0, 1, 1, 1, 1, 0, 0}[:len(step.Ints)]
			for k, v := range plain {
				if s.best.Steps[i].Ints[k] != v {
					c := s.best.clone()
					c.Steps[i].Ints[k] = v
					any = s.try(c) || any
				}
			}
		case step.Op == "Constant" && len(step.Floats) == 0 || step.Op == "Variable":
			if slices.ContainsFunc(s.best.Programs, func(p Program) bool {
				return slices.ContainsFunc(p.Assigns, func(a Assign) bool { return a.Variable == i })
			}) {
				break
			}
			c := s.best.clone()
			c.Steps[i].Op = "Input"
			any = s.try(c) || any
		}
	}
	return any
}

// sizes makes sizes smaller, first all that are equal, then single ones.
func (s *shrinker) sizes() (any bool) {
	sizes := map[int]bool{}
	for _, step := range s.best.Steps {
		if isLeaf(step.Op) {
			for _, d := range step.Ints {
				sizes[d] = true
			}
		}
	}
	for d := range sizes {
		for _, to := range []int{1, d / 2, d - 1} {
			if to < 1 || to >= d {
				continue
			}
			c := s.best.clone()
			for i, step := range c.Steps {
				if isLeaf(step.Op) || step.Op == "Reshape" || step.Op == "Broadcast" {
					for k, v := range step.Ints {
						if v == d {
							c.Steps[i].Ints[k] = to
						}
					}
				}
			}
			if s.try(c) {
				any = true
				break
			}
		}
	}
	for i := range s.best.Steps {
		if !isLeaf(s.best.Steps[i].Op) {
			continue
		}
		for k := range s.best.Steps[i].Ints {
			d := s.best.Steps[i].Ints[k]
			for _, to := range []int{1, d / 2, d - 1} {
				if to < 1 || to >= d {
					continue
				}
				c := s.best.clone()
				c.Steps[i].Ints[k] = to
				if s.try(c) {
					any = true
					break
				}
			}
		}
	}
	return any
}

// shapes are those of all steps; ok is false if the case breaks a rule.
func (c *Case) shapes() (shapes [][]int, ok bool) {
	shapes, at := c.shapesUntil()
	return shapes, at < 0
}

// shapesUntil returns the shapes of the steps before the first that breaks a
// rule, and that step or −1.
func (c *Case) shapesUntil() (shapes [][]int, at int) {
	g := &grower{c: &Case{}, graph: graph.New(), most: 1 << 30, work: 1 << 40}
	for i, s := range c.Steps {
		if s.Op == "Gradient" {
			// Its shape is that of its second argument.
			g.c.Steps, g.nodes = append(g.c.Steps, s), append(g.nodes, g.graph.Input("", shapes[s.Args[1]]...))
		} else if !g.attempt(func() { g.add(s) }) {
			return shapes, i
		}
		shapes = append(shapes, g.nodes[i].Shape())
	}
	return shapes, -1
}

// repair changes the shapes of leaves and attributes until no step breaks a
// rule, and reports whether it could.
func (c *Case) repair() (ok bool) {
	// An operator whose argument has lost an axis may not even be asked.
	defer func() { ok = recover() == nil && ok }()
	for range 4 * len(c.Steps) {
		shapes, at := c.shapesUntil()
		if at < 0 {
			return c.repairAssigns(shapes)
		}
		s := &c.Steps[at]
		fit := operators[s.Op].fit
		if fit == nil {
			return false
		}
		in := make([][]int, len(s.Args))
		for k, a := range s.Args {
			in[k] = shapes[a]
		}
		before := slices.Clone(s.Ints)
		changed := false
		for k, want := range fit(in, s) {
			if a := s.Args[k]; want != nil && isLeaf(c.Steps[a].Op) && len(c.Steps[a].Floats) == 0 && !slices.Equal(want, c.Steps[a].Ints) {
				c.Steps[a].Ints = want
				changed = true
			}
		}
		if !changed && slices.Equal(before, s.Ints) {
			return false
		}
	}
	return false
}

// repairAssigns reports whether variables have the shapes of their new values.
func (c *Case) repairAssigns(shapes [][]int) bool {
	for _, p := range c.Programs {
		for _, a := range p.Assigns {
			if c.Steps[a.Variable].Op != "Variable" || !slices.Equal(shapes[a.Variable], shapes[a.Value]) {
				return false
			}
		}
	}
	return true
}
