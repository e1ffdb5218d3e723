package vec

import (
	"unsafe"

	"github.com/strideml/stride/internal/isa"
)

// The pooling kernels work on one output row in NHWC: n pixels of c channels.
// The window of output pixel p starts at element p·stride of the input slice, and
// tapOff lists, in row-major order of the window, the distances of its taps from
// there. Windows that hang over the border are called with the taps that lie
// within the image. The caller warrants that all taps lie in the slice.

// MaxPoolRow computes dst[p·c+j] = max_t src[p·stride+tapOff[t]+j]: NaN if any tap
// is NaN, −Inf if there is no tap. dst must not overlap src.
func MaxPoolRow(dst, src []float32, tapOff []int32, n, stride, c int) {
	dst = dst[:n*c]
	switch {
	case isa.UseAVX2 && len(tapOff) == 4:
		maxPoolRow4AVX2(data(dst), data(src), &tapOff[0], 4, n, stride, c)
		return
	case isa.UseSIMD:
		maxPoolRowSIMD(data(dst), data(src), unsafe.SliceData(tapOff), len(tapOff), n, stride, c)
		return
	}
	for p := range n {
		d := dst[p*c:][:c]
		Fill(d, minusInf)
		for _, off := range tapOff {
			for j, v := range src[p*stride+int(off):][:c] {
				d[j] = larger(v, d[j])
			}
		}
	}
}

// MaxPoolGradRow adds the gradient of [MaxPoolRow] to dx: dy[p·c+j] goes to the
// first tap whose x equals the maximum y[p·c+j], or is NaN. Windows may overlap.
func MaxPoolGradRow(dx, x, y, dy []float32, tapOff []int32, n, stride, c int) {
	y, dy = y[:n*c], dy[:n*c]
	switch {
	case isa.UseAVX2 && len(tapOff) == 4:
		maxPoolGradRow4AVX2(data(dx), data(x), data(y), data(dy), &tapOff[0], 4, n, stride, c)
		return
	case isa.UseSIMD:
		maxPoolGradRowSIMD(data(dx), data(x), data(y), data(dy), unsafe.SliceData(tapOff), len(tapOff), n, stride, c)
		return
	}
	for p := range n {
		for j, m := range y[p*c:][:c] {
			for _, off := range tapOff {
				i := p*stride + int(off) + j
				if x[i] == m || x[i] != x[i] {
					dx[i] += dy[p*c+j]
					break
				}
			}
		}
	}
}

// MaxPoolGradRowSet is [MaxPoolGradRow] for windows that do not overlap: every tap
// of dx is overwritten, with dy or 0.
func MaxPoolGradRowSet(dx, x, y, dy []float32, tapOff []int32, n, stride, c int) {
	y, dy = y[:n*c], dy[:n*c]
	switch {
	case isa.UseAVX2 && len(tapOff) == 4:
		maxPoolGradRowSet4AVX2(data(dx), data(x), data(y), data(dy), &tapOff[0], 4, n, stride, c)
		return
	case isa.UseSIMD:
		maxPoolGradRowSetSIMD(data(dx), data(x), data(y), data(dy), unsafe.SliceData(tapOff), len(tapOff), n, stride, c)
		return
	}
	for p := range n {
		for j, m := range y[p*c:][:c] {
			g := dy[p*c+j]
			for _, off := range tapOff {
				i := p*stride + int(off) + j
				if x[i] == m || x[i] != x[i] {
					dx[i] = g
					g = 0
				} else {
					dx[i] = 0
				}
			}
		}
	}
}

// MaxPoolArgmaxTaps is the most taps that [MaxPoolArgmaxRow] takes.
const MaxPoolArgmaxTaps = 256

// MaxPoolArgmaxFast reports whether [MaxPoolArgmaxRow] and its gradients are as fast
// as [MaxPoolRow] and its gradients here: they have no NEON forms.
func MaxPoolArgmaxFast() bool { return !isa.HaveNEON }

// MaxPoolArgmaxRow is [MaxPoolRow] and stores the number of the tap that the
// maximum comes from: of the first that has it, or 0 if all taps are −Inf. There
// must be at most [MaxPoolArgmaxTaps].
func MaxPoolArgmaxRow(dst []float32, argmax []byte, src []float32, tapOff []int32, n, stride, c int) {
	dst, argmax = dst[:n*c], argmax[:n*c]
	switch {
	case isa.UseAVX2 && len(tapOff) == 4:
		maxPoolArgmaxRow4AVX2(data(dst), unsafe.SliceData(argmax), data(src), &tapOff[0], 4, n, stride, c)
		return
	case isa.UseAVX2:
		maxPoolArgmaxRowAVX2(data(dst), unsafe.SliceData(argmax), data(src), unsafe.SliceData(tapOff), len(tapOff), n, stride, c)
		return
	}
	for p := range n {
		d, place := dst[p*c:][:c], argmax[p*c:][:c]
		Fill(d, minusInf)
		clear(place)
		for t, off := range tapOff {
			for j, v := range src[p*stride+int(off):][:c] {
				switch {
				case v > d[j], v != v && d[j] == d[j]:
					d[j], place[j] = v, byte(t)
				}
			}
		}
	}
}

