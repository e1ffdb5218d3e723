package vec

import (
	"github.com/strideml/stride/engine/cpu/internal/kernel/vec/coef"
	"github.com/strideml/stride/internal/isa"
)

// layerFloats is about how many elements of a matrix the functions of layer
// normalization go through at a time, so that these are in the first-level cache when
// they are needed again.
const layerFloats = 1 << 12

// layerRows is the number of rows of n elements that are taken at a time.
func layerRows(n int) int { return max(1, min(coef.RowBlock, layerFloats/n)) }

// rowMoments has, for each of some rows, the mean and the inverse of the standard
// deviation 1/√(variance + eps), then what the gradient subtracts: a and b.
type rowMoments struct{ mean, inv, a, b [coef.RowBlock]float32 }

// of computes the mean and the inverse deviation of rows of n elements.
func (m *rowMoments) of(x []float32, rows, n int, eps float32) {
	mean, inv := m.mean[:rows], m.inv[:rows]
	moments(mean, inv, x[:rows*n], n)
	MulS(inv, inv, 1/float32(n))
	AddS(inv, inv, eps)
	Sqrt(inv, inv)
	reciprocal(inv, inv)
}

// LayerNormRows normalises each row of a matrix of rows×n elements: with its mean
// and its biased variance, dst = (x−mean)/√(variance+eps)·gamma + beta, gamma and
// beta having n elements. dst may be x.
func LayerNormRows(dst, x, gamma, beta []float32, rows, n int, eps float32) {
	var m rowMoments
	gamma, beta = gamma[:n], beta[:n]
	for most := layerRows(n); rows > 0; rows -= most {
		k := min(most, rows)
		m.of(x, k, n, eps)
		normaliseEachRow(dst[:k*n], x[:k*n], gamma, beta, m.mean[:k], m.inv[:k], n)
		dst, x = dst[k*n:], x[k*n:]
	}
}

// LayerNormSums adds the sums that are the gradients of gamma and beta of
// [LayerNormRows], x̂ being the normalised x:
//
//	products[j] += Σ_r dy[r,j]·x̂[r,j]
//	sums[j]     += Σ_r dy[r,j]
//
// It needs scratch memory of [LayerNormScratch] floats. The order of additions
// depends on rows and n, nothing else.
func LayerNormSums(products, sums, dy, x []float32, rows, n int, eps float32, scratch []float32) {
	var m rowMoments
	var zeros [coef.RowBlock]float32
	most := layerRows(n)
	none, xhat := scratch[:n], scratch[n:][:most*n]
	clear(none)
	for ; rows > 0; rows -= most {
		k := min(most, rows)
		m.of(x, k, n, eps)
		subTwoEachRow(xhat[:k*n], x[:k*n], m.mean[:k], zeros[:k], n)
		scaleEachRow(xhat[:k*n], m.inv[:k], n)
		BatchNormSums(products, sums, dy[:k*n], xhat, none, k, n, n, n)
		dy, x = dy[k*n:], x[k*n:]
	}
}

// LayerNormScratch is how many floats of scratch memory [LayerNormSums] needs for
// rows of n elements.
func LayerNormScratch(n int) int { return (1 + layerRows(n)) * n }

// LayerNormGradRows computes the gradient of [LayerNormRows] with respect to x. With
// g = dy·gamma, x̂ the normalised x, and the means over the elements of a row,
//
//	dst = (g − mean(g) − x̂·mean(g·x̂)) / √(variance+eps)
//
// dst may be dy or x.
func LayerNormGradRows(dst, dy, x, gamma []float32, rows, n int, eps float32) {
	var m rowMoments
	gamma = gamma[:n]
	for most := layerRows(n); rows > 0; rows -= most {
		k := min(most, rows)
		m.of(x, k, n, eps)
		a, b, inv := m.a[:k], m.b[:k], m.inv[:k]
		dotEachRow(a, b, dy[:k*n], x[:k*n], gamma, m.mean[:k], n)
		MulS(a, a, 1/float32(n))
		MulS(b, b, 1/float32(n))
		Mul(b, b, inv)
		Mul(b, b, inv)
		layerNormGradRows(dst[:k*n], dy[:k*n], x[:k*n], gamma, &m, k, n)
		dst, dy, x = dst[k*n:], dy[k*n:], x[k*n:]
	}
}

