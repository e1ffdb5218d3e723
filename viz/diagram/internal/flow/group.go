package flow

import "github.com/strideml/stride/viz/diagram/internal/svg"

// Sizes of the frame around a group.
const (
	frameHead = 26.0 // above the first box, for the name
	frameFoot = 10.0
	frameSide = 12.0
)

// groupOf returns the first unit of an item.
func groupOf(it item) *Unit {
	switch it := it.(type) {
	case *box:
		return it.unit
	case *parallel:
		return it.join.unit
	case *repeat:
		return groupOf(it.inner.items[0])
	}
	return &Unit{}
}

// lead is the room for a frame before item i, which begins a group.
func (s *series) lead(i int) float64 {
	if !s.grouped || groupOf(s.items[i]).Group == "" || i > 0 && groupOf(s.items[i-1]).Group == groupOf(s.items[i]).Group {
		return 0
	}
	return frameHead
}

// tail is the room for a frame behind item i, which ends a group.
func (s *series) tail(i int) float64 {
	if !s.grouped || groupOf(s.items[i]).Group == "" || i+1 < len(s.items) && groupOf(s.items[i+1]).Group == groupOf(s.items[i]).Group {
		return 0
	}
	return frameFoot
}

// withFrames returns what the boxes and the frames around groups reach across, on the left far enough for the names.
func (s *series) withFrames(boxes span) span {
	if !s.grouped {
		return boxes
	}
	boxes.before += frameSide
	boxes.after += frameSide
	for i, it := range s.items {
		if s.lead(i) > 0 {
			boxes.before = max(boxes.before, svg.Width("smalll", groupOf(it).GroupName)+20)
		}
	}
	return boxes
}

// drawFrames draws the frames behind the boxes.
func (s *series) drawFrames(l *Layout, at, axis float64) {
	a := s.across()
	start := at
	for i, it := range s.items {
		at += s.gap(i)
		if s.lead(i) > 0 {
			start = at
		}
		at += s.lead(i) + it.long() + s.tail(i)
		if s.tail(i) > 0 {
			l.rectangle("frame", start, axis-a.before, at-start, a.before+a.after, 8)
			l.d.Write("smalll", axis-a.before+8, start+16, groupOf(it).GroupName)
		}
	}
}
