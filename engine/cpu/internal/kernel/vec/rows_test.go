package vec

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/strideml/stride/internal/kerneltest"
)

func TestSum(t *testing.T) {
	kerneltest.EachISA(t, func(t *testing.T) {
		for _, n := range append(kerneltest.Lengths(), 100_000) {
			x := kerneltest.FencedCopy(kerneltest.Randoms(n, 3)).Data // what surrounds it must not count
			var sum, size float64
			for _, v := range x {
				sum += float64(v)
				size += math.Abs(float64(v))
			}
			tolerance := 1e-7 * (4 + float64(n)/64)
			if got := Sum(x); math.Abs(float64(got)-sum) > tolerance*size {
				t.Errorf("Sum of %d: %v, want %v", n, got, sum)
			}
			var twin float32
			kerneltest.Generically(t, func() { twin = Sum(x) })
			if a, b := Sum(x), twin; a != b {
				t.Errorf("Sum of %d: %v, twin %v", n, a, b)
			}
		}
	})
}

// A rowsCase is the arguments of the kernels on rows.
type rowsCase struct {
	rows, n  int
	x, y     []float32   // rows×n
	channels [][]float32 // n each
}

func rowsCases(t *testing.T, test func(t *testing.T, c rowsCase)) {
	for _, rows := range []int{0, 1, 2, 3, 4, 5, 31, 129, 500} {
		for _, n := range []int{1, 2, 3, 6, 7, 8, 9, 10, 16, 17, 24, 33, 64, 84, 120, 127, 128, 257, 530} {
			if rows*n > 40_000 {
				continue
			}
			c := rowsCase{rows: rows, n: n, x: kerneltest.FencedCopy(kerneltest.Randoms(rows*n, 1)).Data, y: kerneltest.FencedCopy(kerneltest.Randoms(rows*n, 2)).Data}
			for k := range 5 {
				c.channels = append(c.channels, kerneltest.Randoms(n, uint64(10+k)))
			}
			t.Run(fmt.Sprintf("%dx%d", rows, n), func(t *testing.T) { test(t, c) })
		}
	}
}

// columns sums term over the rows of each column in float64, beside the sum of its
// absolute values.
func (c rowsCase) columns(term func(i, j int) float64) (sums, sizes []float64) {
	sums, sizes = make([]float64, c.n), make([]float64, c.n)
	for i := range c.rows * c.n {
		v := term(i, i%c.n)
		sums[i%c.n] += v
		sizes[i%c.n] += math.Abs(v)
	}
	return sums, sizes
}

const startSum = 0.5 // what the sums are added to

func checkSums(t *testing.T, what string, got kerneltest.Fenced, want, sizes []float64) {
	t.Helper()
	got.Check(t, what)
	for j, w := range want {
		if math.Abs(float64(got.Data[j])-w-startSum) > 1e-6*(1+sizes[j]) {
			t.Fatalf("%s: column %d is %v, want %v", what, j, got.Data[j], w+startSum)
		}
	}
}

func newSums(n int) kerneltest.Fenced {
	g := kerneltest.NewFenced(n)
	Fill(g.Data, startSum)
	return g
}

func TestColumnSums(t *testing.T) {
	kerneltest.EachISA(t, func(t *testing.T) {
		rowsCases(t, func(t *testing.T, c rowsCase) {
			x, dy, mean := c.x, c.y, c.channels[0]

			want, sizes := c.columns(func(i, _ int) float64 { return float64(x[i]) })
			got := newSums(c.n)
			AddRows(got.Data, x, c.rows, c.n, c.n)
			checkSums(t, "AddRows", got, want, sizes)
			twin := newSums(c.n)
			kerneltest.Generically(t, func() { AddRows(twin.Data, x, c.rows, c.n, c.n) })
			if !kerneltest.SameSlices(got.Data, twin.Data) {
				t.Error("AddRows: other bits than the twin")
			}

			products, sums := newSums(c.n), newSums(c.n)
			BatchNormSums(products.Data, sums.Data, dy, x, mean, c.rows, c.n, c.n, c.n)
			want, sizes = c.columns(func(i, j int) float64 { return float64(dy[i]) * (float64(x[i]) - float64(mean[j])) })
			checkSums(t, "BatchNormSums: products", products, want, sizes)
			want, sizes = c.columns(func(i, _ int) float64 { return float64(dy[i]) })
			checkSums(t, "BatchNormSums: sums", sums, want, sizes)
		})
	})
}

