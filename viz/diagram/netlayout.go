package diagram

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// netLayout arranges units. It works along an axis, from top to bottom, or from left to right: a
// place is the distance along the axis and the distance across it, to the right or down.
type netLayout struct {
	units      []*unit
	unfolded   bool
	shapeless  bool
	horizontal bool
	d          *drawing
}

// A span across the axis of an item: how far it reaches on both sides.
type span struct{ before, after float64 }

func (s span) with(t span) span { return span{max(s.before, t.before), max(s.after, t.after)} }

// An item is a part of a network between two points of its axis.
type item interface {
	long() float64 // along the axis
	across() span
	draw(l *netLayout, at, axis float64) // with its beginning at a place along, and its axis across
	signature() string                   // items with the same one are the same
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

// draw draws the whole network.
func (l *netLayout) draw(d *drawing) {
	l.d = d
	var s *series
	if all, ok := l.series(0, len(l.units)); ok {
		s = all
	} else {
		s = l.listed()
	}
	if !l.unfolded {
		s.fold()
	}
	s.shapes = !l.shapeless
	if a := s.across(); s.shapes && (l.horizontal || a.before+a.after > 300) {
		s.shapes = false // on a phone there is no room beside the boxes
		s.shapesInside()
	}
	s.draw(l, 0, 0)
}

// postdominators returns for each unit the first one that all ways to the end go through; the end is len(units).
func (l *netLayout) postdominators() []int {
	last := len(l.units)
	next := make([]int, last+1)
	next[last] = last
	for i := last - 1; i >= 0; i-- {
		out := l.units[i].out
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
func (l *netLayout) series(first, stop int) (*series, bool) {
	next := l.postdominators()
	seen := map[int]bool{}
	s, ok := l.walk(first, stop, next, seen)
	return s, ok && len(seen) == len(l.units)
}

func (l *netLayout) walk(at, stop int, next []int, seen map[int]bool) (*series, bool) {
	s := &series{}
	for at != stop && at < len(l.units) {
		if seen[at] {
			return nil, false
		}
		seen[at] = true
		u := l.units[at]
		s.items = append(s.items, &box{unit: u, turned: l.horizontal})
		meet := next[at]
		if len(u.out) < 2 {
			at = meet
			continue
		}
		if meet == len(l.units) {
			return nil, false
		}
		p := &parallel{}
		for _, o := range u.out {
			branch := &series{}
			if o != meet {
				var ok bool
				if branch, ok = l.walk(o, meet, next, seen); !ok {
					return nil, false
				}
			}
			p.branches = append(p.branches, branch)
		}
		if len(l.units[meet].in) != len(u.out) || seen[meet] {
			return nil, false
		}
		seen[meet] = true
		p.join = &box{unit: l.units[meet], turned: l.horizontal}
		p.arrange()
		s.items = append(s.items, p)
		// What follows the join.
		u = l.units[meet]
		if len(u.out) < 2 {
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
func (l *netLayout) fork(at, stop int, next []int, seen map[int]bool) (*series, bool) {
	delete(seen, at)
	s, ok := l.walk(at, stop, next, seen)
	if ok {
		s.items = s.items[1:]
	}
	return s, ok
}

// listed arranges all units one below the other, with arcs for connections that skip some.
func (l *netLayout) listed() *series {
	s := &series{}
	for i, u := range l.units {
		b := &box{unit: u, turned: l.horizontal}
		s.items = append(s.items, b)
		for _, from := range u.in {
			if from != i-1 {
				s.skips = append(s.skips, [2]int{from, i})
			}
		}
	}
	slices.SortStableFunc(s.skips, func(a, b [2]int) int { return (a[1] - a[0]) - (b[1] - b[0]) })
	s.listed = true
	return s
}

// A series is items one after the other, with arrows between.
type series struct {
	items  []item
	skips  [][2]int
	listed bool
	shapes bool // those of the outermost series
}

func (s *series) long() float64 {
	sum := 0.0
	for i, it := range s.items {
		if i > 0 && !s.joined(i) {
			sum += arrowLong
		}
		sum += it.long()
	}
	return sum
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
	return all
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

func (s *series) draw(l *netLayout, at, axis float64) {
	places := make([]float64, len(s.items)) // of the middle of each item
	side := 0.0
	for _, it := range s.items {
		side = max(side, it.across().after)
	}
	for i, it := range s.items {
		if i > 0 && !s.joined(i) {
			if !s.listed || slices.Contains(it.(*box).unit.in, i-1) {
				l.arrow(at, axis, at+arrowLong, axis)
			}
			at += arrowLong
		}
		it.draw(l, at, axis)
		at += it.long()
		places[i] = at - it.long()/2
		if s.shapes {
			l.shapeOf(it, at, axis, side+float64(len(s.lanes()))*14)
		}
	}
	for lane, arcs := range s.lanes() {
		for _, k := range arcs {
			l.arc(places[k[0]]+4, places[k[1]]-4, axis, s.items[k[0]].across().after, s.items[k[1]].across().after, side+14*float64(lane+1))
		}
	}
}

// shapeOf writes the shape of the result of an item beside it.
func (l *netLayout) shapeOf(it item, end, axis, side float64) {
	var b *box
	switch it := it.(type) {
	case *box:
		b = it
	case *parallel:
		b = it.join
	case *repeat:
		l.shapeOf(it.inner.items[len(it.inner.items)-1], end, axis, side)
	}
	if b == nil || b.unit.shape == "" {
		return
	}
	l.d.write("smalll", axis+side+12, end-b.long()/2+4.5, b.unit.shape)
}

// shapesInside writes the shapes of the results into the boxes.
func (s *series) shapesInside() {
	inside := func(u *unit) {
		if u.sign == "" && u.shape != "" {
			u.details = append(u.details, u.shape)
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

func (r *repeat) draw(l *netLayout, at, axis float64) {
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
	if l.horizontal {
		l.d.write("strong", at+r.long()/2, axis+a.after+17, text)
		return
	}
	l.d.write("strong", axis+a.after+18, at+r.long()/2+5, text)
}

// A box is one unit.
type box struct {
	unit   *unit
	wide   float64 // at least
	turned bool    // the axis runs from left to right
	narrow bool    // the title is broken into lines, as in turned boxes
}

// size is that of the box in the figure, with its lines.
func (b *box) size() (w, h float64, before, title, after []string) {
	if b.unit.sign != "" {
		return 2 * circle, 2 * circle, nil, nil, nil
	}
	const room = 190 // of lines
	title = []string{b.unit.title}
	if b.turned || b.narrow {
		title = balanced(b.unit.title, textStyles["strong"].size, 92)
	}
	for _, line := range title {
		w = max(w, textWidth(line, textStyles["strong"].size, true))
	}
	if b.turned || b.narrow {
		before, after = b.unit.before, b.unit.details
	} else {
		before, after = beside(b.unit.before, max(w, room)), beside(b.unit.details, max(w, room))
	}
	for _, line := range slices.Concat(before, after) {
		w = max(w, textWidth(line, textStyles["small"].size, false))
	}
	return max(math.Ceil(w)+2*boxPadding, b.wide), 2*boxPadding - 4 + titleLine*float64(len(title)) + detailLine*float64(len(before)+len(after)), before, title, after
}

// balanced breaks a bold text at spaces and commas into as few lines as fit into a width, three at most, of lengths as
// equal as possible.
func balanced(text string, size, width float64) []string {
	pieces := strings.SplitAfter(strings.ReplaceAll(text, "，", "，\x00"), " ")
	pieces = strings.FieldsFunc(strings.Join(pieces, "\x00"), func(r rune) bool { return r == 0 })
	widest := func(lines []string) float64 {
		w := 0.0
		for _, l := range lines {
			w = max(w, textWidth(strings.TrimSpace(l), size, true))
		}
		return w
	}
	best := []string{text}
	if len(pieces) > 1 && widest(best) > width {
		for i := 1; i < len(pieces); i++ {
			two := []string{strings.Join(pieces[:i], ""), strings.Join(pieces[i:], "")}
			if widest(two) < widest(best) {
				best = two
			}
		}
	}
	if len(pieces) > 2 && widest(best) > width {
		for i := 1; i < len(pieces); i++ {
			for j := i + 1; j < len(pieces); j++ {
				three := []string{strings.Join(pieces[:i], ""), strings.Join(pieces[i:j], ""), strings.Join(pieces[j:], "")}
				if widest(three) < widest(best) {
					best = three
				}
			}
		}
	}
	for i := range best {
		best[i] = strings.TrimSpace(best[i])
	}
	return best
}

// beside puts texts beside each other as far as there is room.
func beside(texts []string, room float64) []string {
	var out []string
	for _, t := range texts {
		if last := len(out) - 1; last >= 0 && textWidth(out[last]+" · "+t, textStyles["small"].size, false) <= room {
			out[last] += " · " + t
		} else {
			out = append(out, t)
		}
	}
	return out
}

func (b *box) long() float64 {
	w, h, _, _, _ := b.size()
	if b.turned {
		return w
	}
	return h
}

func (b *box) across() span {
	w, h, _, _, _ := b.size()
	if b.turned {
		return span{h / 2, h / 2}
	}
	return span{w / 2, w / 2}
}

func (b *box) signature() string {
	return strings.Join([]string{b.unit.class, strings.Join(b.unit.before, ","), b.unit.title, strings.Join(b.unit.details, ","), b.unit.sign, b.unit.shape}, "|")
}

func (b *box) draw(l *netLayout, at, axis float64) {
	w, h, before, title, after := b.size()
	x, y := axis-w/2, at
	if l.horizontal {
		x, y = at, axis-h/2
	}
	if b.unit.sign != "" {
		l.d.add("box", "circle", `cx="`+num(x+w/2)+`" cy="`+num(y+h/2)+`" r="`+num(circle)+`"`, "", rect{x - 1, y - 1, x + w + 1, y + h + 1})
		l.d.write("strong", x+w/2, y+h/2+5, b.unit.sign)
		return
	}
	l.d.rectangle(b.unit.class, x, y, w, h, 6)
	y += boxPadding - 2
	write := func(class string, high float64, texts []string) {
		for _, line := range texts {
			l.d.write(class, x+w/2, y+high-5, line)
			y += high
		}
	}
	write("small", detailLine, before)
	write("strong", titleLine, title)
	write("small", detailLine, after)
}

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

func (p *parallel) draw(l *netLayout, at, axis float64) {
	first := at + bus
	last := first + arrowLong + p.inner() // where paths end
	joint := last + arrowLong             // the beginning of the join
	if p.main >= 0 {
		p.drawBeside(l, at, first, last, joint, axis)
		return
	}
	if p.join.unit.concat {
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
	if p.join.unit.concat {
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
func (p *parallel) drawBeside(l *netLayout, at, first, last, joint, axis float64) {
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

// line draws a line between two places.
func (l *netLayout) line(class string, at, across, at2, across2 float64) {
	if l.horizontal {
		l.d.polyline(class, at, across, at2, across2)
		return
	}
	l.d.polyline(class, across, at, across2, at2)
}

// arrow draws an arrow along the axis.
func (l *netLayout) arrow(at, across, at2, across2 float64) {
	l.line("line", at, across, at2-3, across2)
	if l.horizontal {
		l.d.head(at2, across2, 1, 0)
		return
	}
	l.d.head(across2, at2, 0, 1)
}

// pointer draws the head of an arrow that comes from the side.
func (l *netLayout) pointer(at, across float64) {
	if l.horizontal {
		l.d.head(at, across, 0, -1)
		return
	}
	l.d.head(across, at, -1, 0)
}

// curve draws a shortcut: from the axis at one place aside, along, and back to the edge at another.
func (l *netLayout) curve(from, axis, aside, to, edge float64) {
	const r = 8.0
	points := [][2]float64{{from, axis}, {from, aside - r}, {from, aside}, {from + r, aside}, {to - r, aside}, {to, aside}, {to, aside - r}, {to, edge + 4}}
	var covers rect
	var text []string
	for i, p := range points {
		x, y := p[1], p[0]
		if l.horizontal {
			x, y = y, x
		}
		covers = covers.union(rect{x - 1, y - 1, x + 1, y + 1})
		text = append(text, []string{"M", "L", "Q", " ", "L", "Q", " ", "L"}[i]+num(x)+" "+num(y))
	}
	l.d.path("shortcut", strings.Join(text, ""), covers)
	l.pointer(to, edge)
}

// arc draws a connection beside a list.
func (l *netLayout) arc(from, to, axis, edgeFrom, edgeTo, side float64) {
	l.curve(from, axis+edgeFrom, axis+side, to, axis+edgeTo)
}

func (l *netLayout) rectangle(class string, at, across, long, wide, round float64) {
	if l.horizontal {
		l.d.rectangle(class, at, across, long, wide, round)
		return
	}
	l.d.rectangle(class, across, at, wide, long, round)
}
