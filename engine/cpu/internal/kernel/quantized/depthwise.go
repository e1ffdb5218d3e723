package quantized

import (
	"unsafe"

	"github.com/strideml/stride/internal/isa"
)

// DepthwiseArgs describes one call of [Depthwise]. For the windows 0 ≤ p < N of a row of the output and each
// channel 0 ≤ c < C it computes
//
//	sum = Bias[c] + Σ_y Σ_{x<Width} Src[(p·Stride+x)·SrcStep + RowOff[y] + c] · w(y, x, c)
//
// over the rows y of the kernel, exactly, and stores what [Output] makes of it at Dst[p·DstStep+c]. All columns and rows
// must exist: a source with padding has its zero point there. Offsets and steps count bytes. Dst must not overlap Src.
//
// Weights, bias and scales are in the order of [PackDepthwise] and [DepthwiseOrder].
//
// The assembly relies on the order and the types of the fields.
type DepthwiseArgs struct {
	Src     *uint8  // the first window, channel 0
	RowOff  *int32  // 4·Quads offsets of rows from Src; those after the last row of the kernel may be any readable ones, such as 0
	Quads   int     // groups of four rows of the kernel, Quads(kernel rows)
	W       *int8   // from [PackDepthwise]
	Bias    *int32  // from [FoldDepthwiseBias]
	Output  *Output // Scale in the order of [DepthwiseOrder]
	Dst     *uint8
	N       int // windows, at least 1
	DstStep int // from pixel to pixel of the output
	SrcStep int // from column to column of the source
	C       int // channels, at least 1
	Width   int // columns of the kernel
	Stride  int // columns from window to window

	// Of the assembly, which computes some channels.
	window int      // bytes from window to window of the source
	lanes  int      // bytes from one of the four parts of a block to the next
	valid  int      // channels that exist, at most those of the block
	scale  *float32 // of the block
}

// Channels are computed in blocks of 64, then of 32 and of 16 for the rest. The last one may have fewer.
const (
	depthwiseBlock = 64
	smallestBlock  = 16
)

// eachBlock calls do for the blocks of c channels: the first channel, the size of the block, and the channels in it that exist.
func eachBlock(c int, do func(at, size, valid int)) {
	for at := 0; at < c; {
		size := depthwiseBlock
		switch rest := c - at; {
		case rest <= smallestBlock:
			size = smallestBlock
		case rest < depthwiseBlock:
			size = depthwiseBlock / 2
		}
		do(at, size, min(size, c-at))
		at += size
	}
}

// DepthwiseColumns returns c rounded up to whole blocks: the length of Bias and Scale.
func DepthwiseColumns(c int) int { return (c + smallestBlock - 1) / smallestBlock * smallestBlock }

// PackedDepthwiseSize returns the size of packed weights of c channels in bytes.
func PackedDepthwiseSize(c, rows, width int) int {
	return DepthwiseColumns(c) * (sumsSize + Quads(rows)*quad*width)
}

// lane returns where channel c of a block of the given size is.
func lane(c, size int) int { return c%smallestBlock/quad*(size/quad) + c/smallestBlock*quad + c%quad }

// PackDepthwise packs weights w[rows][width][c] for [Depthwise]. With B the channels of a block, it starts with
//
//	B int32    the sum of the weights of each channel
//	int8       [Quads(rows)][width][B][4]: four rows of each channel side by side
//
// with zeros in place of rows and channels that do not exist. Both have the channels in the order of [DepthwiseOrder].
// dst must start at a multiple of 4 bytes, better of 64.
func PackDepthwise(dst, w []int8, c, rows, width int) {
	clear(dst[:PackedDepthwiseSize(c, rows, width)])
	eachBlock(c, func(at, size, valid int) {
		block := dst[at*(sumsSize+Quads(rows)*quad*width):]
		sums := Sums(block, size)
		block = block[sumsSize*size:]
		for j := range valid {
			l := lane(j, size)
			for y := range rows {
				for x := range width {
					v := w[(y*width+x)*c+at+j]
					block[((y/quad*width+x)*size+l)*quad+y%quad] = v
					sums[l] += int32(v)
				}
			}
		}
	})
}

// DepthwiseOrder puts numbers of channels into the order in which [Depthwise] has them, and zeros up to len(dst) =
// DepthwiseColumns(len(src)).
func DepthwiseOrder[T int32 | float32](dst, src []T) {
	clear(dst[:DepthwiseColumns(len(src))])
	eachBlock(len(src), func(at, size, valid int) {
		for j := range valid {
			dst[at+lane(j, size)] = src[at+j]
		}
	})
}

