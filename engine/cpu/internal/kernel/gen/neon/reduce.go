package main

func sumKernel() {
	function("sumSIMD", "(x *float32, n int) float32")
	sums := zeros(8)
	overSums(argument("x"), argument("n"), sums, func(sum, v vec) { lanewise(fadd, sum, sum, v) })
	// Sums i, i+8, i+16 and i+24 are added up, then the eight results.
	for i := range 2 {
		lanewise(fadd, sums[i], sums[i], sums[i+2])
		lanewise(fadd, sums[i+4], sums[i+4], sums[i+6])
		lanewise(fadd, sums[i], sums[i], sums[i+4])
	}
	result(sumOfLanes(plus(sums[0], sums[1])))
	finish()
}

// overSums calls step for the vectors of a row, which go to the sums in turn.
func overSums(x, n gp, sums []vec, step func(sum, v vec)) {
	count := imm(len(sums) * lanes)
	ins("SUBS", count, n, n)
	jump("BLT", "blocksDone")
	label("blocks")
	for i := 0; i < len(sums); i += 2 {
		a, b := newVec(), newVec()
		ins("FLDPQ", mem{base: x, disp: i * vecSize}, pair{a, b})
		step(sums[i], a)
		step(sums[i+1], b)
	}
	ins("ADD", imm(len(sums)*vecSize), x)
	ins("SUBS", count, n, n)
	jump("BGE", "blocks")
	label("blocksDone")
	ins("ADD", count, n)
	for _, sum := range sums {
		tail := fresh("tail")
		ins("CMP", imm(lanes), n)
		jump("BLT", tail)
		v := newVec()
		ins("FMOVQ", mem{base: x}, v.scalar())
		step(sum, v)
		ins("ADD", imm(vecSize), x)
		ins("SUB", imm(lanes), n)
		next := fresh("next")
		jump("B", next)
		label(tail)
		step(sum, loadRest(x, n))
		jump("B", "end")
		label(next)
	}
	label("end")
}

// loadRest returns the last n ≤ 3 floats of a row, then zeros.
func loadRest(x, n gp) vec {
	v, last := zero(), newVec()
	one := fresh("one")
	jump("TBZ", one, imm(1), n)
	ins("FMOVD", mem{base: x}, v.scalar())
	skip("TBZ", []operand{imm(0), n}, func() {
		ins("FMOVS", mem{base: x, disp: 2 * floatSize}, last.scalar())
		ins("VMOV", last.lane(0), v.lane(2))
	})
	done := fresh("loaded")
	jump("B", done)
	label(one)
	skip("TBZ", []operand{imm(0), n}, func() { ins("FMOVS", mem{base: x}, v.scalar()) })
	label(done)
	return v
}

// zeros returns count sums of 0.
func zeros(count int) []vec {
	sums := make([]vec, count)
	for i := range sums {
		sums[i] = zero()
	}
	return sums
}

// addUp leaves the sum of two, four or eight vectors, s₀+s₁, (s₀+s₁) + (s₂+s₃) and so
// on, in s₀.
func addUp(s []vec) vec {
	for apart := 1; apart < len(s); apart *= 2 {
		for i := 0; i < len(s); i += 2 * apart {
			lanewise(fadd, s[i], s[i], s[i+apart])
		}
	}
	return s[0]
}

// A columnKernel adds something to each column of a matrix.
type columnKernel struct {
	name, signature string
	inputs          []string // matrices of the same shape
	distances       []string // parameters with the distance between rows, one an input
	channels        []string // vectors of one value a column
	outputs         []string // vectors that are added to
	vectors         int      // vectors of columns at a time
	turn            int      // rows a turn: partial sums of a column
	// step adds one row's elements in to the sums, one a output.
	step func(sums, in, channel []vec)
}

// columnKernels emits the sums over the rows of a matrix.
func columnKernels() {
	columnKernel{
		name: "addRowsSIMD", signature: "(dst, x *float32, rows, n, ld int)",
		inputs: []string{"x"}, distances: []string{"ld"}, outputs: []string{"dst"}, vectors: 4, turn: 4,
		step: func(sums, in, _ []vec) { lanewise(fadd, sums[0], sums[0], in[0]) },
	}.emit()
	columnKernel{
		name: "addDotsSIMD", signature: "(products, sums, dy, x, mean *float32, rows, n, ldDy, ldX int)",
		inputs: []string{"dy", "x"}, distances: []string{"ldDy", "ldX"}, channels: []string{"mean"}, outputs: []string{"products", "sums"}, vectors: 4, turn: 2,
		step: func(sums, in, mean []vec) {
			accumulate(sums[0], in[0], minus(in[1], mean[0]))
			lanewise(fadd, sums[1], sums[1], in[0])
		},
	}.emit()
}

