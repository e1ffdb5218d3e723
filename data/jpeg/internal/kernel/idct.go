package kernel

import (
	"encoding/binary"

	"github.com/strideml/stride/internal/isa"
)

// InverseDCT computes the samples of a row of blocks, which are len(last) times 64
// coefficients in natural order: row by row, vertical frequency 0 first.
// last[i] is the place in zigzag order of the last coefficient of block i that is not zero,
// or any later place: 0 says that there is none but the first, and the smaller it is
// the less there is to compute. quant has the quantisers in natural order.
//
// size is how many samples a block becomes in each direction: 8, or 4, 2 or 1 for a reduced
// picture. dst gets size rows of size·len(last) samples, each stride bytes after the one
// before.
func InverseDCT(dst []uint8, stride int, coefficients []int16, last []uint8, quant *[64]uint16, size int) {
	if len(last) == 0 {
		return
	}
	coefficients = coefficients[:64*len(last)]
	dst = dst[:(size-1)*stride+size*len(last)]
	switch size {
	case 8:
		inverse8(dst, stride, coefficients, last, quant)
	case 4:
		inverse4(dst, stride, coefficients, last, quant)
	case 2:
		inverse2(dst, stride, coefficients, last, quant)
	case 1:
		for i := range last {
			dst[i] = block1(coefficients[64*i], quant[0])
		}
	default:
		panic("inverse DCT: size must be 8, 4, 2 or 1")
	}
}

// Numbers with 13 fractional bits.
const (
	fix0298 = 2446
	fix0390 = 3196
	fix0541 = 4433
	fix0765 = 6270
	fix0899 = 7373
	fix1175 = 9633
	fix1501 = 12299
	fix1847 = 15137
	fix1961 = 16069
	fix2053 = 16819
	fix2562 = 20995
	fix3072 = 25172
)

// Fractional bits: of the numbers above, and of what goes from columns to rows.
const (
	fixBits  = 13
	passBits = 2
)

// dequantise multiplies in 16 bits.
func dequantise(coefficient int16, quantiser uint16) int32 {
	return int32(coefficient * int16(quantiser))
}

// saturate limits x to 16 bits.
func saturate(x int32) int32 { return max(min(x, 1<<15-1), -1<<15) }

// sample limits x to −128 … 127 and returns it as a level, 0 … 255.
func sample(x int32) uint8 {
	if uint32(x+128) > 255 {
		x = max(min(x, 127), -128)
	}
	return uint8(x + 128)
}

// lastRow and lastColumn are the greatest row and column of natural order among the first
// coefficients of zigzag order, up to and with each.
var lastRow, lastColumn = corners()

func corners() (rows, columns [64]uint8) {
	row, column, up := 0, 0, true
	for i := range 64 {
		rows[i], columns[i] = uint8(row), uint8(column)
		if i > 0 {
			rows[i], columns[i] = max(rows[i], rows[i-1]), max(columns[i], columns[i-1])
		}
		switch {
		case up && column == 7:
			row, up = row+1, false
		case up && row == 0:
			column, up = column+1, false
		case up:
			row, column = row-1, column+1
		case row == 7:
			column, up = column+1, true
		case column == 0:
			row, up = row+1, true
		default:
			row, column = row+1, column-1
		}
	}
	return rows, columns
}

// inverse8 is InverseDCT for size 8.
func inverse8(dst []uint8, stride int, coefficients []int16, last []uint8, quant *[64]uint16) {
	i := 0
	if isa.UseSIMD && len(last) >= 2 {
		i = inPairs(len(last), func(from, pairs int) int {
			return inverse8SIMD(&dst[8*from], stride, &coefficients[64*from], &last[from], &quant[0], pairs)
		}, func(at int) {
			block8(dst[8*at:], stride, (*[64]int16)(coefficients[64*at:]), int(last[at]), quant)
		})
	}
	for ; i < len(last); i++ {
		block8(dst[8*i:], stride, (*[64]int16)(coefficients[64*i:]), int(last[i]), quant)
	}
}

// inPairs covers n blocks, at least two, with calls of an assembly function that transforms
// pairs of blocks. Where that stops before a pair, one transforms its blocks. The last pair
// of an odd number of blocks repeats a block.
func inPairs(n int, assembly func(from, pairs int) (done int), one func(i int)) int {
	for i := 0; i < n; {
		from, pairs := i, (n-i)/2
		if pairs == 0 {
			from, pairs = n-2, 1
		}
		done := assembly(from, pairs)
		if done < pairs {
			one(from + 2*done)
			one(from + 2*done + 1)
			done++
		}
		i = from + 2*done
	}
	return n
}

// block8 transforms a block.
func block8(dst []uint8, stride int, block *[64]int16, last int, quant *[64]uint16) {
	if last == 0 {
		fill8(dst, stride, block8Constant(block[0], quant[0]))
		return
	}
	var work [64]int32 // columns are transformed
	rows := lastRow[min(last, 63)]
	if !anyBelowFirst(block[:], int(rows)) {
		for x := range 8 {
			v := int32(int16(dequantise(block[x], quant[x]) << passBits))
			for y := range 8 {
				work[8*y+x] = v
			}
		}
	} else {
		for x := range int(lastColumn[min(last, 63)]) + 1 {
			column8(&work, block, quant, x)
		}
	}
	for y := range 8 {
		row8((*[8]uint8)(dst[y*stride:]), (*[8]int32)(work[8*y:]))
	}
}

// block8Constant is the level of a block that has no coefficient but the first.
func block8Constant(coefficient int16, quantiser uint16) uint8 {
	v := int32(int16(dequantise(coefficient, quantiser) << passBits))
	return sample((v + 1<<(passBits+2)) >> (passBits + 3))
}

