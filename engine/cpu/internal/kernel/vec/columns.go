package vec

import (
	"math"

	"github.com/strideml/stride/internal/isa"
)

// The column kernels take blocks of at most sumRows rows and about sumFloats
// elements at a time: they go through a block by columns.
const (
	sumRows   = 128
	sumFloats = 1 << 13
)

// blockRows is the number of rows of n elements in a block.
func blockRows(n int) int { return max(sumRows/8, min(sumRows, sumFloats/max(n, 1))) }

// touch reads something of each cache line of a matrix of rows×n elements, row by
// row, which the processor sees coming, unlike the order of the column kernels:
// their blocks come from memory two to three times as fast.
//
//go:noinline
func touch(x []float32, rows, n, ld int) (all uint32) {
	if ld == n {
		rows, n = 1, rows*n
	}
	for r := range rows {
		row := x[r*ld:][:n]
		for i := 0; i < n; i += 16 {
			all |= math.Float32bits(row[i])
		}
	}
	return all
}

// AddRows adds the column sums of a matrix x of rows×n elements, whose rows are ld
// apart, to dst: dst[j] += Σ_r x[r·ld+j]. For the bias gradient of a convolution
// in NHWC, n is the number of channels and rows that of pixels.
//
// The order of additions depends on rows, n and whether ld = n, nothing else.
// Blocks of rows are added to dst one after the other; the rows of a block go
// in turn to four partial sums. Where ld = n < 128, several rows are first taken
// together as one long row, see [foldRows].
func AddRows(dst, x []float32, rows, n, ld int) {
	if rows <= 0 || n <= 0 {
		return
	}
	dst, x = dst[:n], x[:(rows-1)*ld+n]
	k := 1
	if ld == n {
		k = foldRows(rows, n)
	}
	if k == 1 {
		addRowBlocks(dst, x, rows, n, ld)
		return
	}
	var buf [foldMax]float32
	wide := buf[:k*n]
	addRowBlocks(wide, x, rows/k, k*n, k*n)
	addRowBlocks(wide, x[rows/k*k*n:], 1, rows%k*n, 0)
	unfold(dst, wide)
}

// ColumnsApart reports whether [AddRowsColumns] has the bits of [AddRows].
func ColumnsApart(rows, n int) bool { return foldRows(rows, n) == 1 }

// AddRowsColumns is [AddRows] for the columns from ≤ j < to: it adds their sums to dst,
// which has an element for each of them.
func AddRowsColumns(dst, x []float32, rows, n, ld, from, to int) {
	if rows <= 0 || from >= to {
		return
	}
	dst, x = dst[:to-from], x[:(rows-1)*ld+n]
	most := blockRows(n)
	for r := 0; r < rows; r += most {
		block := x[r*ld+from:]
		touch(block, min(most, rows-r), to-from, ld)
		addRows(dst, block, min(most, rows-r), to-from, ld)
	}
}

func addRowBlocks(dst, x []float32, rows, n, ld int) {
	most := blockRows(n)
	for r := 0; r < rows; r += most {
		block := min(most, rows-r)
		touch(x[r*ld:], block, n, ld)
		addRows(dst, x[r*ld:], block, n, ld)
	}
}

// addRows is [AddRows] for a block of rows: each column has four partial sums, to
// which the rows go in turn; (s₀+s₁) + (s₂+s₃) is added to the result.
func addRows(dst, x []float32, rows, n, ld int) {
	if isa.UseSIMD {
		addRowsSIMD(data(dst), data(x), rows, n, ld)
		return
	}
	for j := range n {
		var s [4]float32
		for r := range rows {
			s[r&3] += x[r*ld+j]
		}
		dst[j] += (s[0] + s[1]) + (s[2] + s[3])
	}
}

// foldMax is the most elements that are taken together as one long row.
const foldMax = 256

// foldRows returns how many rows of n elements the row and column kernels take
// together as one long row. Short rows would waste most of a vector; a long row
// of k short ones is as good as any, its columns being the n channels over and
// over. k is 1 where folding does not pay.
func foldRows(rows, n int) int {
	if n >= foldMax/2 || n >= foldMax/8 && n%8 == 0 {
		return 1
	}
	step := 8 / gcd(n, 8) // rows that fill whole vectors
	k := min(foldMax/n, rows/4)
	if k < step {
		return 1
	}
	return k / step * step
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// repeat writes k copies of v to buf and returns them.
func repeat(buf *[foldMax]float32, v []float32, k int) []float32 {
	n := copy(buf[:], v)
	for n < k*len(v) {
		n += copy(buf[n:k*len(v)], buf[:n])
	}
	return buf[:n]
}

// unfold adds the columns of a long row to the channels that they belong to.
func unfold(dst, wide []float32) {
	n := len(dst)
	first := wide[:n]
	for rest := wide[n:]; len(rest) >= n; rest = rest[n:] {
		Add(first, first, rest[:n])
	}
	Add(dst, dst, first)
}

// The assembly.

//go:noescape
func addRowsSIMD(dst, x *float32, rows, n, ld int)
