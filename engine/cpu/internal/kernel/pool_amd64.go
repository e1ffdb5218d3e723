package kernel

import "unsafe"

func sumPoolRow(dst, src []float32, tapOff []int32, n, stride, c int, scale float32) {
	switch {
	case useSIMD && len(tapOff) == 4:
		sumPoolRow4SIMD(data(dst), data(src), &tapOff[0], 4, n, stride, c, scale)
	case useSIMD:
		sumPoolRowSIMD(data(dst), data(src), unsafe.SliceData(tapOff), len(tapOff), n, stride, c, scale)
	default:
		sumPoolRowGeneric(dst, src, tapOff, n, stride, c, scale)
	}
}

func maxPoolRow(dst, src []float32, tapOff []int32, n, stride, c int) {
	switch {
	case useSIMD && len(tapOff) == 4:
		maxPoolRow4SIMD(data(dst), data(src), &tapOff[0], 4, n, stride, c)
	case useSIMD:
		maxPoolRowSIMD(data(dst), data(src), unsafe.SliceData(tapOff), len(tapOff), n, stride, c)
	default:
		maxPoolRowGeneric(dst, src, tapOff, n, stride, c)
	}
}

const maxPoolArgmaxFast = true

func maxPoolArgmaxRow(dst []float32, argmax []byte, src []float32, tapOff []int32, n, stride, c int) {
	p := unsafe.SliceData(argmax)
	switch {
	case useSIMD && len(tapOff) == 4:
		maxPoolArgmaxRow4SIMD(data(dst), p, data(src), &tapOff[0], 4, n, stride, c)
	case useSIMD:
		maxPoolArgmaxRowSIMD(data(dst), p, data(src), unsafe.SliceData(tapOff), len(tapOff), n, stride, c)
	default:
		maxPoolArgmaxRowGeneric(dst, argmax, src, tapOff, n, stride, c)
	}
}

func maxPoolArgmaxGradRow(dx []float32, argmax []byte, dy []float32, tapOff []int32, n, stride, c int) {
	p := unsafe.SliceData(argmax)
	switch {
	case useSIMD && len(tapOff) == 4:
		maxPoolArgmaxGradRow4SIMD(data(dx), p, data(dy), &tapOff[0], 4, n, stride, c)
	case useSIMD:
		maxPoolArgmaxGradRowSIMD(data(dx), p, data(dy), unsafe.SliceData(tapOff), len(tapOff), n, stride, c)
	default:
		maxPoolArgmaxGradRowGeneric(dx, argmax, dy, tapOff, n, stride, c)
	}
}

func maxPoolArgmaxGradRowSet(dx []float32, argmax []byte, dy []float32, tapOff []int32, n, stride, c int) {
	p := unsafe.SliceData(argmax)
	switch {
	case useSIMD && len(tapOff) == 4:
		maxPoolArgmaxGradRowSet4SIMD(data(dx), p, data(dy), &tapOff[0], 4, n, stride, c)
	case useSIMD:
		maxPoolArgmaxGradRowSetSIMD(data(dx), p, data(dy), unsafe.SliceData(tapOff), len(tapOff), n, stride, c)
	default:
		maxPoolArgmaxGradRowSetGeneric(dx, argmax, dy, tapOff, n, stride, c)
	}
}

func maxPoolGradRow(dx, x, y, dy []float32, tapOff []int32, n, stride, c int) {
	switch {
	case useSIMD && len(tapOff) == 4:
		maxPoolGradRow4SIMD(data(dx), data(x), data(y), data(dy), &tapOff[0], 4, n, stride, c)
	case useSIMD:
		maxPoolGradRowSIMD(data(dx), data(x), data(y), data(dy), unsafe.SliceData(tapOff), len(tapOff), n, stride, c)
	default:
		maxPoolGradRowGeneric(dx, x, y, dy, tapOff, n, stride, c)
	}
}

func maxPoolGradRowSet(dx, x, y, dy []float32, tapOff []int32, n, stride, c int) {
	switch {
	case useSIMD && len(tapOff) == 4:
		maxPoolGradRowSet4SIMD(data(dx), data(x), data(y), data(dy), &tapOff[0], 4, n, stride, c)
	case useSIMD:
		maxPoolGradRowSetSIMD(data(dx), data(x), data(y), data(dy), unsafe.SliceData(tapOff), len(tapOff), n, stride, c)
	default:
		maxPoolGradRowSetGeneric(dx, x, y, dy, tapOff, n, stride, c)
	}
}

func sumPoolGradRow(dx, dy []float32, tapOff []int32, n, stride, c int, scale float32) {
	switch {
	case useSIMD && len(tapOff) == 4:
		sumPoolGradRow4SIMD(data(dx), data(dy), &tapOff[0], 4, n, stride, c, scale)
	case useSIMD:
		sumPoolGradRowSIMD(data(dx), data(dy), unsafe.SliceData(tapOff), len(tapOff), n, stride, c, scale)
	default:
		sumPoolGradRowGeneric(dx, dy, tapOff, n, stride, c, scale)
	}
}

func sumPoolGradRowSet(dx, dy []float32, tapOff []int32, n, stride, c int, scale float32) {
	switch {
	case useSIMD && len(tapOff) == 4:
		sumPoolGradRowSet4SIMD(data(dx), data(dy), &tapOff[0], 4, n, stride, c, scale)
	case useSIMD:
		sumPoolGradRowSetSIMD(data(dx), data(dy), unsafe.SliceData(tapOff), len(tapOff), n, stride, c, scale)
	default:
		sumPoolGradRowSetGeneric(dx, dy, tapOff, n, stride, c, scale)
	}
}
