package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// poolArgs are the parameters that all pooling kernels end with.
const poolArgs = "tapOff *int32, taps, n, stride, c int"

// A window walks over the output pixels of a row and the taps of their windows.
type window struct {
	offsets gp // where the offsets of the taps are
	taps    gp // how many there are, nil if four
	stride  gp // in bytes
	pixels  gp
	pixel   *row // of c channels
	fixed   []gp // offsets of the taps in registers, in the loop over narrow pixels
	bytes   []gp // pointers to pixels of c bytes
}

// newWindow loads the parameters. With four taps, the usual window of 2×2, the loop
// over them is unrolled.
func newWindow(four bool) *window {
	w := &window{offsets: param("tapOff"), stride: param("stride"), pixels: param("n"), pixel: newRow(param("c"))}
	SHLQ(U8(2), w.stride)
	if !four {
		w.taps = param("taps")
	}
	return w
}

// overPixels calls body for each block of channels of each pixel; pointers advance
// by a pixel, strided ones by the stride. Where the taps are a loop, a block is up
// to unroll vectors, to make the turns worth their while. For four taps and less
// than eight channels there is a loop of its own, without one over the channels.
func (w *window) overPixels(unroll int, pointers, strided []gp, body func(block []span)) {
	pixels := func(label string, one func()) {
		overRows(label, w.pixels, w.pixel, pointers, func() {
			one()
			for _, p := range strided {
				ADDQ(w.stride, p)
			}
			for _, p := range w.bytes {
				ADDQ(w.pixel.n, p)
			}
		})
	}
	if w.taps != nil {
		pixels("pixels", func() { overRowBlocks("channels", w.pixel, unroll, body) })
		return
	}
	CMPQ(w.pixel.n, U8(lanes))
	JLT(LabelRef("narrow"))
	pixels("pixels", func() { overRow("channels", w.pixel, 1, func(s span) { body([]span{s}) }) })
	finish()
	Label("narrow")
	for i := range 4 {
		w.fixed = append(w.fixed, GP64())
		MOVLQSX(Mem{Base: w.offsets, Disp: 4 * i}, w.fixed[i])
	}
	pixels("narrow_pixels", func() { body([]span{{label: "narrow", tail: w.pixel}}) })
}

// overTaps calls body for each tap and each vector of a block, with its number and
// its place in the tap.
func (w *window) overTaps(block []span, body func(v int, tap span)) {
	if w.fixed != nil {
		for _, offset := range w.fixed {
			body(0, span{label: "narrow_tap", at: offset, tail: w.pixel})
		}
		return
	}
	tap := func(label string, offset Mem) {
		at := GP64()
		MOVLQSX(offset, at)
		ADDQ(block[0].at, at)
		for v, s := range block {
			body(v, span{label: label, at: at, disp: s.disp, tail: s.tail})
		}
	}
	label := block[0].label + "_taps"
	if w.taps == nil {
		for i := range 4 {
			tap(label, Mem{Base: w.offsets, Disp: 4 * i})
		}
		return
	}
	left, next := GP64(), GP64()
	MOVQ(w.offsets, next)
	MOVQ(w.taps, left)
	TESTQ(left, left)
	JLE(LabelRef(label + "_done"))
	Label(label)
	tap(label, Mem{Base: next})
	ADDQ(U8(4), next)
	DECQ(left)
	JNE(LabelRef(label))
	Label(label + "_done")
}

// poolKernels emits each kernel for any number of taps, with NEON's name if there is
// such a form, and for four.
func poolKernels() {
	for _, v := range []struct {
		suffix, argmaxSuffix string
		four                 bool
	}{
		{"SIMD", "AVX2", false},
		{"4AVX2", "4AVX2", true},
	} {
		sumPool("sumPoolRow"+v.suffix, v.four)
		sumPoolGrad("sumPoolGradRow"+v.suffix, v.four, false)
		sumPoolGrad("sumPoolGradRowSet"+v.suffix, v.four, true)
		maxPool("maxPoolRow"+v.suffix, v.four)
		maxPoolGrad("maxPoolGradRow"+v.suffix, v.four, false)
		maxPoolGrad("maxPoolGradRowSet"+v.suffix, v.four, true)
		maxPoolArgmax("maxPoolArgmaxRow"+v.argmaxSuffix, v.four)
		maxPoolArgmaxGrad("maxPoolArgmaxGradRow"+v.argmaxSuffix, v.four, false)
		maxPoolArgmaxGrad("maxPoolArgmaxGradRowSet"+v.argmaxSuffix, v.four, true)
	}
}

