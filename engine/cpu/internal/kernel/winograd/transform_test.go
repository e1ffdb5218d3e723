package winograd

import (
	"fmt"
	"math"
	"testing"

	"github.com/strideml/stride/internal/kerneltest"
)

// eachTransform calls test for every transform of every algorithm.
func eachTransform(t *testing.T, test func(t *testing.T, tr *Transform, finishes bool)) {
	for _, w := range []*Transforms{F23, F33, F43, F25, F35} {
		for _, c := range []struct {
			name string
			tr   *Transform
		}{{"input", &w.Input}, {"kernel", &w.Kernel}, {"output", &w.Output}, {"output gradient", &w.OutputGrad}, {"kernel gradient", &w.KernelGrad}} {
			t.Run(fmt.Sprintf("F(%d,%d)/%s", w.M, w.R, c.name), func(t *testing.T) { test(t, c.tr, c.tr == &w.Output) })
		}
	}
}

// TestTransforms holds both forms of each transform against float64 sums.
func TestTransforms(t *testing.T) {
	kerneltest.EachISA(t, func(t *testing.T) {
		eachTransform(t, func(t *testing.T, tr *Transform, finishes bool) {
			for _, n := range []int{8, 16, 40} {
				for _, turned := range []bool{false, true} {
					for _, epilogue := range []bool{false, true} {
						if !epilogue || finishes {
							testTransform(t, tr, n, turned, epilogue)
						}
					}
				}
			}
		})
	})
}

// testTransform runs one case in memory that is fenced at both ends. turned
// reads the source backwards.
func testTransform(t *testing.T, tr *Transform, n int, turned, epilogue bool) {
	t.Helper()
	const gap = 3
	srcCol, dstCol := n+gap, n+2*gap
	srcRow, dstRow := tr.from*srcCol+gap, tr.to*dstCol+gap
	src := kerneltest.FencedCopy(kerneltest.Randoms((tr.from-1)*(srcRow+srcCol)+n, 1)).Data
	before := kerneltest.Randoms((tr.to-1)*(dstRow+dstCol)+n, 2)
	dst := kerneltest.FencedCopy(before)
	bias := kerneltest.FencedCopy(kerneltest.Randoms(n, 3)).Data
	args := TransformArgs{
		Src: &src[0], SrcRow: srcRow, SrcCol: srcCol, Dst: &dst.Data[0], DstRow: dstRow, DstCol: dstCol, N: n,
	}
	start := 0
	if turned {
		start = (tr.from - 1) * (srcRow + srcCol)
		args.Src, args.SrcRow, args.SrcCol = &src[start], -srcRow, -srcCol
	}
	if epilogue {
		args.Bias, args.ReLU = &bias[0], true
	}
	tr.Apply(&args)
	dst.Check(t, "Transform")
	written := make([]bool, len(before))
	for i := range tr.to {
		for j := range tr.to {
			for c := range n {
				var want, size float64
				for k := range tr.from {
					for l := range tr.from {
						term := float64(tr.matrix[i*tr.from+k]) * float64(tr.matrix[j*tr.from+l]) *
							float64(src[start+k*args.SrcRow+l*args.SrcCol+c])
						want += term
						size += math.Abs(term)
					}
				}
				if epilogue {
					want = max(0, want+float64(bias[c]))
				}
				at := i*dstRow + j*dstCol + c
				written[at] = true
				if got := float64(dst.Data[at]); math.Abs(got-want) > 5e-7*(1+size) {
					t.Fatalf("element %d,%d of channel %d is %v, want %v", i, j, c, got, want)
				}
			}
		}
	}
	for i, w := range written {
		if !w && dst.Data[i] != before[i] {
			t.Fatalf("element %d between the results has changed", i)
		}
	}
}

func TestTransformKeepsNaN(t *testing.T) {
	kerneltest.EachISA(t, func(t *testing.T) {
		w := F23
		src, dst := make([]float32, w.N*w.N*8), make([]float32, w.M*w.M*8)
		src[0] = float32(math.NaN())
		w.Output.Apply(&TransformArgs{
			Src: &src[0], SrcRow: w.N * 8, SrcCol: 8, Dst: &dst[0], DstRow: w.M * 8, DstCol: 8, N: 8, ReLU: true,
		})
		if !math.IsNaN(float64(dst[0])) || dst[1] != 0 {
			t.Errorf("ReLU made %v of NaN, and %v of 0", dst[0], dst[1])
		}
	})
}

func BenchmarkTransform(b *testing.B) {
	for _, w := range []*Transforms{F23, F33, F43, F25, F35} {
		for name, tr := range map[string]*Transform{"input": &w.Input, "output": &w.Output} {
			b.Run(fmt.Sprintf("F(%d,%d)/%s", w.M, w.R, name), func(b *testing.B) {
				const n, pitch = 64, 24*64 + 16
				src, dst := make([]float32, 49*pitch), make([]float32, 49*pitch)
				args := TransformArgs{
					Src: &src[0], SrcRow: tr.from * pitch, SrcCol: pitch, Dst: &dst[0], DstRow: tr.to * pitch, DstCol: pitch, N: n,
				}
				for b.Loop() {
					tr.Apply(&args)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(n/channelLanes), "ns/8channels")
			})
		}
	}
}
