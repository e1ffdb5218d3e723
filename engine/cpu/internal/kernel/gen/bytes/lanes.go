package main

import (
	"fmt"
	"log"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A vec is a vector register of 32 bytes, a gp a general register. Functions that return
// a vec put their result in a new register.
type (
	vec = reg.VecVirtual
	gp  = reg.GPVirtual
)

// three turns an instruction on (right, left, result) into a function. Of its operands
// the second may be in memory.
func three(op func(...Op)) func(a vec, b Op) vec {
	return func(a vec, b Op) vec {
		d := YMM()
		op(b, a, d)
		return d
	}
}

var (
	plus16        = three(VPADDW)
	minus16       = three(VPSUBW)
	times16       = three(VPMULLW)
	timesHigh     = three(VPMULHW)
	plus32        = three(VPADDD)
	minus32       = three(VPSUBD)
	plus8         = three(VPADDB)
	multiplyPairs = three(VPMADDWD)   // a₀b₀ + a₁b₁ of 16-bit lanes
	multiplyBytes = three(VPMADDUBSW) // the same of bytes, a without sign
	low8          = three(VPUNPCKLBW) // a₀ b₀ a₁ b₁ … of the lower half of each 16 bytes
	high8         = three(VPUNPCKHBW)
	low16         = three(VPUNPCKLWD)
	high16        = three(VPUNPCKHWD)
	low32         = three(VPUNPCKLDQ)
	high32        = three(VPUNPCKHDQ)
	low64         = three(VPUNPCKLQDQ)
	high64        = three(VPUNPCKHQDQ)
	pack32        = three(VPACKSSDW)
	pack16        = three(VPACKSSWB)
	packUnsigned  = three(VPACKUSWB)
)

// shift returns a function for one of the shift instructions.
func shift(op func(...Op)) func(count int, a vec) vec {
	return func(count int, a vec) vec {
		d := YMM()
		op(U8(uint8(count)), a, d)
		return d
	}
}

var (
	right32  = shift(VPSRAD)
	right16  = shift(VPSRAW)
	right16u = shift(VPSRLW)
	left16   = shift(VPSLLW)
)

func load(m Op) vec {
	d := YMM()
	VMOVDQU(m, d)
	return d
}

func zero() vec {
	d := YMM()
	VPXOR(d, d, d)
	return d
}

// constants are the vectors in the read-only data.
var constants = map[string]Mem{}

// words returns a constant of 16-bit lanes: the given ones again and again.
func words(list ...int) Mem {
	name := "words"
	for _, w := range list {
		name += fmt.Sprintf("_%x", uint16(w))
	}
	return constant(name, 2, list)
}

// doubles returns a constant of equal 32-bit lanes.
func doubles(v int) Mem { return constant(fmt.Sprintf("doubles_%x", uint32(v)), 4, []int{v}) }

// doublesList returns a constant of 32-bit lanes.
func doublesList(list ...int) Mem {
	name := "doubles"
	for _, w := range list {
		name += fmt.Sprintf("_%x", uint32(w))
	}
	return constant(name, 4, list)
}

// octets returns a constant of bytes.
func octets(list ...int) Mem {
	name := "octets"
	for _, w := range list {
		name += fmt.Sprintf("_%x", uint8(w))
	}
	return constant(name, 1, list)
}

func constant(name string, size int, list []int) Mem {
	if m, ok := constants[name]; ok {
		return m
	}
	m := GLOBL(name, attr.RODATA|attr.NOPTR)
	for i := 0; i < 32/size; i++ {
		switch v := list[i%len(list)]; size {
		case 1:
			DATA(i, U8(uint8(v)))
		case 2:
			DATA(2*i, U16(uint16(v)))
		default:
			DATA(4*i, U32(uint32(v)))
		}
	}
	constants[name] = m
	return m
}

// function starts an assembly function.
func function(name, signature string) { TEXT(name, attr.NOSPLIT, "func"+signature) }

// param loads an integer or pointer parameter.
func param(name string) gp { return Load(Param(name), GP64()).(gp) }

// params loads several.
func params(names ...string) []gp {
	list := make([]gp, len(names))
	for i, name := range names {
		list[i] = param(name)
	}
	return list
}

// parameter returns where a parameter or result lies.
func parameter(name string) Mem {
	p, err := Param(name).Resolve()
	if err != nil {
		log.Fatal(err)
	}
	return p.Addr
}

// finish ends a function.
func finish() {
	VZEROUPPER()
	RET()
}

// aligned returns the first aligned place in a part of the stack frame, which must have
// 32 bytes more than are needed.
func aligned(frame Mem) Mem {
	p := GP64()
	LEAQ(frame.Offset(31), p)
	ANDQ(I8(-32), p)
	return Mem{Base: p}
}
