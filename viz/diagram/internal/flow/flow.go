// Package flow arranges the boxes of a network, with the arrows between them: one after the other, side by side where paths
// part and join, with a shortcut where a path is empty, and once where boxes repeat.
package flow

import (
	"slices"
	"strings"

	"github.com/strideml/stride/viz/diagram/internal/svg"
)

// A Unit is a box: a layer with what is folded into it, an operator, or a block.
type Unit struct {
	Class   string   // of the box, in the style sheet of package svg
	Before  []string // what is computed before: lines above the title
	Title   string   // the layer
	Details []string // lines below
	Sign    string   // of an operator that is drawn as a circle, "+" or "×"
	Shape   string   // of the result
	Inside  string   // what is in a block: boxes are the same only if this is, too
	Concat  bool     // as wide as the paths that join in it
	In, Out []int    // units
	// Group is the path of the block around it that has a frame, with its name on it; "" is none.
	Group, GroupName string
}

// A Layout arranges units, which are in an order in which they can be computed. It works along an axis, from top to bottom, or from left to right: a
// place is the distance along the axis and the distance across it, to the right or down.
type Layout struct {
	Units      []*Unit
	Unfolded   bool // draws what repeats each time
	Shapeless  bool // leaves out the shapes of the results
	Horizontal bool // from left to right

	d *svg.Drawing
}

// A span across the axis of an item: how far it reaches on both sides.
type span struct{ before, after float64 }

func (s span) with(t span) span { return span{max(s.before, t.before), max(s.after, t.after)} }

// An item is a part of a network between two points of its axis.
type item interface {
	long() float64 // along the axis
	across() span
	draw(l *Layout, at, axis float64) // with its beginning at a place along, and its axis across
	signature() string                // items with the same one are the same
}

const (
	arrowLong  = 20.0
	boxPadding = 9.0
	titleLine  = 18.0
	detailLine = 16.0
	columnGap  = 12.0
	shortcut   = 26.0 // of an arc from the boxes beside it
	circle     = 11.0
)

// Draw draws the whole network.
func (l *Layout) Draw(d *svg.Drawing) {
	l.d = d
	var s *series
	if all, ok := l.series(0, len(l.Units)); ok {
		s = all
	} else {
		s = l.listed()
	}
	if !l.Unfolded {
		s.fold()
	}
	s.grouped = !l.Horizontal && slices.ContainsFunc(l.Units, func(u *Unit) bool { return u.Group != "" })
	s.shapes = !l.Shapeless
	if a := s.across(); s.shapes && (l.Horizontal || a.before+a.after > 300) {
		s.shapes = false // on a phone there is no room beside the boxes
		s.shapesInside()
	}
	s.draw(l, 0, 0)
}

// postdominators returns for each unit the first one that all ways to the end go through; the end is len(units).
func (l *Layout) postdominators() []int {
	last := len(l.Units)
	next := make([]int, last+1)
	next[last] = last
	for i := last - 1; i >= 0; i-- {
		out := l.Units[i].Out
		if len(out) == 0 {
			next[i] = last
			continue
		}
		meet := out[0]
		for _, o := range out[1:] {
			for a, b := meet, o; ; {
				switch {
				case a < b:
					a = next[a]
				case b < a:
					b = next[b]
				}
				if a == b {
					meet = a
					break
				}
			}
		}
		next[i] = meet
	}
	return next
}

// series arranges the units from first up to stop as items one after the other. It is false if paths do not just
// part and join.
func (l *Layout) series(first, stop int) (*series, bool) {
	next := l.postdominators()
	seen := map[int]bool{}
	s, ok := l.walk(first, stop, next, seen)
	return s, ok && len(seen) == len(l.Units)
}

