package cpu

import (
	"slices"

	"github.com/strideml/stride/engine/cpu/internal/kernel"
	"github.com/strideml/stride/graph"
)

// Where all parts of a concatenation come from a ReLU, as in an Inception
// block, its gradient d is cut into slices and each slice is masked by its part.
// It is the same to mask d by the whole concatenation, in the tail of the step
// that makes d; the masked slices are then views.

// findMasks finds gradients that can be masked as a whole.
func (c *compiler) findMasks() {
	for _, n := range c.g.Nodes() {
		if c.needed[n.ID()] && joinsChannels(n) {
			if d := c.maskedBy(n); d != nil {
				c.masks[d] = n
			}
		}
	}
}

// maskedBy returns the node whose slices are each read by a gradient of ReLU of
// one part of the concatenation y, and by nobody else, or nil.
func (c *compiler) maskedBy(y *graph.Node) *graph.Node {
	var d *graph.Node
	at := 0
	for _, part := range y.Inputs() {
		s := c.maskedSlice(part, at)
		if s == nil || d != nil && s.Inputs()[0] != d {
			return nil
		}
		d = s.Inputs()[0]
		at += part.Shape()[1]
	}
	if len(c.consumers[d.ID()]) != len(y.Inputs()) || c.kept[d.ID()] || !d.Shape().Equal(y.Shape()) {
		return nil
	}
	return d
}

// maskedSlice returns the slice from channel start on that is masked by part.
func (c *compiler) maskedSlice(part *graph.Node, start int) *graph.Node {
	for _, m := range c.consumers[part.ID()] {
		op, ok := m.Op().(graph.UnaryGradOp)
		if !ok || op.Func != graph.KindReLU || m.Inputs()[0] != part || len(c.groups[m.ID()].members) != 1 {
			continue
		}
		s := m.Inputs()[1]
		if op, ok := s.Op().(graph.SliceOp); ok && op.Axis == 1 && op.Start == start && c.soleConsumer(s) == m {
			return s
		}
	}
	return nil
}

// maskGradient masks the gradient d in the tail of its step, if it is to be
// masked as a whole and the step takes that.
func (c *compiler) maskGradient(d *graph.Node) {
	y := c.masks[d]
	if y == nil || c.masked[d] {
		return
	}
	v, mask := c.values[d.ID()][nhwc], c.values[y.ID()][nhwc]
	if v == nil || mask == nil || v.tail == nil || v.borrowed || v.tail.scattered || v.tail.sums != nil ||
		mask.ready >= v.ready || c.otherLayoutExists(v) {
		return
	}
	c.masked[d] = true
	t, first := v.tail, v.tail.run
	t.run = func(lo, hi int, scratch []float32) {
		if first != nil {
			first(lo, hi, scratch)
		}
		dy := v.buf.data[lo:hi]
		kernel.ReLUGrad(dy, mask.buf.data[lo:hi], dy)
	}
	s := &c.steps[v.ready]
	s.reads, s.readsLate = append(s.reads, mask.buf), append(s.readsLate, mask.buf)
}

// alreadyMasked makes the gradient of a ReLU known that is a slice of a masked
// gradient, and reports whether it is.
func (c *compiler) alreadyMasked(g *group) bool {
	m := g.root
	if len(g.members) != 1 || len(m.Inputs()) != 2 {
		return false
	}
	s := m.Inputs()[1]
	if _, ok := s.Op().(graph.SliceOp); !ok || !c.masked[s.Inputs()[0]] || !slices.Contains(c.consumers[s.ID()], m) {
		return false
	}
	v := *c.pixels(s)
	v.node = m
	c.setValue(&v)
	return true
}
