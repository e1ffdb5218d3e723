package matrix

import (
	"math"

	"github.com/strideml/stride/internal/isa"
)

// Round rounds floats to bfloat16, to nearest, ties to even, and stores two of them in the place of
// each float: dst[i] is the pair of src[2i] and src[2i+1], the last one with a zero if there is
// an odd number. Denormals become zeros; a NaN stays one. dst has at least half as many elements,
// rounded up, and may begin where src does.
func Round(dst, src []float32) {
	n := len(src)
	if n == 0 {
		return
	}
	dst = dst[:(n+1)/2]
	if isa.UseBF16 {
		roundAVX512(&dst[0], &src[0], n)
		return
	}
	for i := range dst {
		odd := float32(0)
		if 2*i+1 < n {
			odd = src[2*i+1]
		}
		dst[i] = pairOf(src[2*i], odd)
	}
}

// RoundRows rounds two rows of floats, as [Round] does, to pairs of the elements of a column: dst[i] is
// the pair of even[i] and odd[i]. All have as many elements as even.
func RoundRows(dst, even, odd []float32) {
	n := len(even)
	if n == 0 {
		return
	}
	dst, odd = dst[:n], odd[:n]
	if isa.UseBF16 {
		roundRowsAVX512(&dst[0], &even[0], &odd[0], n)
		return
	}
	for i, x := range even {
		dst[i] = pairOf(x, odd[i])
	}
}

// pairOf returns the pair of two floats, in the bits of a float.
func pairOf(even, odd float32) float32 {
	return math.Float32frombits(uint32(bfloat16(even)) | uint32(bfloat16(odd))<<16)
}

// bfloat16 rounds a float to the upper half of its bits.
func bfloat16(x float32) uint16 {
	const sign, quiet = 1 << 15, 1 << 6
	bits := math.Float32bits(x)
	switch {
	case math.Abs(float64(x)) < smallest:
		return uint16(bits>>16) & sign
	case x != x:
		return uint16(bits>>16) | quiet
	}
	return uint16((bits + 0x7fff + bits>>16&1) >> 16)
}

// The assembly.

//go:noescape
func roundAVX512(dst, src *float32, n int)

//go:noescape
func roundRowsAVX512(dst, even, odd *float32, n int)
