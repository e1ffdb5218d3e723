package kernel

import "unsafe"

func sumPoolRow(dst, src []float32, tapOff []int32, n, stride, c int, scale float32) {
	if useSIMD {
		sumPoolRowSIMD(data(dst), data(src), unsafe.SliceData(tapOff), len(tapOff), n, stride, c, scale)
		return
	}
	sumPoolRowGeneric(dst, src, tapOff, n, stride, c, scale)
}

func maxPoolRow(dst, src []float32, tapOff []int32, n, stride, c int) {
	if useSIMD {
		maxPoolRowSIMD(data(dst), data(src), unsafe.SliceData(tapOff), len(tapOff), n, stride, c)
		return
	}
	maxPoolRowGeneric(dst, src, tapOff, n, stride, c)
}

func maxPoolGradRow(dx, x, y, dy []float32, tapOff []int32, n, stride, c int) {
	if useSIMD {
		maxPoolGradRowSIMD(data(dx), data(x), data(y), data(dy), unsafe.SliceData(tapOff), len(tapOff), n, stride, c)
		return
	}
	maxPoolGradRowGeneric(dx, x, y, dy, tapOff, n, stride, c)
}

func maxPoolGradRowSet(dx, x, y, dy []float32, tapOff []int32, n, stride, c int) {
	if useSIMD {
		maxPoolGradRowSetSIMD(data(dx), data(x), data(y), data(dy), unsafe.SliceData(tapOff), len(tapOff), n, stride, c)
		return
	}
	maxPoolGradRowSetGeneric(dx, x, y, dy, tapOff, n, stride, c)
}

func sumPoolGradRow(dx, dy []float32, tapOff []int32, n, stride, c int, scale float32) {
	if useSIMD {
		sumPoolGradRowSIMD(data(dx), data(dy), unsafe.SliceData(tapOff), len(tapOff), n, stride, c, scale)
		return
	}
	sumPoolGradRowGeneric(dx, dy, tapOff, n, stride, c, scale)
}

func sumPoolGradRowSet(dx, dy []float32, tapOff []int32, n, stride, c int, scale float32) {
	if useSIMD {
		sumPoolGradRowSetSIMD(data(dx), data(dy), unsafe.SliceData(tapOff), len(tapOff), n, stride, c, scale)
		return
	}
	sumPoolGradRowSetGeneric(dx, dy, tapOff, n, stride, c, scale)
}

const maxPoolArgmaxFast = false // there are NEON kernels for the others only

func maxPoolArgmaxRow(dst []float32, argmax []byte, src []float32, tapOff []int32, n, stride, c int) {
	maxPoolArgmaxRowGeneric(dst, argmax, src, tapOff, n, stride, c)
}

func maxPoolArgmaxGradRow(dx []float32, argmax []byte, dy []float32, tapOff []int32, n, stride, c int) {
	maxPoolArgmaxGradRowGeneric(dx, argmax, dy, tapOff, n, stride, c)
}

func maxPoolArgmaxGradRowSet(dx []float32, argmax []byte, dy []float32, tapOff []int32, n, stride, c int) {
	maxPoolArgmaxGradRowSetGeneric(dx, argmax, dy, tapOff, n, stride, c)
}
