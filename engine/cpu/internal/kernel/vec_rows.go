package kernel

// ScaleShiftRows computes dst = x·scale + shift for matrices of rows×n elements,
// whose rows are ldDst and ldX apart, with one scale and shift a column:
// dst[r,j] = x[r,j]·scale[j] + shift[j], followed by max(0, ·) if withReLU is set.
// It is batch normalisation in NHWC, n being the channels. dst may be x. The
// assembly rounds once, the twin twice.
func ScaleShiftRows(dst, x, scale, shift []float32, rows, n, ldDst, ldX int, withReLU bool) {
	if rows <= 0 || n <= 0 {
		return
	}
	dst, x, scale, shift = dst[:(rows-1)*ldDst+n], x[:(rows-1)*ldX+n], scale[:n], shift[:n]
	if k := foldRows(rows, n); k > 1 && ldDst == n && ldX == n {
		var b1, b2 [foldMax]float32
		scale, shift = repeat(&b1, scale, k), repeat(&b2, shift, k)
		n, rows = k*n, rows/k
		ldDst, ldX = n, n
		if done := rows * n; done < len(dst) {
			scaleShiftRows(dst[done:], x[done:], scale, shift, 1, len(dst)-done, 0, 0, withReLU)
		}
	}
	scaleShiftRows(dst, x, scale, shift, rows, n, ldDst, ldX, withReLU)
}

// BatchNormGradRows computes the gradient of batch normalisation with respect to
// its input, for matrices of rows×n elements with n channels, whose rows are ldDst,
// ldDy and ldX apart:
//
//	dst = scale·(dy − a − x̂·b),  x̂ = (x − mean)·invstd
//
// where scale = γ·invstd and, for batch statistics over m elements a channel,
// a = Σdy/m and b = Σ(dy·x̂)/m (see [BatchNormSums]). dst may be dy or x.
func BatchNormGradRows(dst, dy, x, mean, invstd, scale, a, b []float32, rows, n, ldDst, ldDy, ldX int) {
	if rows <= 0 || n <= 0 {
		return
	}
	dst, dy, x = dst[:(rows-1)*ldDst+n], dy[:(rows-1)*ldDy+n], x[:(rows-1)*ldX+n]
	mean, invstd, scale, a, b = mean[:n], invstd[:n], scale[:n], a[:n], b[:n]
	if k := foldRows(rows, n); k > 1 && ldDst == n && ldDy == n && ldX == n {
		var b1, b2, b3, b4, b5 [foldMax]float32
		mean, invstd, scale = repeat(&b1, mean, k), repeat(&b2, invstd, k), repeat(&b3, scale, k)
		a, b = repeat(&b4, a, k), repeat(&b5, b, k)
		n, rows = k*n, rows/k
		ldDst, ldDy, ldX = n, n, n
		if done := rows * n; done < len(dst) {
			batchNormGradRows(dst[done:], dy[done:], x[done:], mean, invstd, scale, a, b, 1, len(dst)-done, 0, 0, 0)
		}
	}
	batchNormGradRows(dst, dy, x, mean, invstd, scale, a, b, rows, n, ldDst, ldDy, ldX)
}

// softmaxBlock is the number of rows that the softmax functions hold statistics
// of at a time.
const softmaxBlock = 64

// SoftmaxRows computes the softmax of each row of a matrix of rows×n elements:
// dst = e^(x−m)/Σe^(x−m), m being the largest element of the row. dst may be x.
// A row with a NaN or +Inf becomes NaN.
func SoftmaxRows(dst, x []float32, rows, n int) {
	var highest, total [softmaxBlock]float32
	for ; rows > 0 && n > 0; rows -= softmaxBlock {
		m := min(rows, softmaxBlock)
		expRows(dst[:m*n], x[:m*n], highest[:m], total[:m], n)
		reciprocal(total[:m], total[:m])
		scaleEachRow(dst[:m*n], total[:m], n)
		dst, x = dst[m*n:], x[m*n:]
	}
}

// LogSoftmaxRows computes the logarithm of [SoftmaxRows] without overflow:
// dst = (x−m) − log Σe^(x−m). dst may be x.
func LogSoftmaxRows(dst, x []float32, rows, n int) {
	var highest, total [softmaxBlock]float32
	for ; rows > 0 && n > 0; rows -= softmaxBlock {
		m := min(rows, softmaxBlock)
		sumExpRows(x[:m*n], highest[:m], total[:m], n)
		log(total[:m], total[:m])
		subTwoEachRow(dst[:m*n], x[:m*n], highest[:m], total[:m], n)
		dst, x = dst[m*n:], x[m*n:]
	}
}

// CrossEntropyRows computes the loss −log softmax(logits)[label] of each of rows
// samples with n classes. Labels are class indices; one that is not a whole number
// from 0 to n−1 gives NaN.
func CrossEntropyRows(loss, logits, labels []float32, rows, n int) {
	var highest, total [softmaxBlock]float32
	for ; rows > 0 && n > 0; rows -= softmaxBlock {
		m := min(rows, softmaxBlock)
		sumExpRows(logits[:m*n], highest[:m], total[:m], n)
		log(total[:m], total[:m])
		for r := range m {
			if c := classIndex(labels[r], n); c >= 0 {
				loss[r] = total[r] - (logits[r*n+c] - highest[r])
			} else {
				loss[r] = nan32
			}
		}
		loss, logits, labels = loss[m:], logits[m*n:], labels[m:]
	}
}

// CrossEntropyGradRows computes the gradient of [CrossEntropyRows] with respect
// to the logits: dst = (softmax(logits) − onehot(label))·dloss. The row of a bad
// label becomes NaN. dst may be logits.
func CrossEntropyGradRows(dst, logits, labels, dloss []float32, rows, n int) {
	var highest, total [softmaxBlock]float32
	for ; rows > 0 && n > 0; rows -= softmaxBlock {
		m := min(rows, softmaxBlock)
		expRows(dst[:m*n], logits[:m*n], highest[:m], total[:m], n)
		for r := range m {
			if c := classIndex(labels[r], n); c >= 0 {
				dst[r*n+c] -= total[r]
			} else {
				total[r] = nan32
			}
		}
		div(total[:m], dloss[:m], total[:m])
		scaleEachRow(dst[:m*n], total[:m], n)
		dst, logits, labels, dloss = dst[m*n:], logits[m*n:], labels[m:], dloss[m:]
	}
}

// classIndex returns the label as an index below n, or −1.
func classIndex(label float32, n int) int {
	if !(label >= 0 && label < float32(n)) {
		return -1
	}
	c := int(label)
	if float32(c) != label {
		return -1
	}
	return c
}
