package cpu

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
	wrote, read := map[*buffer][]int{}, map[*buffer][]int{}
	for i, s := range c.steps {
		for _, b := range s.writes {
			wrote[b] = append(wrote[b], i)
		}
		for _, b := range s.reads {
			read[b] = append(read[b], i)
		}
	}
	// after[i] lists the moving steps that follow step i; −1 is the start.
	after := map[int][]int{}
	place := map[int]int{} // of a moving step: the step that it follows
	for i := range c.steps {
		if !moving[i] {
			continue
		}
		p := c.earliest(i, moving, place, wrote, read, updated[c.steps[i].writes[0]])
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
	moving, makes := map[int]bool{}, map[*buffer]int{}
	for i, s := range c.steps {
		if s.elementwise && len(s.writes) == 1 && news[s.writes[0]] {
			moving[i], makes[s.writes[0]] = true, i
		}
	}
	for i := len(c.steps) - 1; i >= 0; i-- {
		if moving[i] {
			continue
		}
		for _, b := range c.steps[i].reads { // a step that does not move needs its arguments where they were
			if j, ok := makes[b]; ok {
				delete(moving, j)
			}
		}
	}
	return moving
}

// earliest returns the step that is not moved after which step i can run: the
// last that makes an argument or reads the variable whose new value it
// computes.
func (c *compiler) earliest(i int, moving map[int]bool, place map[int]int, wrote, read map[*buffer][]int, variable *buffer) int {
	at := -1
	after := func(steps []int) {
		for _, j := range steps {
			switch p, placed := place[j]; {
			case j == i:
			case !moving[j]:
				at = max(at, j)
			case placed:
				at = max(at, p)
			}
		}
	}
	for _, b := range c.steps[i].reads {
		after(wrote[b])
	}
	after(read[variable])
	return at
}
