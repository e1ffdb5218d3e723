package quantized

import "github.com/strideml/stride/internal/isa"

// The kernels of pooling compute a row of n pixels of c channels, in NHWC. taps says where the elements of a window lie,
// from its start; windows are srcStep bytes apart, and their results dstStep. Windows that hang over the border are
// called with the taps that lie within the image. The caller warrants that all taps lie in src. dst must not overlap src.

// MaxRow computes
//
//	dst[p·dstStep+j] = max_t src[p·srcStep+taps[t]+j]
//
// for at least one tap. The result has the scale and the zero point of src.
func MaxRow(dst, src []uint8, taps []int32, n, dstStep, srcStep, c int) {
	if n <= 0 || c <= 0 {
		return
	}
	_, _ = dst[(n-1)*dstStep+c-1], taps[0]
	if isa.UseAVX512VNNI {
		maxRowAVX512(data(dst), data(src), data(taps), len(taps), n, dstStep, srcStep, c)
		return
	}
	if (isa.UseAVX2 || isa.UseDotProd) && c >= narrowBlock {
		maxRowSIMD(data(dst), data(src), data(taps), len(taps), n, dstStep, srcStep, c)
		return
	}
	for p := range n {
		d := dst[p*dstStep:][:c]
		copy(d, src[p*srcStep+int(taps[0]):][:c])
		for _, t := range taps[1:] {
			for j, v := range src[p*srcStep+int(t):][:c] {
				d[j] = max(d[j], v)
			}
		}
	}
}

// Average says how the sum of a window becomes a result:
//
//	y = float32(Bias + sum)·Scale
//	result = Zero + round(min(max(y, Low), High))
//
// with Low, High, Zero and round as in [Output]. For a source of scale sx and zero point zx, Bias = −zx·(number of taps) and
// Scale = sx/(sy·area), where area is the number of taps, or that of the whole window if padding counts.
//
// The assembly relies on the order and the types of the fields.
type Average struct {
	Scale     float32
	Low, High float32
	Bias      int32
	Zero      int32
}

// AverageRow computes the averages of windows; see [Average]. With the taps of all pixels it is global average pooling.
func AverageRow(dst, src []uint8, taps []int32, n, dstStep, srcStep, c int, o *Average) {
	if n <= 0 || c <= 0 {
		return
	}
	_ = dst[(n-1)*dstStep+c-1]
	if isa.UseAVX512VNNI && len(taps) > 0 {
		averageRowAVX512(data(dst), data(src), data(taps), len(taps), n, dstStep, srcStep, c, o)
		return
	}
	if (isa.UseAVX2 || isa.UseDotProd) && c >= narrowBlock && len(taps) > 0 {
		averageRowSIMD(data(dst), data(src), data(taps), len(taps), n, dstStep, srcStep, c, o)
		return
	}
	for p := range n {
		averagePixel(dst[p*dstStep:][:c], src[p*srcStep:], taps, o)
	}
}

// averagePixel computes a window.
func averagePixel(dst, src []uint8, taps []int32, o *Average) {
	var sums [64]int32
	for at := 0; at < len(dst); at += len(sums) {
		part := dst[at:min(len(dst), at+len(sums))]
		for j := range sums {
			sums[j] = o.Bias
		}
		for _, t := range taps {
			for j, v := range src[at+int(t):][:len(part)] {
				sums[j] += int32(v)
			}
		}
		for j := range part {
			part[j] = byteOf(float32(float32(sums[j])*o.Scale), o.Low, o.High, o.Zero)
		}
	}
}

// The assembly. That with SIMD needs at least 16 channels.

//go:noescape
func maxRowSIMD(dst, src *uint8, taps *int32, count, n, dstStep, srcStep, c int)

//go:noescape
func averageRowSIMD(dst, src *uint8, taps *int32, count, n, dstStep, srcStep, c int, o *Average)

//go:noescape
func maxRowAVX512(dst, src *uint8, taps *int32, count, n, dstStep, srcStep, c int)

//go:noescape
func averageRowAVX512(dst, src *uint8, taps *int32, count, n, dstStep, srcStep, c int, o *Average)
