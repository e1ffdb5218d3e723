package cpu

import (
	"slices"

	"github.com/strideml/stride/graph"
)

// hoist finds the steps that compute the same in every run, as they depend on
// nothing but variables that the program does not assign, such as the running
// statistics of a normalisation put together. They run again only when one of
// the variables has changed.
func (c *compiler) hoist() {
	depends := map[*buffer][]*graph.Variable{} // of buffers that change with variables only
	for n, b := range c.vars {
		if v := n.Op().(graph.VariableOp).Variable; !c.mutable[v] {
			depends[b] = []*graph.Variable{v}
		}
	}
	writers := map[*buffer]int{} // that are still to come, or −1 if one depends on something else
	for _, s := range c.steps {
		for _, b := range s.writes {
			writers[b]++
		}
	}
	made := map[*buffer][]*graph.Variable{} // what their writers so far depend on
	variables := make([][]*graph.Variable, len(c.steps))
	for i := range c.steps {
		s := &c.steps[i]
		variables[i] = dependsOn(s, depends)
		for _, b := range s.writes {
			if variables[i] == nil || !b.arena || b.alias != nil || b.keep {
				writers[b] = -1
			}
			if writers[b] <= 0 {
				continue
			}
			made[b] = append(made[b], variables[i]...)
			if writers[b]--; writers[b] == 0 {
				depends[b] = made[b]
			}
		}
	}
	for i := range c.steps {
		s := &c.steps[i]
		known := func(b *buffer) bool { return depends[b] != nil }
		if s.pack != nil || variables[i] == nil || !all(s.writes, known) {
			continue
		}
		s.pack = newPackState(variables[i])
		for _, b := range s.writes {
			b.persistent = true
		}
	}
}

// dependsOn returns the variables that a step's arguments depend on, or nil if
// they depend on anything else.
func dependsOn(s *step, depends map[*buffer][]*graph.Variable) (list []*graph.Variable) {
	for _, b := range s.reads {
		if depends[b] == nil {
			return nil
		}
		for _, v := range depends[b] {
			if !slices.Contains(list, v) {
				list = append(list, v)
			}
		}
	}
	return list
}

func all(buffers []*buffer, ok func(b *buffer) bool) bool {
	return !slices.ContainsFunc(buffers, func(b *buffer) bool { return !ok(b) })
}
