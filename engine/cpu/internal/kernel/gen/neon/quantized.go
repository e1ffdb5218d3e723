package main

// Instructions on 8-bit integers and their results.
var (
	sdotElem = encoding{"sdot", 0x4f80e000}   // d += the products of four bytes of n and of m[i], with sign
	sdot     = encoding{"sdot", 0x4e809400}   // the same of n and m
	fcvtns   = encoding{"fcvtns", 0x4e21a800} // float32 to int32, ties to even, limited
	fmaxnm   = encoding{"fmaxnm", 0x4e20c400} // the other one if one is NaN
	fminnm   = encoding{"fminnm", 0x4ea0c400}
	ushll    = shifting{encoding{"ushll.4s", 0x2f00a400}, 16, true} // 16 to 32 bits
	ushll2   = shifting{encoding{"ushll2.4s", 0x6f00a400}, 16, true}
)

// dotRows is the greatest height of a tile, dotVecs are its vectors.
const (
	dotRows = 6
	dotVecs = 4
)

// A dotTile is the kernel Tile for 16 columns, for which see the AVX2 program.
type dotTile struct {
	args       structure
	aOff, cOff gp // of the tile at hand
	addOff     gp
	row        gp // bytes from quad to quad of the panel
	quads      gp // in a segment
	scratch    gp
}

func dotTileKernel() {
	function("tileSIMD", "(args *TileArgs)")
	args := structure{argument("args"), "TileArgs"}
	k := &dotTile{
		args: args, aOff: args.field("AOff"), cOff: args.field("COff"), addOff: args.field("AddOff"), row: args.field("row"), quads: newGP(),
		scratch: local(64),
	}
	tiles, tall, height := args.field("tiles"), args.field("tall"), args.field("height")
	ins("ADD", imm(3), args.field("Run"), k.quads)
	ins("LSR", imm(2), k.quads)

	label("tile")
	for h := 1; h < dotRows; h++ {
		ins("CMP", imm(h), height)
		jump("BEQ", tileLabel(h))
	}
	for h := dotRows; h >= 1; h-- {
		label(tileLabel(h))
		k.tile(h)
		for _, table := range []gp{k.aOff, k.cOff, k.addOff} {
			ins("ADD", imm(h*offsetSize), table)
		}
		if h > 1 {
			jump("B", "next")
		}
	}
	label("next")
	ins("SUB", imm(1), tall)
	skip("CBNZ", []operand{tall}, func() { ins("SUB", imm(1), height) })
	ins("SUB", imm(1), tiles)
	jump("CBNZ", "tile", tiles)
	finish()
}

func tileLabel(height int) string { return "height" + string(rune('0'+height)) }

// tile emits a tile of so many rows.
func (k *dotTile) tile(height int) {
	acc := make(accumulators, height)
	for r := range acc {
		acc[r] = make([]vec, dotVecs)
		for v := range acc[r] {
			acc[r][v] = newVec()
		}
	}
	a, b, bias := k.args.field("A"), k.args.field("B"), k.args.field("Bias")
	for v := range dotVecs {
		sum := newVec()
		ins("FMOVQ", mem{base: b, disp: v * vecSize}, sum.scalar())
		ins("FMOVQ", mem{base: bias, disp: v * vecSize}, acc[0][v].scalar())
		ins("VADD", left(sum, 7).s4(), acc[0][v].s4(), acc[0][v].s4())
	}
	for _, row := range acc[1:] {
		for v := range row {
			move(acc[0][v], row[v])
		}
	}
	ins("ADD", k.row, b)
	row := make([]gp, height)
	for r := range row {
		row[r] = newGP()
		ins("MOVW", mem{base: k.aOff, disp: r * offsetSize}, row[r])
		ins("ADD", a, row[r])
	}
	segOff, segs, off := k.args.field("SegOff"), k.args.field("Segs"), newGP()
	segment, again, rest := fresh("segment"), fresh("quads"), fresh("rest")
	label(segment)
	ins("MOVW.P", mem{base: segOff, disp: offsetSize}, off)
	left := newGP()
	ins("LSR", imm(2), k.quads, left)
	jump("CBZ", rest, left)
	label(again)
	k.terms(4, acc, row, off, b)
	ins("SUB", imm(1), left)
	jump("CBNZ", again, left)
	label(rest)
	skip("TBZ", []operand{imm(1), k.quads}, func() { k.terms(2, acc, row, off, b) })
	skip("TBZ", []operand{imm(0), k.quads}, func() { k.terms(1, acc, row, off, b) })
	ins("SUB", imm(1), segs)
	jump("CBNZ", segment, segs)
	k.store(acc)
}

// terms emits 1, 2 or 4 quads, whose bytes of a row are loaded at once.
func (k *dotTile) terms(n int, acc accumulators, row []gp, off, b gp) {
	highest := newVec()
	ins("VMOVI", imm(128), highest.b16())
	a := make([]vec, len(acc))
	for r := range a {
		x := loadSome(n, row[r], off)
		ins("VEOR", highest.b16(), x.b16(), x.b16())
		a[r] = x
	}
	for i := range n {
		w := make([]vec, 2)
		for v := range dotVecs {
			w[v%2] = newVec()
			ins("FMOVQ", mem{base: b, disp: v * vecSize}, w[v%2].scalar())
			for r := range acc {
				byLane(sdotElem, acc[r][v], w[v%2], a[r], i)
			}
		}
		ins("ADD", k.row, b)
	}
	ins("ADD", imm(n*floatSize), off)
}

