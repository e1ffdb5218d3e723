package kernel

import "github.com/strideml/stride/internal/isa"

// More numbers with 13 fractional bits, for reduced transforms.
const (
	fix0211 = 1730
	fix0509 = 4176
	fix0601 = 4926
	fix0720 = 5906
	fix0850 = 6967
	fix1061 = 8697
	fix1272 = 10426
	fix1451 = 11893
	fix2172 = 17799
	fix3624 = 29692
)

// inverse4 is InverseDCT for size 4.
func inverse4(dst []uint8, stride int, coefficients []int16, last []uint8, quant *[64]uint16) {
	i := 0
	if isa.UseSIMD && len(last) >= 2 {
		i = inPairs(len(last), func(from, pairs int) int {
			return inverse4SIMD(&dst[4*from], stride, &coefficients[64*from], &last[from], &quant[0], pairs)
		}, func(at int) {
			block4(dst[4*at:], stride, (*[64]int16)(coefficients[64*at:]), int(last[at]), quant)
		})
	}
	for ; i < len(last); i++ {
		block4(dst[4*i:], stride, (*[64]int16)(coefficients[64*i:]), int(last[i]), quant)
	}
}

// block4 makes 4×4 samples of a block, without its row and column 4.
func block4(dst []uint8, stride int, block *[64]int16, last int, quant *[64]uint16) {
	if last == 0 {
		level := block8Constant(block[0], quant[0])
		for y := range 4 {
			row := (*[4]uint8)(dst[y*stride:])
			row[0], row[1], row[2], row[3] = level, level, level, level
		}
		return
	}
	var work [32]int32
	rows := int(lastRow[min(last, 63)])
	firstOnly := !anyBelowFirst(block[:], min(rows, 3)) && (rows < 5 || !anyBelowFirst(block[32:], rows-4))
	for x := range int(lastColumn[min(last, 63)]) + 1 {
		switch {
		case x == 4:
		case firstOnly:
			v := int32(int16(dequantise(block[x], quant[x]) << passBits))
			work[x], work[8+x], work[16+x], work[24+x] = v, v, v, v
		default:
			column4(&work, block, quant, x)
		}
	}
	const shift, half = fixBits + passBits + 3 + 1, 1 << (fixBits + passBits + 3)
	for y := range 4 {
		row, in := (*[4]uint8)(dst[y*stride:]), (*[8]int32)(work[8*y:])
		e0, e1, o0, o1 := halves4(in[0], in[1], in[2], in[3], in[5], in[6], in[7])
		e0, e1 = e0+half, e1+half
		row[0], row[3] = sample((e0+o0)>>shift), sample((e0-o0)>>shift)
		row[1], row[2] = sample((e1+o1)>>shift), sample((e1-o1)>>shift)
	}
}

func column4(work *[32]int32, block *[64]int16, quant *[64]uint16, x int) {
	at := func(y int) int32 { return dequantise(block[8*y+x], quant[8*y+x]) }
	const shift, half = fixBits - passBits + 1, 1 << (fixBits - passBits)
	e0, e1, o0, o1 := halves4(at(0), at(1), at(2), at(3), at(5), at(6), at(7))
	e0, e1 = e0+half, e1+half
	work[x], work[24+x] = saturate((e0+o0)>>shift), saturate((e0-o0)>>shift)
	work[8+x], work[16+x] = saturate((e1+o1)>>shift), saturate((e1-o1)>>shift)
}

// halves4 returns the two halves of the transform, of even and odd frequencies.
func halves4(in0, in1, in2, in3, in5, in6, in7 int32) (e0, e1, o0, o1 int32) {
	in0 <<= fixBits + 1
	even := in2*fix1847 - in6*fix0765
	o0 = in1*fix2562 + in3*fix0899 - in5*fix0601 - in7*fix0509
	o1 = in1*fix1061 - in3*fix2172 + in5*fix1451 - in7*fix0211
	return in0 + even, in0 - even, o0, o1
}

// inverse2 is InverseDCT for size 2.
func inverse2(dst []uint8, stride int, coefficients []int16, last []uint8, quant *[64]uint16) {
	i := 0
	if isa.UseSIMD && len(last) >= 2 {
		i = inPairs(len(last), func(from, pairs int) int {
			return inverse2SIMD(&dst[2*from], stride, &coefficients[64*from], &last[from], &quant[0], pairs)
		}, nil) // it stops before no pair
	}
	for ; i < len(last); i++ {
		block2(dst[2*i:], stride, (*[64]int16)(coefficients[64*i:]), int(last[i]), quant)
	}
}

// block2 makes 2×2 samples of a block, of its rows and columns 0, 1, 3, 5 and 7. Sums wrap
// around in 32 bits.
func block2(dst []uint8, stride int, block *[64]int16, last int, quant *[64]uint16) {
	const (
		columnShift, columnHalf = fixBits - passBits + 2, 1 << (fixBits - passBits + 1)
		rowShift, rowHalf       = fixBits + passBits + 3 + 2, 1 << (fixBits + passBits + 3 + 1)
	)
	if last == 0 {
		level := sample((dequantise(block[0], quant[0])<<(fixBits+2+passBits) + rowHalf) >> rowShift)
		dst[0], dst[1], dst[stride], dst[stride+1] = level, level, level, level
		return
	}
	var upper, lower [8]int32
	for _, x := range [...]int{0, 1, 3, 5, 7} {
		at := func(y int) int32 { return dequantise(block[8*y+x], quant[8*y+x]) }
		even, odd := at(0)<<(fixBits+2)+columnHalf, odd2(at(1), at(3), at(5), at(7))
		upper[x], lower[x] = (even+odd)>>columnShift, (even-odd)>>columnShift
	}
	for y, in := range []*[8]int32{&upper, &lower} {
		even, odd := in[0]<<(fixBits+2)+rowHalf, odd2(saturate(in[1]), saturate(in[3]), saturate(in[5]), saturate(in[7]))
		row := (*[2]uint8)(dst[y*stride:])
		row[0], row[1] = sample((even+odd)>>rowShift), sample((even-odd)>>rowShift)
	}
}

func odd2(in1, in3, in5, in7 int32) int32 {
	return in1*fix3624 - in3*fix1272 + in5*fix0850 - in7*fix0720
}

// block1 makes one sample of a block. libjpeg has no vector code for it: the product is
// whole, and what is left of it after rounding wraps around in ten bits.
func block1(coefficient int16, quantiser uint16) uint8 {
	v := (int32(coefficient)*int32(int16(quantiser)) + 4) >> 3
	return sample(v << 22 >> 22)
}

//go:noescape
func inverse4SIMD(dst *uint8, stride int, coefficients *int16, last *uint8, quant *uint16, pairs int) int

//go:noescape
func inverse2SIMD(dst *uint8, stride int, coefficients *int16, last *uint8, quant *uint16, pairs int) int
