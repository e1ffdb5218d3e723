package cpu

import (
	"slices"

	"github.com/strideml/stride/graph"
)

// A slot is a place for a value among the channels of a larger image: of the
// result of a concatenation, into which its parts are written straight away.
type slot struct {
	buf    *buffer
	pitch  int         // channels of the larger image
	offset int         // the first that the slot holds
	owner  *graph.Node // whose value is there, or was before its only reader wrote over it
}

// findSlots gives the parts of each concatenation along the channels a slot in
// its result. A part that is concatenated again, like all layers of a dense
// block, has its slot in the last and largest result, and the smaller ones are
// the beginning of that.
func (c *compiler) findSlots() {
	nodes := c.g.Nodes()
	for i := len(nodes) - 1; i >= 0; i-- {
		n := nodes[i]
		if !c.needed[i] || !joinsChannels(n) {
			continue
		}
		s := c.slots[n]
		if s == nil {
			s = c.commonSlot(n.Inputs())
		}
		if s == nil {
			s = &slot{buf: c.alloc(n.Shape().Size()), pitch: n.Shape()[1]}
		}
		c.slots[n] = s
		at := s.offset
		for _, in := range n.Inputs() {
			if c.slots[in] == nil {
				c.slots[in] = &slot{buf: s.buf, pitch: s.pitch, offset: at}
			}
			at += in.Shape()[1]
		}
	}
}

// joinsChannels reports whether n concatenates images of several pixels along
// the channels.
func joinsChannels(n *graph.Node) bool {
	op, ok := n.Op().(graph.ConcatOp)
	s := n.Shape()
	return ok && op.Axis == 1 && len(s) == 4 && s[2]*s[3] > 1
}

// commonSlot returns the slot that those of all nodes make up, one after the
// other, or nil.
func (c *compiler) commonSlot(nodes []*graph.Node) *slot {
	first := c.slots[nodes[0]]
	if first == nil {
		return nil
	}
	at := first.offset
	for _, n := range nodes {
		s := c.slots[n]
		if s == nil || s.buf != first.buf || s.offset != at {
			return nil
		}
		at += n.Shape()[1]
	}
	return &slot{buf: first.buf, pitch: first.pitch, offset: first.offset}
}

// slotFor returns the slot that the value of n can be written to, or nil: its
// own, or, if only one elementwise group reads it, which may be done in place,
// that of the group.
func (c *compiler) slotFor(n *graph.Node) *slot {
	if s := c.slots[n]; s != nil && (s.owner == nil || c.readOnlyBy(s.owner, c.groups[n.ID()])) {
		return s
	}
	users := c.consumers[n.ID()]
	if len(users) == 0 {
		return nil
	}
	g := c.groups[users[0].ID()]
	if g == nil || g == c.groups[n.ID()] || !g.root.Shape().Equal(n.Shape()) || !c.readOnlyBy(n, g) {
		return nil
	}
	if s := c.slots[g.root]; s != nil && s.owner == nil {
		return s
	}
	return nil
}

// readOnlyBy reports whether nobody but the group reads n.
func (c *compiler) readOnlyBy(n *graph.Node, g *group) bool {
	return g != nil && !c.kept[n.ID()] && !slices.ContainsFunc(c.consumers[n.ID()], func(u *graph.Node) bool {
		return c.groups[u.ID()] != g
	})
}

// definePixels is define in NHWC, but in the slot of n if it has one.
func (c *compiler) definePixels(n *graph.Node) *value {
	s := c.slotFor(n)
	if s == nil {
		return c.define(n, nhwc)
	}
	s.owner = n
	v := s.value(n)
	v.ready = len(c.steps)
	c.setValue(v)
	return v
}

// value returns the slot's memory as the value of n.
func (s *slot) value(n *graph.Node) *value {
	v := &value{node: n, shape: n.Shape(), layout: embedded, buf: s.buf, pitch: s.pitch, offset: s.offset}
	if s.pitch == n.Shape()[1] {
		v.layout = nhwc
	}
	return v
}

// pixels returns the value of n as an image whose pixels have their channels
// side by side, in whatever distance from each other.
func (c *compiler) pixels(n *graph.Node) *value {
	if v := c.values[n.ID()][embedded]; v != nil && c.values[n.ID()][nhwc] == nil {
		return v
	}
	return c.in(n, nhwc)
}

// isImage reports whether n exists with the channels of a pixel side by side.
func (c *compiler) isImage(n *graph.Node) bool {
	return c.values[n.ID()][nhwc] != nil || c.values[n.ID()][embedded] != nil
}

// distance is the number of floats from pixel to pixel of an image, or from
// row to row.
func (v *value) distance() int {
	switch {
	case v.layout == embedded:
		return v.pitch
	case v.layout == nhwc:
		return v.shape[1]
	}
	return v.shape[len(v.shape)-1]
}

// data returns the elements from the first on.
func (v *value) data() []float32 { return v.buf.data[v.offset:] }

// joinChannels completes a concatenation: parts that are not in their places
// yet are copied there.
func (c *compiler) joinChannels(n *graph.Node) {
	s := c.slots[n]
	s.owner = n
	out := s.value(n)
	out.ready = -1
	part := *s
	for _, in := range n.Inputs() {
		v := c.pixels(in)
		if v.buf != s.buf || v.offset != part.offset {
			to := part.value(in)
			to.ready = len(c.steps)
			c.copyBox("concat", n, to.region(), v.region(), v.shape)
			if own := c.slots[in]; own.buf == part.buf && own.offset == part.offset {
				own.owner = in
				c.setValue(to)
			}
			v = to
		}
		out.ready = max(out.ready, v.ready)
		part.offset += in.Shape()[1]
	}
	c.setValue(out)
}

// sliceChannels makes n a view of some channels of v.
func (c *compiler) sliceChannels(n *graph.Node, v *value, start int) {
	c.setValue(&value{
		node: n, shape: n.Shape(), layout: embedded, buf: v.buf, pitch: v.distance(), offset: v.offset + start,
		ready: v.ready, tail: v.tail, borrowed: true,
	})
}