// store emits what makes results of sums and stores them.
func (k *dotTile) store(acc accumulators) {
	cols := k.args.field("Cols")
	output := structure{k.args.field("Output"), "Output"}
	scale := output.field("Scale")
	for v := range dotVecs {
		s := newVec()
		ins("FMOVQ", mem{base: scale, disp: v * vecSize}, s.scalar())
		for _, row := range acc {
			single(scvtf, row[v], row[v])
			lanewise(fmul, row[v], row[v], s)
		}
	}
	add := k.args.field("Add")
	skip("CBZ", []operand{add}, func() {
		zero, by := output.word("AddZero"), output.word("AddScale")
		for r, row := range acc {
			p := k.place(add, k.addOff, r, 0)
			whole := fresh("whole")
			ins("CMP", imm(4*dotVecs), cols)
			jump("BEQ", whole)
			to := copyOf(k.scratch)
			copyColumns(to, p, cols, 1)
			ins("MOVD", k.scratch, p)
			label(whole)
			for v, x := range widened16(p) {
				ins("VSUB", zero.s4(), x.s4(), x.s4())
				single(scvtf, x, x)
				lanewise(fmul, x, x, by)
				lanewise(fadd, row[v], row[v], x)
			}
		}
	})
	low, high, c := output.word("Low"), output.word("High"), k.args.field("C")
	done := fresh("stored")
	k.args.ifSet("Float", func() {
		for r, row := range acc {
			for v, y := range row {
				row[v] = choose(above(y, low), y, low)
				row[v] = choose(above(high, row[v]), row[v], high)
			}
			k.storeRow(cols, k.place(c, k.cOff, r, 2), floatSize, row)
		}
		jump("B", done)
	})
	zero := output.word("Zero")
	for r, row := range acc {
		packed := (results{low, high, zero}).pack(row)
		k.storeRow(cols, k.place(c, k.cOff, r, 0), 1, []vec{packed})
	}
	label(done)
}

// results are the limits and the zero point of results, in all lanes.
type results struct{ low, high, zero vec }

// pack returns four vectors of numbers as 16 bytes. It overwrites them.
func (l results) pack(list []vec) vec {
	for _, y := range list {
		lanewise(fmaxnm, y, y, l.low)
		lanewise(fminnm, y, y, l.high)
		single(fcvtns, y, y)
		ins("VADD", l.zero.s4(), y.s4(), y.s4())
	}
	packed := newVec()
	for half := range 2 {
		words := newVec()
		on2(sqxtn, words, list[2*half])
		on2(sqxtn2, words, list[2*half+1])
		on2(parts[half].sqxtun, packed, words)
	}
	return packed
}

// widened16 returns 16 bytes at p as four vectors of 32 bits.
func widened16(p gp) (list [4]vec) {
	bytes := newVec()
	ins("FMOVQ", mem{base: p}, bytes.scalar())
	for v := range list {
		wide := shiftedBy(parts[v/2].ushll, bytes, 0)
		list[v] = shiftedBy([]shifting{ushll, ushll2}[v%2], wide, 0)
	}
	return list
}

// place returns the address of row r of a table, whose elements have 2^scale bytes.
func (k *dotTile) place(base, table gp, r, scale int) gp {
	p := newGP()
	ins("MOVW", mem{base: table, disp: r * offsetSize}, p)
	ins("ADD", shifted{p, scale}, base, p)
	return p
}

// storeRow stores the 16 columns of a row at p, or those that exist.
func (k *dotTile) storeRow(cols, p gp, size int, row []vec) {
	store := func(p gp) {
		for i, v := range row {
			ins("FMOVQ", v.scalar(), mem{base: p, disp: i * vecSize})
		}
	}
	part, done := fresh("part"), fresh("row")
	ins("CMP", imm(4*dotVecs), cols)
	jump("BNE", part)
	store(p)
	jump("B", done)
	label(part)
	store(k.scratch)
	from := copyOf(k.scratch)
	copyColumns(p, from, cols, size)
	label(done)
}

// copyColumns copies fewer than 16 elements of 1 or 4 bytes in pieces. It moves the pointers.
func copyColumns(to, from, cols gp, size int) {
	for n := 8; n > 0; n /= 2 {
		skip("TBZ", []operand{imm(log2(n)), cols}, func() {
			bytes := n * size
			for at := 0; at < bytes; at += vecSize {
				src, dst := mem{base: from, disp: at}, mem{base: to, disp: at}
				if bytes >= vecSize {
					v := newVec()
					ins("FMOVQ", src, v.scalar())
					ins("FMOVQ", v.scalar(), dst)
					continue
				}
				x := newGP()
				ins(map[int]string{8: "MOVD", 4: "MOVWU", 2: "MOVHU", 1: "MOVBU"}[bytes], src, x)
				ins(map[int]string{8: "MOVD", 4: "MOVW", 2: "MOVH", 1: "MOVB"}[bytes], x, dst)
			}
			if n > 1 {
				ins("ADD", imm(bytes), from)
				ins("ADD", imm(bytes), to)
			}
		})
	}
}

// word loads a field of four bytes into all lanes.
func (s structure) word(name string) vec {
	g, v := newGP(), newVec()
	ins("MOVWU", mem{base: s.at, field: s.name + "_" + name}, g)
	ins("VDUP", g, v.s4())
	return v
}

// peakDotKernel emits the loop that measures the machine's limit: 48 independent dot products a turn, of 16 terms each.
func peakDotKernel() {
	function("peakSIMD", "(iters int) int32")
	n, a, sums := argument("iters"), bytesOf(1), zeros(24)
	jump("CBZ", "done", n)
	label("turn")
	for i := range 48 {
		byLane(sdotElem, sums[i%24], a, a, 0)
	}
	ins("SUB", imm(1), n)
	jump("CBNZ", "turn", n)
	label("done")
	for _, s := range sums[1:] {
		ins("VADD", s.s4(), sums[0].s4(), sums[0].s4())
	}
	result(sums[0])
	finish()
}
