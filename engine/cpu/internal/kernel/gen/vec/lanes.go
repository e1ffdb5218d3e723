package main

import (
	"fmt"
	"log"
	"math"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A vec is a vector register of eight float32 or int32 lanes, a gp a general
// register. Functions that return a vec put their result in a new register.
type (
	vec = reg.VecVirtual
	gp  = reg.GPVirtual
)

// Predicates of VCMPPS: ordered ones are false, unordered ones true for NaN.
var (
	equal       = U8(0x00)
	unordered   = U8(0x03)
	notEqual    = U8(0x0c)
	less        = U8(0x11)
	atMost      = U8(0x12)
	lessOrNaN   = U8(0x19)
	atLeast     = U8(0x1d)
	notAtMost   = U8(0x16) // greater, or NaN
	greaterThan = U8(0x1e)
)

const (
	oneBits  = 0x3f800000
	signBits = 0x80000000
)

// bits returns a constant of eight equal lanes in memory.
func bits(b uint32) Mem {
	if m, ok := constants[b]; ok {
		return m
	}
	m := GLOBL(fmt.Sprintf("lanes_%08x", b), attr.RODATA|attr.NOPTR)
	for lane := range 8 {
		DATA(4*lane, U32(b))
	}
	constants[b] = m
	return m
}

var constants = map[uint32]Mem{}

// num is bits for a float32.
func num(f float32) Mem { return bits(math.Float32bits(f)) }

func negInf() Mem { return bits(0xff800000) }

// emit appends an instruction to the function, or to the list of weave.
func emit(op func(...Op), operands ...Op) {
	if woven == nil {
		op(operands...)
		return
	}
	*woven = append(*woven, func() { op(operands...) })
}

var woven *[]func()

// weave emits the instructions of f for each of its arguments, in turn one for
// each. A long chain of dependent instructions would otherwise fill the processor's
// queues before it reaches the next, independent one.
func weave(f func(x vec) vec, arguments []vec) (results []vec) {
	return weaveEach(len(arguments), func(i int) vec { return f(arguments[i]) })
}

// weaveEach is weave for a function of what has the number i.
func weaveEach(n int, f func(i int) vec) (results []vec) {
	chains := make([][]func(), n)
	for i := range n {
		woven = &chains[i]
		results = append(results, f(i))
	}
	woven = nil
	for step := range chains[0] {
		for _, chain := range chains {
			chain[step]()
		}
	}
	return results
}

func load(m Op) vec {
	d := YMM()
	emit(VMOVUPS, m, d)
	return d
}

func zero() vec {
	d := YMM()
	emit(VXORPS, d, d, d)
	return d
}

// broadcast returns a parameter of four bytes in all lanes.
func broadcast(name string) vec { return broadcastMem(parameter(name)) }

// parameter returns where a parameter lies.
func parameter(name string) Mem {
	p, err := Param(name).Resolve()
	if err != nil {
		log.Fatal(err)
	}
	return p.Addr
}

func broadcastMem(m Mem) vec {
	d := YMM()
	VBROADCASTSS(m, d)
	return d
}

// three turns an instruction on (right, left, result) into a function.
func three(op func(...Op)) func(a vec, b Op) vec {
	return func(a vec, b Op) vec {
		d := YMM()
		emit(op, b, a, d)
		return d
	}
}

// Of two operands the second may be in memory. lesser and greater return b if one
// is NaN or both are zero.
var (
	plus    = three(VADDPS)
	minus   = three(VSUBPS)
	times   = three(VMULPS)
	over    = three(VDIVPS)
	lesser  = three(VMINPS)
	greater = three(VMAXPS)
	and     = three(VANDPS)
	andNot  = three(VANDNPS) // ¬a ∧ b
	or      = three(VORPS)
	xor     = three(VXORPS)

	plusInt  = three(VPADDD)
	minusInt = three(VPSUBD)
	timesInt = three(VPMULLD)
	aboveInt = three(VPCMPGTD) // a > b
)

// compare returns a mask of the lanes in which the predicate holds.
func compare(a vec, predicate U8, b Op) vec {
	d := YMM()
	emit(VCMPPS, predicate, b, a, d)
	return d
}

// choose returns yes in the lanes where the mask's sign bit is set, no elsewhere.
func choose(mask vec, yes Op, no vec) vec {
	d := YMM()
	emit(func(o ...Op) { VBLENDVPS(o[0], o[1], o[2], o[3]) }, mask, yes, no, d)
	return d
}

// indicator turns a mask into ones and zeros.
func indicator(mask vec) vec { return and(mask, bits(oneBits)) }

// shift applies one of the shift instructions by a constant.
func shift(op func(...Op), count uint8, a vec) vec {
	d := YMM()
	emit(op, U8(count), a, d)
	return d
}

// fma returns a·b + c in the register of a.
func fma(a, b vec, c Op) vec {
	emit(VFMADD213PS, c, b, a)
	return a
}

// accumulate adds a·b to sum, reduce subtracts it.
func accumulate(sum, a vec, b Op) { emit(VFMADD231PS, b, a, sum) }
func reduce(sum, a vec, b Op)     { emit(VFNMADD231PS, b, a, sum) }

// horner returns the polynomial with coefficients c, lowest first, at x.
func horner(c []float32, x vec) vec {
	p := load(num(c[len(c)-1]))
	for i := len(c) - 2; i >= 0; i-- {
		p = fma(p, x, num(c[i]))
	}
	return p
}

// fold leaves the sum (or another reduction) of the eight lanes of v in the lowest
// lane of the result: with t_i = v_i + v_{i+4}, (t₀+t₂) + (t₁+t₃).
func fold(op func(...Op), v vec) vec {
	x, y := v.AsX(), XMM()
	VEXTRACTF128(U8(1), v, y)
	op(y, x, x)
	VMOVHLPS(x, x, y)
	op(y, x, x)
	VMOVSHDUP(x, y)
	op(y, x, x)
	return v
}