func TestAddRowsOfWiderMatrix(t *testing.T) {
	kerneltest.EachISA(t, func(t *testing.T) {
		const rows, n, ld = 150, 21, 30
		x := kerneltest.FencedCopy(kerneltest.Randoms(rows*ld, 1)).Data[:(rows-1)*ld+n]
		got, want := newSums(n), make([]float64, n)
		AddRows(got.Data, x, rows, n, ld)
		for i, v := range x {
			if i%ld < n {
				want[i%ld] += float64(v)
			}
		}
		sizes := make([]float64, n)
		for j := range sizes {
			sizes[j] = rows
		}
		checkSums(t, "AddRows", got, want, sizes)
	})
}

func TestAddRowsColumns(t *testing.T) {
	kerneltest.EachISA(t, func(t *testing.T) {
		for _, n := range []int{32, 144, 200} {
			const rows = 300
			if !ColumnsApart(rows, n) {
				t.Errorf("rows of %d elements are taken together", n)
			}
			x := kerneltest.FencedCopy(kerneltest.Randoms(rows*n, 1)).Data
			want := make([]float32, n)
			AddRows(want, x, rows, n, n)
			for _, part := range [][2]int{{0, n}, {0, 16}, {16, n}, {5, 31}, {7, 7}} {
				got := kerneltest.FencedCopy(make([]float32, part[1]-part[0]))
				AddRowsColumns(got.Data, x, rows, n, n, part[0], part[1])
				got.Check(t, "AddRowsColumns")
				if !kerneltest.SameSlices(got.Data, want[part[0]:part[1]]) {
					t.Errorf("columns %v of %d: other bits than AddRows", part, n)
				}
			}
		}
	})
}

// spread writes the rows of x apart.
func spread(x []float32, n, ld int) []float32 {
	var wide []float32
	for len(x) > 0 {
		wide = append(append(wide, x[:n]...), kerneltest.Randoms(ld-n, 3)...)
		x = x[n:]
	}
	return kerneltest.FencedCopy(wide).Data
}

// TestRowsApart checks that the distances between the rows of matrices change
// nothing, and that nothing is written between them.
func TestRowsApart(t *testing.T) {
	kerneltest.EachISA(t, func(t *testing.T) {
		for _, n := range []int{5, 16, 43, 300} {
			const rows = 137
			x, dy := kerneltest.Randoms(rows*n, 1), kerneltest.Randoms(rows*n, 2)
			v := [][]float32{kerneltest.Randoms(n, 4), kerneltest.Randoms(n, 5), kerneltest.Randoms(n, 6), kerneltest.Randoms(n, 7), kerneltest.Randoms(n, 8)}
			ldX, ldDy, ldDst := n+9, n+3, n+5
			wideX, wideDy := spread(x, n, ldX), spread(dy, n, ldDy)
			compare := func(what string, tight, wide func(dst []float32, ld int)) {
				t.Helper()
				want, got := kerneltest.NewFenced(rows*n), kerneltest.NewFenced((rows-1)*ldDst+n)
				Fill(got.Data, kerneltest.FenceValue)
				tight(want.Data, n)
				wide(got.Data, ldDst)
				got.Check(t, what)
				for i, g := range got.Data {
					w := float32(kerneltest.FenceValue)
					if i%ldDst < n {
						w = want.Data[i/ldDst*n+i%ldDst]
					}
					if g != w {
						t.Fatalf("%s: column %d of row %d is %v, want %v", what, i%ldDst, i/ldDst, g, w)
					}
				}
			}
			compare("ScaleShiftRows", func(dst []float32, ld int) { ScaleShiftRows(dst, x, v[0], v[1], rows, n, ld, n, true) },
				func(dst []float32, ld int) { ScaleShiftRows(dst, wideX, v[0], v[1], rows, n, ld, ldX, true) })
			compare("BatchNormGradRows", func(dst []float32, ld int) {
				BatchNormGradRows(dst, dy, x, v[0], v[1], v[2], v[3], v[4], rows, n, ld, n, n)
			}, func(dst []float32, ld int) {
				BatchNormGradRows(dst, wideDy, wideX, v[0], v[1], v[2], v[3], v[4], rows, n, ld, ldDy, ldX)
			})

			want, sizes := rowsCase{rows: rows, n: n, x: x, y: dy}.columns(func(i, j int) float64 {
				return float64(dy[i]) * (float64(x[i]) - float64(v[0][j]))
			})
			products, sums := newSums(n), newSums(n)
			BatchNormSums(products.Data, sums.Data, wideDy, wideX, v[0], rows, n, ldDy, ldX)
			checkSums(t, "BatchNormSums: products", products, want, sizes)
			want, sizes = rowsCase{rows: rows, n: n, x: x, y: dy}.columns(func(i, _ int) float64 { return float64(dy[i]) })
			checkSums(t, "BatchNormSums: sums", sums, want, sizes)
		}
	})
}

