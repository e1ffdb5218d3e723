package main

// A block is a place in a row: one or more whole vectors, or two floats or one of
// the up to three that are left at the row's end. Pointers given to in are those of
// the row's start.
type block struct {
	at      gp  // bytes from the start of the row
	vectors int // 1 at the row's end
	width   int // floats in a vector: 4, 2 or 1
}

// cells is a block of one array.
type cells struct {
	block
	first gp // where it lies
}

// in returns the block of the array at base.
func (b block) in(base gp) cells {
	p := newGP()
	ins("ADD", b.at, base, p)
	return cells{b, p}
}

// load returns the floats of the block. Lanes beyond its width are 0.
func (c cells) load() []vec {
	list := make([]vec, c.vectors)
	for i := range list {
		list[i] = newVec()
	}
	for i := 0; i < len(list); i++ {
		m := mem{base: c.first, disp: i * vecSize}
		switch {
		case c.width < lanes:
			ins(moves[c.width], m, list[i].scalar())
		case i+1 < len(list):
			ins("FLDPQ", m, pair{list[i], list[i+1]})
			i++
		default:
			ins("FMOVQ", m, list[i].scalar())
		}
	}
	return list
}

// moves are the names of loads and stores of so many floats.
var moves = map[int]string{4: "FMOVQ", 2: "FMOVD", 1: "FMOVS"}

// loadAgain is load with copies of the floats in the lanes beyond the width.
func (c cells) loadAgain() []vec {
	if c.width == lanes {
		return c.load()
	}
	v := newVec()
	ins("VLD1R", mem{base: c.first}, v.list(map[int]string{2: "D2", 1: "S4"}[c.width]))
	return []vec{v}
}

// keep returns v with zeros in the lanes beyond the width.
func (b block) keep(v vec) vec {
	if b.width == lanes {
		return v
	}
	d := newVec()
	ins(moves[b.width], v.scalar(), d.scalar())
	return d
}

// store writes the floats of the block.
func (c cells) store(list []vec) {
	for i := 0; i < len(list); i++ {
		m := mem{base: c.first, disp: i * vecSize}
		if c.width == lanes && i+1 < len(list) {
			ins("FSTPQ", pair{list[i], list[i+1]}, m)
			i++
		} else {
			ins(moves[c.width], list[i].scalar(), m)
		}
	}
}

// each returns f of each of the vectors of a and b.
func each(f func(a, b vec) vec, a, b []vec) (list []vec) {
	for i := range a {
		list = append(list, f(a[i], b[i]))
	}
	return list
}

// overRow emits a loop over a row of n floats: body is called for unroll whole
// vectors, for one, and for the two floats and the one that may be left.
func overRow(name string, n gp, unroll int, body func(b block)) {
	at, left := newGP(), copyOf(n)
	ins("MOVD", word("ZR"), at)
	loop := func(vectors int) {
		count, again, done := imm(vectors*lanes), fresh(name), fresh(name+"Done")
		ins("SUBS", count, left, left)
		jump("BLT", done)
		label(again)
		body(block{at, vectors, lanes})
		ins("ADD", imm(vectors*vecSize), at)
		ins("SUBS", count, left, left)
		jump("BGE", again)
		label(done)
		ins("ADD", count, left)
	}
	if unroll > 1 {
		loop(unroll)
	}
	loop(1)
	overRest(left, at, body)
}

// overRest calls body for the two floats and for the one that may be left of a row.
func overRest(left, at gp, body func(b block)) {
	skip("TBZ", []operand{imm(1), left}, func() {
		body(block{at, 1, 2})
		ins("ADD", imm(2*floatSize), at)
	})
	skip("TBZ", []operand{imm(0), left}, func() { body(block{at, 1, 1}) })
}

// overRows emits a loop around body, which handles one row of n floats, and moves
// the pointers on by the row's length after each.
func overRows(name string, rows, n gp, pointers []gp, body func()) {
	again, none := fresh(name), fresh(name+"None")
	jump("CBZ", none, rows)
	label(again)
	body()
	for _, p := range pointers {
		ins("ADD", shifted{n, 2}, p)
	}
	ins("SUB", imm(1), rows)
	jump("CBNZ", again, rows)
	label(none)
}

// times4 turns a number of floats into bytes.
func times4(g gp) { ins("LSL", imm(2), g) }
