package main

import (
	"slices"
	"strings"
	"testing"
)

// lines returns the text of the function at hand, with registers allocated.
func lines() (text []string) {
	allocate(fn.name, fn.code)
	for _, i := range fn.code {
		text = append(text, strings.TrimSpace(i.write()))
	}
	return text
}

// TestAllocate checks that a register is given away as soon as, but not before, its
// value is needed no more.
func TestAllocate(t *testing.T) {
	out.Reset()
	function("f", "(x *float32, n int)")
	x, n := argument("x"), argument("n")
	factor, sum := newVec(), newVec() // factor is needed in every turn
	ins("FMOVQ", mem{base: x}, factor.scalar())
	clear(sum)
	label("turn")
	v := newVec()
	ins("FMOVQ", mem{base: x, disp: 16}, v.scalar())
	product := times(v, factor)
	lanewise(fadd, sum, sum, product)
	ins("SUB", imm(1), n)
	jump("CBNZ", "turn", n)
	last := newVec()
	ins("FMOVQ", mem{base: x}, last.scalar())
	lanewise(fadd, sum, sum, last)
	result := plus(sum, last)
	ins("FMOVQ", result.scalar(), mem{base: x})

	want := []string{
		"MOVD\tx+0(FP), R0",
		"MOVD\tn+8(FP), R1",
		"FMOVQ\t(R0), F0",
		"VEOR\tV1.B16, V1.B16, V1.B16",
		"turn:",
		"FMOVQ\t16(R0), F2",
		"WORD\t$0x6e20dc42 // fmul v2.4s, v2.4s, v0.4s",
		"WORD\t$0x4e22d421 // fadd v1.4s, v1.4s, v2.4s",
		"SUB\t$1, R1",
		"CBNZ\tR1, turn",
		"FMOVQ\t(R0), F0",
		"WORD\t$0x4e20d421 // fadd v1.4s, v1.4s, v0.4s",
		"WORD\t$0x4e20d420 // fadd v0.4s, v1.4s, v0.4s",
		"FMOVQ\tF0, (R0)",
	}
	if got := lines(); !slices.Equal(got, want) {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestParameters checks where parameters lie.
func TestParameters(t *testing.T) {
	out.Reset()
	function("f", "(dst, x *float32, scale float32, low, high, start uint32, n int) float32")
	for name, want := range map[string]string{
		"dst": "dst+0(FP)", "x": "x+8(FP)", "scale": "scale+16(FP)", "low": "low+20(FP)", "high": "high+24(FP)",
		"start": "start+28(FP)", "n": "n+32(FP)", "ret": "ret+40(FP)",
	} {
		if got := address(name).String(); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	if fn.size != 44 {
		t.Errorf("the parameters take %d bytes, want 44", fn.size)
	}
}
