package main

// The kernels of rows of 8-bit integers compute 16 elements at a time, no fewer.
const narrowBlock = 16

// floatsOf16 returns 16 bytes at p minus a zero point as float32.
func floatsOf16(p gp, zero vec) (list [4]vec) {
	list = widened16(p)
	for _, x := range list {
		ins("VSUB", zero.s4(), x.s4(), x.s4())
		single(scvtf, x, x)
	}
	return list
}

// sumOf returns base + at·2^scale.
func sumOf(base, at gp, scale int) gp {
	p := newGP()
	ins("ADD", shifted{at, scale}, base, p)
	return p
}

// overBlocks emits a loop over n elements, a multiple of 16.
func overBlocks(n gp, body func(at gp)) {
	at, again := newGP(), fresh("block")
	ins("MOVD", word("ZR"), at)
	label(again)
	body(at)
	ins("ADD", imm(narrowBlock), at)
	ins("CMP", n, at)
	jump("BLT", again)
	finish()
}

// resultsOf are those in a struct.
func resultsOf(o structure) results { return results{o.word("Low"), o.word("High"), o.word("Zero")} }

func addBytesKernel() {
	function("addSIMD", "(dst, a, b *uint8, n int, o *Sum)")
	dst, a, b, n := argument("dst"), argument("a"), argument("b"), argument("n")
	o := structure{argument("o"), "Sum"}
	scaleA, scaleB, zeroA, zeroB, l := o.word("ScaleA"), o.word("ScaleB"), o.word("ZeroA"), o.word("ZeroB"), resultsOf(o)
	overBlocks(n, func(at gp) {
		x, y := floatsOf16(sumOf(a, at, 0), zeroA), floatsOf16(sumOf(b, at, 0), zeroB)
		for v := range x {
			lanewise(fmul, x[v], x[v], scaleA)
			lanewise(fmul, y[v], y[v], scaleB)
			lanewise(fadd, x[v], x[v], y[v])
		}
		ins("FMOVQ", l.pack(x[:]).scalar(), mem{base: sumOf(dst, at, 0)})
	})
}

func quantizeKernel() {
	function("quantizeSIMD", "(dst *uint8, src *float32, n int, o *Quantization)")
	dst, src, n := argument("dst"), argument("src"), argument("n")
	o := structure{argument("o"), "Quantization"}
	scale, l := o.word("Scale"), resultsOf(o)
	overBlocks(n, func(at gp) {
		list, from := make([]vec, 4), sumOf(src, at, 2)
		for v := range list {
			x := newVec()
			ins("FMOVQ", mem{base: from, disp: vecSize * v}, x.scalar())
			lanewise(fdiv, x, x, scale)
			list[v] = x
		}
		ins("FMOVQ", l.pack(list).scalar(), mem{base: sumOf(dst, at, 0)})
	})
}

func dequantizeKernel() {
	function("dequantizeSIMD", "(dst *float32, src *uint8, n int, scale float32, zero int32)")
	dst, src, n := argument("dst"), argument("src"), argument("n")
	scale, zero := broadcast("scale"), newVec()
	number := newGP()
	ins("MOVWU", address("zero"), number)
	ins("VDUP", number, zero.s4())
	overBlocks(n, func(at gp) {
		to := sumOf(dst, at, 2)
		for v, x := range floatsOf16(sumOf(src, at, 0), zero) {
			lanewise(fmul, x, x, scale)
			ins("FMOVQ", x.scalar(), mem{base: to, disp: vecSize * v})
		}
	})
}

// overPixels16 emits the loops over the pixels of a row and their channels, of which there are at least 16: body emits 16, the last
// ones some of them once more.
func overPixels16(body func(dst, src, at gp)) {
	dst, src, n := argument("dst"), argument("src"), argument("n")
	dstStep, srcStep, last := argument("dstStep"), argument("srcStep"), argument("c")
	ins("SUB", imm(narrowBlock), last)
	at, pixel, again, done := newGP(), fresh("pixel"), fresh("channels"), fresh("done")
	label(pixel)
	ins("MOVD", word("ZR"), at)
	label(again)
	body(dst, src, at)
	ins("CMP", last, at)
	jump("BEQ", done)
	ins("ADD", imm(narrowBlock), at)
	ins("CMP", last, at)
	ins("CSEL", word("GT"), last, at, at)
	jump("B", again)
	label(done)
	ins("ADD", dstStep, dst)
	ins("ADD", srcStep, src)
	ins("SUB", imm(1), n)
	jump("CBNZ", pixel, n)
	finish()
}

