package matrices

import "math"

// A Matrix is given by its rows.
type Matrix [][]float64

// Rows and Cols return the shape of the matrix.
func (m Matrix) Rows() int { return len(m) }

// Cols returns the number of columns.
func (m Matrix) Cols() int { return len(m[0]) }

// Transposed returns the matrix with rows and columns exchanged.
func (m Matrix) Transposed() Matrix {
	t := make(Matrix, m.Cols())
	for j := range t {
		t[j] = make([]float64, m.Rows())
		for i := range m {
			t[j][i] = m[i][j]
		}
	}
	return t
}

// Forms lists the algorithms F(m×m, r×r) that there are kernels for, each as m, r.
var Forms = [][2]int{{2, 3}, {3, 3}, {4, 3}, {2, 5}, {3, 5}}

// Transforms calls emit for each transform that the algorithms need, with the
// first part of its kernel's name, the sizes of the matrices that it makes of
// others, its matrix, and whether it makes outputs.
func Transforms(emit func(prefix string, from, to int, m Matrix, output bool)) {
	made := map[int]bool{}
	for _, form := range Forms {
		if n := form[0] + form[1] - 1; !made[n] { // Input depends on the number of points alone
			made[n] = true
			emit("input", n, n, Input(n), false)
		}
	}
	for _, form := range Forms {
		m, r := form[0], form[1]
		n := m + r - 1
		emit("output", n, m, Output(m, r), true)
		emit("outputGrad", m, n, Output(m, r).Transposed(), false)
		emit("kernel", r, n, Kernel(m, r), false)
		emit("kernelGrad", n, r, Kernel(m, r).Transposed(), false)
	}
}

// finite returns the n−1 finite points of an algorithm with n points, 4 to 7.
func finite(n int) []float64 {
	switch n {
	case 4:
		return []float64{0, 1, -1}
	case 5:
		return []float64{0, 0.75, -0.75, 2}
	case 6:
		return []float64{0, math.Sqrt2 / 2, -math.Sqrt2 / 2, math.Sqrt2, -math.Sqrt2}
	case 7:
		return []float64{0.3125, -0.3125, 0.8125, -0.8125, 1.75, -1.75}
	}
	panic("matrices: algorithms have 4 to 7 points")
}

// Input returns Bᵀ, n×n. It depends on the number of points alone. Row i has
// the coefficients of Π (x−p) over all finite points p but the i-th; the last
// row, for infinity, over all of them.
func Input(n int) Matrix {
	points := finite(n)
	b := make(Matrix, n)
	for i := range b {
		row := append(make([]float64, 0, n), 1) // coefficients, lowest first
		for j, p := range points {
			if j == i {
				continue
			}
			next := make([]float64, len(row)+1)
			for k, c := range row {
				next[k+1] += c
				next[k] -= p * c
			}
			row = next
		}
		b[i] = append(row, make([]float64, n-len(row))...)
	}
	return tidy(b)
}

// Kernel returns G, (m+r−1)×r. Row i is 1, p, p², … divided by the product of
// the distances from point p to the other finite points; the last row takes
// the highest coefficient.
func Kernel(m, r int) Matrix {
	n := m + r - 1
	points := finite(n)
	g := powers(n, r)
	for i, p := range points {
		scale := 1.0
		for j, q := range points {
			if j != i {
				scale *= p - q
			}
		}
		for k := range g[i] {
			g[i][k] /= scale
		}
	}
	return tidy(g)
}

// Output returns Aᵀ, m×(m+r−1): column i is 1, p, p², …, the last column the
// highest coefficient.
func Output(m, r int) Matrix {
	return tidy(powers(m+r-1, m).Transposed())
}

// powers returns the first cols powers of each of n points.
func powers(n, cols int) Matrix {
	points := finite(n)
	v := make(Matrix, n)
	for i := range v {
		v[i] = make([]float64, cols)
		if i == len(points) {
			v[i][cols-1] = 1
			continue
		}
		v[i][0] = 1
		for k := 1; k < cols; k++ {
			v[i][k] = v[i][k-1] * points[i]
		}
	}
	return v
}

// tidy rounds numbers that are rational but for the rounding of √2.
func tidy(m Matrix) Matrix {
	for _, row := range m {
		for j, v := range row {
			const unit = 24 // all denominators divide it
			if r := math.Round(v*unit) / unit; math.Abs(v-r) < 1e-12 {
				row[j] = r
			}
		}
	}
	return m
}
