package vec

import (
	"fmt"
	"math"
	"testing"

	"github.com/strideml/stride/internal/kerneltest"
)

// TestLayerNorm compares layer normalization and its gradients with float64. Values
// far from zero show whether the variance suffers from cancellation.
func TestLayerNorm(t *testing.T) {
	const eps = 1e-5
	kerneltest.EachISA(t, func(t *testing.T) {
		rowsCases(t, func(t *testing.T, c rowsCase) {
			for _, offset := range []float32{0, 100} {
				t.Run(fmt.Sprint(offset), func(t *testing.T) { checkLayerNorm(t, c, offset, eps) })
			}
		})
	})
}

func checkLayerNorm(t *testing.T, c rowsCase, offset, eps float32) {
	n, dy, gamma, beta := c.n, c.y, c.channels[0], c.channels[1]
	x := kerneltest.FencedCopy(c.x).Data
	for i := range x {
		x[i] += offset
	}
	y, dx := kerneltest.NewFenced(c.rows*n), kerneltest.NewFenced(c.rows*n)
	products, sums := newSums(n), newSums(n)
	LayerNormRows(y.Data, x, gamma, beta, c.rows, n, eps)
	LayerNormSums(products.Data, sums.Data, dy, x, c.rows, n, eps, make([]float32, LayerNormScratch(n)))
	LayerNormGradRows(dx.Data, dy, x, gamma, c.rows, n, eps)
	y.Check(t, "LayerNormRows")
	dx.Check(t, "LayerNormGradRows")

	near := func(what string, got float32, want, size float64) {
		t.Helper()
		if math.Abs(float64(got)-want) > 2e-6*(1+float64(offset)/8)*size {
			t.Fatalf("%s is %v, want %v", what, got, want)
		}
	}
	xhat := make([]float64, c.rows*n)
	for r := range c.rows {
		mean, variance := 0.0, 0.0
		for _, v := range x[r*n : (r+1)*n] {
			mean += float64(v) / float64(n)
		}
		for _, v := range x[r*n : (r+1)*n] {
			variance += (float64(v) - mean) * (float64(v) - mean) / float64(n)
		}
		deviation := math.Sqrt(variance + float64(eps))
		meanG, meanGX := 0.0, 0.0
		for j := range n {
			i := r*n + j
			xhat[i] = (float64(x[i]) - mean) / deviation
			g := float64(dy[i]) * float64(gamma[j])
			meanG += g / float64(n)
			meanGX += g * xhat[i] / float64(n)
		}
		if deviation < 0.05 { // rows of one element, or of nearly equal ones: rounding decides
			continue
		}
		for j := range n {
			i := r*n + j
			near(fmt.Sprintf("y[%d,%d]", r, j), y.Data[i], xhat[i]*float64(gamma[j])+float64(beta[j]), (2+math.Abs(xhat[i]))/deviation)
			g := float64(dy[i]) * float64(gamma[j])
			near(fmt.Sprintf("dx[%d,%d]", r, j), dx.Data[i], (g-meanG-xhat[i]*meanGX)/deviation, 3*(1+xhat[i]*xhat[i])/deviation/deviation)
		}
	}
	if offset > 0 || n < 8 {
		return
	}
	want, sizes := c.columns(func(i, _ int) float64 { return float64(dy[i]) * xhat[i] })
	checkSums(t, "LayerNormSums: products", products, want, sizes)
	want, sizes = c.columns(func(i, _ int) float64 { return float64(dy[i]) })
	checkSums(t, "LayerNormSums: sums", sums, want, sizes)
}

// TestLayerNormInPlace checks that results may take the place of arguments, and that
// rows may be split among threads.
func TestLayerNormInPlace(t *testing.T) {
	kerneltest.EachISA(t, func(t *testing.T) {
		for _, n := range []int{3, 16, 100, 5000} {
			const rows, eps = 70, 1e-5
			x, dy := kerneltest.Randoms(rows*n, 1), kerneltest.Randoms(rows*n, 2)
			gamma, beta := kerneltest.Randoms(n, 3), kerneltest.Randoms(n, 4)
			y, dx, inPlace := make([]float32, rows*n), make([]float32, rows*n), make([]float32, rows*n)
			LayerNormRows(y, x, gamma, beta, rows, n, eps)
			copy(inPlace, x)
			LayerNormRows(inPlace, inPlace, gamma, beta, 9, n, eps)
			LayerNormRows(inPlace[9*n:], inPlace[9*n:], gamma, beta, rows-9, n, eps)
			if !kerneltest.SameSlices(y, inPlace) {
				t.Errorf("n = %d: LayerNormRows gives other bits in place, or when split", n)
			}
			LayerNormGradRows(dx, dy, x, gamma, rows, n, eps)
			copy(inPlace, dy)
			LayerNormGradRows(inPlace, inPlace, x, gamma, 9, n, eps)
			LayerNormGradRows(inPlace[9*n:], inPlace[9*n:], x[9*n:], gamma, rows-9, n, eps)
			if !kerneltest.SameSlices(dx, inPlace) {
				t.Errorf("n = %d: LayerNormGradRows gives other bits in place, or when split", n)
			}
		}
	})
}
