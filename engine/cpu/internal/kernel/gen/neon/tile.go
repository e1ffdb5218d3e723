package main

// shape is the form of a register tile: 24 accumulators, which leave 8 registers
// for the operands.
type shape struct {
	rows  int // rows of the tile
	short int // rows of the smaller tile for the last few rows
	vecs  int // vectors in a row
}

var (
	wide   = shape{rows: 6, short: 4, vecs: 4}
	narrow = shape{rows: 12, short: 6, vecs: 2}
)

// cols is the number of columns of the tile.
func (s shape) cols() int { return s.vecs * lanes }

// rowSize is the size of a row of the tile in bytes.
func (s shape) rowSize() int { return s.vecs * vecSize }

// accumulators are the registers of a tile, by row and vector.
type accumulators [][]vec

// accumulators allocates the registers of a tile.
func (s shape) accumulators() accumulators {
	acc := make(accumulators, s.rows)
	for r := range acc {
		acc[r] = make([]vec, s.vecs)
		for v := range acc[r] {
			acc[r][v] = newVec()
		}
	}
	return acc
}

// panelKernel is a kernel for packed panels.
type panelKernel struct {
	shape
	args   structure
	aOff   gp // AOff of the tile at hand
	rows   gp // rows left, with those of the tile at hand
	run    gp // Run
	turns  gp // quads of terms in a segment
	output *store
}

// tileKernel emits Tile or TileNarrow: for every tile of rows, the sums over
// segments and terms, which start with the bias, then the store.
func tileKernel(name string, s shape) {
	function(name, "(args *TileArgs)")
	args := structure{argument("args"), "TileArgs"}
	k := &panelKernel{shape: s, args: args, aOff: args.field("AOff"), rows: args.field("Rows"), run: args.field("Run"), turns: newGP()}
	k.output = &store{shape: s, rows: k.rows, args: args, panel: true, add: args.field("AddOff"), walk: &tableRows{args: args, cOff: args.field("COff")}}
	ins("LSR", imm(2), k.run, k.turns)

	label("tile")
	ins("CMP", imm(s.short), k.rows)
	jump("BLE", "short")
	k.tile(s.rows)
	jump("B", "next")
	label("short")
	k.tile(s.short)
	label("next")
	ins("ADD", imm(offsetSize*s.rows), k.aOff)
	k.output.walk.advance(s.rows)
	ins("ADD", imm(offsetSize*s.rows), k.output.add)
	ins("SUBS", imm(s.rows), k.rows, k.rows)
	jump("BGT", "tile")
	finish()
}

// tile emits the sums of a tile of so many rows, and its store.
func (k *panelKernel) tile(rows int) {
	acc := k.accumulators()[:rows]
	k.start(acc)
	k.sum(acc)
	k.output.tile(acc)
}

// start sets every row of the tile to the bias, or to zero without one.
func (k *panelKernel) start(acc accumulators) {
	bias := k.args.field("Bias")
	without, done := fresh("noBias"), fresh("started")
	jump("CBZ", without, bias)
	for v := 0; v < k.vecs; v += 2 {
		ins("FLDPQ", mem{base: bias, disp: v * vecSize}, pair{acc[0][v], acc[0][v+1]})
	}
	for r := 1; r < len(acc); r++ {
		for v := range k.vecs {
			move(acc[0][v], acc[r][v])
		}
	}
	jump("B", done)
	label(without)
	for r := range acc {
		for v := range k.vecs {
			clear(acc[r][v])
		}
	}
	label(done)
}

// sum emits the sums of a tile. The surplus rows of an incomplete one start where
// its last row does.
func (k *panelKernel) sum(acc accumulators) {
	a, b := k.args.field("A"), k.args.field("B")
	row := make([]gp, len(acc))
	clamped(k.rows, len(acc), func(r int, index gp) {
		row[r] = newGP()
		ins("MOVW", mem{base: k.aOff, index: index, scale: 2}, row[r])
		ins("ADD", shifted{row[r], 2}, a, row[r])
	})
	segOff, segs := k.args.field("SegOff"), k.args.field("Segs")
	off := newGP() // bytes from the start of the rows
	segment, again, rest := fresh("segment"), fresh("terms"), fresh("rest")

	label(segment)
	ins("MOVW.P", mem{base: segOff, disp: offsetSize}, off)
	times4(off)
	left := copyOf(k.turns)
	jump("CBZ", rest, left)
	label(again)
	k.terms(4, acc, row, off, b)
	ins("SUB", imm(1), left)
	jump("CBNZ", again, left)
	label(rest)
	skip("TBZ", []operand{imm(1), k.run}, func() { k.terms(2, acc, row, off, b) })
	skip("TBZ", []operand{imm(0), k.run}, func() { k.terms(1, acc, row, off, b) })
	ins("SUB", imm(1), segs)
	jump("CBNZ", segment, segs)
}

// rowsAtOnce is the number of rows whose floats of A are in registers at a time.
const rowsAtOnce = 6

// terms emits 1, 2 or 4 terms. The floats of A for them are loaded at once for each
// row, and multiply by lane. Each vector of B is loaded while the one before it is
// multiplied.
func (k *panelKernel) terms(n int, acc accumulators, row []gp, off, b gp) {
	for from := 0; from < len(acc); from += rowsAtOnce {
		part := acc[from:min(from+rowsAtOnce, len(acc))]
		var a []vec
		for r := range part {
			a = append(a, loadSome(n, row[from+r], off))
		}
		load := func(i int) vec {
			v := newVec()
			ins("FMOVQ", mem{base: b, disp: i * vecSize}, v.scalar())
			return v
		}
		next := load(0)
		for i := range n * k.vecs {
			v := next
			if i+1 < n*k.vecs {
				next = load(i + 1)
			}
			for r := range part {
				byLane(fmlaElem, part[r][i%k.vecs], v, a[r], i/k.vecs)
			}
		}
	}
	ins("ADD", imm(n*k.rowSize()), b)
	ins("ADD", imm(n*floatSize), off)
}

// loadSome returns n floats at base + index.
func loadSome(n int, base, index gp) vec {
	v := newVec()
	if n == lanes {
		loadAt(v, base, index)
	} else {
		ins(moves[n], mem{base: base, index: index}, v.scalar())
	}
	return v
}

// clamped calls body for each row of a tile with a register that holds its number,
// or that of the last of the rows that there are.
func clamped(rows gp, count int, body func(r int, index gp)) {
	last, index := newGP(), newGP()
	ins("SUB", imm(1), rows, last)
	for r := range count {
		ins("MOVD", imm(r), index)
		ins("CMP", index, last)
		ins("CSEL", word("LT"), last, index, index)
		body(r, index)
	}
}

// A structure is the struct that a kernel's only parameter points to.
type structure struct {
	at   gp
	name string
}

// field loads an integer or pointer field.
func (s structure) field(name string) gp {
	g := newGP()
	ins("MOVD", mem{base: s.at, field: s.name + "_" + name}, g)
	return g
}

// ifSet emits code that runs if a flag is set.
func (s structure) ifSet(flag string, body func()) {
	g := newGP()
	ins("MOVBU", mem{base: s.at, field: s.name + "_" + flag}, g)
	skip("CBZ", []operand{g}, body)
}
