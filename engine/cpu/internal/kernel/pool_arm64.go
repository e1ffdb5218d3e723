package kernel

import "unsafe"

func poolSumRow(dst, src []float32, tapOff []int32, n, stride, c int, scale float32) {
	if useSIMD {
		poolSumRowSIMD(data(dst), data(src), unsafe.SliceData(tapOff), len(tapOff), n, stride, c, scale)
		return
	}
	poolSumRowGeneric(dst, src, tapOff, n, stride, c, scale)
}

func poolMaxRow(dst, src []float32, tapOff []int32, n, stride, c int) {
	if useSIMD {
		poolMaxRowSIMD(data(dst), data(src), unsafe.SliceData(tapOff), len(tapOff), n, stride, c)
		return
	}
	poolMaxRowGeneric(dst, src, tapOff, n, stride, c)
}

func poolMaxGradRow(dx, x, y, dy []float32, tapOff []int32, n, stride, c int) {
	if useSIMD {
		poolMaxGradRowSIMD(data(dx), data(x), data(y), data(dy), unsafe.SliceData(tapOff), len(tapOff), n, stride, c)
		return
	}
	poolMaxGradRowGeneric(dx, x, y, dy, tapOff, n, stride, c)
}

func poolMaxGradRowSet(dx, x, y, dy []float32, tapOff []int32, n, stride, c int) {
	if useSIMD {
		poolMaxGradRowSetSIMD(data(dx), data(x), data(y), data(dy), unsafe.SliceData(tapOff), len(tapOff), n, stride, c)
		return
	}
	poolMaxGradRowSetGeneric(dx, x, y, dy, tapOff, n, stride, c)
}

func poolSpreadRow(dx, dy []float32, tapOff []int32, n, stride, c int, scale float32) {
	if useSIMD {
		poolSpreadRowSIMD(data(dx), data(dy), unsafe.SliceData(tapOff), len(tapOff), n, stride, c, scale)
		return
	}
	poolSpreadRowGeneric(dx, dy, tapOff, n, stride, c, scale)
}

func poolSpreadRowSet(dx, dy []float32, tapOff []int32, n, stride, c int, scale float32) {
	if useSIMD {
		poolSpreadRowSetSIMD(data(dx), data(dy), unsafe.SliceData(tapOff), len(tapOff), n, stride, c, scale)
		return
	}
	poolSpreadRowSetGeneric(dx, dy, tapOff, n, stride, c, scale)
}

const poolPlaces = false // there are NEON kernels for the others only

func poolMaxPlaceRow(dst []float32, places []byte, src []float32, tapOff []int32, n, stride, c int) {
	poolMaxPlaceRowGeneric(dst, places, src, tapOff, n, stride, c)
}

func poolPlaceGradRow(dx []float32, places []byte, dy []float32, tapOff []int32, n, stride, c int) {
	poolPlaceGradRowGeneric(dx, places, dy, tapOff, n, stride, c)
}

func poolPlaceGradRowSet(dx []float32, places []byte, dy []float32, tapOff []int32, n, stride, c int) {
	poolPlaceGradRowSetGeneric(dx, places, dy, tapOff, n, stride, c)
}
