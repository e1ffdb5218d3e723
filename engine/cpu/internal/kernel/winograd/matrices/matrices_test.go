package matrices

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// product returns a·b·aᵀ.
func sandwich(a, b Matrix) Matrix {
	out := make(Matrix, a.Rows())
	for i := range out {
		out[i] = make([]float64, a.Rows())
		for j := range out[i] {
			for k := range b {
				for l := range b[k] {
					out[i][j] += a[i][k] * b[k][l] * a[j][l]
				}
			}
		}
	}
	return out
}

func random(n int, r *rand.Rand) Matrix {
	m := make(Matrix, n)
	for i := range m {
		m[i] = make([]float64, n)
		for j := range m[i] {
			m[i][j] = r.NormFloat64()
		}
	}
	return m
}

func times(a, b Matrix) Matrix {
	out := make(Matrix, len(a))
	for i := range a {
		out[i] = make([]float64, len(a[i]))
		for j := range a[i] {
			out[i][j] = a[i][j] * b[i][j]
		}
	}
	return out
}

func check(t *testing.T, what string, got, want Matrix) {
	t.Helper()
	for i := range want {
		for j := range want[i] {
			if math.Abs(got[i][j]-want[i][j]) > 1e-12 {
				t.Errorf("%s: element %d,%d is %v, want %v", what, i, j, got[i][j], want[i][j])
			}
		}
	}
}

// TestIdentities holds the algorithms and their adjoint against the sums they
// stand for.
func TestIdentities(t *testing.T) {
	for _, form := range Forms {
		m, r := form[0], form[1]
		t.Run(fmt.Sprintf("F(%d,%d)", m, r), func(t *testing.T) {
			n := m + r - 1
			rnd := rand.New(rand.NewPCG(1, uint64(n)))
			d, g, dy := random(n, rnd), random(r, rnd), random(m, rnd)
			bt, gm, at := Input(n), Kernel(m, r), Output(m, r)

			y, dg := make(Matrix, m), make(Matrix, r)
			for i := range y {
				y[i] = make([]float64, m)
			}
			for k := range dg {
				dg[k] = make([]float64, r)
			}
			for i := range m {
				for j := range m {
					for k := range r {
						for l := range r {
							y[i][j] += d[i+k][j+l] * g[k][l]
							dg[k][l] += d[i+k][j+l] * dy[i][j]
						}
					}
				}
			}
			v := sandwich(bt, d)
			check(t, "output", sandwich(at, times(sandwich(gm, g), v)), y)
			check(t, "kernel gradient", sandwich(gm.Transposed(), times(v, sandwich(at.Transposed(), dy))), dg)
		})
	}
}

func ExampleInput() {
	for _, row := range Input(4) {
		fmt.Println(row)
	}
	// Output:
	// [-1 0 1 0]
	// [0 1 1 0]
	// [0 -1 1 0]
	// [0 -1 0 1]
}