func (l *Layout) walk(at, stop int, next []int, seen map[int]bool) (*series, bool) {
	s := &series{}
	for at != stop && at < len(l.Units) {
		if seen[at] {
			return nil, false
		}
		seen[at] = true
		u := l.Units[at]
		s.items = append(s.items, &box{unit: u, turned: l.Horizontal})
		meet := next[at]
		if len(u.Out) < 2 {
			at = meet
			continue
		}
		if meet == len(l.Units) {
			return nil, false
		}
		p := &parallel{}
		for _, o := range u.Out {
			branch := &series{}
			if o != meet {
				var ok bool
				if branch, ok = l.walk(o, meet, next, seen); !ok {
					return nil, false
				}
			}
			p.branches = append(p.branches, branch)
		}
		if len(l.Units[meet].In) != len(u.Out) || seen[meet] {
			return nil, false
		}
		seen[meet] = true
		p.join = &box{unit: l.Units[meet], turned: l.Horizontal}
		p.arrange()
		s.items = append(s.items, p)
		// What follows the join.
		u = l.Units[meet]
		if len(u.Out) < 2 {
			at = next[meet]
			continue
		}
		// The join parts again: go on as if it were a box that has been drawn.
		rest, ok := l.fork(meet, stop, next, seen)
		if !ok {
			return nil, false
		}
		s.items = append(s.items, rest.items...)
		return s, true
	}
	return s, true
}

// fork is walk for a unit that has been drawn as a join.
func (l *Layout) fork(at, stop int, next []int, seen map[int]bool) (*series, bool) {
	delete(seen, at)
	s, ok := l.walk(at, stop, next, seen)
	if ok {
		s.items = s.items[1:]
	}
	return s, ok
}

// listed arranges all units one below the other, with arcs for connections that skip some.
func (l *Layout) listed() *series {
	s := &series{}
	for i, u := range l.Units {
		b := &box{unit: u, turned: l.Horizontal}
		s.items = append(s.items, b)
		for _, from := range u.In {
			if from != i-1 {
				s.skips = append(s.skips, [2]int{from, i})
			}
		}
	}
	slices.SortStableFunc(s.skips, func(a, b [2]int) int { return (a[1] - a[0]) - (b[1] - b[0]) })
	s.listed = true
	return s
}

// line draws a line between two places.
func (l *Layout) line(class string, at, across, at2, across2 float64) {
	if l.Horizontal {
		l.d.Polyline(class, at, across, at2, across2)
		return
	}
	l.d.Polyline(class, across, at, across2, at2)
}

// arrow draws an arrow along the axis.
func (l *Layout) arrow(at, across, at2, across2 float64) {
	l.line("line", at, across, at2-3, across2)
	if l.Horizontal {
		l.d.Head(at2, across2, 1, 0)
		return
	}
	l.d.Head(across2, at2, 0, 1)
}

// pointer draws the head of an arrow that comes from the side.
func (l *Layout) pointer(at, across float64) {
	if l.Horizontal {
		l.d.Head(at, across, 0, -1)
		return
	}
	l.d.Head(across, at, -1, 0)
}

// curve draws a shortcut: from the axis at one place aside, along, and back to the edge at another.
func (l *Layout) curve(from, axis, aside, to, edge float64) {
	const r = 8.0
	points := [][2]float64{{from, axis}, {from, aside - r}, {from, aside}, {from + r, aside}, {to - r, aside}, {to, aside}, {to, aside - r}, {to, edge + 4}}
	var covers svg.Rect
	var text []string
	for i, p := range points {
		x, y := p[1], p[0]
		if l.Horizontal {
			x, y = y, x
		}
		covers = covers.Union(svg.Box(x-1, y-1, x+1, y+1))
		text = append(text, []string{"M", "L", "Q", " ", "L", "Q", " ", "L"}[i]+svg.Num(x)+" "+svg.Num(y))
	}
	l.d.Path("shortcut", strings.Join(text, ""), covers)
	l.pointer(to, edge)
}

// arc draws a connection beside a list.
func (l *Layout) arc(from, to, axis, edgeFrom, edgeTo, side float64) {
	l.curve(from, axis+edgeFrom, axis+side, to, axis+edgeTo)
}

func (l *Layout) rectangle(class string, at, across, long, wide, round float64) {
	if l.Horizontal {
		l.d.Rectangle(class, at, across, long, wide, round)
		return
	}
	l.d.Rectangle(class, across, at, wide, long, round)
}
