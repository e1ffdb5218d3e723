package main

// unaryKernels emits the functions of one slice. Those of a long chain of
// instructions are computed for as many vectors in step as registers allow.
func unaryKernels() {
	for _, k := range []struct {
		name   string
		unroll int
		f      func(x vec) vec
	}{
		{"neg", 4, negated},
		{"round", 4, rounded},
		{"reciprocal", 4, func(x vec) vec { return over(num(1).all(), x) }},
		{"sqrt", 4, sqrt},
		{"relu", 4, rectified},
		{"relu6", 4, func(x vec) vec { return lesser(rectified(x), num(6).all()) }},
		{"exp", 4, exp},
		{"log", 4, ln},
		{"sigmoid", 4, sigmoid},
		{"tanh", 3, tanh},
	} {
		function(k.name+"SIMD", "(dst, x *float32, n int)")
		dst, x := argument("dst"), argument("x")
		overRow("row", argument("n"), k.unroll, func(b block) {
			b.in(dst).store(weave(k.f, b.in(x).load()))
		})
		finish()
	}
}

// binaryKernels emits the functions of two slices.
func binaryKernels() {
	for _, k := range []struct {
		name string
		f    func(a, b vec) vec
	}{
		{"add", plus},
		{"sub", minus},
		{"mul", times},
		{"div", over},
		{"equal", func(a, b vec) vec { return indicator(equal(a, b)) }},
		{"min", smaller},
		{"max", larger},
		{"less", func(a, b vec) vec { return indicator(above(b, a)) }},
		{"lessEqual", func(a, b vec) vec { return indicator(atLeast(b, a)) }},
		{"reluGrad", func(y, dy vec) vec { return and(positive(y), dy) }},
		{"relu6Grad", func(y, dy vec) vec { return and(and(positive(y), above(num(6).all(), y)), dy) }},
		{"sigmoidGrad", func(y, dy vec) vec { return times(times(y, dy), minus(num(1).all(), y)) }},
		{"tanhGrad", func(y, dy vec) vec {
			d := num(1).all()
			reduce(d, y, y)
			return times(d, dy)
		}},
	} {
		function(k.name+"SIMD", "(dst, a, b *float32, n int)")
		dst, a, b := argument("dst"), argument("a"), argument("b")
		overRow("row", argument("n"), 4, func(at block) {
			at.in(dst).store(each(k.f, at.in(a).load(), at.in(b).load()))
		})
		finish()
	}
}

// scalarKernels emits the functions of a slice and a number.
func scalarKernels() {
	for _, k := range []struct {
		name string
		f    func(a, s vec) vec
	}{
		{"addS", plus},
		{"subS", minus},
		{"rsubS", func(a, s vec) vec { return minus(s, a) }},
		{"mulS", times},
		{"divS", over},
		{"rdivS", func(a, s vec) vec { return over(s, a) }},
		{"equalS", func(a, s vec) vec { return indicator(equal(a, s)) }},
		{"lessS", func(a, s vec) vec { return indicator(above(s, a)) }},
		{"lessEqualS", func(a, s vec) vec { return indicator(atLeast(s, a)) }},
		{"greaterS", func(a, s vec) vec { return indicator(above(a, s)) }},
		{"greaterEqualS", func(a, s vec) vec { return indicator(atLeast(a, s)) }},
		{"minS", smaller},
		{"maxS", larger},
	} {
		function(k.name+"SIMD", "(dst, a *float32, s float32, n int)")
		dst, a, number := argument("dst"), argument("a"), broadcast("s")
		overRow("row", argument("n"), 4, func(b block) {
			var list []vec
			for _, x := range b.in(a).load() {
				list = append(list, k.f(x, number))
			}
			b.in(dst).store(list)
		})
		finish()
	}
}

// ternaryKernels emits the functions of three slices.
func ternaryKernels() {
	function("whereSIMD", "(dst, condition, a, b *float32, n int)")
	dst, condition, a, b := argument("dst"), argument("condition"), argument("a"), argument("b")
	overRow("row", argument("n"), 4, func(at block) {
		var list []vec
		yes, no := at.in(a).load(), at.in(b).load()
		for i, c := range at.in(condition).load() {
			list = append(list, choose(isZero(c), no[i], yes[i])) // NaN is not zero
		}
		at.in(dst).store(list)
	})
	finish()

	function("fakeQuantizeSIMD", "(dst, x, scale, zero *float32, least, most float32, n int)")
	dst, x, scale, zero := argument("dst"), argument("x"), argument("scale"), argument("zero")
	lo, hi := broadcast("least"), broadcast("most")
	overRow("row", argument("n"), 2, func(at block) {
		var list []vec
		sizes, zeros := at.in(scale).load(), at.in(zero).load()
		for i, v := range at.in(x).load() {
			q := plus(rounded(over(v, sizes[i])), zeros[i])
			q = choose(above(lo, q), lo, q) // NaN stays
			q = choose(above(q, hi), hi, q)
			list = append(list, times(minus(q, zeros[i]), sizes[i]))
		}
		at.in(dst).store(list)
	})
	finish()
}

// smaller and larger return NaN if either is NaN, and b if they are equal, which the
// zeros are: the instructions would make +0 of −0 and +0.
func smaller(a, b vec) vec { return orNot(choose(above(b, a), a, b), equal(a, a)) }
func larger(a, b vec) vec  { return orNot(choose(above(a, b), a, b), equal(a, a)) }

func fillKernel() {
	function("fillSIMD", "(dst *float32, v float32, n int)")
	dst, v := argument("dst"), broadcast("v")
	overRow("row", argument("n"), 4, func(b block) {
		b.in(dst).store([]vec{v, v, v, v}[:b.vectors])
	})
	finish()
}

// dropoutKernel emits Dropout: four counters at a time are hashed as
// graph.DropoutBits says.
func dropoutKernel() {
	function("dropoutSIMD", "(dst, x *float32, scale float32, threshold, keyLow, keyHigh, start uint32, n int)")
	dst, x, scale := argument("dst"), argument("x"), broadcast("scale")
	threshold, keyLow, keyHigh := broadcast("threshold"), broadcast("keyLow"), broadcast("keyHigh")
	for lane := range lanes {
		bits(uint32(lane)) // the first four constants, so one register
	}
	counter := plusInt(broadcast("start"), fn.pool[0])
	overRow("row", argument("n"), 2, func(b block) {
		var counters, list []vec
		for range b.vectors {
			counters = append(counters, plusInt(counter, bits(0).all()))
			ins("VADD", bits(uint32(b.width)).all().s4(), counter.s4(), counter.s4())
		}
		scrambled := weave(func(c vec) vec { return mix(plusInt(mix(xor(c, keyLow)), keyHigh)) }, counters)
		for i, v := range b.in(x).load() {
			list = append(list, andNot(times(v, scale), aboveInt(threshold, right(scrambled[i], 8))))
		}
		b.in(dst).store(list)
	})
	finish()
}
