package main

// Numbers with 16 fractional bits, see the AVX2 program.
const (
	fix040200 = 26345
	fix034414 = 22554
	fix028586 = 18734
	fix022800 = 14942
)

func jpegKernels() {
	inverseDCT8()
	inverseDCT4()
	inverseDCT2()
	upsampleH2V1()
	upsampleH2V2()
	upsampleH1V2()
	toRGB()
	toRGBA()
}

// overSamples emits a loop over n samples, sixteen a turn; n is at least sixteen, and the
// last turn starts earlier so as not to go beyond the end.
func overSamples(n gp, body func(at gp)) {
	at, last := newGP(), newGP()
	ins("MOVD", word("ZR"), at)
	ins("SUB", imm(vecSize), n, last)
	label("row")
	body(at)
	ins("CMP", last, at)
	jump("BEQ", "end")
	ins("ADD", imm(vecSize), at)
	ins("CMP", last, at)
	ins("CSEL", word("GT"), last, at, at)
	jump("JMP", "row")
	label("end")
}

// sixteen returns the bytes at base + at + disp.
func sixteen(base, at gp, disp int) vec {
	p := newGP()
	ins("ADD", at, base, p)
	if disp < 0 {
		ins("SUB", imm(-disp), p)
	} else if disp > 0 {
		ins("ADD", imm(disp), p)
	}
	return into(func(d vec) { ins("FMOVQ", mem{base: p}, d.scalar()) })
}

// filled returns v in all lanes of 16 bits.
func filled(v int) vec {
	return into(func(d vec) {
		x := newGP()
		ins("MOVD", imm(v), x)
		ins("VDUP", x, d.h8())
	})
}

func bytesOf(v int) vec { return into(func(d vec) { ins("VMOVI", imm(v), d.b16()) }) }

// triangle returns 3·near + far in 16 bits.
func (p part) triangle(near, far, three vec) vec {
	d := newVec()
	on3(p.umull, d, near, three)
	on3(p.uaddw, d, d, far)
	return d
}

// storeInTurn stores the bytes of a and b in turn at dst + 2·at.
func storeInTurn(a, b vec, dst, at gp) {
	p := newGP()
	ins("ADD", shifted{at, 1}, dst, p)
	ins("FSTPQ", pair{zip(true, a, b, vec.b16), zip(false, a, b, vec.b16)}, mem{base: p})
}

func upsampleH2V1() {
	function("upsampleH2V1SIMD", "(dst, src *uint8, n int)")
	dst, src, n := argument("dst"), argument("src"), argument("n")
	three, one := bytesOf(3), filled(1)
	overSamples(n, func(at gp) {
		left, middle, right := sixteen(src, at, -1), sixteen(src, at, 0), sixteen(src, at, 1)
		even, odd := newVec(), newVec()
		for _, p := range parts {
			shiftBy(p.shrnB, even, plusH(p.triangle(middle, left, three), one), 2)
			shiftBy(p.rshrnB, odd, p.triangle(middle, right, three), 2)
		}
		storeInTurn(even, odd, dst, at)
	})
	finish()
}

func upsampleH2V2() {
	function("upsampleH2V2SIMD", "(dst, near, far *uint8, n int)")
	dst, near, far, n := argument("dst"), argument("near"), argument("far"), argument("n")
	three, seven := bytesOf(3), filled(7)
	overSamples(n, func(at gp) {
		var nears, fars [3]vec
		for i := range nears {
			nears[i], fars[i] = sixteen(near, at, i-1), sixteen(far, at, i-1)
		}
		even, odd := newVec(), newVec()
		for _, p := range parts {
			left, middle, right := p.triangle(nears[0], fars[0], three), p.triangle(nears[1], fars[1], three), p.triangle(nears[2], fars[2], three)
			middle = plusH(plusH(middle, middle), middle)
			shiftBy(p.rshrnB, even, plusH(middle, left), 4)
			shiftBy(p.shrnB, odd, plusH(plusH(middle, right), seven), 4)
		}
		storeInTurn(even, odd, dst, at)
	})
	finish()
}

func upsampleH1V2() {
	function("upsampleH1V2SIMD", "(dst, near, far *uint8, bias, n int)")
	dst, near, far, n := argument("dst"), argument("near"), argument("far"), argument("n")
	three, bias := bytesOf(3), newVec()
	ins("VDUP", argument("bias"), bias.h8())
	overSamples(n, func(at gp) {
		a, b, out := sixteen(near, at, 0), sixteen(far, at, 0), newVec()
		for _, p := range parts {
			shiftBy(p.shrnB, out, plusH(p.triangle(a, b, three), bias), 2)
		}
		storeSixteen(out, dst, at)
	})
	finish()
}

func storeSixteen(v vec, base, at gp) {
	p := newGP()
	ins("ADD", at, base, p)
	ins("FMOVQ", v.scalar(), mem{base: p})
}

// rgb returns red, green and blue of the samples at a place.
func rgb(y, cb, cr, at gp) (red, green, blue vec) {
	ys, us, vs := sixteen(y, at, 0), sixteen(cb, at, 0), sixteen(cr, at, 0)
	center := filled(128)
	red, green, blue = newVec(), newVec(), newVec()
	for _, p := range parts {
		level, u, v := shiftedBy(p.ushll, ys, 0), minusH(shiftedBy(p.ushll, us, 0), center), minusH(shiftedBy(p.ushll, vs, 0), center)
		r, g, b := newVec(), newVec(), newVec()
		for _, q := range parts {
			shiftBy(q.rshrn, r, q.dot(term{v, fix040200}), 16)
			shiftBy(q.rshrn, g, q.dot(term{u, -fix034414}, term{v, fix028586}), 16)
			shiftBy(q.rshrn, b, q.dot(term{u, -fix022800}), 16)
		}
		on2(p.sqxtun, red, plusH(plusH(r, v), level))
		on2(p.sqxtun, green, plusH(minusH(g, v), level))
		on2(p.sqxtun, blue, plusH(plusH(b, plusH(u, u)), level))
	}
	return red, green, blue
}

func toRGB() {
	function("toRGBSIMD", "(red, green, blue, y, cb, cr *uint8, n int)")
	to := arguments("red", "green", "blue")
	y, cb, cr := argument("y"), argument("cb"), argument("cr")
	overSamples(argument("n"), func(at gp) {
		red, green, blue := rgb(y, cb, cr, at)
		for i, v := range []vec{red, green, blue} {
			storeSixteen(v, to[i], at)
		}
	})
	finish()
}

func toRGBA() {
	function("toRGBASIMD", "(dst, y, cb, cr *uint8, n int)")
	dst, y, cb, cr := argument("dst"), argument("y"), argument("cb"), argument("cr")
	overSamples(argument("n"), func(at gp) {
		red, green, blue := rgb(y, cb, cr, at)
		opaque, p := bytesOf(255), newGP()
		ins("ADD", shifted{at, 2}, dst, p)
		for half := range 2 {
			rg, ba := zip(half == 0, red, green, vec.b16), zip(half == 0, blue, opaque, vec.b16)
			ins("FSTPQ", pair{zip(true, rg, ba, vec.h8), zip(false, rg, ba, vec.h8)}, mem{base: p, disp: 32 * half})
		}
	})
	finish()
}
