package vec

import (
	"unsafe"

	"github.com/strideml/stride/internal/isa"
)

// The kernels of depthwise convolution work on one row of pixels of c channels
// in NHWC, each channel with weights of its own. Windows that hang over the
// border are called with the taps that lie within the image. The caller
// warrants that all taps lie in the slices.

// A Tap is one position of a depthwise kernel: the distance of the source
// element from the window's start, and where the weights of its c channels
// begin.
type Tap struct{ Source, Weight int32 }

// Bounds limit results to Low ≤ y ≤ High. A NaN stays a NaN.
type Bounds struct{ Low, High float32 }

// of returns a number within the bounds.
func (b *Bounds) of(x float32) float32 {
	switch {
	case x < b.Low:
		return b.Low
	case x > b.High:
		return b.High
	}
	return x
}

// DepthwiseRow computes, for n pixels,
//
//	dst[p·dstStep+j] = bias[j] + Σ_t src[p·srcStep+taps[t].Source+j]·w[taps[t].Weight+j]
//
// adding in the order of the taps, and limits it, unless bounds is nil. dst must not overlap src. The assembly
// rounds each sum once, the twin twice.
func DepthwiseRow(dst, src, w, bias []float32, taps []Tap, n, dstStep, srcStep, c int, bounds *Bounds) {
	if n <= 0 || c <= 0 {
		return
	}
	_ = dst[(n-1)*dstStep+c-1]
	bias = bias[:c]
	if isa.UseAVX512 {
		depthwiseRowAVX512(data(dst), data(src), data(w), data(bias), unsafe.SliceData(taps), len(taps), n, 4*dstStep, 4*srcStep, c, bounds)
		return
	}
	if isa.UseSIMD {
		depthwiseRowSIMD(data(dst), data(src), data(w), data(bias), unsafe.SliceData(taps), len(taps), n, 4*dstStep, 4*srcStep, c, bounds)
		return
	}
	for p := range n {
		d := dst[p*dstStep:][:c]
		copy(d, bias)
		for _, t := range taps {
			weights := w[t.Weight:][:c]
			for j, v := range src[p*srcStep+int(t.Source):][:c] {
				d[j] += v * weights[j]
			}
		}
		limit(d, bounds)
	}
}

// limit limits sums, unless bounds is nil.
func limit(sums []float32, bounds *Bounds) {
	if bounds != nil {
		for j, v := range sums {
			sums[j] = bounds.of(v)
		}
	}
}

// DepthwiseGradRow adds the gradient of [DepthwiseRow] with respect to the
// weights to dw, for dy of n pixels without gaps:
//
//	dw[taps[t].Weight+j] += Σ_p dy[p·c+j]·x[p·xStep+taps[t].Source+j]
func DepthwiseGradRow(dw, x, dy []float32, taps []Tap, n, xStep, c int) {
	if n <= 0 || c <= 0 || len(taps) == 0 {
		return
	}
	dy = dy[:n*c]
	if isa.UseSIMD {
		depthwiseGradRowSIMD(data(dw), data(x), data(dy), unsafe.SliceData(taps), len(taps), n, 4*xStep, c)
		return
	}
	for _, t := range taps {
		sum := dw[t.Weight:][:c]
		for p := range n {
			g := dy[p*c:][:c]
			for j, v := range x[p*xStep+int(t.Source):][:c] {
				sum[j] += v * g[j]
			}
		}
	}
}

// The assembly. Steps are in bytes.

//go:noescape
func depthwiseRowSIMD(dst, src, w, bias *float32, taps *Tap, count, n, dstStep, srcStep, c int, bounds *Bounds)

//go:noescape
func depthwiseRowAVX512(dst, src, w, bias *float32, taps *Tap, count, n, dstStep, srcStep, c int, bounds *Bounds)

//go:noescape
func depthwiseGradRowSIMD(dw, x, dy *float32, taps *Tap, count, n, xStep, c int)
