package main

import (
	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// unaryKernels emits the functions of one slice.
func unaryKernels() {
	type kernel struct {
		name   string
		unroll int
		f      func(x vec) vec
	}
	for _, k := range []kernel{
		{"neg", 4, func(x vec) vec { return xor(x, bits(signBits)) }},
		{"round", 4, rounded},
		{"reciprocal", 2, func(x vec) vec { return over(load(num(1)), x) }},
		{"sqrt", 2, func(x vec) vec { emit(VSQRTPS, x, x); return x }},
		{"relu", 4, func(x vec) vec { return greater(zero(), x) }},
		{"relu6", 4, func(x vec) vec { return lesser(load(num(6)), greater(zero(), x)) }},
		{"exp", 3, exp},
		{"log", 3, ln},
		{"sigmoid", 3, sigmoid},
		{"tanh", 2, tanh},
	} {
		function(k.name+"SIMD", "(dst, x *float32, n int)")
		dst, x := param("dst"), param("x")
		overRowBlocks("row", newRow(param("n")), k.unroll, func(block []span) {
			var in []vec
			for _, s := range block {
				in = append(in, s.load(x))
			}
			for i, y := range weave(k.f, in) {
				block[i].store(y, dst)
			}
		})
		finish()
	}
}

// binaryKernels emits the functions of two slices.
func binaryKernels() {
	one := func() vec { return load(num(1)) }
	type kernel struct {
		name string
		f    func(a vec, b Op) vec
	}
	for _, k := range []kernel{
		{"add", plus},
		{"sub", minus},
		{"mul", times},
		{"div", over},
		{"equal", func(a vec, b Op) vec { return indicator(compare(a, equal, b)) }},
		{"min", func(a vec, b Op) vec { return or(lesser(a, b), compare(a, unordered, a)) }},
		{"max", func(a vec, b Op) vec { return or(greater(a, b), compare(a, unordered, a)) }},
		{"less", func(a vec, b Op) vec { return indicator(compare(a, less, b)) }},
		{"lessEqual", func(a vec, b Op) vec { return indicator(compare(a, atMost, b)) }},
		{"reluGrad", func(y vec, dy Op) vec { return and(compare(y, greaterThan, bits(0)), dy) }},
		{"relu6Grad", func(y vec, dy Op) vec {
			return and(and(compare(y, greaterThan, bits(0)), compare(y, less, num(6))), dy)
		}},
		{"sigmoidGrad", func(y vec, dy Op) vec { return times(times(y, dy), minus(one(), y)) }},
		{"tanhGrad", func(y vec, dy Op) vec {
			d := one()
			VFNMADD231PS(y, y, d)
			return times(d, dy)
		}},
	} {
		function(k.name+"SIMD", "(dst, a, b *float32, n int)")
		dst, a, b := param("dst"), param("a"), param("b")
		overRow("row", newRow(param("n")), 4, func(s span) {
			s.store(k.f(s.load(a), s.operand(b)), dst)
		})
		finish()
	}
}

// scalarKernels emits the functions of a slice and a number.
func scalarKernels() {
	type kernel struct {
		name string
		f    func(a, s vec) vec
	}
	for _, k := range []kernel{
		{"addS", func(a, s vec) vec { return plus(a, s) }},
		{"subS", func(a, s vec) vec { return minus(a, s) }},
		{"rsubS", func(a, s vec) vec { return minus(s, a) }},
		{"mulS", func(a, s vec) vec { return times(a, s) }},
		{"divS", func(a, s vec) vec { return over(a, s) }},
		{"rdivS", func(a, s vec) vec { return over(s, a) }},
		{"equalS", func(a, s vec) vec { return indicator(compare(a, equal, s)) }},
		{"lessS", func(a, s vec) vec { return indicator(compare(a, less, s)) }},
		{"lessEqualS", func(a, s vec) vec { return indicator(compare(a, atMost, s)) }},
		{"greaterS", func(a, s vec) vec { return indicator(compare(a, greaterThan, s)) }},
		{"greaterEqualS", func(a, s vec) vec { return indicator(compare(a, atLeast, s)) }},
		{"minS", func(a, s vec) vec { return or(lesser(a, s), compare(a, unordered, a)) }},
		{"maxS", func(a, s vec) vec { return or(greater(a, s), compare(a, unordered, a)) }},
	} {
		function(k.name+"SIMD", "(dst, a *float32, s float32, n int)")
		dst, a, number := param("dst"), param("a"), broadcast("s")
		overRow("row", newRow(param("n")), 4, func(s span) {
			s.store(k.f(s.load(a), number), dst)
		})
		finish()
	}
}

// rounded returns the nearest whole numbers, the even one of two.
func rounded(x vec) vec {
	d := YMM()
	emit(func(o ...Op) { VROUNDPS(o[0], o[1], o[2]) }, U8(8), x, d) // to nearest, without exceptions
	return d
}

// ternaryKernels emits the functions of three slices.
func ternaryKernels() {
	function("whereSIMD", "(dst, condition, a, b *float32, n int)")
	dst, condition, a, b := param("dst"), param("condition"), param("a"), param("b")
	overRow("row", newRow(param("n")), 4, func(s span) {
		isZero := compare(s.load(condition), equal, bits(0)) // NaN is not
		s.store(choose(isZero, s.operand(b), s.load(a)), dst)
	})
	finish()

	function("fakeQuantizeSIMD", "(dst, x, scale, zero *float32, least, most float32, n int)")
	dst, x, scale, zero := param("dst"), param("x"), param("scale"), param("zero")
	lo, hi := broadcast("least"), broadcast("most")
	overRow("row", newRow(param("n")), 2, func(s span) {
		size, z := s.load(scale), s.load(zero)
		q := plus(rounded(over(s.load(x), size)), z)
		q = lesser(hi, greater(lo, q)) // NaN stays
		s.store(times(minus(q, z), size), dst)
	})
	finish()
}

func fillKernel() {
	function("fillSIMD", "(dst *float32, v float32, n int)")
	dst, v := param("dst"), broadcast("v")
	overRow("row", newRow(param("n")), 4, func(s span) {
		s.store(v, dst)
	})
	finish()
}

// dropoutKernel emits Dropout: eight counters at a time are hashed as
// graph.DropoutBits says.
func dropoutKernel() {
	count := GLOBL("counters", attr.RODATA|attr.NOPTR)
	for lane := range lanes {
		DATA(floatSize*lane, U32(lane))
	}
	function("dropoutSIMD", "(dst, x *float32, scale float32, threshold, keyLow, keyHigh, start uint32, n int)")
	dst, x, scale := param("dst"), param("x"), broadcast("scale")
	threshold, keyLow, keyHigh := broadcast("threshold"), broadcast("keyLow"), broadcast("keyHigh")
	counter := broadcast("start")
	VPADDD(count, counter, counter)
	overRow("row", newRow(param("n")), 1, func(s span) {
		h := mix(plusInt(mix(xor(counter, keyLow)), keyHigh))
		dropped := aboveInt(threshold, shift(VPSRLD, 8, h))
		s.store(andNot(dropped, times(s.load(x), scale)), dst)
		VPADDD(bits(lanes), counter, counter)
	})
	finish()
}
