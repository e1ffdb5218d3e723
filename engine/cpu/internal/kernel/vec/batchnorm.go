package vec

import "github.com/strideml/stride/internal/isa"

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

// mergeMoments is [MergeMoments] for a block of rows, with sums as in [addRows].
// inverse is 1/rows; share and weight are the factors of δ and δ² in its formulas.
func mergeMoments(mean, m2, x []float32, rows, n, ld int, inverse, share, weight float32) {
	if isa.UseSIMD {
		mergeMomentsSIMD(data(mean), data(m2), data(x), rows, n, ld, inverse, share, weight)
		return
	}
	for j := range n {
		var s [4]float32
		for r := range rows {
			s[r&3] += x[r*ld+j]
		}
		m := ((s[0] + s[1]) + (s[2] + s[3])) * inverse
		s = [4]float32{}
		for r := range rows {
			d := m - x[r*ld+j]
			s[r&3] += d * d
		}
		d := m - mean[j]
		mean[j] += d * share
		m2[j] += (s[0] + s[1]) + (s[2] + s[3]) + d*d*weight
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

// addDots is [BatchNormSums] for a block of rows. Two partial sums a column are
// enough, because there are two chains of each.
func addDots(products, sums, dy, x, mean []float32, rows, n, ldDy, ldX int) {
	if isa.UseSIMD {
		addDotsSIMD(data(products), data(sums), data(dy), data(x), data(mean), rows, n, ldDy, ldX)
		return
	}
	for j := range n {
		var p, s [2]float32
		m := mean[j]
		for r := range rows {
			g := dy[r*ldDy+j]
			s[r&1] += g
			p[r&1] += g * (x[r*ldX+j] - m)
		}
		sums[j] += s[0] + s[1]
		products[j] += p[0] + p[1]
	}
}

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

// scaleShiftRows is [ScaleShiftRows] without the folding of short rows.
func scaleShiftRows(dst, x, scale, shift []float32, rows, n, ldDst, ldX int, withReLU bool) {
	switch {
	case isa.UseSIMD && withReLU:
		scaleShiftReLURowsSIMD(data(dst), data(x), data(scale), data(shift), rows, n, 4*ldDst, 4*ldX)
		return
	case isa.UseSIMD:
		scaleShiftRowsSIMD(data(dst), data(x), data(scale), data(shift), rows, n, 4*ldDst, 4*ldX)
		return
	}
	scale, shift = scale[:n], shift[:n]
	for r := range rows {
		d, s := dst[r*ldDst:][:n], x[r*ldX:][:n]
		for j, v := range s {
			v = v*scale[j] + shift[j]
			if withReLU && v < 0 {
				v = 0
			}
			d[j] = v
		}
	}
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

// batchNormGradRows is [BatchNormGradRows] without the folding of short rows.
func batchNormGradRows(dst, dy, x, mean, invstd, scale, a, b []float32, rows, n, ldDst, ldDy, ldX int) {
	if isa.UseSIMD {
		batchNormGradRowsSIMD(data(dst), data(dy), data(x), data(mean), data(invstd), data(scale), data(a), data(b),
			rows, n, 4*ldDst, 4*ldDy, 4*ldX)
		return
	}
	for r := range rows {
		d, g, s := dst[r*ldDst:][:n], dy[r*ldDy:][:n], x[r*ldX:][:n]
		for j, v := range s {
			xhat := (v - mean[j]) * invstd[j]
			d[j] = scale[j] * (g[j] - a[j] - xhat*b[j])
		}
	}
}

// The assembly. Steps are distances between rows in bytes.

//go:noescape
func mergeMomentsSIMD(mean, m2, x *float32, rows, n, ld int, inverse, share, weight float32)

//go:noescape
func addDotsSIMD(products, sums, dy, x, mean *float32, rows, n, ldDy, ldX int)

//go:noescape
func scaleShiftRowsSIMD(dst, x, scale, shift *float32, rows, n, stepDst, stepX int)

//go:noescape
func scaleShiftReLURowsSIMD(dst, x, scale, shift *float32, rows, n, stepDst, stepX int)

//go:noescape
func batchNormGradRowsSIMD(dst, dy, x, mean, invstd, scale, a, b *float32, rows, n, stepDst, stepDy, stepX int)
