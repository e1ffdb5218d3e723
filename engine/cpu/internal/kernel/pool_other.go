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

const poolPlaces = true

func poolMaxPlaceRow(dst []float32, places []byte, src []float32, tapOff []int32, n, stride, c int) {
	poolMaxPlaceRowGeneric(dst, places, src, tapOff, n, stride, c)
}

func poolPlaceGradRow(dx []float32, places []byte, dy []float32, tapOff []int32, n, stride, c int) {
	poolPlaceGradRowGeneric(dx, places, dy, tapOff, n, stride, c)
}

func poolPlaceGradRowSet(dx []float32, places []byte, dy []float32, tapOff []int32, n, stride, c int) {
	poolPlaceGradRowSetGeneric(dx, places, dy, tapOff, n, stride, c)
}