// TestMergeMoments takes a matrix in pieces of different sizes. Values far from
// zero show whether the variance suffers from cancellation.
func TestMergeMoments(t *testing.T) {
	kerneltest.EachISA(t, func(t *testing.T) {
		for _, n := range []int{1, 6, 8, 15, 16, 24, 37, 64, 300, 1100} {
			// About 1000, means are rounded to units of 6e-5. The difference of
			// the sum of squares and the square of the sum would be off by a tenth.
			for offset, tolerance := range map[float32]float64{0: 2e-6, 1000: 5e-5} {
				const rows, apart = 300, 3
				ld := n + apart
				x := kerneltest.FencedCopy(kerneltest.Randoms((rows-1)*ld+n, uint64(n))).Data
				for i := range x {
					x[i] += offset
				}
				mean, m2 := kerneltest.FencedCopy(make([]float32, n)), kerneltest.FencedCopy(make([]float32, n))
				done := 0
				for _, k := range []int{1, 0, 2, 130, 167} {
					MergeMoments(mean.Data, m2.Data, x[done*ld:], k, n, ld, done)
					done += k
				}
				mean.Check(t, "mean")
				m2.Check(t, "m2")
				for j := range n {
					var sum, square float64
					for r := range rows {
						sum += float64(x[r*ld+j])
					}
					for r := range rows {
						d := float64(x[r*ld+j]) - sum/rows
						square += d * d
					}
					if got, want := float64(mean.Data[j]), sum/rows; math.Abs(got-want) > 3e-7*(1+math.Abs(want)) {
						t.Fatalf("%d columns, offset %v: mean %d is %v, want %v", n, offset, j, got, want)
					}
					if got := float64(m2.Data[j]); math.Abs(got-square) > tolerance*square {
						t.Fatalf("%d columns, offset %v: squared deviations %d are %v, want %v", n, offset, j, got, square)
					}
				}
			}
		}
	})
}

func TestRowKernels(t *testing.T) {
	kerneltest.EachISA(t, func(t *testing.T) {
		rowsCases(t, func(t *testing.T, c rowsCase) {
			v := c.channels
			for _, k := range []struct {
				name  string
				f     func(dst []float32)
				exact func(i, j int) float64
			}{
				{"ScaleShiftRows", func(dst []float32) { ScaleShiftRows(dst, c.x, v[0], v[1], c.rows, c.n, c.n, c.n, false) },
					func(i, j int) float64 { return float64(c.x[i])*float64(v[0][j]) + float64(v[1][j]) }},
				{"ScaleShiftRows with relu", func(dst []float32) { ScaleShiftRows(dst, c.x, v[0], v[1], c.rows, c.n, c.n, c.n, true) },
					func(i, j int) float64 { return max(0, float64(c.x[i])*float64(v[0][j])+float64(v[1][j])) }},
				{"BatchNormGradRows", func(dst []float32) {
					BatchNormGradRows(dst, c.y, c.x, v[0], v[1], v[2], v[3], v[4], c.rows, c.n, c.n, c.n, c.n)
				}, func(i, j int) float64 {
					xhat := (float64(c.x[i]) - float64(v[0][j])) * float64(v[1][j])
					return float64(v[2][j]) * (float64(c.y[i]) - float64(v[3][j]) - xhat*float64(v[4][j]))
				}},
			} {
				got := kerneltest.NewFenced(c.rows * c.n)
				k.f(got.Data)
				got.Check(t, k.name)
				for i, g := range got.Data {
					if want := k.exact(i, i%c.n); math.Abs(float64(g)-want) > 1e-5*max(1, math.Abs(want)) {
						t.Fatalf("%s: element %d is %v, want %v", k.name, i, g, want)
					}
				}
			}
		})
	})
}

