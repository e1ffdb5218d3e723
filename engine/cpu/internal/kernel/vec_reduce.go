package kernel

import "math"

// Sum returns the sum of x. The order of additions is fixed: with the elements
// dealt out in turn to 32 partial sums s₀…s₃₁, each in rising order,
// t_i = (s_i + s_{i+8}) + (s_{i+16} + s_{i+24}) for i < 8 and then
// u_i = t_i + t_{i+4}, result (u₀ + u₂) + (u₁ + u₃). Assembly and twin give the
// same bits.
func Sum(x []float32) float32 { return sum(x) }

// sumLanes is the number of partial sums of [Sum].
const sumLanes = 32

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

func addRowBlocks(dst, x []float32, rows, n, ld int) {
	most := blockRows(n)
	for r := 0; r < rows; r += most {
		block := min(most, rows-r)
		touch(x[r*ld:], block, n, ld)
		addRows(dst, x[r*ld:], block, n, ld)
	}
}

// MergeMoments takes a matrix x of rows×n elements, whose rows are ld apart, into
// the mean of each column and the sum m2 of its squared deviations from that mean,
// which describe count rows already (both must be 0 if count is). Blocks of rows
// that fit into the first-level cache are summed up in two passes, one for the mean
// and one for the deviations, which suffers from no cancellation, and added by the
// formulas of Chan, Golub and LeVeque (1979): with δ = mean_b − mean,
//
//	mean += δ·rows_b/(count+rows_b)
//	m2   += m2_b + δ²·count·rows_b/(count+rows_b)
//
// The order of additions depends on rows and n, nothing else.
func MergeMoments(mean, m2, x []float32, rows, n, ld, count int) {
	if rows <= 0 || n <= 0 {
		return
	}
	mean, m2, x = mean[:n], m2[:n], x[:(rows-1)*ld+n]
	most := blockRows(n)
	for r := 0; r < rows; r += most {
		block := min(most, rows-r)
		touch(x[r*ld:], block, n, ld)
		all := float64(count + block)
		mergeMoments(mean, m2, x[r*ld:], block, n, ld,
			float32(1/float64(block)), float32(float64(block)/all), float32(float64(count)*float64(block)/all))
		count += block
	}
}

// BatchNormSums adds the two sums that the gradients of batch normalisation
// need, for dy and x of rows×n elements, whose rows are ldDy and ldX apart:
//
//	sums[j]     += Σ_r dy[r,j]
//	products[j] += Σ_r dy[r,j]·(x[r,j] − mean[j])
//
// The order of additions is that of [AddRows] but for having two partial sums
// instead of four, and long rows where ldDy = ldX = n.
func BatchNormSums(products, sums, dy, x, mean []float32, rows, n, ldDy, ldX int) {
	if rows <= 0 || n <= 0 {
		return
	}
	products, sums, mean = products[:n], sums[:n], mean[:n]
	dy, x = dy[:(rows-1)*ldDy+n], x[:(rows-1)*ldX+n]
	k := 1
	if ldDy == n && ldX == n {
		k = foldRows(rows, n)
	}
	if k == 1 {
		dotBlocks(products, sums, dy, x, mean, rows, n, ldDy, ldX)
		return
	}
	var wideProducts, wideSums, means [foldMax]float32
	width := k * n
	p, s, m := wideProducts[:width], wideSums[:width], repeat(&means, mean, k)
	dotBlocks(p, s, dy, x, m, rows/k, width, width, width)
	rest := rows / k * width
	dotBlocks(p, s, dy[rest:], x[rest:], m, 1, rows%k*n, 0, 0)
	unfold(sums, s)
	unfold(products, p)
}

func dotBlocks(products, sums, dy, x, mean []float32, rows, n, ldDy, ldX int) {
	most := blockRows(n)
	for r := 0; r < rows; r += most {
		block := min(most, rows-r)
		touch(x[r*ldX:], block, n, ldX)
		touch(dy[r*ldDy:], block, n, ldDy)
		addDots(products, sums, dy[r*ldDy:], x[r*ldX:], mean, block, n, ldDy, ldX)
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
		add(first, first, rest[:n])
	}
	add(dst, dst, first)
}
