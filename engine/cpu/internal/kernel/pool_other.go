//go:build !amd64 && !arm64

package kernel

func sumPoolRow(dst, src []float32, tapOff []int32, n, stride, c int, scale float32) {
	sumPoolRowGeneric(dst, src, tapOff, n, stride, c, scale)
}

func maxPoolRow(dst, src []float32, tapOff []int32, n, stride, c int) {
	maxPoolRowGeneric(dst, src, tapOff, n, stride, c)
}

func maxPoolGradRow(dx, x, y, dy []float32, tapOff []int32, n, stride, c int) {
	maxPoolGradRowGeneric(dx, x, y, dy, tapOff, n, stride, c)
}

func maxPoolGradRowSet(dx, x, y, dy []float32, tapOff []int32, n, stride, c int) {
	maxPoolGradRowSetGeneric(dx, x, y, dy, tapOff, n, stride, c)
}

func sumPoolGradRow(dx, dy []float32, tapOff []int32, n, stride, c int, scale float32) {
	sumPoolGradRowGeneric(dx, dy, tapOff, n, stride, c, scale)
}

func sumPoolGradRowSet(dx, dy []float32, tapOff []int32, n, stride, c int, scale float32) {
	sumPoolGradRowSetGeneric(dx, dy, tapOff, n, stride, c, scale)
}

const maxPoolArgmaxFast = true

func maxPoolArgmaxRow(dst []float32, argmax []byte, src []float32, tapOff []int32, n, stride, c int) {
	maxPoolArgmaxRowGeneric(dst, argmax, src, tapOff, n, stride, c)
}

func maxPoolArgmaxGradRow(dx []float32, argmax []byte, dy []float32, tapOff []int32, n, stride, c int) {
	maxPoolArgmaxGradRowGeneric(dx, argmax, dy, tapOff, n, stride, c)
}

func maxPoolArgmaxGradRowSet(dx []float32, argmax []byte, dy []float32, tapOff []int32, n, stride, c int) {
	maxPoolArgmaxGradRowSetGeneric(dx, argmax, dy, tapOff, n, stride, c)
}
