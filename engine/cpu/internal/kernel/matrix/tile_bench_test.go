package matrix

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// reportRate runs body b.N times and reports its speed in GFLOP/s and as a share
// of the peak. It takes the fastest run, in turn with runs of the peak's loop: on a
// shared machine the mean says more about the neighbours.
func reportRate(b *testing.B, flops float64, body func()) {
	body()
	const iters = 2000
	best, bestPeak := time.Hour, time.Hour
	for range 100 {
		start := time.Now()
		PeakFMA(iters)
		bestPeak = min(bestPeak, time.Since(start))
	}
	for b.Loop() {
		start := time.Now()
		body()
		middle := time.Now()
		PeakFMA(iters)
		best, bestPeak = min(best, middle.Sub(start)), min(bestPeak, time.Since(middle))
	}
	rate, peak := flops/best.Seconds(), PeakFlops*iters/bestPeak.Seconds()
	b.ReportMetric(rate/1e9, "GFLOP/s")
	b.ReportMetric(100*rate/peak, "%peak")
	b.ReportMetric(0, "ns/op")
}

// ramp returns n offsets i·step.
func ramp(n, step int) []int32 {
	off := make([]int32, n)
	for i := range off {
		off[i] = int32(i * step)
	}
	return off
}

// BenchmarkGEMM multiplies in the first- and second-level caches.
func BenchmarkGEMM(b *testing.B) {
	for _, m := range []int{6, 32, 96, 256} {
		for _, n := range []int{16, 256, 1024} {
			const k = 256
			b.Run(fmt.Sprintf("%dx%dx%d", m, n, k), func(b *testing.B) {
				r := rand.New(rand.NewPCG(1, 2))
				a, w, c := random(r, m*k), random(r, k*n), make([]float32, m*n)
				args := TileArgs{
					A: &a[0], AOff: &ramp(m, k)[0], SegOff: &ramp(1, 0)[0], Segs: 1, Run: k,
					COff: &ramp(m, n)[0], Rows: m, Cols: TileCols,
				}
				reportRate(b, 2*float64(m*n*k), func() {
					for p := range n / TileCols {
						args.B, args.C = &w[p*k*TileCols], &c[p*TileCols]
						Tile(&args)
					}
				})
			})
		}
	}
}

// convBench is a convolution of one image, padded beforehand, as the engine does it.
type convBench struct {
	name         string
	in, out      int // channels
	size, kernel int // output edge, kernel edge
	nr           int
	perTap       bool // a segment is a tap, not a kernel row
	segs         int  // segments in a block of the sum, 0 for all
}

func (cb convBench) run(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	edge := cb.size + cb.kernel - 1
	terms := cb.in * cb.kernel * cb.kernel
	panels := Panels(cb.out, cb.nr)
	x, w := random(r, edge*edge*cb.in), random(r, panels*cb.nr*terms)
	y, bias := make([]float32, cb.size*cb.size*cb.out), random(r, panels*cb.nr)

	run, segOff := cb.kernel*cb.in, ramp(cb.kernel, edge*cb.in)
	if cb.perTap {
		run, segOff = cb.in, nil
		for tap := range cb.kernel * cb.kernel {
			segOff = append(segOff, int32((tap/cb.kernel*edge+tap%cb.kernel)*cb.in))
		}
	}
	aOff := make([]int32, cb.size*cb.size)
	for p := range aOff {
		aOff[p] = int32((p/cb.size*edge + p%cb.size) * cb.in)
	}
	blockSegs := cb.segs
	if blockSegs == 0 {
		blockSegs = len(segOff)
	}
	args := TileArgs{A: &x[0], AOff: &aOff[0], Run: run, COff: &ramp(len(aOff), cb.out)[0], Rows: len(aOff)}
	reportRate(b, 2*float64(len(y)*terms), func() {
		for p := range panels {
			args.C, args.Cols = &y[p*cb.nr], min(cb.nr, cb.out-p*cb.nr)
			for s := 0; s < len(segOff); s += blockSegs {
				args.SegOff, args.Segs = &segOff[s], min(blockSegs, len(segOff)-s)
				args.B = &w[(p*terms+s*run)*cb.nr]
				args.Accumulate, args.Bias = s > 0, nil
				if s == 0 {
					args.Bias = &bias[p*cb.nr]
				}
				args.ReLU = s+blockSegs >= len(segOff)
				if cb.nr == NarrowCols {
					TileNarrow(&args)
				} else {
					Tile(&args)
				}
			}
		}
	})
}

