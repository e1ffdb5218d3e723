package kernel

import "math"

// This file holds the pure Go twins of the reductions and of the kernels on rows.

var (
	nan32    = float32(math.NaN())
	minusInf = float32(math.Inf(-1))
)

func sumGeneric(x []float32) float32 {
	var s [sumLanes]float32
	for ; len(x) >= sumLanes; x = x[sumLanes:] {
		for i, v := range (*[sumLanes]float32)(x) {
			s[i] += v
		}
	}
	for i, v := range x {
		s[i] += v
	}
	return foldLanes(&s)
}

// foldLanes adds up the partial sums of [Sum] in their documented order.
func foldLanes(s *[sumLanes]float32) float32 {
	var t [8]float32
	for i := range t {
		t[i] = (s[i] + s[i+8]) + (s[i+16] + s[i+24])
	}
	return foldVector(&t)
}

// foldVector adds up the eight elements of a vector as the assembly does.
func foldVector(t *[8]float32) float32 {
	return ((t[0] + t[4]) + (t[2] + t[6])) + ((t[1] + t[5]) + (t[3] + t[7]))
}

// In the column kernels each column has four partial sums, to which the rows go in
// turn; (s₀+s₁) + (s₂+s₃) is added to the result.

func addRowsGeneric(dst, x []float32, rows, n, ld int) {
	for j := range n {
		var s [4]float32
		for r := range rows {
			s[r&3] += x[r*ld+j]
		}
		dst[j] += (s[0] + s[1]) + (s[2] + s[3])
	}
}

func mergeMomentsGeneric(mean, m2, x []float32, rows, n, ld int, inverse, share, weight float32) {
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

func addDotsGeneric(products, sums, dy, x, mean []float32, rows, n, ldDy, ldX int) {
	for j := range n {
		var p, s [2]float32 // two are enough here: there are two chains to each
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

func scaleShiftRowsGeneric(dst, x, scale, shift []float32, rows, n, ldDst, ldX int, withReLU bool) {
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

func batchNormGradRowsGeneric(dst, dy, x, mean, invstd, scale, a, b []float32, rows, n, ldDst, ldDy, ldX int) {
	for r := range rows {
		d, g, s := dst[r*ldDst:][:n], dy[r*ldDy:][:n], x[r*ldX:][:n]
		for j, v := range s {
			xhat := (v - mean[j]) * invstd[j]
			d[j] = scale[j] * (g[j] - a[j] - xhat*b[j])
		}
	}
}

// expRowsGeneric stores the largest element m of each row of n elements, e^(x−m) in
// dst and the sum of e^(x−m) over the row.
func expRowsGeneric(dst, x, highest, total []float32, n int) {
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

// sumExpRowsGeneric is expRowsGeneric without dst.
func sumExpRowsGeneric(x, highest, total []float32, n int) {
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

// scaleEachRowGeneric multiplies row r of x, rows of n elements, by scale[r].
func scaleEachRowGeneric(x, scale []float32, n int) {
	for r, s := range scale {
		row := x[r*n:][:n]
		for j := range row {
			row[j] *= s
		}
	}
}

// subTwoEachRowGeneric subtracts first[r] and then second[r] from row r of x.
func subTwoEachRowGeneric(dst, x, first, second []float32, n int) {
	for r, a := range first {
		b := second[r]
		d := dst[r*n:][:n]
		for j, v := range x[r*n:][:n] {
			d[j] = (v - a) - b
		}
	}
}
