package cpu

import "slices"

// scheduleUpdates moves each step that computes the new value of a variable
// forward to where that can be done: after the steps that make its arguments
// and the last one that reads the old value. Gradients then need memory until
// their parameter is updated, not to the end of the backward pass.
//
// Only elementwise steps are moved that, apart from each other, nobody waits
// for; their order among themselves stays.
func (c *compiler) scheduleUpdates(commits []commit) {
	moving := c.updateSteps(commits)
	if len(moving) == 0 {
		return
	}
	updated := map[*buffer]*buffer{} // new value → variable
	for _, cm := range commits {
		updated[cm.from] = cm.to
	}
	// after[i] lists the moving steps that follow step i; −1 is the start.
	after := map[int][]int{}
	place := map[int]int{} // of a moving step: the step that it follows
	for i := range c.steps {
		if !moving[i] {
			continue
		}
		p := c.earliest(i, moving, place, updated[c.steps[i].writes[0]])
		place[i] = p
		after[p] = append(after[p], i)
	}
	steps := make([]step, 0, len(c.steps))
	appendMoved := func(p int) {
		for _, i := range after[p] {
			steps = append(steps, c.steps[i])
		}
	}
	appendMoved(-1)
	for i, s := range c.steps {
		if !moving[i] {
			steps = append(steps, s)
			appendMoved(i)
		}
	}
	c.steps = steps
}

// updateSteps finds the steps that may move: elementwise ones whose only
// result is the new value of a variable, read by such steps only.
func (c *compiler) updateSteps(commits []commit) map[int]bool {
	news := map[*buffer]bool{}
	for _, cm := range commits {
		news[cm.from] = true
	}
	moving := map[int]bool{}
	for i, s := range c.steps {
		if s.elementwise && len(s.writes) == 1 && news[s.writes[0]] {
			moving[i] = true
		}
	}
	for i := len(c.steps) - 1; i >= 0; i-- {
		if moving[i] {
			continue
		}
		for j := range c.steps { // a step that does not move needs its arguments where they were
			if moving[j] && slices.Contains(c.steps[i].reads, c.steps[j].writes[0]) {
				delete(moving, j)
			}
		}
	}
	return moving
}

// earliest returns the step that is not moved after which step i can run.
// variable is what it computes anew.
func (c *compiler) earliest(i int, moving map[int]bool, place map[int]int, variable *buffer) int {
	at := -1
	for j, s := range c.steps {
		if j == i {
			continue
		}
		needed := slices.ContainsFunc(s.writes, func(b *buffer) bool { return slices.Contains(c.steps[i].reads, b) })
		if !needed && !slices.Contains(s.reads, variable) {
			continue
		}
		if moving[j] {
			if p, ok := place[j]; ok {
				at = max(at, p)
			}
			continue
		}
		at = max(at, j)
	}
	return at
}
