//go:build !amd64 && !arm64

package kernel

// On other architectures every kernel is its twin.

func neg(dst, x []float32) {
	negGeneric(dst, x)
}

func reciprocal(dst, x []float32) {
	reciprocalGeneric(dst, x)
}

func sqrt(dst, x []float32) {
	sqrtGeneric(dst, x)
}

func relu6(dst, x []float32) {
	relu6Generic(dst, x)
}

func relu(dst, x []float32) {
	reluGeneric(dst, x)
}

func add(dst, a, b []float32) {
	addGeneric(dst, a, b)
}

func sub(dst, a, b []float32) {
	subGeneric(dst, a, b)
}

func mul(dst, a, b []float32) {
	mulGeneric(dst, a, b)
}

func div(dst, a, b []float32) {
	divGeneric(dst, a, b)
}

func equal(dst, a, b []float32) {
	equalGeneric(dst, a, b)
}

func addS(dst, a []float32, s float32) {
	addSGeneric(dst, a, s)
}

func subS(dst, a []float32, s float32) {
	subSGeneric(dst, a, s)
}

func rsubS(dst, a []float32, s float32) {
	rsubSGeneric(dst, a, s)
}

func mulS(dst, a []float32, s float32) {
	mulSGeneric(dst, a, s)
}

func divS(dst, a []float32, s float32) {
	divSGeneric(dst, a, s)
}

func rdivS(dst, a []float32, s float32) {
	rdivSGeneric(dst, a, s)
}

func equalS(dst, a []float32, s float32) {
	equalSGeneric(dst, a, s)
}

func relu6Grad(dst, y, dy []float32) {
	relu6GradGeneric(dst, y, dy)
}

func reluGrad(dst, y, dy []float32) {
	reluGradGeneric(dst, y, dy)
}

func sigmoidGrad(dst, y, dy []float32) {
	sigmoidGradGeneric(dst, y, dy)
}

func tanhGrad(dst, y, dy []float32) {
	tanhGradGeneric(dst, y, dy)
}

func fill(dst []float32, v float32) {
	fillGeneric(dst, v)
}

func dropout(dst, x []float32, scale float32, threshold uint32, key uint64, start uint32) {
	dropoutGeneric(dst, x, scale, threshold, key, start)
}

func exp(dst, x []float32) {
	expGeneric(dst, x)
}

func log(dst, x []float32) {
	logGeneric(dst, x)
}

func sigmoid(dst, x []float32) {
	sigmoidGeneric(dst, x)
}

func tanh(dst, x []float32) {
	tanhGeneric(dst, x)
}

func sum(x []float32) float32 {
	return sumGeneric(x)
}

func addRows(dst, x []float32, rows, n, ld int) {
	addRowsGeneric(dst, x, rows, n, ld)
}

func mergeMoments(mean, m2, x []float32, rows, n, ld int, inverse, share, weight float32) {
	mergeMomentsGeneric(mean, m2, x, rows, n, ld, inverse, share, weight)
}

func addDots(products, sums, dy, x, mean []float32, rows, n, ldDy, ldX int) {
	addDotsGeneric(products, sums, dy, x, mean, rows, n, ldDy, ldX)
}

func scaleShiftRows(dst, x, scale, shift []float32, rows, n, ldDst, ldX int, withReLU bool) {
	scaleShiftRowsGeneric(dst, x, scale, shift, rows, n, ldDst, ldX, withReLU)
}

func batchNormGradRows(dst, dy, x, mean, invstd, scale, a, b []float32, rows, n, ldDst, ldDy, ldX int) {
	batchNormGradRowsGeneric(dst, dy, x, mean, invstd, scale, a, b, rows, n, ldDst, ldDy, ldX)
}

func expRows(dst, x, highest, total []float32, n int) {
	expRowsGeneric(dst, x, highest, total, n)
}

func sumExpRows(x, highest, total []float32, n int) {
	sumExpRowsGeneric(x, highest, total, n)
}

func scaleEachRow(x, scale []float32, n int) {
	scaleEachRowGeneric(x, scale, n)
}

func subTwoEachRow(dst, x, first, second []float32, n int) {
	subTwoEachRowGeneric(dst, x, first, second, n)
}
