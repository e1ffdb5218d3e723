package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/strideml/stride/engine/cpu/internal/kernel/winograd/matrices"
)

const (
	floatSize = 4
	vecSize   = 32 // eight floats
)

// load loads a field of the arguments into a new register.
func load(field string) reg.GPVirtual {
	x := GP64()
	Load(Dereference(Param("args")).Field(field), x)
	return x
}

// steps addresses up to seven places at equal distances from a base with three
// registers.
type steps struct{ one, three, five reg.GPVirtual }

func newSteps(field string, n int) steps {
	s := steps{one: load(field)}
	SHLQ(Imm(2), s.one)
	if n > 3 {
		s.three = GP64()
		LEAQ(Mem{Base: s.one, Index: s.one, Scale: 2}, s.three)
	}
	if n > 5 {
		s.five = GP64()
		LEAQ(Mem{Base: s.one, Index: s.one, Scale: 4}, s.five)
	}
	return s
}

func (s steps) at(base reg.Register, i int) Mem {
	m := Mem{Base: base}
	switch i {
	case 1, 2, 4:
		m = m.Idx(s.one, uint8(i))
	case 3, 6:
		m = m.Idx(s.three, uint8(i/3))
	case 5:
		m = m.Idx(s.five, 1)
	}
	return m
}

// transform emits the kernel of m, which makes a to×to matrix of one of
// from×from. finish adds the bias and applies ReLU.
func transform(prefix string, from, to int, m matrices.Matrix, finish bool) {
	TEXT(fmt.Sprintf("%s%dto%dSIMD", prefix, from, to), 0, "func(args *TransformArgs)")
	frame := aligned(AllocLocal((from*to + 1) * vecSize))
	src, dst := load("Src"), load("Dst")
	srcRow, srcCol := newSteps("SrcRow", from), load("SrcCol")
	dstRow, dstCol := load("DstRow"), newSteps("DstCol", to)
	SHLQ(Imm(2), srcCol)
	SHLQ(Imm(2), dstRow)
	left := AllocLocal(8)
	MOVQ(load("N"), left)
	bias := AllocLocal(8)
	if finish {
		MOVQ(load("Bias"), bias)
	}

	Label("channels")
	column := GP64()
	MOVQ(src, column)
	for j := range from {
		x := make([]reg.VecVirtual, from)
		for i := range x {
			x[i] = YMM()
			VMOVUPS(srcRow.at(column, i), x[i])
		}
		apply(m, x, func(i int, y reg.VecVirtual) { VMOVUPS(y, frame.Offset((i*from+j)*vecSize)) })
		if j < from-1 {
			ADDQ(srcCol, column)
		}
	}
	var shift, floor reg.VecVirtual
	if finish {
		shift, floor = epilogue(bias)
	}
	row := GP64()
	MOVQ(dst, row)
	for i := range to {
		x := make([]reg.VecVirtual, from)
		for j := range x {
			x[j] = YMM()
			VMOVUPS(frame.Offset((i*from+j)*vecSize), x[j])
		}
		apply(m, x, func(j int, y reg.VecVirtual) {
			if finish {
				VADDPS(shift, y, y)
				VMAXPS(y, floor, y) // a NaN stays
			}
			VMOVUPS(y, dstCol.at(row, j))
		})
		if i < to-1 {
			ADDQ(dstRow, row)
		}
	}
	ADDQ(Imm(vecSize), src)
	ADDQ(Imm(vecSize), dst)
	SUBQ(Imm(vecSize/floatSize), left)
	JG(LabelRef("channels"))
	VZEROUPPER()
	RET()
}

// aligned returns the first aligned place in a part of the stack frame: vectors that
// lie in two cache lines take twice as long.
func aligned(frame Mem) Mem {
	p := GP64()
	LEAQ(frame.Offset(vecSize-1), p)
	ANDQ(I8(-vecSize), p)
	return Mem{Base: p}
}

// epilogue loads what is added to the results, and their least value: zero if
// ReLU is asked for.
func epilogue(bias Mem) (shift, floor reg.VecVirtual) {
	shift, floor = YMM(), YMM()
	at, relu := GP64(), GP8()
	VXORPS(shift, shift, shift)
	VXORPS(floor, floor, floor)
	MOVQ(bias, at)
	TESTQ(at, at)
	JEQ(LabelRef("noBias"))
	VMOVUPS(Mem{Base: at}, shift)
	ADDQ(Imm(vecSize), bias)
	Label("noBias")
	Load(Dereference(Param("args")).Field("ReLU"), relu)
	TESTB(relu, relu)
	JNE(LabelRef("relu"))
	VMOVUPS(constant(math.Inf(-1)), floor)
	Label("relu")
	return shift, floor
}
