package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/strideml/stride/engine/cpu/internal/kernel/gen/linear"
	"github.com/strideml/stride/engine/cpu/internal/kernel/winograd/matrices"
)

// apply emits M·x and calls store with each element of the result.
func apply(m matrices.Matrix, x []reg.VecVirtual, store func(i int, y reg.VecVirtual)) {
	linear.Multiply(arithmetic{}, m, x, store)
}

// arithmetic is the linear.Machine of this program.
type arithmetic struct{}

func (arithmetic) Copy(x reg.VecVirtual) reg.VecVirtual {
	y := YMM()
	VMOVAPS(x, y)
	return y
}

func (arithmetic) Add(a, b reg.VecVirtual) reg.VecVirtual {
	y := YMM()
	VADDPS(b, a, y)
	return y
}

func (arithmetic) Sub(a, b reg.VecVirtual) reg.VecVirtual {
	y := YMM()
	VSUBPS(b, a, y)
	return y
}

func (arithmetic) Scale(x reg.VecVirtual, c float64) reg.VecVirtual {
	y := YMM()
	VMULPS(constant(c), x, y)
	return y
}

func (arithmetic) AddTo(y, x reg.VecVirtual)                { VADDPS(x, y, y) }
func (arithmetic) SubFrom(y, x reg.VecVirtual)              { VSUBPS(x, y, y) }
func (arithmetic) AddScaled(y, x reg.VecVirtual, c float64) { VFMADD231PS(constant(c), x, y) }

// constants are the vectors of coefficients in the read-only data.
var constants = map[float64]Mem{}

// constant returns a vector filled with c.
func constant(c float64) Mem {
	if m, ok := constants[c]; ok {
		return m
	}
	const rodataNoptr = 8 | 16
	m := GLOBL(fmt.Sprintf("constant%d", len(constants)), rodataNoptr)
	for i := 0; i < vecSize; i += 4 {
		DATA(i, U32(math.Float32bits(float32(c))))
	}
	constants[c] = m
	return m
}
