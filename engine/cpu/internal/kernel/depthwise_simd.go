//go:build amd64 || arm64

package kernel

import "unsafe"

func depthwiseRow(dst, src, w, bias []float32, taps []Tap, n, dstStep, srcStep, c int) {
	if useSIMD {
		depthwiseRowSIMD(data(dst), data(src), data(w), data(bias), (*int32)(unsafe.Pointer(unsafe.SliceData(taps))), len(taps), n, 4*dstStep, 4*srcStep, c)
		return
	}
	depthwiseRowGeneric(dst, src, w, bias, taps, n, dstStep, srcStep, c)
}

func depthwiseGradRow(dw, x, dy []float32, taps []Tap, n, xStep, c int) {
	if useSIMD {
		depthwiseGradRowSIMD(data(dw), data(x), data(dy), (*int32)(unsafe.Pointer(unsafe.SliceData(taps))), len(taps), n, 4*xStep, c)
		return
	}
	depthwiseGradRowGeneric(dw, x, dy, taps, n, xStep, c)
}
