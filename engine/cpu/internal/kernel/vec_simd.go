//go:build amd64 || arm64

package kernel

import "unsafe"

// data returns where a slice lies.
func data(x []float32) *float32 { return unsafe.SliceData(x) }

func neg(dst, x []float32) {
	if useSIMD {
		negSIMD(data(dst), data(x), len(dst))
		return
	}
	negGeneric(dst, x)
}

func reciprocal(dst, x []float32) {
	if useSIMD {
		reciprocalSIMD(data(dst), data(x), len(dst))
		return
	}
	reciprocalGeneric(dst, x)
}

func sqrt(dst, x []float32) {
	if useSIMD {
		sqrtSIMD(data(dst), data(x), len(dst))
		return
	}
	sqrtGeneric(dst, x)
}

func relu(dst, x []float32) {
	if useSIMD {
		reluSIMD(data(dst), data(x), len(dst))
		return
	}
	reluGeneric(dst, x)
}

func relu6(dst, x []float32) {
	if useSIMD {
		relu6SIMD(data(dst), data(x), len(dst))
		return
	}
	relu6Generic(dst, x)
}

func add(dst, a, b []float32) {
	if useSIMD {
		addSIMD(data(dst), data(a), data(b), len(dst))
		return
	}
	addGeneric(dst, a, b)
}

func sub(dst, a, b []float32) {
	if useSIMD {
		subSIMD(data(dst), data(a), data(b), len(dst))
		return
	}
	subGeneric(dst, a, b)
}

func mul(dst, a, b []float32) {
	if useSIMD {
		mulSIMD(data(dst), data(a), data(b), len(dst))
		return
	}
	mulGeneric(dst, a, b)
}

func div(dst, a, b []float32) {
	if useSIMD {
		divSIMD(data(dst), data(a), data(b), len(dst))
		return
	}
	divGeneric(dst, a, b)
}

func equal(dst, a, b []float32) {
	if useSIMD {
		equalSIMD(data(dst), data(a), data(b), len(dst))
		return
	}
	equalGeneric(dst, a, b)
}

func addS(dst, a []float32, s float32) {
	if useSIMD {
		addSSIMD(data(dst), data(a), s, len(dst))
		return
	}
	addSGeneric(dst, a, s)
}

func subS(dst, a []float32, s float32) {
	if useSIMD {
		subSSIMD(data(dst), data(a), s, len(dst))
		return
	}
	subSGeneric(dst, a, s)
}

func rsubS(dst, a []float32, s float32) {
	if useSIMD {
		rsubSSIMD(data(dst), data(a), s, len(dst))
		return
	}
	rsubSGeneric(dst, a, s)
}

func mulS(dst, a []float32, s float32) {
	if useSIMD {
		mulSSIMD(data(dst), data(a), s, len(dst))
		return
	}
	mulSGeneric(dst, a, s)
}

func divS(dst, a []float32, s float32) {
	if useSIMD {
		divSSIMD(data(dst), data(a), s, len(dst))
		return
	}
	divSGeneric(dst, a, s)
}

func rdivS(dst, a []float32, s float32) {
	if useSIMD {
		rdivSSIMD(data(dst), data(a), s, len(dst))
		return
	}
	rdivSGeneric(dst, a, s)
}

func equalS(dst, a []float32, s float32) {
	if useSIMD {
		equalSSIMD(data(dst), data(a), s, len(dst))
		return
	}
	equalSGeneric(dst, a, s)
}

func reluGrad(dst, y, dy []float32) {
	if useSIMD {
		reluGradSIMD(data(dst), data(y), data(dy), len(dst))
		return
	}
	reluGradGeneric(dst, y, dy)
}

func relu6Grad(dst, y, dy []float32) {
	if useSIMD {
		relu6GradSIMD(data(dst), data(y), data(dy), len(dst))
		return
	}
	relu6GradGeneric(dst, y, dy)
}

func sigmoidGrad(dst, y, dy []float32) {
	if useSIMD {
		sigmoidGradSIMD(data(dst), data(y), data(dy), len(dst))
		return
	}
	sigmoidGradGeneric(dst, y, dy)
}

func tanhGrad(dst, y, dy []float32) {
	if useSIMD {
		tanhGradSIMD(data(dst), data(y), data(dy), len(dst))
		return
	}
	tanhGradGeneric(dst, y, dy)
}

