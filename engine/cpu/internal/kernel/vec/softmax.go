package vec

import "github.com/strideml/stride/internal/isa"

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
		Log(total[:m], total[:m])
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
		Log(total[:m], total[:m])
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
		Div(total[:m], dloss[:m], total[:m])
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

// expRows stores the largest element m of each row of n elements, e^(x−m) in
// dst and the sum of e^(x−m) over the row.
func expRows(dst, x, highest, total []float32, n int) {
	if isa.UseSIMD {
		expRowsSIMD(data(dst), data(x), data(highest), data(total), len(highest), n)
		return
	}
	for r := range highest {
		s, d := x[r*n:][:n], dst[r*n:][:n]
		m := s[0]
		for _, v := range s[1:] {
			m = larger(v, m)
		}
		var lanes [8]float32
		for j, v := range s {
			e := exp32(v - m)
			d[j] = e
			lanes[j&7] += e
		}
		highest[r], total[r] = m, foldVector(&lanes)
	}
}

// sumExpRows is [expRows] without dst.
func sumExpRows(x, highest, total []float32, n int) {
	if isa.UseSIMD {
		sumExpRowsSIMD(data(x), data(highest), data(total), len(highest), n)
		return
	}
	for r := range highest {
		s := x[r*n:][:n]
		m := s[0]
		for _, v := range s[1:] {
			m = larger(v, m)
		}
		var lanes [8]float32
		for j, v := range s {
			lanes[j&7] += exp32(v - m)
		}
		highest[r], total[r] = m, foldVector(&lanes)
	}
}

// scaleEachRow multiplies row r of x, rows of n elements, by scale[r].
func scaleEachRow(x, scale []float32, n int) {
	if isa.UseSIMD {
		scaleEachRowSIMD(data(x), data(scale), len(scale), n)
		return
	}
	for r, s := range scale {
		row := x[r*n:][:n]
		for j := range row {
			row[j] *= s
		}
	}
}

// subTwoEachRow subtracts first[r] and then second[r] from row r of x.
func subTwoEachRow(dst, x, first, second []float32, n int) {
	if isa.UseSIMD {
		subTwoEachRowSIMD(data(dst), data(x), data(first), data(second), len(first), n)
		return
	}
	for r, a := range first {
		b := second[r]
		d := dst[r*n:][:n]
		for j, v := range x[r*n:][:n] {
			d[j] = (v - a) - b
		}
	}
}

// The assembly.

//go:noescape
func expRowsSIMD(dst, x, highest, total *float32, rows, n int)

//go:noescape
func sumExpRowsSIMD(x, highest, total *float32, rows, n int)

//go:noescape
func scaleEachRowSIMD(x, scale *float32, rows, n int)

//go:noescape
func subTwoEachRowSIMD(dst, x, first, second *float32, rows, n int)