func BenchmarkConv(b *testing.B) {
	for _, cb := range []convBench{
		{name: "64to64,24,3x3", in: 64, out: 64, size: 24, kernel: 3},
		{name: "128to128,12,3x3", in: 128, out: 128, size: 12, kernel: 3},
		{name: "64to192,24,3x3", in: 64, out: 192, size: 24, kernel: 3},
		{name: "256to256,6,3x3", in: 256, out: 256, size: 6, kernel: 3},
		{name: "512to512,7,3x3", in: 512, out: 512, size: 7, kernel: 3},
		{name: "96to256,26,5x5", in: 96, out: 256, size: 26, kernel: 5},
		{name: "480to192,6,1x1", in: 480, out: 192, size: 6, kernel: 1},
		{name: "3to64,32,7x7", in: 3, out: 64, size: 32, kernel: 7},
		{name: "lenet1,1to6,28,5x5", in: 1, out: 6, size: 28, kernel: 5, nr: NarrowCols},
		{name: "lenet2,6to16,10,5x5", in: 6, out: 16, size: 10, kernel: 5},
	} {
		if cb.nr == 0 {
			cb.nr = TileCols
		}
		if cb.in < 64 {
			b.Run(cb.name, cb.run)
			continue
		}
		for _, kib := range []int{8, 16, 32, 64, 128, 1024} {
			for _, perTap := range []bool{true, false} {
				segs := kib << 10 / (cb.in * TileCols * 4)
				cb.perTap = perTap
				if !perTap {
					segs /= cb.kernel
				}
				if segs == 0 || kib < 1024 && segs > cb.kernel*cb.kernel {
					continue
				}
				cb.segs = segs
				b.Run(fmt.Sprintf("%s/tap=%v/block=%dKiB", cb.name, perTap, kib), cb.run)
			}
		}
	}
}

// BenchmarkOuter sums the gradient of weights: rows input channels, one panel of
// output channels, over blocks of pixels.
func BenchmarkOuter(b *testing.B) {
	for _, cols := range []int{16, 8, 6} {
		for _, rows := range []int{5, 30, 60, 192} {
			for _, k := range []int{64, 128, 256} {
				b.Run(fmt.Sprintf("%dx%d,%dterms", rows, cols, k), func(b *testing.B) {
					r := rand.New(rand.NewPCG(1, 2))
					x, y, c := random(r, rows*k+64), random(r, cols*k+64), make([]float32, rows*cols)
					args := OuterArgs{
						A: &x[0], AOff: &ramp(k, rows)[0], B: &y[0], BOff: &ramp(k, cols)[0], B1: 8, K: k,
						C: &c[0], LdC: cols, Rows: rows, Cols: cols, Accumulate: true,
					}
					reportRate(b, 2*float64(rows*cols*k), func() { Outer(&args) })
				})
			}
		}
	}
}

// BenchmarkPack reports the speed of packing in floats.
func BenchmarkPack(b *testing.B) {
	const n = 64 * 64 * 9
	r := rand.New(rand.NewPCG(1, 2))
	w, dst := random(r, n), make([]float32, n)
	for _, p := range []struct {
		name string
		pack func()
	}{
		{"RowMajor", func() { PackRowMajor(dst, w, 64*9, 64, 64, TileCols, 0, 4) }},
		{"Transposed", func() { PackTransposed(dst, w, 64*9, 64, 64*9, TileCols, 0, 4) }},
		{"Transpose2D", func() { Transpose2D(dst, w, 64, 64*9, 64, 64*9) }},
	} {
		b.Run(p.name, func(b *testing.B) {
			for b.Loop() {
				p.pack()
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds()/1e9, "Gfloat/s")
		})
	}
}
