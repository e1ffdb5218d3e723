package main

// rowWalk finds the rows of C.
type rowWalk interface {
	places(rows gp, count int) []gp // the rows of the tile; surplus ones are anywhere
	advance(rows int)               // to the next tile
}

// tableRows finds the rows by a table of offsets from C, as Tile does.
type tableRows struct {
	args structure
	cOff gp // COff of the tile at hand
}

func (w *tableRows) places(rows gp, count int) []gp {
	c, list := w.args.field("C"), make([]gp, count)
	clamped(rows, count, func(r int, index gp) {
		list[r] = newGP()
		ins("MOVW", mem{base: w.cOff, index: index, scale: 2}, list[r])
		ins("ADD", shifted{list[r], 2}, c, list[r])
	})
	return list
}

func (w *tableRows) advance(rows int) { ins("ADD", imm(offsetSize*rows), w.cOff) }

// strideRows finds the rows at equal distances, as Outer does.
type strideRows struct {
	c   gp // C of the tile at hand
	ldc gp // in bytes
}

func (w *strideRows) places(_ gp, count int) []gp {
	list := []gp{copyOf(w.c)}
	for r := 1; r < count; r++ {
		list = append(list, newGP())
		ins("ADD", w.ldc, list[r-1], list[r])
	}
	return list
}

func (w *strideRows) advance(rows int) {
	t := newGP()
	ins("MOVD", imm(rows), t)
	ins("MADD", t, w.c, w.ldc, w.c)
}

// store writes finished tiles to C: a row in one piece of the tile's width, or in
// pieces of 8, 4, 2 and 1 columns.
type store struct {
	shape
	rows gp // rows left, with those of the tile
	args structure
	add  gp // AddOff of the tile; only with panel
	walk rowWalk
	// panel says that the arguments have the fields Add and ReLU.
	panel bool
}

// tile emits the store of a tile.
func (o *store) tile(acc accumulators) {
	places := o.walk.places(o.rows, len(acc))
	cols := o.args.field("Cols")
	for n := o.cols(); n > 0; n /= 2 {
		skip("TBZ", []operand{imm(log2(n)), cols}, func() {
			done := fresh("stored")
			for r := range acc {
				if r > 0 {
					ins("CMP", imm(r), o.rows)
					jump("BLE", done)
				}
				o.piece(n, r, acc[r], places[r])
			}
			label(done)
		})
	}
}

// log2 returns which bit the power of two n is.
func log2(n int) int {
	bit := 0
	for ; n > 1; n /= 2 {
		bit++
	}
	return bit
}

// piece emits the store of the first n columns that are left of row number r. If more
// can follow, the columns after them take their place.
func (o *store) piece(n, r int, row []vec, place gp) {
	values := row[:max(1, n/lanes)]
	if n == 2 { // the other lanes are still to come
		values = []vec{newVec()}
		move(row[0], values[0])
	}
	halves := func(place gp, op func(at gp, list []vec)) {
		op(place, values[:min(len(values), 2)])
		if n > 2*lanes {
			second := newGP()
			ins("ADD", imm(2*vecSize), place, second)
			op(second, values[2:])
		}
	}
	add := func(at gp, list []vec) {
		for i, v := range (cells{block{vectors: len(list), width: min(n, lanes)}, at}).load() {
			lanewise(fadd, list[i], v, list[i])
		}
	}
	o.args.ifSet("Accumulate", func() { halves(place, add) })
	if o.panel {
		base := o.args.field("Add")
		skip("CBZ", []operand{base}, func() { halves(o.addedRow(base, n, r), add) })
		o.args.ifSet("ReLU", func() {
			for _, v := range values {
				bitwise(bic, v, v, negative(v))
			}
			o.args.ifSet("ReLU6", func() {
				six := sixes()
				for _, v := range values {
					lanewise(fmin, v, v, six)
				}
			})
		})
	}
	halves(place, func(at gp, list []vec) { cells{block{width: min(n, lanes)}, at}.store(list) })
	if n == o.cols() || n == 1 {
		return
	}
	switch n {
	case 2 * lanes:
		move(row[2], row[0])
		move(row[3], row[1])
		ins("ADD", imm(2*vecSize), place)
	case lanes:
		move(row[1], row[0])
		ins("ADD", imm(vecSize), place)
	case 2:
		ins("VDUP", row[0].highHalf(), row[0].d2())
		ins("ADD", imm(2*floatSize), place)
	}
}

// addedRow returns where the n columns of row r of Add, which starts at base, are: after
// those that a larger power of two has taken.
func (o *store) addedRow(base gp, n, r int) gp {
	off := newGP()
	ins("MOVW", mem{base: o.add, disp: r * offsetSize}, off)
	ins("ADD", shifted{off, 2}, base, base)
	if done := o.cols() - 2*n; done > 0 {
		ins("AND", imm(done), o.args.field("Cols"), off)
		ins("ADD", shifted{off, 2}, base, base)
	}
	return base
}
