package flow

import (
	"slices"
	"strconv"
	"strings"
)

// A series is items one after the other, with arrows between.
type series struct {
	items  []item
	skips  [][2]int
	listed bool
	// Of the outermost series: whether shapes are written and groups have frames.
	shapes, grouped bool
}

func (s *series) long() float64 {
	sum := 0.0
	for i, it := range s.items {
		sum += s.gap(i) + s.lead(i) + it.long() + s.tail(i)
	}
	return sum
}

// gap is the room before item i for the arrow to it.
func (s *series) gap(i int) float64 {
	switch {
	case i == 0:
		return 0
	case !s.joined(i):
		return arrowLong
	case s.lead(i) > 0:
		return arrowLong / 2 // between two frames
	}
	return 0
}

// joined reports whether item i brings the lines that connect it with the one before.
func (s *series) joined(i int) bool {
	switch it := s.items[i].(type) {
	case *parallel:
		return true
	case *repeat:
		return !it.framed() && it.inner.joined(0)
	}
	return false
}

func (s *series) across() span {
	var all span
	for _, it := range s.items {
		all = all.with(it.across())
	}
	all.after += float64(len(s.lanes())) * 14
	return s.withFrames(all)
}

func (s *series) signature() string {
	var list []string
	for _, it := range s.items {
		list = append(list, it.signature())
	}
	return "(" + strings.Join(list, ";") + ")"
}

// lanes gives each arc a lane in which it crosses no other; it returns the arcs of each.
func (s *series) lanes() [][][2]int {
	var taken [][][2]int
	for _, k := range s.skips {
		lane := 0
		for lane < len(taken) && slices.ContainsFunc(taken[lane], func(o [2]int) bool { return k[0] < o[1] && o[0] < k[1] }) {
			lane++
		}
		if lane == len(taken) {
			taken = append(taken, nil)
		}
		taken[lane] = append(taken[lane], k)
	}
	return taken
}

func (s *series) draw(l *Layout, at, axis float64) {
	places := make([]float64, len(s.items)) // of the middle of each item
	side := 0.0
	for _, it := range s.items {
		side = max(side, it.across().after)
	}
	if s.grouped {
		side = s.withFrames(span{after: side}).after
		s.drawFrames(l, at, axis)
	}
	for i, it := range s.items {
		before := at
		at += s.gap(i) + s.lead(i)
		switch {
		case i == 0 || at == before:
		case s.joined(i):
			l.line("line", before, axis, at, axis)
		case !s.listed || slices.Contains(it.(*box).unit.In, i-1):
			l.arrow(before, axis, at, axis)
		}
		it.draw(l, at, axis)
		at += it.long()
		places[i] = at - it.long()/2
		if s.shapes {
			l.shapeOf(it, at, axis, side+float64(len(s.lanes()))*14)
		}
		if s.tail(i) > 0 && i < len(s.items)-1 {
			l.line("line", at, axis, at+s.tail(i), axis)
		}
		at += s.tail(i)
	}
	for lane, arcs := range s.lanes() {
		for _, k := range arcs {
			l.arc(places[k[0]]+4, places[k[1]]-4, axis, s.items[k[0]].across().after, s.items[k[1]].across().after, side+14*float64(lane+1))
		}
	}
}

// shapeOf writes the shape of the result of an item beside it.
func (l *Layout) shapeOf(it item, end, axis, side float64) {
	var b *box
	switch it := it.(type) {
	case *box:
		b = it
	case *parallel:
		b = it.join
	case *repeat:
		l.shapeOf(it.inner.items[len(it.inner.items)-1], end, axis, side)
	}
	if b == nil || b.unit.Shape == "" {
		return
	}
	l.d.Write("smalll", axis+side+12, end-b.long()/2+4.5, b.unit.Shape)
}

// shapesInside writes the shapes of the results into the boxes.
func (s *series) shapesInside() {
	inside := func(u *Unit) {
		if u.Sign == "" && u.Shape != "" {
			u.Details = append(u.Details, u.Shape)
		}
	}
	for _, it := range s.items {
		switch it := it.(type) {
		case *box:
			inside(it.unit)
		case *parallel:
			inside(it.join.unit)
		case *repeat:
			it.inner.shapesInside()
		}
	}
}

// fold makes one of items that are repeated.
func (s *series) fold() {
	for _, it := range s.items {
		if p, ok := it.(*parallel); ok {
			for _, b := range p.branches {
				b.fold()
			}
		}
	}
	if s.listed {
		return
	}
	const longest = 4 // items that are repeated together
	var folded []item
	for i := 0; i < len(s.items); {
		period, times := 0, 1
		for p := 1; p <= longest; p++ {
			n := 1
			for i+(n+1)*p <= len(s.items) && same(s.items[i:i+p], s.items[i+n*p:i+(n+1)*p]) {
				n++
			}
			if n > 1 && n*p > period*times {
				period, times = p, n
			}
		}
		if times == 1 {
			folded = append(folded, s.items[i])
			i++
			continue
		}
		folded = append(folded, &repeat{inner: &series{items: s.items[i : i+period]}, times: times})
		i += period * times
	}
	s.items = folded
}

func same(a, b []item) bool {
	for i := range a {
		if a[i].signature() != b[i].signature() {
			return false
		}
	}
	return true
}

// A repeat is a series that is drawn once.
type repeat struct {
	inner *series
	times int
}

func (r *repeat) framed() bool { return len(r.inner.items) > 1 }

func (r *repeat) long() float64 {
	if r.framed() {
		return r.inner.long() + 20
	}
	return r.inner.long()
}

func (r *repeat) across() span {
	a := r.inner.across()
	if r.framed() {
		a.before += 10
		a.after += 10
	}
	a.after += 34
	return a
}

func (r *repeat) signature() string { return strconv.Itoa(r.times) + r.inner.signature() }

func (r *repeat) draw(l *Layout, at, axis float64) {
	a := r.inner.across()
	if r.framed() {
		l.rectangle("frame", at, axis-a.before-10, r.inner.long()+20, a.before+a.after+20, 8)
		l.line("line", at, axis, at+10, axis)
		r.inner.draw(l, at+10, axis)
		l.line("line", at+10+r.inner.long(), axis, at+20+r.inner.long(), axis)
		a.after += 10
	} else {
		r.inner.draw(l, at, axis)
	}
	text := "×" + strconv.Itoa(r.times)
	if l.Horizontal {
		l.d.Write("strong", at+r.long()/2, axis+a.after+17, text)
		return
	}
	l.d.Write("strong", axis+a.after+18, at+r.long()/2+5, text)
}
