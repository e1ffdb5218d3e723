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
		sumTaps(dst[p*c:][:c], src[p*stride:], tapOff, scale)
	}
}

// sumTaps computes d[j] = scale·Σ_t src[tapOff[t]+j], with the sums of 4, 2 or 1
// elements in local variables.
func sumTaps(d, src []float32, tapOff []int32, scale float32) {
	for len(d) >= 4 {
		var s0, s1, s2, s3 float32
		for _, off := range tapOff {
			v := (*[4]float32)(src[off:])
			s0 += v[0]
			s1 += v[1]
			s2 += v[2]
			s3 += v[3]
		}
		*(*[4]float32)(d) = [4]float32{s0 * scale, s1 * scale, s2 * scale, s3 * scale}
		d, src = d[4:], src[4:]
	}
	if len(d) >= 2 {
		var s0, s1 float32
		for _, off := range tapOff {
			v := (*[2]float32)(src[off:])
			s0 += v[0]
			s1 += v[1]
		}
		d[0], d[1] = s0*scale, s1*scale
		d, src = d[2:], src[2:]
	}
	if len(d) > 0 {
		var sum float32
		for _, off := range tapOff {
			sum += src[off]
		}
		d[0] = sum * scale
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
		setTaps(dx[p*stride:], dy[p*c:][:c], tapOff, scale)
	}
}

// setTaps stores scale·dy[j] at dx[tapOff[t]+j] for every tap, 4, 2 or 1 elements at a time.
func setTaps(dx, dy []float32, tapOff []int32, scale float32) {
	for len(dy) >= 4 {
		g0, g1, g2, g3 := dy[0]*scale, dy[1]*scale, dy[2]*scale, dy[3]*scale
		for _, off := range tapOff {
			*(*[4]float32)(dx[off:]) = [4]float32{g0, g1, g2, g3}
		}
		dx, dy = dx[4:], dy[4:]
	}
	if len(dy) >= 2 {
		g0, g1 := dy[0]*scale, dy[1]*scale
		for _, off := range tapOff {
			d := (*[2]float32)(dx[off:])
			d[0], d[1] = g0, g1
		}
		dx, dy = dx[2:], dy[2:]
	}
	if len(dy) > 0 {
		g := dy[0] * scale
		for _, off := range tapOff {
			dx[off] = g
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
