package flow

import (
	"slices"
	"strings"
)

// A parallel is paths that part and join.
type parallel struct {
	branches []*series
	join     *box
	main     int // with one path on the axis and another beside it, the one on the axis; −1: paths stand side by side
}

// arrange decides how paths are drawn.
func (p *parallel) arrange() {
	p.main = -1
	if len(p.branches) > 2 {
		for _, b := range p.branches {
			b.makeNarrow()
		}
	}
	if len(p.branches) != 2 {
		return
	}
	a, b := len(p.branches[0].items), len(p.branches[1].items)
	switch {
	case a > b && b <= 1:
		p.main = 0
	case b > a && a <= 1:
		p.main = 1
	}
}

// makeNarrow makes the boxes of a column narrow.
func (s *series) makeNarrow() {
	for _, it := range s.items {
		switch it := it.(type) {
		case *box:
			it.narrow = true
		case *parallel:
			for _, b := range it.branches {
				b.makeNarrow()
			}
		}
	}
}

const bus = 12.0 // from a box to the line from which paths part

func (p *parallel) inner() float64 {
	most := 0.0
	for _, b := range p.branches {
		most = max(most, b.long())
	}
	return most
}

func (p *parallel) long() float64 {
	return bus + arrowLong + p.inner() + arrowLong + p.join.long()
}

func (p *parallel) across() span {
	if p.main >= 0 {
		a := p.branches[p.main].across().with(p.join.across())
		other := p.branches[1-p.main]
		if len(other.items) == 0 {
			a.after += shortcut
			return a
		}
		o := other.across()
		a.after += columnGap + o.before + o.after
		return a
	}
	wide := p.width()
	return span{wide / 2, wide / 2}.with(p.join.across())
}

// width is that of the columns.
func (p *parallel) width() float64 {
	wide := -columnGap
	for _, b := range p.branches {
		a := b.across()
		wide += columnGap + max(a.before+a.after, 10)
	}
	return wide
}

func (p *parallel) signature() string {
	var list []string
	for _, b := range p.branches {
		list = append(list, b.signature())
	}
	return "{" + strings.Join(list, "|") + "}" + p.join.signature()
}

func (p *parallel) draw(l *Layout, at, axis float64) {
	first := at + bus
	last := first + arrowLong + p.inner() // where paths end
	joint := last + arrowLong             // the beginning of the join
	if p.main >= 0 {
		p.drawBeside(l, at, first, last, joint, axis)
		return
	}
	if p.join.unit.Concat {
		p.join.wide = max(p.join.wide, p.width())
	}
	l.line("line", at, axis, first, axis)
	x := axis - p.width()/2
	var ends []float64
	for _, b := range p.branches {
		a := b.across()
		column := x + a.before
		if a.before+a.after < 10 {
			column = x + 5
		}
		x += max(a.before+a.after, 10) + columnGap
		ends = append(ends, column)
		if len(b.items) == 0 {
			l.line("line", first, column, last, column)
			continue
		}
		l.arrow(first, column, first+arrowLong, column)
		b.draw(l, first+arrowLong, column)
		l.line("line", first+arrowLong+b.long(), column, last, column)
	}
	l.line("line", first, min(slices.Min(ends), axis), first, max(slices.Max(ends), axis))
	if p.join.unit.Concat {
		for _, column := range ends {
			l.arrow(last, column, joint, column)
		}
	} else {
		l.line("line", last, min(slices.Min(ends), axis), last, max(slices.Max(ends), axis))
		l.arrow(last, axis, joint, axis)
	}
	p.join.draw(l, joint, axis)
}

// drawBeside draws one path on the axis and the other beside it.
func (p *parallel) drawBeside(l *Layout, at, first, last, joint, axis float64) {
	line, other := p.branches[p.main], p.branches[1-p.main]
	l.line("line", at, axis, first, axis)
	l.arrow(first, axis, first+arrowLong, axis)
	line.draw(l, first+arrowLong, axis)
	l.arrow(first+arrowLong+line.long(), axis, joint, axis)
	p.join.draw(l, joint, axis)
	a := line.across().with(p.join.across())
	middle := joint + p.join.long()/2
	edge := axis + p.join.across().after
	if len(other.items) == 0 {
		x := axis + a.after + shortcut - 6
		l.curve(first, axis, x, middle, edge)
		return
	}
	column := axis + a.after + columnGap + other.across().before
	begin := first + arrowLong + (p.inner()-other.long())/2
	l.line("shortcut", first, axis, first, column)
	l.line("shortcut", first, column, begin, column)
	other.draw(l, begin, column)
	l.line("shortcut", begin+other.long(), column, middle, column)
	l.line("shortcut", middle, column, middle, edge)
	l.pointer(middle, edge)
}
