package matrix

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/strideml/stride/internal/kerneltest"
)

// packAll packs in two shares, as two workers would, and checks that the second
// share starts where the first ends.
func packAll(t *testing.T, size, panels int, pack func(dst []float32, from, to int)) []float32 {
	t.Helper()
	dst := canaries(size)
	half := panels / 2
	pack(dst, half, panels)
	if i := slices.IndexFunc(dst[:size/panels*half], func(v float32) bool { return v != canary }); i >= 0 {
		t.Fatalf("panels from %d on: element %d of an earlier panel is written", half, i)
	}
	pack(dst, 0, half)
	return dst
}

func TestPackMatrices(t *testing.T) {
	kerneltest.EachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(2, 2))
		for _, k := range []int{1, 7, 8, 25, 64} {
			for _, n := range []int{1, 5, 8, 10, 16, 31, 120} {
				for _, nr := range []int{TileCols, NarrowCols} {
					ldk, ldn := k+r.IntN(3), n+r.IntN(3)
					b, bt := random(r, k*ldn), random(r, n*ldk)
					panels := Panels(n, nr)
					size := k * nr
					rowMajor := packAll(t, panels*size, panels, func(dst []float32, from, to int) { PackRowMajor(dst, b, k, n, ldn, nr, from, to) })
					transposed := packAll(t, panels*size, panels, func(dst []float32, from, to int) { PackTransposed(dst, bt, k, n, ldk, nr, from, to) })
					for at := range rowMajor {
						row, col := at%size/nr, at/size*nr+at%nr
						var want, wantT float32
						if col < n {
							want, wantT = b[row*ldn+col], bt[col*ldk+row]
						}
						if rowMajor[at] != want {
							t.Fatalf("PackRowMajor %d×%d by %d: row %d column %d is %v, want %v", k, n, nr, row, col, rowMajor[at], want)
						}
						if transposed[at] != wantT {
							t.Fatalf("PackTransposed %d×%d by %d: row %d column %d is %v, want %v", k, n, nr, row, col, transposed[at], wantT)
						}
					}
				}
			}
		}
	})
}

func TestTranspose2D(t *testing.T) {
	kerneltest.EachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 3))
		for _, rows := range []int{0, 1, 2, 3, 7, 8, 9, 16, 23, 64} {
			for i, cols := range []int{0, 1, 3, 7, 8, 9, 15, 40, 196, 1, 6, 48} {
				ldSrc, ldDst := cols+r.IntN(4), rows+i%2*r.IntN(4)
				src, dst := random(r, rows*ldSrc), canaries(cols*ldDst)
				Transpose2D(dst, src, rows, cols, ldDst, ldSrc)
				for at, v := range dst {
					want := float32(canary)
					if i, j := at%ldDst, at/ldDst; i < rows {
						want = src[i*ldSrc+j]
					}
					if v != want {
						t.Fatalf("%d×%d: row %d column %d of the result is %v, want %v", rows, cols, at/ldDst, at%ldDst, v, want)
					}
				}
			}
		}
	})
}