// FoldDepthwiseBias computes the Bias of [DepthwiseArgs] for c channels, that is bias − zero·(the sum of the weights), zeros
// up to len(dst) = DepthwiseColumns(c). bias, in the usual order, may be nil.
func FoldDepthwiseBias(dst, bias []int32, packed []int8, c, rows, width int, zero int32) {
	if bias != nil {
		DepthwiseOrder(dst, bias[:c])
	} else {
		clear(dst[:DepthwiseColumns(c)])
	}
	eachBlock(c, func(at, size, _ int) {
		for j, sum := range Sums(packed[at*(sumsSize+Quads(rows)*quad*width):], size) {
			dst[at+j] -= zero * sum
		}
	})
}

// Depthwise computes a row of a depthwise convolution; see [DepthwiseArgs] for the formula. Kernels of
// 3 and 5 columns with stride 1 and 2 are fastest. Others are given as kernels of one column: with Width 1, RowOff has an entry for each
// tap, in the order of the weights, and Stride·SrcStep is the distance of windows.
func Depthwise(args *DepthwiseArgs) {
	eachBlock(args.C, func(first, size, valid int) {
		b := *args
		b.Src, b.Dst, b.Bias, b.scale = at(b.Src, first), at(b.Dst, first), at(b.Bias, first), at(b.Output.Scale, first)
		b.W = at(b.W, first*(sumsSize+b.Quads*quad*b.Width))
		b.window, b.lanes, b.valid = b.Stride*b.SrcStep, size, valid
		depthwise(&b, size)
	})
}

// depthwise computes a block.
func depthwise(b *DepthwiseArgs, size int) {
	if isa.UseAVX512VNNI && depthwiseBlockAVX512(b, size) {
		return
	}
	if (isa.UseAVX2 || isa.UseDotProd) && b.valid == size {
		for l := 0; l < size; {
			part := *b
			part.Src, part.Dst, part.W = at(b.Src, l), at(b.Dst, l), at(b.W, l)
			part.Bias, part.scale = at(b.Bias, l/4), at(b.scale, l/4)
			if isa.UseAVX2 && size >= 2*smallestBlock {
				depthwise32AVX2(&part)
				l += 2 * smallestBlock
				continue
			}
			depthwiseSIMD(&part)
			l += smallestBlock
		}
		return
	}
	depthwiseGeneric(b, size)
}

// depthwiseGeneric is the twin.
func depthwiseGeneric(b *DepthwiseArgs, size int) {
	bias, scale := unsafe.Slice(b.Bias, size), unsafe.Slice(b.scale, size)
	weights := unsafe.Slice(at(b.W, sumsSize*size), b.Quads*b.Width*quad*size)
	rows := unsafe.Slice(b.RowOff, b.Quads*quad)
	var sums [depthwiseBlock]int32
	for p := range b.N {
		copy(sums[:], bias)
		for y, off := range rows {
			for x := range b.Width {
				w := weights[(y/quad*b.Width+x)*size*quad+y%quad:]
				src := unsafe.Slice(at(b.Src, p*b.window+x*b.SrcStep+int(off)), b.valid)
				for c, v := range src {
					l := lane(c, size)
					sums[l] += int32(v) * int32(w[l*quad])
				}
			}
		}
		dst := unsafe.Slice(at(b.Dst, p*b.DstStep), b.valid)
		for c := range dst {
			l := lane(c, size)
			dst[c] = b.Output.byteOf(b.Output.value(sums[l], scale[l]))
		}
	}
}

// depthwiseBlockAVX512 reports whether there is a kernel for the windows, and computes the block with it.
func depthwiseBlockAVX512(b *DepthwiseArgs, size int) bool {
	switch {
	case b.Width == 3 && b.Stride == 1:
		depthwise3x1AVX512(b, size)
	case b.Width == 3 && b.Stride == 2:
		depthwise3x2AVX512(b, size)
	case b.Width == 5 && b.Stride == 1:
		depthwise5x1AVX512(b, size)
	case b.Width == 5 && b.Stride == 2:
		depthwise5x2AVX512(b, size)
	case b.Width == 1:
		depthwise1AVX512(b, size)
	default:
		return false
	}
	return true
}

// The assembly: kernels of so many columns, and strides; of one column, any stride. Those with SIMD and AVX2 compute
// 16 and 32 channels of any windows.

//go:noescape
func depthwiseSIMD(b *DepthwiseArgs)

//go:noescape
func depthwise32AVX2(b *DepthwiseArgs)

//go:noescape
func depthwise3x1AVX512(b *DepthwiseArgs, size int)

//go:noescape
func depthwise3x2AVX512(b *DepthwiseArgs, size int)

//go:noescape
func depthwise5x1AVX512(b *DepthwiseArgs, size int)

//go:noescape
func depthwise5x2AVX512(b *DepthwiseArgs, size int)

//go:noescape
func depthwise1AVX512(b *DepthwiseArgs, size int)