// MaxPoolArgmaxGradRow adds the gradient of [MaxPoolArgmaxRow] to dx: dy[p·c+j] goes to
// the tap argmax[p·c+j]. It may read, but ignores, 7 bytes after the argmax.
// Windows may overlap.
func MaxPoolArgmaxGradRow(dx []float32, argmax []byte, dy []float32, tapOff []int32, n, stride, c int) {
	argmax, dy = argmax[:n*c], dy[:n*c]
	switch {
	case isa.UseAVX2 && len(tapOff) == 4:
		maxPoolArgmaxGradRow4AVX2(data(dx), unsafe.SliceData(argmax), data(dy), &tapOff[0], 4, n, stride, c)
		return
	case isa.UseAVX2:
		maxPoolArgmaxGradRowAVX2(data(dx), unsafe.SliceData(argmax), data(dy), unsafe.SliceData(tapOff), len(tapOff), n, stride, c)
		return
	}
	if len(tapOff) == 0 {
		return
	}
	for p := range n {
		for j, place := range argmax[p*c:][:c] {
			dx[p*stride+int(tapOff[place])+j] += dy[p*c+j]
		}
	}
}

// MaxPoolArgmaxGradRowSet is [MaxPoolArgmaxGradRow] for windows that do not overlap: every
// tap of dx is overwritten, with dy or 0.
func MaxPoolArgmaxGradRowSet(dx []float32, argmax []byte, dy []float32, tapOff []int32, n, stride, c int) {
	argmax, dy = argmax[:n*c], dy[:n*c]
	switch {
	case isa.UseAVX2 && len(tapOff) == 4:
		maxPoolArgmaxGradRowSet4AVX2(data(dx), unsafe.SliceData(argmax), data(dy), &tapOff[0], 4, n, stride, c)
		return
	case isa.UseAVX2:
		maxPoolArgmaxGradRowSetAVX2(data(dx), unsafe.SliceData(argmax), data(dy), unsafe.SliceData(tapOff), len(tapOff), n, stride, c)
		return
	}
	for p := range n {
		for t, off := range tapOff {
			d := dx[p*stride+int(off):][:c]
			for j, place := range argmax[p*c:][:c] {
				d[j] = 0
				if int(place) == t {
					d[j] = dy[p*c+j]
				}
			}
		}
	}
}

// The assembly; names with 4 are for four taps.

//go:noescape
func maxPoolRowSIMD(dst, src *float32, tapOff *int32, taps, n, stride, c int)

//go:noescape
func maxPoolRow4AVX2(dst, src *float32, tapOff *int32, taps, n, stride, c int)

//go:noescape
func maxPoolGradRowSIMD(dx, x, y, dy *float32, tapOff *int32, taps, n, stride, c int)

//go:noescape
func maxPoolGradRow4AVX2(dx, x, y, dy *float32, tapOff *int32, taps, n, stride, c int)

//go:noescape
func maxPoolGradRowSetSIMD(dx, x, y, dy *float32, tapOff *int32, taps, n, stride, c int)

//go:noescape
func maxPoolGradRowSet4AVX2(dx, x, y, dy *float32, tapOff *int32, taps, n, stride, c int)

//go:noescape
func maxPoolArgmaxRowAVX2(dst *float32, argmax *byte, src *float32, tapOff *int32, taps, n, stride, c int)

//go:noescape
func maxPoolArgmaxRow4AVX2(dst *float32, argmax *byte, src *float32, tapOff *int32, taps, n, stride, c int)

//go:noescape
func maxPoolArgmaxGradRowAVX2(dx *float32, argmax *byte, dy *float32, tapOff *int32, taps, n, stride, c int)

//go:noescape
func maxPoolArgmaxGradRow4AVX2(dx *float32, argmax *byte, dy *float32, tapOff *int32, taps, n, stride, c int)

//go:noescape
func maxPoolArgmaxGradRowSetAVX2(dx *float32, argmax *byte, dy *float32, tapOff *int32, taps, n, stride, c int)

//go:noescape
func maxPoolArgmaxGradRowSet4AVX2(dx *float32, argmax *byte, dy *float32, tapOff *int32, taps, n, stride, c int)
