package kernel

// Sum returns the sum of x. The order of additions is fixed: with the elements
// dealt out in turn to 32 partial sums s₀…s₃₁, each in rising order,
// t_i = (s_i + s_{i+8}) + (s_{i+16} + s_{i+24}) for i < 8 and then
// u_i = t_i + t_{i+4}, result (u₀ + u₂) + (u₁ + u₃). Assembly and twin give the
// same bits.
func Sum(x []float32) float32 { return sum(x) }

// SumSq returns the sum of the squares of x, in the order of [Sum]. The assembly
// rounds once per element, the twin twice.
func SumSq(x []float32) float32 { return sumSq(x) }

// MaxOf returns the largest element of x: NaN if one is NaN, −Inf if x is empty.
func MaxOf(x []float32) float32 { return maxOf(x) }

// sumLanes is the number of partial sums of [Sum].
const sumLanes = 32

// sumRows is the number of rows that the column kernels add up at a time.
const sumRows = 128

// AddRows adds the column sums of a matrix x of rows×n elements, whose rows are ld
// apart, to dst: dst[j] += Σ_r x[r·ld+j]. For the bias gradient of a convolution
// in NHWC, n is the number of channels and rows that of pixels.
//
// The order of additions depends on rows, n and whether ld = n, nothing else.
// Blocks of 128 rows are added to dst one after the other; the rows of a block go
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
	for r := 0; r < rows; r += sumRows {
		addRows(dst, x[r*ld:], min(sumRows, rows-r), n, ld)
	}
}

// AddSquaredDev adds the column sums of (x−mean)² to dst:
// dst[j] += Σ_r (x[r·n+j] − mean[j])². Divided by rows it is the batch variance of
// batch normalisation. The order of additions is that of [AddRows].
func AddSquaredDev(dst, x, mean []float32, rows, n int) {
	if rows <= 0 || n <= 0 {
		return
	}
	dst, x, mean = dst[:n], x[:rows*n], mean[:n]
	k := foldRows(rows, n)
	if k == 1 {
		addSquaredDevBlocks(dst, x, mean, rows, n)
		return
	}
	var buf, means [foldMax]float32
	wide := buf[:k*n]
	mean = repeat(&means, mean, k)
	addSquaredDevBlocks(wide, x, mean, rows/k, k*n)
	addSquaredDevBlocks(wide, x[rows/k*k*n:], mean, 1, rows%k*n)
	unfold(dst, wide)
}

func addSquaredDevBlocks(dst, x, mean []float32, rows, n int) {
	for r := 0; r < rows; r += sumRows {
		addSquaredDev(dst, x[r*n:], mean, min(sumRows, rows-r), n)
	}
}

// BatchNormSums adds the two sums that the gradients of batch normalisation
// need, for x and dy of rows×n elements:
//
//	dbeta[j]  += Σ_r dy[r·n+j]
//	dgamma[j] += Σ_r dy[r·n+j]·(x[r·n+j] − mean[j]) · invstd[j]
//
// The order of additions is that of [AddRows] but for having two partial sums
// instead of four.
func BatchNormSums(dgamma, dbeta, dy, x, mean, invstd []float32, rows, n int) {
	if rows <= 0 || n <= 0 {
		return
	}
	dgamma, dbeta, mean, invstd = dgamma[:n], dbeta[:n], mean[:n], invstd[:n]
	dy, x = dy[:rows*n], x[:rows*n]
	k := foldRows(rows, n)
	var products, sums, means [foldMax]float32
	if n > foldMax {
		for j := 0; j < n; j += foldMax {
			batchNormColumns(dgamma[j:], dbeta[j:], dy[j:], x[j:], mean[j:], invstd[j:], rows, min(foldMax, n-j), n)
		}
		return
	}
	if k == 1 {
		batchNormColumns(dgamma, dbeta, dy, x, mean, invstd, rows, n, n)
		return
	}
	width := k * n
	wideMean := repeat(&means, mean, k)
	dotBlocks(products[:width], sums[:width], dy, x, wideMean, rows/k, width, width)
	rest := rows / k * width
	dotBlocks(products[:width], sums[:width], dy[rest:], x[rest:], wideMean, 1, rows%k*n, 0)
	unfold(dbeta, sums[:width])
	var dots [foldMax]float32
	unfold(dots[:n], products[:width])
	for j, v := range dots[:n] {
		dgamma[j] += v * invstd[j]
	}
}

// batchNormColumns is BatchNormSums for at most foldMax columns of a matrix with
// rows that are ld apart.
func batchNormColumns(dgamma, dbeta, dy, x, mean, invstd []float32, rows, n, ld int) {
	var products [foldMax]float32
	dotBlocks(products[:n], dbeta[:n], dy, x, mean[:n], rows, n, ld)
	for j, v := range products[:n] {
		dgamma[j] += v * invstd[j]
	}
}

func dotBlocks(products, sums, dy, x, mean []float32, rows, n, ld int) {
	for r := 0; r < rows; r += sumRows {
		addDots(products, sums, dy[r*ld:], x[r*ld:], mean, min(sumRows, rows-r), n, ld)
	}
}

// foldMax is the most elements that are taken together as one long row.
const foldMax = 256

// foldRows returns how many rows of n elements the row and column kernels take
// together as one long row. Short rows would waste most of a vector; a long row
// of k short ones is as good as any, its columns being the n channels over and
// over. k is 1 where folding does not pay.
func foldRows(rows, n int) int {
	if n >= foldMax/2 {
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