// sumPool emits SumPoolRow.
func sumPool(name string, four bool) {
	function(name, "(dst, src *float32, "+poolArgs+", scale float32)")
	dst, src, w := param("dst"), param("src"), newWindow(four)
	scale := broadcast("scale")
	w.overPixels(4, []gp{dst}, []gp{src}, func(block []span) {
		sums := zeros(len(block))
		w.overTaps(block, func(v int, tap span) { VADDPS(tap.operand(src), sums[v], sums[v]) })
		for v, s := range block {
			s.store(times(sums[v], scale), dst)
		}
	})
	finish()
}

// notNumbers sets the lanes of the mask nans, at first 0, in which x is NaN. A set
// lane, being NaN itself, stays.
func notNumbers(nans, x vec) { VCMPPS(unordered, x, nans, nans) }

// maxPool emits MaxPoolRow.
func maxPool(name string, four bool) {
	function(name, "(dst, src *float32, "+poolArgs+")")
	dst, src, w := param("dst"), param("src"), newWindow(four)
	w.overPixels(4, []gp{dst}, []gp{src}, func(block []span) {
		highest, nans := make([]vec, len(block)), zeros(len(block))
		for v := range block {
			highest[v] = load(negInf())
		}
		w.overTaps(block, func(v int, tap span) {
			x := tap.load(src)
			VMAXPS(highest[v], x, highest[v])
			notNumbers(nans[v], x)
		})
		for v, s := range block {
			s.store(or(highest[v], nans[v]), dst)
		}
	})
	finish()
}

// A tapCounter holds the number of a tap in all lanes.
type tapCounter struct{ number vec }

func newTapCounter() tapCounter { return tapCounter{YMM()} }

// reset is called before the taps of a block, next for each vector of each tap.
func (t tapCounter) reset() { VPCMPEQD(t.number, t.number, t.number) } // −1

func (t tapCounter) next(v int) {
	if v == 0 {
		VPADDD(bits(1), t.number, t.number)
	}
}

// bytes returns where the bytes of a span lie, one for each lane.
func (s span) bytes(base gp) Mem {
	if s.at == nil {
		return Mem{Base: base, Disp: s.disp / floatSize}
	}
	return Mem{Base: base, Index: s.at, Scale: 1, Disp: s.disp / floatSize}
}

// storeBytes writes the lanes of v, numbers below 256, as bytes. It ruins v.
func (s span) storeBytes(v vec, base gp) {
	x, high := v.AsX(), XMM()
	VEXTRACTI128(U8(1), v, high)
	VPACKUSDW(high, x, x)
	VPACKUSWB(x, x, x)
	if s.tail == nil {
		VMOVQ(x, s.bytes(base))
		return
	}
	p := GP64()
	LEAQ(s.bytes(base), p)
	r := s.tail
	r.cuts++
	label := fmt.Sprintf("%s_bytes%d", s.label, r.cuts)
	for _, piece := range []int{4, 2} {
		after := fmt.Sprint(label, "_", piece)
		TESTQ(U32(uint32(piece)), r.rest)
		JEQ(LabelRef(after))
		if piece == 4 {
			VMOVD(x, Mem{Base: p})
		} else {
			VPEXTRW(U8(0), x, Mem{Base: p})
		}
		VPSRLDQ(U8(uint8(piece)), x, x)
		ADDQ(U8(uint8(piece)), p)
		Label(after)
	}
	TESTQ(U32(1), r.rest)
	JEQ(LabelRef(label + "_end"))
	VPEXTRB(U8(0), x, Mem{Base: p})
	Label(label + "_end")
}

