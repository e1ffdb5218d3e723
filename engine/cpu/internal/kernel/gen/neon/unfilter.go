package main

// The filters of PNG, see the AVX2 program and data/png/internal/kernel.

func pngKernels() {
	up()
	sub("sub3SIMD", 3)
	sub("sub4SIMD", 4)
	average("average3SIMD", 3)
	average("average4SIMD", 4)
	paeth("paeth3SIMD", 3)
	paeth("paeth4SIMD", 4)
	split()
}

func up() {
	function("upSIMD", "(dst, src, above *uint8, n int)")
	dst, src, above, n := argument("dst"), argument("src"), argument("above"), argument("n")
	overSamples(n, func(at gp) {
		sum := newVec()
		on3(addB, sum, sixteen(src, at, 0), sixteen(above, at, 0))
		storeSixteen(sum, dst, at)
	})
	finish()
}

// overPixels emits a loop over pixels of size bytes, n bytes in all, at least one pixel. It
// moves the pointers.
func overPixels(n gp, size int, pointers []gp, body func()) {
	label("pixel")
	body()
	for _, p := range pointers {
		ins("ADD", imm(size), p)
	}
	ins("SUBS", imm(size), n)
	jump("BGT", "pixel")
}

// four returns the four bytes at p.
func four(p gp) vec { return into(func(d vec) { ins("FMOVS", mem{base: p}, d.scalar()) }) }

func sub(name string, size int) {
	function(name, "(dst, src *uint8, n int)")
	dst, src, n := argument("dst"), argument("src"), argument("n")
	left := bytesOf(0)
	overPixels(n, size, []gp{dst, src}, func() {
		on3(addB, left, left, four(src))
		ins("FMOVS", left.scalar(), mem{base: dst})
	})
	finish()
}

func average(name string, size int) {
	function(name, "(dst, src, above *uint8, n int)")
	dst, src, above, n := argument("dst"), argument("src"), argument("above"), argument("n")
	ones, left := bytesOf(255), bytesOf(255)
	overPixels(n, size, []gp{dst, src, above}, func() {
		x, over := four(src), xor(four(above), ones)
		on3(urhaddB, left, left, over)
		on3(subB, left, left, x)
		ins("FMOVS", xor(left, ones).scalar(), mem{base: dst})
	})
	finish()
}

func paeth(name string, size int) {
	function(name, "(dst, src, above *uint8, n int)")
	dst, src, above, n := argument("dst"), argument("src"), argument("above"), argument("n")
	left, corner := bytesOf(0), bytesOf(0)
	overPixels(n, size, []gp{dst, src, above}, func() {
		x, over := shiftedBy(ushllB, four(src), 0), shiftedBy(ushllB, four(above), 0)
		t := minusH(minusH(plusH(plusH(corner, corner), corner), over), left)
		low, high, toCorner, toRest, out := newVec(), newVec(), newVec(), newVec(), newVec()
		on3(uminH, low, left, over)
		on3(umaxH, high, left, over)
		on3(cmgtH, toCorner, high, t)
		on3(cmgtH, toRest, t, low)
		nearest := choose(toRest, choose(toCorner, corner, low), high)
		on3(addB, left, nearest, x)
		ins("VMOV", over.b16(), corner.b16())
		on2(xtnB, out, left)
		ins("FMOVS", out.scalar(), mem{base: dst})
	})
	finish()
}

// split emits the separation of red, green and blue of sixteen pixels.
func split() {
	function("splitSIMD", "(red, green, blue, src *uint8, n int)")
	to := arguments("red", "green", "blue")
	src := argument("src")
	var tables [3][3]vec
	for color := range tables {
		for i := range tables[color] {
			tables[color][i] = positions(color, i)
		}
	}
	overSamples(argument("n"), func(at gp) {
		p := newGP()
		ins("ADD", shifted{at, 1}, at, p)
		var parts [3]vec
		for i := range parts {
			parts[i] = sixteen(src, p, 16*i)
		}
		for color, dst := range to {
			var picked [3]vec
			for i, part := range parts {
				picked[i] = newVec()
				on3(tbl, picked[i], part, tables[color][i])
			}
			storeSixteen(or(or(picked[0], picked[1]), picked[2]), dst, at)
		}
	})
	finish()
}

// positions returns where a color of sixteen pixels is in the part of their 48 bytes: a number
// of 16 or more is not there.
func positions(color, part int) vec {
	var v vec
	for i := range lanes {
		var four uint32
		for j := range 4 {
			at := 3*(4*i+j) + color - 16*part
			if at < 0 || at > 15 {
				at = 0xff
			}
			four |= uint32(at) << (8 * j)
		}
		v = appendBits(four).vec
	}
	return v
}
