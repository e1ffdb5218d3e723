package main

// transposeKernel emits the transposition of a strip of 8 rows, block by block of
// 8×8 floats, each in four squares of 4×4: two rounds of exchanges in registers.
func transposeKernel() {
	function("transposeSIMD", "(dst, src *float32, blocks, ldDst, ldSrc int)")
	dst, src, blocks := argument("dst"), argument("src"), argument("blocks")
	ldDst, ldSrc := argument("ldDst"), argument("ldSrc")
	times4(ldDst)
	times4(ldSrc)
	label("block")
	for range 2 { // four columns of src at a time
		var top, bottom [4]vec
		p := copyOf(src)
		for i := range 8 {
			v := newVec()
			ins("FMOVQ", mem{base: p}, v.scalar())
			ins("ADD", ldSrc, p)
			if i < 4 {
				top[i] = v
			} else {
				bottom[i-4] = v
			}
		}
		top, bottom = square(top), square(bottom)
		for i := range 4 {
			ins("FSTPQ", pair{top[i], bottom[i]}, mem{base: dst})
			ins("ADD", ldDst, dst)
		}
		ins("ADD", imm(vecSize), src)
	}
	ins("SUB", imm(1), blocks)
	jump("CBNZ", "block", blocks)
	finish()
}

// square returns the columns of four rows.
func square(row [4]vec) (col [4]vec) {
	exchange := func(op string, a, b vec, of func(v vec) form) vec {
		return into(func(d vec) { ins(op, of(b), of(a), of(d)) })
	}
	even1 := exchange("VTRN1", row[0], row[1], vec.s4) // a0 b0 a2 b2
	odd1 := exchange("VTRN2", row[0], row[1], vec.s4)  // a1 b1 a3 b3
	even2 := exchange("VTRN1", row[2], row[3], vec.s4)
	odd2 := exchange("VTRN2", row[2], row[3], vec.s4)
	return [4]vec{
		exchange("VZIP1", even1, even2, vec.d2), exchange("VZIP1", odd1, odd2, vec.d2),
		exchange("VZIP2", even1, even2, vec.d2), exchange("VZIP2", odd1, odd2, vec.d2),
	}
}