// anyBelowFirst says whether a coefficient in rows 1 to last is not zero.
func anyBelowFirst(block []int16, last int) bool {
	for _, c := range block[8 : 8*(last+1)] {
		if c != 0 {
			return true
		}
	}
	return false
}

// fill8 gives all samples of a block one level.
func fill8(dst []uint8, stride int, level uint8) {
	for y := range 8 {
		binary.LittleEndian.PutUint64(dst[y*stride:], 0x0101010101010101*uint64(level))
	}
}

// column8 transforms column x.
func column8(work *[64]int32, block *[64]int16, quant *[64]uint16, x int) {
	in0 := dequantise(block[x], quant[x])
	if block[8+x]|block[16+x]|block[24+x]|block[32+x]|block[40+x]|block[48+x]|block[56+x] == 0 {
		in0 = saturate(in0 << passBits)
		for y := range 8 {
			work[8*y+x] = in0
		}
		return
	}
	const shift, half = fixBits - passBits, 1 << (fixBits - passBits - 1)
	in1, in2, in3 := dequantise(block[8+x], quant[8+x]), dequantise(block[16+x], quant[16+x]), dequantise(block[24+x], quant[24+x])
	var e0, e1, e2, e3, o0, o1, o2, o3 int32
	if block[32+x]|block[40+x]|block[48+x]|block[56+x] == 0 {
		e0, e1, e2, e3 = shortEven8(in0, in2)
		o0, o1, o2, o3 = shortOdd8(in1, in3)
	} else {
		e0, e1, e2, e3 = even8(in0, in2, dequantise(block[32+x], quant[32+x]), dequantise(block[48+x], quant[48+x]))
		o0, o1, o2, o3 = odd8(in1, in3, dequantise(block[40+x], quant[40+x]), dequantise(block[56+x], quant[56+x]))
	}
	e0, e1, e2, e3 = e0+half, e1+half, e2+half, e3+half
	work[x] = saturate((e0 + o0) >> shift)
	work[56+x] = saturate((e0 - o0) >> shift)
	work[8+x] = saturate((e1 + o1) >> shift)
	work[48+x] = saturate((e1 - o1) >> shift)
	work[16+x] = saturate((e2 + o2) >> shift)
	work[40+x] = saturate((e2 - o2) >> shift)
	work[24+x] = saturate((e3 + o3) >> shift)
	work[32+x] = saturate((e3 - o3) >> shift)
}

// row8 transforms a row to samples.
func row8(dst *[8]uint8, in *[8]int32) {
	const shift, half = fixBits + passBits + 3, 1 << (fixBits + passBits + 2)
	var e0, e1, e2, e3, o0, o1, o2, o3 int32
	if in[4]|in[5]|in[6]|in[7] == 0 {
		e0, e1, e2, e3 = shortEven8(in[0], in[2])
		o0, o1, o2, o3 = shortOdd8(in[1], in[3])
	} else {
		e0, e1, e2, e3 = even8(in[0], in[2], in[4], in[6])
		o0, o1, o2, o3 = odd8(in[1], in[3], in[5], in[7])
	}
	e0, e1, e2, e3 = e0+half, e1+half, e2+half, e3+half
	dst[0] = sample((e0 + o0) >> shift)
	dst[7] = sample((e0 - o0) >> shift)
	dst[1] = sample((e1 + o1) >> shift)
	dst[6] = sample((e1 - o1) >> shift)
	dst[2] = sample((e2 + o2) >> shift)
	dst[5] = sample((e2 - o2) >> shift)
	dst[3] = sample((e3 + o3) >> shift)
	dst[4] = sample((e3 - o3) >> shift)
}

// even8 is the half of the transform that has the even frequencies. The arguments have 16
// bits, and so have their sum and difference.
func even8(in0, in2, in4, in6 int32) (e0, e1, e2, e3 int32) {
	sum, difference := int32(int16(in0+in4))<<fixBits, int32(int16(in0-in4))<<fixBits
	z := (in2 + in6) * fix0541
	a, b := z+in2*fix0765, z-in6*fix1847
	return sum + a, difference + b, difference - b, sum - a
}

// shortEven8 is even8 where frequencies 4 and 6 are zero.
func shortEven8(in0, in2 int32) (e0, e1, e2, e3 int32) {
	sum, a, b := in0<<fixBits, in2*(fix0541+fix0765), in2*fix0541
	return sum + a, sum + b, sum - b, sum - a
}

// shortOdd8 is odd8 where frequencies 5 and 7 are zero, with its multipliers added up.
func shortOdd8(in1, in3 int32) (o0, o1, o2, o3 int32) {
	return in1*(fix1501-fix0899+fix1175-fix0390) + in3*fix1175,
		in1*fix1175 + in3*(fix3072-fix2562+fix1175-fix1961),
		in1*(fix1175-fix0390) + in3*(fix1175-fix2562),
		in1*(fix1175-fix0899) + in3*(fix1175-fix1961)
}

// odd8 is the half with the odd frequencies.
func odd8(in1, in3, in5, in7 int32) (o0, o1, o2, o3 int32) {
	z3, z4 := int32(int16(in7+in3)), int32(int16(in5+in1))
	z5 := (z3 + z4) * fix1175
	z3, z4 = z5-z3*fix1961, z5-z4*fix0390
	z1, z2 := (in7+in1)*-fix0899, (in5+in3)*-fix2562
	return in1*fix1501 + z1 + z4, in3*fix3072 + z2 + z3, in5*fix2053 + z2 + z4, in7*fix0298 + z1 + z3
}

//go:noescape
func inverse8SIMD(dst *uint8, stride int, coefficients *int16, last *uint8, quant *uint16, pairs int) int
