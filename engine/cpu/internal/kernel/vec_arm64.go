package kernel

import "unsafe"

// data returns where a slice lies.
func data(x []float32) *float32 { return unsafe.SliceData(x) }

func neg(dst, x []float32) {
	if UseNEON {
		negNEON(data(dst), data(x), len(dst))
		return
	}
	negGeneric(dst, x)
}

func square(dst, x []float32) {
	if UseNEON {
		squareNEON(data(dst), data(x), len(dst))
		return
	}
	squareGeneric(dst, x)
}

func reciprocal(dst, x []float32) {
	if UseNEON {
		reciprocalNEON(data(dst), data(x), len(dst))
		return
	}
	reciprocalGeneric(dst, x)
}

func sqrt(dst, x []float32) {
	if UseNEON {
		sqrtNEON(data(dst), data(x), len(dst))
		return
	}
	sqrtGeneric(dst, x)
}

func relu(dst, x []float32) {
	if UseNEON {
		reluNEON(data(dst), data(x), len(dst))
		return
	}
	reluGeneric(dst, x)
}

func relu6(dst, x []float32) {
	if UseNEON {
		relu6NEON(data(dst), data(x), len(dst))
		return
	}
	relu6Generic(dst, x)
}

func add(dst, a, b []float32) {
	if UseNEON {
		addNEON(data(dst), data(a), data(b), len(dst))
		return
	}
	addGeneric(dst, a, b)
}

func sub(dst, a, b []float32) {
	if UseNEON {
		subNEON(data(dst), data(a), data(b), len(dst))
		return
	}
	subGeneric(dst, a, b)
}

func mul(dst, a, b []float32) {
	if UseNEON {
		mulNEON(data(dst), data(a), data(b), len(dst))
		return
	}
	mulGeneric(dst, a, b)
}

func div(dst, a, b []float32) {
	if UseNEON {
		divNEON(data(dst), data(a), data(b), len(dst))
		return
	}
	divGeneric(dst, a, b)
}

func maximum(dst, a, b []float32) {
	if UseNEON {
		maximumNEON(data(dst), data(a), data(b), len(dst))
		return
	}
	maximumGeneric(dst, a, b)
}

func minimum(dst, a, b []float32) {
	if UseNEON {
		minimumNEON(data(dst), data(a), data(b), len(dst))
		return
	}
	minimumGeneric(dst, a, b)
}

func equal(dst, a, b []float32) {
	if UseNEON {
		equalNEON(data(dst), data(a), data(b), len(dst))
		return
	}
	equalGeneric(dst, a, b)
}

func greater(dst, a, b []float32) {
	if UseNEON {
		greaterNEON(data(dst), data(a), data(b), len(dst))
		return
	}
	greaterGeneric(dst, a, b)
}

func addS(dst, a []float32, s float32) {
	if UseNEON {
		addSNEON(data(dst), data(a), s, len(dst))
		return
	}
	addSGeneric(dst, a, s)
}

func subS(dst, a []float32, s float32) {
	if UseNEON {
		subSNEON(data(dst), data(a), s, len(dst))
		return
	}
	subSGeneric(dst, a, s)
}

func rsubS(dst, a []float32, s float32) {
	if UseNEON {
		rsubSNEON(data(dst), data(a), s, len(dst))
		return
	}
	rsubSGeneric(dst, a, s)
}

func mulS(dst, a []float32, s float32) {
	if UseNEON {
		mulSNEON(data(dst), data(a), s, len(dst))
		return
	}
	mulSGeneric(dst, a, s)
}

func divS(dst, a []float32, s float32) {
	if UseNEON {
		divSNEON(data(dst), data(a), s, len(dst))
		return
	}
	divSGeneric(dst, a, s)
}

func rdivS(dst, a []float32, s float32) {
	if UseNEON {
		rdivSNEON(data(dst), data(a), s, len(dst))
		return
	}
	rdivSGeneric(dst, a, s)
}

func maxS(dst, a []float32, s float32) {
	if UseNEON {
		maxSNEON(data(dst), data(a), s, len(dst))
		return
	}
	maxSGeneric(dst, a, s)
}

func minS(dst, a []float32, s float32) {
	if UseNEON {
		minSNEON(data(dst), data(a), s, len(dst))
		return
	}
	minSGeneric(dst, a, s)
}

func equalS(dst, a []float32, s float32) {
	if UseNEON {
		equalSNEON(data(dst), data(a), s, len(dst))
		return
	}
	equalSGeneric(dst, a, s)
}

func greaterS(dst, a []float32, s float32) {
	if UseNEON {
		greaterSNEON(data(dst), data(a), s, len(dst))
		return
	}
	greaterSGeneric(dst, a, s)
}

func lessS(dst, a []float32, s float32) {
	if UseNEON {
		lessSNEON(data(dst), data(a), s, len(dst))
		return
	}
	lessSGeneric(dst, a, s)
}

func axpy(dst, a []float32, s float32) {
	if UseNEON {
		axpyNEON(data(dst), data(a), s, len(dst))
		return
	}
	axpyGeneric(dst, a, s)
}

func mulAdd(dst, a, b, c []float32) {
	if UseNEON {
		mulAddNEON(data(dst), data(a), data(b), data(c), len(dst))
		return
	}
	mulAddGeneric(dst, a, b, c)
}

func reluGrad(dst, y, dy []float32) {
	if UseNEON {
		reluGradNEON(data(dst), data(y), data(dy), len(dst))
		return
	}
	reluGradGeneric(dst, y, dy)
}

func relu6Grad(dst, y, dy []float32) {
	if UseNEON {
		relu6GradNEON(data(dst), data(y), data(dy), len(dst))
		return
	}
	relu6GradGeneric(dst, y, dy)
}