// emit writes the kernel: a loop over blocks of columns and, in it, one over the
// rows. The rows of a turn go to sums of their own.
func (k columnKernel) emit() {
	function(k.name, k.signature)
	inputs, channels, outputs := arguments(k.inputs...), arguments(k.channels...), arguments(k.outputs...)
	rows, n, distances := argument("rows"), argument("n"), arguments(k.distances...)
	for _, d := range distances {
		times4(d)
	}
	overRow("columns", n, k.vectors, func(b block) {
		sums := make([][][]vec, len(outputs)) // by output, vector, row of the turn
		for o := range outputs {
			for range b.vectors {
				sums[o] = append(sums[o], zeros(k.turn))
			}
		}
		channel := loadAll(b, channels)
		inTurns(b, inputs, distances, rows, k.turn, func(r int, in [][]vec) {
			for v := range b.vectors {
				var s []vec
				for o := range outputs {
					s = append(s, sums[o][v][r])
				}
				k.step(s, column(in, v), column(channel, v))
			}
		})
		for o, p := range outputs {
			to := b.in(p)
			list := to.load()
			for v := range list {
				list[v] = plus(addUp(sums[o][v]), list[v])
			}
			to.store(list)
		}
	})
	finish()
}

// inTurns emits a loop over the rows of a block of columns: step gets each row of a
// turn, and the rows that are left over.
func inTurns(b block, inputs, distances []gp, rows gp, turn int, step func(r int, in [][]vec)) {
	var at []cells
	for _, p := range inputs {
		at = append(at, b.in(p))
	}
	row := func(r int) {
		var in [][]vec
		for i, c := range at {
			in = append(in, c.load())
			ins("ADD", distances[i], c.first)
		}
		step(r, in)
	}
	left := newGP()
	again, rest, done := fresh("turns"), fresh("rest"), fresh("sum")
	ins("SUBS", imm(turn), rows, left)
	jump("BLT", rest)
	label(again)
	for r := range turn {
		row(r)
	}
	ins("SUBS", imm(turn), left, left)
	jump("BGE", again)
	label(rest)
	ins("ADD", imm(turn), left)
	for r := range turn - 1 {
		jump("CBZ", done, left)
		row(r)
		ins("SUB", imm(1), left)
	}
	label(done)
}

// momentsKernel emits MergeMoments for one block of rows: a pass for the mean of
// each column and, the block being in the first-level cache by then, a second for
// the squared deviations from it.
func momentsKernel() {
	const turn = 4
	function("mergeMomentsSIMD", "(mean, m2, x *float32, rows, n, ld int, inverse, share, weight float32)")
	mean, m2, x := argument("mean"), argument("m2"), argument("x")
	rows, n, ld := argument("rows"), argument("n"), argument("ld")
	times4(ld)
	inverse, share, weight := broadcast("inverse"), broadcast("share"), broadcast("weight")
	overRow("columns", n, 4, func(b block) {
		total := func(add func(sum, v vec, i int)) (totals []vec) {
			var sums [][]vec
			for range b.vectors {
				sums = append(sums, zeros(turn))
			}
			inTurns(b, []gp{x}, []gp{ld}, rows, turn, func(r int, in [][]vec) {
				for i, v := range in[0] {
					add(sums[i][r], v, i)
				}
			})
			for i := range sums {
				totals = append(totals, addUp(sums[i]))
			}
			return totals
		}
		means := total(func(sum, v vec, _ int) { lanewise(fadd, sum, sum, v) })
		for i := range means {
			means[i] = times(means[i], inverse)
		}
		squares := total(func(sum, v vec, i int) {
			d := minus(means[i], v)
			accumulate(sum, d, d)
		})
		toMean, toSquares := b.in(mean), b.in(m2)
		before, sums := toMean.load(), toSquares.load()
		for i := range means {
			d := minus(means[i], before[i])
			accumulate(before[i], d, share)
			sums[i] = plus(squares[i], sums[i])
			accumulate(sums[i], times(d, d), weight)
		}
		toMean.store(before)
		toSquares.store(sums)
	})
	finish()
}

// column returns the v-th vector of each list.
func column(lists [][]vec, v int) (column []vec) {
	for _, l := range lists {
		column = append(column, l[v])
	}
	return column
}
