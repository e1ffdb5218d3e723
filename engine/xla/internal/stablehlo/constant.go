package stablehlo

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"strconv"
	"strings"
)

// constant adds a constant, or returns the one that the body already has.
func (b *Builder) constant(t Type, dense string) Value {
	key := dense + t.String()
	if v, ok := b.constants[key]; ok {
		return v
	}
	v := b.op(t, "constant dense<%s> : %s", dense, t)
	b.constants[key] = v
	return v
}

// Fill returns a constant of which all elements are v. Integers and truth values
// must be whole.
func (b *Builder) Fill(t Type, v float64) Value { return b.constant(t, number(t.Element, v)) }

// FillU64 is Fill for integers that float64 cannot hold.
func (b *Builder) FillU64(t Type, v uint64) Value {
	if t.Element != U64 {
		fail("constant", "%s is not ui64", t)
	}
	return b.constant(t, strconv.FormatUint(v, 10))
}

// Floats returns a constant of f32 with the given elements in row-major order.
func (b *Builder) Floats(shape []int, data []float32) Value {
	t := Of(F32, shape...)
	if t.Size() != len(data) {
		fail("constant", "%s has %d elements, got %d", t, t.Size(), len(data))
	}
	for i := range data {
		if math.Float32bits(data[i]) != math.Float32bits(data[0]) {
			return b.constant(t, denseFloats(t.Shape, data))
		}
	}
	return b.Fill(t, float64(data[0]))
}

// Ints returns a constant of integers with the given elements in row-major order.
func (b *Builder) Ints(t Type, data []int) Value {
	if t.Size() != len(data) || t.Element.Float() {
		fail("constant", "%s cannot hold %d integers", t, len(data))
	}
	return b.constant(t, nested(t.Shape, func(i int) string { return strconv.Itoa(data[i]) }))
}

// readable is how many numbers a constant may have that is written in decimals.
const readable = 16

// denseFloats writes small constants in decimals and others in hexadecimals.
func denseFloats(shape []int, data []float32) string {
	if len(data) <= readable {
		return nested(shape, func(i int) string { return number(F32, float64(data[i])) })
	}
	raw := make([]byte, 4*len(data))
	for i, v := range data {
		binary.LittleEndian.PutUint32(raw[4*i:], math.Float32bits(v))
	}
	return `"0x` + strings.ToUpper(hex.EncodeToString(raw)) + `"`
}

// nested writes elements in brackets, a pair for each row of each axis.
func nested(shape []int, element func(i int) string) string {
	if len(shape) == 0 {
		return element(0)
	}
	var b strings.Builder
	i := 0
	var write func(shape []int)
	write = func(shape []int) {
		if len(shape) == 0 {
			b.WriteString(element(i))
			i++
			return
		}
		b.WriteByte('[')
		for k := range shape[0] {
			if k > 0 {
				b.WriteString(", ")
			}
			write(shape[1:])
		}
		b.WriteByte(']')
	}
	write(shape)
	return b.String()
}

// number writes a number so that it is read back exactly.
func number(e Element, v float64) string {
	switch {
	case e == Bool:
		return strconv.FormatBool(v != 0)
	case !e.Float():
		return strconv.FormatInt(int64(v), 10)
	}
	if !math.IsNaN(v) && !math.IsInf(v, 0) {
		s := strconv.FormatFloat(v, 'e', -1, 32)
		if back, _ := strconv.ParseFloat(s, 64); e == F64 || float32(back) != float32(v) {
			s = strconv.FormatFloat(v, 'e', -1, 64)
		}
		if mantissa, exponent, _ := strings.Cut(s, "e"); !strings.Contains(mantissa, ".") {
			s = mantissa + ".0e" + exponent // MLIR wants a point
		}
		return s
	}
	// MLIR reads NaN and infinities from their bits only.
	bits := math.Float32bits(float32(v))
	switch e {
	case BF16:
		return "0x" + strings.ToUpper(strconv.FormatUint(uint64(bits>>16), 16))
	case F64:
		return "0x" + strings.ToUpper(strconv.FormatUint(math.Float64bits(v), 16))
	}
	return "0x" + strings.ToUpper(strconv.FormatUint(uint64(bits), 16))
}
