package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/strideml/stride/engine/cpu/internal/winograd"
)

// A term is a coefficient and the register that it multiplies.
type term struct {
	c float64
	x reg.VecVirtual
}

// apply emits M·x and calls store with each element of the result.
func apply(m winograd.Matrix, x []reg.VecVirtual, store func(i int, y reg.VecVirtual)) {
	m, x = combineColumns(m, x)
	done := make([]bool, len(m))
	for i := range m {
		if done[i] {
			continue
		}
		if j := rowPartner(m, i); j >= 0 {
			var even, odd []term
			for k := range m[i] {
				switch {
				case m[i][k] == 0:
				case m[i][k] == m[j][k]:
					even = append(even, term{m[i][k], x[k]})
				default:
					odd = append(odd, term{m[i][k], x[k]})
				}
			}
			e, o, y := sum(even), sum(odd), YMM()
			VADDPS(o, e, y)
			store(i, y)
			y = YMM()
			VSUBPS(o, e, y) // e − o
			store(j, y)
			done[j] = true
			continue
		}
		var terms []term
		for k := range m[i] {
			if m[i][k] != 0 {
				terms = append(terms, term{m[i][k], x[k]})
			}
		}
		store(i, sum(terms))
	}
}

// combineColumns replaces pairs of columns that are equal in some rows and
// opposite in the others by their sum and difference.
func combineColumns(m winograd.Matrix, x []reg.VecVirtual) (winograd.Matrix, []reg.VecVirtual) {
	t := m.Transposed()
	var columns winograd.Matrix
	var regs []reg.VecVirtual
	used := make([]bool, len(t))
	for i := range t {
		if used[i] {
			continue
		}
		j := rowPartner(t, i)
		if j < 0 || used[j] {
			columns, regs = append(columns, t[i]), append(regs, x[i])
			continue
		}
		used[j] = true
		even, odd := make([]float64, len(m)), make([]float64, len(m))
		for k := range m {
			if t[i][k] == t[j][k] {
				even[k] = t[i][k]
			} else {
				odd[k] = t[i][k]
			}
		}
		s, d := YMM(), YMM()
		VADDPS(x[j], x[i], s)
		VSUBPS(x[j], x[i], d) // x[i] − x[j]
		columns, regs = append(columns, even, odd), append(regs, s, d)
	}
	return columns.Transposed(), regs
}

// rowPartner returns a later row that equals row i in some places and is its
// opposite in the others, with both kinds of places, or −1.
func rowPartner(m winograd.Matrix, i int) int {
	for j := i + 1; j < len(m); j++ {
		equal, opposite, ok := 0, 0, true
		for k := range m[i] {
			switch {
			case m[i][k] == 0 && m[j][k] == 0:
			case m[i][k] == m[j][k]:
				equal++
			case m[i][k] == -m[j][k]:
				opposite++
			default:
				ok = false
			}
		}
		if ok && equal > 0 && opposite > 0 {
			return j
		}
	}
	return -1
}

// sum emits Σ c·x in a register of its own.
func sum(terms []term) reg.VecVirtual {
	first := 0
	for i, t := range terms {
		if t.c == 1 {
			first = i
			break
		}
	}
	rest := append(append([]term{}, terms[:first]...), terms[first+1:]...)
	y := YMM()
	switch t := terms[first]; {
	case t.c == 1 && len(rest) == 0:
		VMOVAPS(t.x, y)
	case t.c == 1 && rest[0].c == 1:
		VADDPS(rest[0].x, t.x, y)
		rest = rest[1:]
	case t.c == 1 && rest[0].c == -1:
		VSUBPS(rest[0].x, t.x, y)
		rest = rest[1:]
	case t.c == 1:
		VMOVAPS(t.x, y)
	default:
		VMULPS(constant(t.c), t.x, y)
	}
	for _, t := range rest {
		switch t.c {
		case 1:
			VADDPS(t.x, y, y)
		case -1:
			VSUBPS(t.x, y, y)
		default:
			VFMADD231PS(constant(t.c), t.x, y)
		}
	}
	return y
}

// constants are the vectors of coefficients in the read-only data.
var constants = map[float64]Mem{}

// constant returns a vector filled with c.
func constant(c float64) Mem {
	if m, ok := constants[c]; ok {
		return m
	}
	const rodataNoptr = 8 | 16
	m := GLOBL(fmt.Sprintf("winogradConstant%d", len(constants)), rodataNoptr)
	for i := 0; i < vecSize; i += 4 {
		DATA(i, U32(math.Float32bits(float32(c))))
	}
	constants[c] = m
	return m
}