// The rows of a matrix may be split among threads: the bits must be those of one
// call, whether or not rows are taken together.
func TestRowKernelsDoNotDependOnSplit(t *testing.T) {
	kerneltest.EachISA(t, func(t *testing.T) {
		for _, n := range []int{1, 6, 10, 16, 33, 84, 300} {
			const rows = 200
			x, y := kerneltest.Randoms(rows*n, 1), kerneltest.Randoms(rows*n, 2)
			v := make([][]float32, 5)
			for k := range v {
				v[k] = kerneltest.Randoms(n, uint64(k))
			}
			labels, dloss := make([]float32, rows), kerneltest.Randoms(rows, 3)
			for _, f := range []func(dst []float32, r, m int){
				func(dst []float32, r, m int) { ScaleShiftRows(dst[r*n:], x[r*n:], v[0], v[1], m, n, n, n, true) },
				func(dst []float32, r, m int) {
					BatchNormGradRows(dst[r*n:], y[r*n:], x[r*n:], v[0], v[1], v[2], v[3], v[4], m, n, n, n, n)
				},
				func(dst []float32, r, m int) { SoftmaxRows(dst[r*n:], x[r*n:], m, n) },
				func(dst []float32, r, m int) { LogSoftmaxRows(dst[r*n:], x[r*n:], m, n) },
				func(dst []float32, r, m int) { CrossEntropyRows(dst[r:], x[r*n:], labels[r:], m, n) },
				func(dst []float32, r, m int) {
					CrossEntropyGradRows(dst[r*n:], x[r*n:], labels[r:], dloss[r:], m, n)
				},
			} {
				whole, parts := make([]float32, rows*n), make([]float32, rows*n)
				f(whole, 0, rows)
				for r, m := 0, 1; r < rows; r, m = r+m, m*3%17 {
					f(parts, r, min(m, rows-r))
				}
				if !kerneltest.SameSlices(whole, parts) {
					t.Errorf("n = %d: other bits when split", n)
				}
			}
		}
	})
}

func TestSoftmax(t *testing.T) {
	kerneltest.EachISA(t, func(t *testing.T) {
		rowsCases(t, func(t *testing.T, c rowsCase) {
			n := c.n
			labels, dloss, loss := make([]float32, c.rows), kerneltest.Randoms(c.rows, 7), kerneltest.NewFenced(c.rows)
			for i := range c.x {
				c.x[i] *= 20
			}
			for r := range labels {
				labels[r] = float32(r * 7 % n)
			}
			softmax, logs, grad := kerneltest.NewFenced(c.rows*n), kerneltest.NewFenced(c.rows*n), kerneltest.NewFenced(c.rows*n)
			SoftmaxRows(softmax.Data, c.x, c.rows, n)
			LogSoftmaxRows(logs.Data, c.x, c.rows, n)
			CrossEntropyRows(loss.Data, c.x, labels, c.rows, n)
			CrossEntropyGradRows(grad.Data, c.x, labels, dloss, c.rows, n)
			for _, g := range []kerneltest.Fenced{softmax, logs, grad, loss} {
				g.Check(t, "softmax")
			}
			for r := range c.rows {
				x := c.x[r*n:][:n]
				highest, total := math.Inf(-1), 0.0
				for _, v := range x {
					highest = math.Max(highest, float64(v))
				}
				for _, v := range x {
					total += math.Exp(float64(v) - highest)
				}
				for j, v := range x {
					i := r*n + j
					log := float64(v) - highest - math.Log(total)
					p := math.Exp(log)
					if d := math.Abs(float64(softmax.Data[i]) - p); d > p*(1e-6-1e-7*log)+1e-37 {
						t.Fatalf("softmax of row %d, class %d is %v, want %v", r, j, softmax.Data[i], p)
					}
					if d := math.Abs(float64(logs.Data[i]) - log); d > 1e-6*(1+math.Abs(log)) {
						t.Fatalf("log-softmax of row %d, class %d is %v, want %v", r, j, logs.Data[i], log)
					}
					if j == int(labels[r]) {
						p--
						if d := math.Abs(float64(loss.Data[r]) + log); d > 1e-6*(1+math.Abs(log)) {
							t.Fatalf("loss of row %d is %v, want %v", r, loss.Data[r], -log)
						}
					}
					if d := math.Abs(float64(grad.Data[i]) - p*float64(dloss[r])); d > 1e-6 {
						t.Fatalf("gradient of row %d, class %d is %v, want %v", r, j, grad.Data[i], p*float64(dloss[r]))
					}
				}
			}
		})
	})
}