func sigmoidGrad(dst, y, dy []float32) {
	if UseNEON {
		sigmoidGradNEON(data(dst), data(y), data(dy), len(dst))
		return
	}
	sigmoidGradGeneric(dst, y, dy)
}

func tanhGrad(dst, y, dy []float32) {
	if UseNEON {
		tanhGradNEON(data(dst), data(y), data(dy), len(dst))
		return
	}
	tanhGradGeneric(dst, y, dy)
}

func fill(dst []float32, v float32) {
	if UseNEON {
		fillNEON(data(dst), v, len(dst))
		return
	}
	fillGeneric(dst, v)
}

func copy2D(dst, src []float32, rows, cols, ldDst, ldSrc int) {
	if UseNEON {
		copy2DNEON(data(dst), data(src), rows, cols, ldDst, ldSrc)
		return
	}
	copy2DGeneric(dst, src, rows, cols, ldDst, ldSrc)
}

func dropout(dst, x []float32, scale float32, threshold uint32, key uint64, start uint32) {
	if UseNEON {
		dropoutNEON(data(dst), data(x), scale, threshold, uint32(key), uint32(key>>32), start, len(x))
		return
	}
	dropoutGeneric(dst, x, scale, threshold, key, start)
}

func exp(dst, x []float32) {
	if UseNEON {
		expNEON(data(dst), data(x), len(dst))
		return
	}
	expGeneric(dst, x)
}

func log(dst, x []float32) {
	if UseNEON {
		logNEON(data(dst), data(x), len(dst))
		return
	}
	logGeneric(dst, x)
}

func sigmoid(dst, x []float32) {
	if UseNEON {
		sigmoidNEON(data(dst), data(x), len(dst))
		return
	}
	sigmoidGeneric(dst, x)
}

func tanh(dst, x []float32) {
	if UseNEON {
		tanhNEON(data(dst), data(x), len(dst))
		return
	}
	tanhGeneric(dst, x)
}

func sum(x []float32) float32 {
	if UseNEON {
		return sumNEON(data(x), len(x))
	}
	return sumGeneric(x)
}

func sumSq(x []float32) float32 {
	if UseNEON {
		return sumSqNEON(data(x), len(x))
	}
	return sumSqGeneric(x)
}

func maxOf(x []float32) float32 {
	if UseNEON {
		return maxOfNEON(data(x), len(x))
	}
	return maxOfGeneric(x)
}

func addRows(dst, x []float32, rows, n, ld int) {
	if UseNEON {
		addRowsNEON(data(dst), data(x), rows, n, ld)
		return
	}
	addRowsGeneric(dst, x, rows, n, ld)
}

func mergeMoments(mean, m2, x []float32, rows, n, ld int, inverse, share, weight float32) {
	if UseNEON {
		mergeMomentsNEON(data(mean), data(m2), data(x), rows, n, ld, inverse, share, weight)
		return
	}
	mergeMomentsGeneric(mean, m2, x, rows, n, ld, inverse, share, weight)
}

func addDots(products, sums, dy, x, mean []float32, rows, n, ldDy, ldX int) {
	if UseNEON {
		addDotsNEON(data(products), data(sums), data(dy), data(x), data(mean), rows, n, ldDy, ldX)
		return
	}
	addDotsGeneric(products, sums, dy, x, mean, rows, n, ldDy, ldX)
}

func scaleShiftRows(dst, x, scale, shift []float32, rows, n, ldDst, ldX int, withRelu bool) {
	switch {
	case UseNEON && withRelu:
		scaleShiftReluRowsNEON(data(dst), data(x), data(scale), data(shift), rows, n, 4*ldDst, 4*ldX)
		return
	case UseNEON:
		scaleShiftRowsNEON(data(dst), data(x), data(scale), data(shift), rows, n, 4*ldDst, 4*ldX)
		return
	}
	scaleShiftRowsGeneric(dst, x, scale, shift, rows, n, ldDst, ldX, withRelu)
}

func addRowBias(dst, x, bias []float32, rows, n int) {
	if UseNEON {
		addRowBiasNEON(data(dst), data(x), data(bias), rows, n, 4*n, 4*n)
		return
	}
	addRowBiasGeneric(dst, x, bias, rows, n)
}

func batchNormGradRows(dst, dy, x, mean, invstd, scale, a, b []float32, rows, n, ldDst, ldDy, ldX int) {
	if UseNEON {
		batchNormGradRowsNEON(data(dst), data(dy), data(x), data(mean), data(invstd), data(scale), data(a), data(b),
			rows, n, 4*ldDst, 4*ldDy, 4*ldX)
		return
	}
	batchNormGradRowsGeneric(dst, dy, x, mean, invstd, scale, a, b, rows, n, ldDst, ldDy, ldX)
}

func expRows(dst, x, highest, total []float32, n int) {
	if UseNEON {
		expRowsNEON(data(dst), data(x), data(highest), data(total), len(highest), n)
		return
	}
	expRowsGeneric(dst, x, highest, total, n)
}

func sumExpRows(x, highest, total []float32, n int) {
	if UseNEON {
		sumExpRowsNEON(data(x), data(highest), data(total), len(highest), n)
		return
	}
	sumExpRowsGeneric(x, highest, total, n)
}

func scaleEachRow(x, scale []float32, n int) {
	if UseNEON {
		scaleEachRowNEON(data(x), data(scale), len(scale), n)
		return
	}
	scaleEachRowGeneric(x, scale, n)
}

func subTwoEachRow(dst, x, first, second []float32, n int) {
	if UseNEON {
		subTwoEachRowNEON(data(dst), data(x), data(first), data(second), len(first), n)
		return
	}
	subTwoEachRowGeneric(dst, x, first, second, n)
}