// overTaps emits a loop over the taps of a window: body emits one, at place from on.
func overTaps(src, at gp, body func(from gp)) {
	taps, count, start, again := argument("taps"), argument("count"), sumOf(src, at, 0), fresh("tap")
	label(again)
	from := newGP()
	ins("MOVW.P", mem{base: taps, disp: offsetSize}, from)
	ins("ADD", start, from)
	body(from)
	ins("SUB", imm(1), count)
	jump("CBNZ", again, count)
}

func maxRowKernel() {
	function("maxRowSIMD", "(dst, src *uint8, taps *int32, count, n, dstStep, srcStep, c int)")
	overPixels16(func(dst, src, at gp) {
		most := zero()
		overTaps(src, at, func(from gp) {
			x := newVec()
			ins("FMOVQ", mem{base: from}, x.scalar())
			ins("VUMAX", x.b16(), most.b16(), most.b16())
		})
		ins("FMOVQ", most.scalar(), mem{base: sumOf(dst, at, 0)})
	})
}

func averageRowKernel() {
	function("averageRowSIMD", "(dst, src *uint8, taps *int32, count, n, dstStep, srcStep, c int, o *Average)")
	o := structure{argument("o"), "Average"}
	scale, bias, l := o.word("Scale"), o.word("Bias"), resultsOf(o)
	overPixels16(func(dst, src, at gp) {
		sums := make([]vec, 4)
		for v := range sums {
			sums[v] = newVec()
			move(bias, sums[v])
		}
		overTaps(src, at, func(from gp) {
			for v, x := range widened16(from) {
				ins("VADD", x.s4(), sums[v].s4(), sums[v].s4())
			}
		})
		for _, x := range sums {
			single(scvtf, x, x)
			lanewise(fmul, x, x, scale)
		}
		ins("FMOVQ", l.pack(sums).scalar(), mem{base: sumOf(dst, at, 0)})
	})
}

// depthwiseDotKernel emits Depthwise for 16 channels, which are four vectors of four once their rows are interleaved.
func depthwiseDotKernel() {
	function("depthwiseSIMD", "(b *DepthwiseArgs)")
	b := structure{argument("b"), "DepthwiseArgs"}
	src, dst, n, lanes := b.field("Src"), b.field("Dst"), b.field("N"), b.field("lanes")
	window, dstStep, step := b.field("window"), b.field("DstStep"), b.field("SrcStep")
	output := structure{b.field("Output"), "Output"}
	l := resultsOf(output)
	highest := bytesOf(128)
	again := fresh("window")
	label(again)
	acc := make([]vec, 4)
	w, bias := b.field("W"), b.field("Bias")
	for i := range acc {
		acc[i] = newVec()
		sum := newVec()
		ins("FMOVQ", mem{base: w}, sum.scalar())
		ins("FMOVQ", mem{base: bias}, acc[i].scalar())
		ins("VADD", left(sum, 7).s4(), acc[i].s4(), acc[i].s4())
		ins("ADD", lanes, w)
		ins("ADD", lanes, bias)
	}
	rows, quads, eachQuad := b.field("RowOff"), b.field("Quads"), fresh("quads")
	label(eachQuad)
	row := make([]gp, 4)
	for y := range row {
		row[y] = newGP()
		ins("MOVW.P", mem{base: rows, disp: offsetSize}, row[y])
		ins("ADD", src, row[y])
	}
	columns, column := b.field("Width"), fresh("column")
	label(column)
	x := make([]vec, 4)
	for y := range x {
		x[y] = newVec()
		ins("FMOVQ", mem{base: row[y]}, x[y].scalar())
		ins("ADD", step, row[y])
		ins("VEOR", highest.b16(), x[y].b16(), x[y].b16())
	}
	low, high := [2]vec{zip(true, x[0], x[1], vec.b16), zip(true, x[2], x[3], vec.b16)}, [2]vec{zip(false, x[0], x[1], vec.b16), zip(false, x[2], x[3], vec.b16)}
	for i, pair := range [][2]vec{low, low, high, high} {
		q, weights := zip(i%2 == 0, pair[0], pair[1], vec.h8), newVec()
		ins("FMOVQ", mem{base: w}, weights.scalar())
		ins("ADD", lanes, w)
		on3(sdot, acc[i], weights, q)
	}
	ins("SUB", imm(1), columns)
	jump("CBNZ", column, columns)
	ins("SUB", imm(1), quads)
	jump("CBNZ", eachQuad, quads)
	scale := b.field("scale")
	for _, y := range acc {
		s := newVec()
		ins("FMOVQ", mem{base: scale}, s.scalar())
		ins("ADD", lanes, scale)
		single(scvtf, y, y)
		lanewise(fmul, y, y, s)
	}
	ins("FMOVQ", l.pack(acc).scalar(), mem{base: dst})
	ins("ADD", window, src)
	ins("ADD", dstStep, dst)
	ins("SUB", imm(1), n)
	jump("CBNZ", again, n)
	finish()
}
