package vec

import (
	"unsafe"

	"github.com/strideml/stride/internal/isa"
)

// The kernels of average pooling work on one output row in NHWC as those of maximum
// pooling do, see maxpool.go.

// SumPoolRow computes dst[p·c+j] = scale·Σ_t src[p·stride+tapOff[t]+j], adding in
// the order of the taps. dst must not overlap src.
func SumPoolRow(dst, src []float32, tapOff []int32, n, stride, c int, scale float32) {
	dst = dst[:n*c]
	switch {
	case isa.UseAVX2 && len(tapOff) == 4:
		sumPoolRow4AVX2(data(dst), data(src), &tapOff[0], 4, n, stride, c, scale)
		return
	case isa.UseSIMD:
		sumPoolRowSIMD(data(dst), data(src), unsafe.SliceData(tapOff), len(tapOff), n, stride, c, scale)
		return
	}
	for p := range n {
		d := dst[p*c:][:c]
		clear(d)
		for _, off := range tapOff {
			for j, v := range src[p*stride+int(off):][:c] {
				d[j] += v
			}
		}
		for j := range d {
			d[j] *= scale
		}
	}
}

// SumPoolGradRow adds the gradient of [SumPoolRow] to dx:
// dx[p·stride+tapOff[t]+j] += scale·dy[p·c+j] for every tap. Windows may overlap.
func SumPoolGradRow(dx, dy []float32, tapOff []int32, n, stride, c int, scale float32) {
	dy = dy[:n*c]
	switch {
	case isa.UseAVX2 && len(tapOff) == 4:
		sumPoolGradRow4AVX2(data(dx), data(dy), &tapOff[0], 4, n, stride, c, scale)
		return
	case isa.UseSIMD:
		sumPoolGradRowSIMD(data(dx), data(dy), unsafe.SliceData(tapOff), len(tapOff), n, stride, c, scale)
		return
	}
	for p := range n {
		for j, g := range dy[p*c:][:c] {
			g = float32(g * scale) // rounded, and not fused with the addition
			for _, off := range tapOff {
				dx[p*stride+int(off)+j] += g
			}
		}
	}
}

// SumPoolGradRowSet is [SumPoolGradRow] for windows that do not overlap: it
// overwrites the taps of dx.
func SumPoolGradRowSet(dx, dy []float32, tapOff []int32, n, stride, c int, scale float32) {
	dy = dy[:n*c]
	switch {
	case isa.UseAVX2 && len(tapOff) == 4:
		sumPoolGradRowSet4AVX2(data(dx), data(dy), &tapOff[0], 4, n, stride, c, scale)
		return
	case isa.UseSIMD:
		sumPoolGradRowSetSIMD(data(dx), data(dy), unsafe.SliceData(tapOff), len(tapOff), n, stride, c, scale)
		return
	}
	for p := range n {
		for j, g := range dy[p*c:][:c] {
			g *= scale
			for _, off := range tapOff {
				dx[p*stride+int(off)+j] = g
			}
		}
	}
}

// The assembly; names with 4 are for four taps.

//go:noescape
func sumPoolRowSIMD(dst, src *float32, tapOff *int32, taps, n, stride, c int, scale float32)

//go:noescape
func sumPoolRow4AVX2(dst, src *float32, tapOff *int32, taps, n, stride, c int, scale float32)

//go:noescape
func sumPoolGradRowSIMD(dx, dy *float32, tapOff *int32, taps, n, stride, c int, scale float32)

//go:noescape
func sumPoolGradRow4AVX2(dx, dy *float32, tapOff *int32, taps, n, stride, c int, scale float32)

//go:noescape
func sumPoolGradRowSetSIMD(dx, dy *float32, tapOff *int32, taps, n, stride, c int, scale float32)

//go:noescape
func sumPoolGradRowSet4AVX2(dx, dy *float32, tapOff *int32, taps, n, stride, c int, scale float32)
