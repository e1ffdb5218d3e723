//go:build !amd64 && !arm64

package kernel

func poolSumRow(dst, src []float32, tapOff []int32, n, stride, c int, scale float32) {
	poolSumRowGeneric(dst, src, tapOff, n, stride, c, scale)
}

func poolMaxRow(dst, src []float32, tapOff []int32, n, stride, c int) {
	poolMaxRowGeneric(dst, src, tapOff, n, stride, c)
}

func poolMaxGradRow(dx, x, y, dy []float32, tapOff []int32, n, stride, c int) {
	poolMaxGradRowGeneric(dx, x, y, dy, tapOff, n, stride, c)
}

func poolMaxGradRowSet(dx, x, y, dy []float32, tapOff []int32, n, stride, c int) {
	poolMaxGradRowSetGeneric(dx, x, y, dy, tapOff, n, stride, c)
}

func poolSpreadRow(dx, dy []float32, tapOff []int32, n, stride, c int, scale float32) {
	poolSpreadRowGeneric(dx, dy, tapOff, n, stride, c, scale)
}

func poolSpreadRowSet(dx, dy []float32, tapOff []int32, n, stride, c int, scale float32) {
	poolSpreadRowSetGeneric(dx, dy, tapOff, n, stride, c, scale)
}