func fill(dst []float32, v float32) {
	if useSIMD {
		fillSIMD(data(dst), v, len(dst))
		return
	}
	fillGeneric(dst, v)
}

func dropout(dst, x []float32, scale float32, threshold uint32, key uint64, start uint32) {
	if useSIMD {
		dropoutSIMD(data(dst), data(x), scale, threshold, uint32(key), uint32(key>>32), start, len(x))
		return
	}
	dropoutGeneric(dst, x, scale, threshold, key, start)
}

func exp(dst, x []float32) {
	if useSIMD {
		expSIMD(data(dst), data(x), len(dst))
		return
	}
	expGeneric(dst, x)
}

func log(dst, x []float32) {
	if useSIMD {
		logSIMD(data(dst), data(x), len(dst))
		return
	}
	logGeneric(dst, x)
}

func sigmoid(dst, x []float32) {
	if useSIMD {
		sigmoidSIMD(data(dst), data(x), len(dst))
		return
	}
	sigmoidGeneric(dst, x)
}

func tanh(dst, x []float32) {
	if useSIMD {
		tanhSIMD(data(dst), data(x), len(dst))
		return
	}
	tanhGeneric(dst, x)
}

func sum(x []float32) float32 {
	if useSIMD {
		return sumSIMD(data(x), len(x))
	}
	return sumGeneric(x)
}

func addRows(dst, x []float32, rows, n, ld int) {
	if useSIMD {
		addRowsSIMD(data(dst), data(x), rows, n, ld)
		return
	}
	addRowsGeneric(dst, x, rows, n, ld)
}

func mergeMoments(mean, m2, x []float32, rows, n, ld int, inverse, share, weight float32) {
	if useSIMD {
		mergeMomentsSIMD(data(mean), data(m2), data(x), rows, n, ld, inverse, share, weight)
		return
	}
	mergeMomentsGeneric(mean, m2, x, rows, n, ld, inverse, share, weight)
}

func addDots(products, sums, dy, x, mean []float32, rows, n, ldDy, ldX int) {
	if useSIMD {
		addDotsSIMD(data(products), data(sums), data(dy), data(x), data(mean), rows, n, ldDy, ldX)
		return
	}
	addDotsGeneric(products, sums, dy, x, mean, rows, n, ldDy, ldX)
}

func scaleShiftRows(dst, x, scale, shift []float32, rows, n, ldDst, ldX int, withReLU bool) {
	switch {
	case useSIMD && withReLU:
		scaleShiftReLURowsSIMD(data(dst), data(x), data(scale), data(shift), rows, n, 4*ldDst, 4*ldX)
		return
	case useSIMD:
		scaleShiftRowsSIMD(data(dst), data(x), data(scale), data(shift), rows, n, 4*ldDst, 4*ldX)
		return
	}
	scaleShiftRowsGeneric(dst, x, scale, shift, rows, n, ldDst, ldX, withReLU)
}

func batchNormGradRows(dst, dy, x, mean, invstd, scale, a, b []float32, rows, n, ldDst, ldDy, ldX int) {
	if useSIMD {
		batchNormGradRowsSIMD(data(dst), data(dy), data(x), data(mean), data(invstd), data(scale), data(a), data(b),
			rows, n, 4*ldDst, 4*ldDy, 4*ldX)
		return
	}
	batchNormGradRowsGeneric(dst, dy, x, mean, invstd, scale, a, b, rows, n, ldDst, ldDy, ldX)
}

func expRows(dst, x, highest, total []float32, n int) {
	if useSIMD {
		expRowsSIMD(data(dst), data(x), data(highest), data(total), len(highest), n)
		return
	}
	expRowsGeneric(dst, x, highest, total, n)
}

func sumExpRows(x, highest, total []float32, n int) {
	if useSIMD {
		sumExpRowsSIMD(data(x), data(highest), data(total), len(highest), n)
		return
	}
	sumExpRowsGeneric(x, highest, total, n)
}

func scaleEachRow(x, scale []float32, n int) {
	if useSIMD {
		scaleEachRowSIMD(data(x), data(scale), len(scale), n)
		return
	}
	scaleEachRowGeneric(x, scale, n)
}

func subTwoEachRow(dst, x, first, second []float32, n int) {
	if useSIMD {
		subTwoEachRowSIMD(data(dst), data(x), data(first), data(second), len(first), n)
		return
	}
	subTwoEachRowGeneric(dst, x, first, second, n)
}
