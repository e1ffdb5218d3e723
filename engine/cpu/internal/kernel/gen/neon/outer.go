package main

// outerKernel emits Outer for one shape of tile: for every tile of rows, the sum
// over k of a column of A times a row of B, both found by their offsets, then the
// store.
func outerKernel(name string, s shape) {
	function(name, "(args *OuterArgs)")
	args := structure{argument("args"), "OuterArgs"}
	a, rows := args.field("A"), args.field("Rows")
	walk := &strideRows{c: args.field("C"), ldc: args.field("LdC")}
	times4(walk.ldc)
	ahead := args.field("Prefetch")
	skip := fresh("ahead")
	jump("CBNZ", skip, ahead)
	ins("MOVD", a, ahead) // nil: A is in the cache
	label(skip)
	output := &store{shape: s, rows: rows, args: args, walk: walk}

	tile := func(count int) {
		acc := s.accumulators()[:count]
		s.outerSum(acc, args, a, ahead)
		output.tile(acc)
	}
	label("tile")
	ins("CMP", imm(s.short), rows)
	jump("BLE", "short")
	tile(s.rows)
	jump("B", "next")
	label("short")
	tile(s.short)
	label("next")
	ins("ADD", imm(floatSize*s.rows), a)
	walk.advance(s.rows)
	ins("SUBS", imm(s.rows), rows, rows)
	jump("BGT", "tile")
	finish()
}

// aheadStep is how many bytes each term fetches ahead, see OuterArgs.PrefetchLen.
const aheadStep = 16

// outerSum emits the sums of a tile whose first row is at a, and fetches from
// ahead on.
func (s shape) outerSum(acc accumulators, args structure, a, ahead gp) {
	for r := range acc {
		for v := range acc[r] {
			clear(acc[r][v])
		}
	}
	b := []gp{args.field("B")}
	if s.vecs > 2 {
		b = append(b, args.field("B1"))
		ins("ADD", shifted{b[1], 2}, b[0], b[1])
	}
	aOff, bOff, left := args.field("AOff"), args.field("BOff"), args.field("K")
	again, done := fresh("terms"), fresh("summed")
	jump("CBZ", done, left)
	label(again)
	ai, bi, pa := newGP(), newGP(), newGP()
	ins("PRFM", mem{base: ahead}, word("PLDL2KEEP"))
	ins("ADD", imm(aheadStep), ahead)
	ins("MOVW.P", mem{base: aOff, disp: offsetSize}, ai)
	ins("MOVW.P", mem{base: bOff, disp: offsetSize}, bi)
	ins("ADD", shifted{ai, 2}, a, pa)
	var x, y []vec // rows of A, columns of B
	for r := 0; r < len(acc); r += lanes {
		x = append(x, newVec())
		ins(moves[min(lanes, len(acc)-r)], mem{base: pa, disp: r * floatSize}, x[len(x)-1].scalar())
	}
	for _, base := range b {
		pb, first, second := newGP(), newVec(), newVec()
		ins("ADD", shifted{bi, 2}, base, pb)
		ins("FLDPQ", mem{base: pb}, pair{first, second})
		y = append(y, first, second)
	}
	for v := range y { // in the order of the loads
		for r := range acc {
			byLane(fmlaElem, acc[r][v], y[v], x[r/lanes], r%lanes)
		}
	}
	ins("SUB", imm(1), left)
	jump("CBNZ", again, left)
	label(done)
}