// maxPoolArgmax emits MaxPoolArgmaxRow.
func maxPoolArgmax(name string, four bool) {
	function(name, "(dst *float32, argmax *byte, src *float32, "+poolArgs+")")
	dst, argmax, src, w := param("dst"), param("argmax"), param("src"), newWindow(four)
	w.bytes = []gp{argmax}
	counter := newTapCounter()
	w.overPixels(2, []gp{dst}, []gp{src}, func(block []span) {
		highest, nans, place := make([]vec, len(block)), zeros(len(block)), zeros(len(block))
		for v := range block {
			highest[v] = load(negInf())
		}
		counter.reset()
		w.overTaps(block, func(v int, tap span) {
			counter.next(v)
			x := tap.load(src)
			higher := andNot(nans[v], compare(x, notAtMost, highest[v])) // nothing is higher than NaN
			VBLENDVPS(higher, counter.number, place[v], place[v])
			VMAXPS(highest[v], x, highest[v])
			notNumbers(nans[v], x)
		})
		for v, s := range block {
			s.storeBytes(place[v], argmax)
			s.store(or(highest[v], nans[v]), dst)
		}
	})
	finish()
}

// maxPoolArgmaxGrad emits the gradient of MaxPoolArgmaxRow, which is added to dx or,
// if set, overwrites it.
func maxPoolArgmaxGrad(name string, four, set bool) {
	function(name, "(dx *float32, argmax *byte, dy *float32, "+poolArgs+")")
	dx, argmax, dy, w := param("dx"), param("argmax"), param("dy"), newWindow(four)
	w.bytes = []gp{argmax}
	counter := newTapCounter()
	w.overPixels(4, []gp{dy}, []gp{dx}, func(block []span) {
		place, gradient := make([]vec, len(block)), make([]vec, len(block))
		for v, s := range block {
			place[v], gradient[v] = YMM(), s.load(dy)
			VPMOVZXBD(s.bytes(argmax), place[v])
		}
		counter.reset()
		w.overTaps(block, func(v int, tap span) {
			counter.next(v)
			g := YMM()
			VPCMPEQD(counter.number, place[v], g)
			VANDPS(gradient[v], g, g)
			if !set {
				g = plus(g, tap.operand(dx))
			}
			tap.store(g, dx)
		})
	})
	finish()
}

// maxPoolGrad emits the gradient of MaxPoolRow, which is added to dx or, if set,
// overwrites it.
func maxPoolGrad(name string, four, set bool) {
	function(name, "(dx, x, y, dy *float32, "+poolArgs+")")
	dx, x, y, dy, w := param("dx"), param("x"), param("y"), param("dy"), newWindow(four)
	w.overPixels(4, []gp{y, dy}, []gp{dx, x}, func(block []span) {
		highest, gradient := make([]vec, len(block)), make([]vec, len(block))
		for v, s := range block {
			highest[v], gradient[v] = s.load(y), s.load(dy)
		}
		w.overTaps(block, func(v int, tap span) {
			value := tap.load(x)
			here := or(compare(highest[v], equal, value), compare(value, unordered, value))
			g := and(here, gradient[v])
			VANDNPS(gradient[v], here, gradient[v]) // the next taps get none
			if !set {
				g = plus(g, tap.operand(dx))
			}
			tap.store(g, dx)
		})
	})
	finish()
}

// sumPoolGrad emits the gradient of SumPoolRow, which is added to dx or, if set,
// overwrites it.
func sumPoolGrad(name string, four, set bool) {
	function(name, "(dx, dy *float32, "+poolArgs+", scale float32)")
	dx, dy, w := param("dx"), param("dy"), newWindow(four)
	scale := broadcast("scale")
	w.overPixels(4, []gp{dy}, []gp{dx}, func(block []span) {
		gradient := make([]vec, len(block))
		for v, s := range block {
			gradient[v] = times(scale, s.operand(dy))
		}
		w.overTaps(block, func(v int, tap span) {
			g := gradient[v]
			switch {
			case !set:
				g = plus(g, tap.operand(dx))
			case tap.tail != nil: // whose store ruins its register
				g = YMM()
				VMOVAPS(gradient[v], g)
			}
			tap.store(g, dx)
		})
	})
	finish()
}