// TestLargestOfRow looks at what the softmax functions take from a row: its largest
// element, which is below the zeros that fill a vector up, and a NaN anywhere.
func TestLargestOfRow(t *testing.T) {
	kerneltest.EachISA(t, func(t *testing.T) {
		for _, n := range kerneltest.Lengths()[1:] {
			x := kerneltest.FencedCopy(kerneltest.Randoms(n, 3)).Data // what surrounds it must not count
			for i := range x {
				x[i] -= 100
			}
			largest := slices.Max(x)
			dst, highest, total := make([]float32, n), make([]float32, 1), make([]float32, 1)
			for name, f := range map[string]func(){
				"expRows":    func() { expRows(dst, x, highest, total, n) },
				"sumExpRows": func() { sumExpRows(x, highest, total, n) },
			} {
				if f(); highest[0] != largest {
					t.Errorf("%s of %d: largest %v, want %v", name, n, highest[0], largest)
				}
				for _, i := range []int{0, n / 2, n - 1} {
					old := x[i]
					x[i] = nan32
					if f(); total[0] == total[0] {
						t.Errorf("%s of %d with a NaN at %d: sum %v", name, n, i, total[0])
					}
					x[i] = old
				}
			}
		}
	})
}

func TestSoftmaxOfSpecialValues(t *testing.T) {
	inf := float32(math.Inf(1))
	kerneltest.EachISA(t, func(t *testing.T) {
		x := []float32{
			1000, 1000, minusInf,
			nan32, 0, 0,
			0, nan32, 0,
			inf, 0, 0,
			minusInf, minusInf, minusInf,
		}
		want := []float32{
			0.5, 0.5, 0,
			nan32, nan32, nan32,
			nan32, nan32, nan32,
			nan32, nan32, nan32,
			nan32, nan32, nan32,
		}
		got := make([]float32, len(x))
		if SoftmaxRows(got, x, 5, 3); !kerneltest.SameSlices(got, want) {
			t.Errorf("softmax = %v, want %v", got, want)
		}
	})
}

func TestBadLabelsGiveNaN(t *testing.T) {
	kerneltest.EachISA(t, func(t *testing.T) {
		for _, label := range []float32{-1, 3, 1.5, nan32, 1e30, minusInf} {
			x, loss := []float32{1, 2, 3}, []float32{0}
			CrossEntropyRows(loss, x, []float32{label}, 1, 3)
			CrossEntropyGradRows(x, x, []float32{label}, []float32{1}, 1, 3)
			if loss[0] == loss[0] || x[0] == x[0] || x[2] == x[2] {
				t.Errorf("label %v: loss %v, gradient %v, want NaN", label, loss, x)
			}
		}
	})
}

func TestKernelsDoNotAllocate(t *testing.T) {
	x, v := kerneltest.Randoms(60, 1), kerneltest.Randoms(6, 2)
	labels := make([]float32, 10)
	kerneltest.EachISA(t, func(t *testing.T) {
		if n := testing.AllocsPerRun(10, func() {
			AddRows(v, x, 10, 6, 6)
			MergeMoments(v, v, x, 10, 6, 6, 0)
			BatchNormSums(v, v, x, x, v, 10, 6, 6, 6)
			BatchNormGradRows(x, x, x, v, v, v, v, v, 10, 6, 6, 6, 6)
			ScaleShiftRows(x, x, v, v, 10, 6, 6, 6, true)
			SoftmaxRows(x, x, 10, 6)
			LogSoftmaxRows(x, x, 10, 6)
			CrossEntropyRows(labels, x, labels, 10, 6)
			CrossEntropyGradRows(x, x, labels, labels, 10, 6)
		}); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}

func ExampleSoftmaxRows() {
	x := []float32{
		0, 0, 0, 0,
		1, 2, 3, 4,
	}
	SoftmaxRows(x, x, 2, 4)
	fmt.Printf("%.3f\n", x)
	// Output: [0.250 0.250 0.250 0.250 0.032 0.087 0.237 0.644]
}

func ExampleAddRows() {
	pixels := []float32{ // three pixels of two channels
		1, 10,
		2, 20,
		3, 30,
	}
	sums := make([]float32, 2)
	AddRows(sums, pixels, 3, 2, 2)
	fmt.Println(sums)
	// Output: [6 60]
}