// moments stores the mean of each row of n elements, and the sum of the squared
// deviations from it in m2. A row's elements are dealt out in turn to 32 partial sums
// as in [Sum], but for the last n%32, which go to the first eight.
func moments(mean, m2, x []float32, n int) {
	inverse := 1 / float32(n)
	if isa.UseSIMD {
		momentsSIMD(data(mean), data(m2), data(x), len(mean), n, inverse)
		return
	}
	for r := range mean {
		row := x[r*n:][:n]
		whole := n / sumLanes * sumLanes
		lane := func(j int) int {
			if j < whole {
				return j % sumLanes
			}
			return j % 8
		}
		var s [sumLanes]float32
		for j, v := range row {
			s[lane(j)] += v
		}
		m := foldLanes(&s) * inverse
		s = [sumLanes]float32{}
		for j, v := range row {
			d := v - m
			s[lane(j)] += d * d
		}
		mean[r], m2[r] = m, foldLanes(&s)
	}
}

// normaliseEachRow computes dst = (x − mean)·inv·gamma + beta, with a mean and an inv
// for each row of n elements.
func normaliseEachRow(dst, x, gamma, beta, mean, inv []float32, n int) {
	if isa.UseSIMD {
		normaliseEachRowSIMD(data(dst), data(x), data(gamma), data(beta), data(mean), data(inv), len(mean), n)
		return
	}
	for r, m := range mean {
		d := dst[r*n:][:n]
		for j, v := range x[r*n:][:n] {
			d[j] = (v-m)*inv[r]*gamma[j] + beta[j]
		}
	}
}

// dotEachRow stores, for each row of n elements, the sum of dy·gamma and that of
// dy·gamma·(x − mean). Elements go in turn to 16 partial sums, but for the last n%16,
// which go to the first eight.
func dotEachRow(sums, products, dy, x, gamma, mean []float32, n int) {
	if isa.UseSIMD {
		dotEachRowSIMD(data(sums), data(products), data(dy), data(x), data(gamma), data(mean), len(mean), n)
		return
	}
	for r, m := range mean {
		var s, p [16]float32
		g, v := dy[r*n:][:n], x[r*n:][:n]
		for j := range n {
			lane := j % 16
			if j >= n/16*16 {
				lane = j % 8
			}
			t := g[j] * gamma[j]
			s[lane] += t
			p[lane] += t * (v[j] - m)
		}
		for i := range 8 {
			s[i] += s[i+8]
			p[i] += p[i+8]
		}
		sums[r], products[r] = foldVector((*[8]float32)(s[:])), foldVector((*[8]float32)(p[:]))
	}
}

// layerNormGradRows computes dst = (dy·gamma − a − (x − mean)·b)·inv for some rows of
// n elements.
func layerNormGradRows(dst, dy, x, gamma []float32, m *rowMoments, rows, n int) {
	if isa.UseSIMD {
		layerNormGradRowsSIMD(data(dst), data(dy), data(x), data(gamma), &m.mean[0], rows, n)
		return
	}
	for r := range rows {
		d, g, s := dst[r*n:][:n], dy[r*n:][:n], x[r*n:][:n]
		for j, v := range s {
			d[j] = (g[j]*gamma[j] - m.a[r] - (v-m.mean[r])*m.b[r]) * m.inv[r]
		}
	}
}

// The assembly.

//go:noescape
func momentsSIMD(mean, m2, x *float32, rows, n int, inverse float32)

//go:noescape
func normaliseEachRowSIMD(dst, x, gamma, beta, mean, inv *float32, rows, n int)

//go:noescape
func dotEachRowSIMD(sums, products, dy, x, gamma, mean *float32, rows, n int)

// moments points to a rowMoments.
//
//go:noescape
func layerNormGradRowsSIMD(dst, dy, x, gamma, moments *float32, rows, n int)
