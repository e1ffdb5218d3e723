package kernel

import "unsafe"

func poolSumRow(dst, src []float32, tapOff []int32, n, stride, c int, scale float32) {
	switch {
	case useSIMD && len(tapOff) == 4:
		poolSumRow4SIMD(data(dst), data(src), &tapOff[0], 4, n, stride, c, scale)
	case useSIMD:
		poolSumRowSIMD(data(dst), data(src), unsafe.SliceData(tapOff), len(tapOff), n, stride, c, scale)
	default:
		poolSumRowGeneric(dst, src, tapOff, n, stride, c, scale)
	}
}

func poolMaxRow(dst, src []float32, tapOff []int32, n, stride, c int) {
	switch {
	case useSIMD && len(tapOff) == 4:
		poolMaxRow4SIMD(data(dst), data(src), &tapOff[0], 4, n, stride, c)
	case useSIMD:
		poolMaxRowSIMD(data(dst), data(src), unsafe.SliceData(tapOff), len(tapOff), n, stride, c)
	default:
		poolMaxRowGeneric(dst, src, tapOff, n, stride, c)
	}
}

const poolPlaces = true

func poolMaxPlaceRow(dst []float32, places []byte, src []float32, tapOff []int32, n, stride, c int) {
	p := unsafe.SliceData(places)
	switch {
	case useSIMD && len(tapOff) == 4:
		poolMaxPlaceRow4SIMD(data(dst), p, data(src), &tapOff[0], 4, n, stride, c)
	case useSIMD:
		poolMaxPlaceRowSIMD(data(dst), p, data(src), unsafe.SliceData(tapOff), len(tapOff), n, stride, c)
	default:
		poolMaxPlaceRowGeneric(dst, places, src, tapOff, n, stride, c)
	}
}

func poolPlaceGradRow(dx []float32, places []byte, dy []float32, tapOff []int32, n, stride, c int) {
	p := unsafe.SliceData(places)
	switch {
	case useSIMD && len(tapOff) == 4:
		poolPlaceGradRow4SIMD(data(dx), p, data(dy), &tapOff[0], 4, n, stride, c)
	case useSIMD:
		poolPlaceGradRowSIMD(data(dx), p, data(dy), unsafe.SliceData(tapOff), len(tapOff), n, stride, c)
	default:
		poolPlaceGradRowGeneric(dx, places, dy, tapOff, n, stride, c)
	}
}

func poolPlaceGradRowSet(dx []float32, places []byte, dy []float32, tapOff []int32, n, stride, c int) {
	p := unsafe.SliceData(places)
	switch {
	case useSIMD && len(tapOff) == 4:
		poolPlaceGradRowSet4SIMD(data(dx), p, data(dy), &tapOff[0], 4, n, stride, c)
	case useSIMD:
		poolPlaceGradRowSetSIMD(data(dx), p, data(dy), unsafe.SliceData(tapOff), len(tapOff), n, stride, c)
	default:
		poolPlaceGradRowSetGeneric(dx, places, dy, tapOff, n, stride, c)
	}
}

func poolMaxGradRow(dx, x, y, dy []float32, tapOff []int32, n, stride, c int) {
	switch {
	case useSIMD && len(tapOff) == 4:
		poolMaxGradRow4SIMD(data(dx), data(x), data(y), data(dy), &tapOff[0], 4, n, stride, c)
	case useSIMD:
		poolMaxGradRowSIMD(data(dx), data(x), data(y), data(dy), unsafe.SliceData(tapOff), len(tapOff), n, stride, c)
	default:
		poolMaxGradRowGeneric(dx, x, y, dy, tapOff, n, stride, c)
	}
}

func poolMaxGradRowSet(dx, x, y, dy []float32, tapOff []int32, n, stride, c int) {
	switch {
	case useSIMD && len(tapOff) == 4:
		poolMaxGradRowSet4SIMD(data(dx), data(x), data(y), data(dy), &tapOff[0], 4, n, stride, c)
	case useSIMD:
		poolMaxGradRowSetSIMD(data(dx), data(x), data(y), data(dy), unsafe.SliceData(tapOff), len(tapOff), n, stride, c)
	default:
		poolMaxGradRowSetGeneric(dx, x, y, dy, tapOff, n, stride, c)
	}
}

func poolSpreadRow(dx, dy []float32, tapOff []int32, n, stride, c int, scale float32) {
	switch {
	case useSIMD && len(tapOff) == 4:
		poolSpreadRow4SIMD(data(dx), data(dy), &tapOff[0], 4, n, stride, c, scale)
	case useSIMD:
		poolSpreadRowSIMD(data(dx), data(dy), unsafe.SliceData(tapOff), len(tapOff), n, stride, c, scale)
	default:
		poolSpreadRowGeneric(dx, dy, tapOff, n, stride, c, scale)
	}
}

func poolSpreadRowSet(dx, dy []float32, tapOff []int32, n, stride, c int, scale float32) {
	switch {
	case useSIMD && len(tapOff) == 4:
		poolSpreadRowSet4SIMD(data(dx), data(dy), &tapOff[0], 4, n, stride, c, scale)
	case useSIMD:
		poolSpreadRowSetSIMD(data(dx), data(dy), unsafe.SliceData(tapOff), len(tapOff), n, stride, c, scale)
	default:
		poolSpreadRowSetGeneric(dx, dy, tapOff, n, stride, c, scale)
	}
}
