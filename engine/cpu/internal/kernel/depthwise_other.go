//go:build !amd64 && !arm64

package kernel

func depthwiseRow(dst, src, w, bias []float32, taps []Tap, n, dstStep, srcStep, c int) {
	depthwiseRowGeneric(dst, src, w, bias, taps, n, dstStep, srcStep, c)
}

func depthwiseGradRow(dw, x, dy []float32, taps []Tap, n, xStep, c int) {
	depthwiseGradRowGeneric(dw, x, dy, taps, n, xStep, c)
}
