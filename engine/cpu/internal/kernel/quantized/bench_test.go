package quantized

import (
	"fmt"
	"testing"
	"time"

	"github.com/strideml/stride/internal/isa"
	"github.com/strideml/stride/internal/kerneltest"
)

// reportRate runs body b.N times and reports its speed in multiply-adds and as a share of the peak. It takes the fastest
// run, in turn with runs of the peak's loop: on a shared machine the mean says more about the neighbours.
func reportRate(b *testing.B, terms int, body func()) {
	body()
	const iters = 4000
	best, bestPeak := time.Hour, time.Hour
	for range 100 {
		start := time.Now()
		PeakDot(iters)
		bestPeak = min(bestPeak, time.Since(start))
	}
	for b.Loop() {
		start := time.Now()
		body()
		middle := time.Now()
		PeakDot(iters)
		best, bestPeak = min(best, middle.Sub(start)), min(bestPeak, time.Since(middle))
	}
	rate, peak := float64(terms)/best.Seconds(), PeakTerms*iters/bestPeak.Seconds()
	b.ReportMetric(rate/1e9, "GMAC/s")
	b.ReportMetric(100*rate/peak, "%peak")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkTile multiplies pixels by a matrix, a 1×1 convolution, or computes a 3×3 convolution.
func BenchmarkTile(b *testing.B) {
	for _, bench := range []struct {
		pixels, in, out, kernel int
		add, float              bool
	}{
		{pixels: 3136, in: 64, out: 64}, {pixels: 3136, in: 64, out: 256}, {pixels: 784, in: 128, out: 512}, {pixels: 784, in: 512, out: 128},
		{pixels: 196, in: 256, out: 1024}, {pixels: 196, in: 1024, out: 256}, {pixels: 49, in: 512, out: 2048}, {pixels: 49, in: 2048, out: 512},
		{pixels: 49, in: 2048, out: 512, add: true}, {pixels: 3136, in: 64, out: 256, add: true}, {pixels: 3136, in: 64, out: 256, float: true},
		{pixels: 12544, in: 32, out: 16}, {pixels: 3136, in: 24, out: 144}, {pixels: 3136, in: 144, out: 24}, {pixels: 196, in: 96, out: 576}, {pixels: 196, in: 576, out: 96}, {pixels: 49, in: 160, out: 960},
		{pixels: 49, in: 960, out: 160}, {pixels: 49, in: 320, out: 1280}, {pixels: 1, in: 2048, out: 1000},
		{pixels: 3136, in: 64, out: 64, kernel: 3}, {pixels: 784, in: 128, out: 128, kernel: 3}, {pixels: 196, in: 256, out: 256, kernel: 3}, {pixels: 49, in: 512, out: 512, kernel: 3},
		{pixels: 12544, in: 3, out: 64, kernel: 7}, {pixels: 12544, in: 3, out: 32, kernel: 3},
	} {
		name := fmt.Sprintf("%dx%dx%d", bench.pixels, bench.in, bench.out)
		kernel, stride := max(1, bench.kernel), 1
		edge := 1
		for edge*edge < bench.pixels {
			edge++
		}
		if kernel > 1 {
			name += fmt.Sprintf(",%dx%d", kernel, kernel)
		}
		if bench.add {
			name += ",add"
		}
		if bench.float {
			name += ",float"
		}
		if bench.in == 3 {
			stride = 2
		}
		b.Run(name, func(b *testing.B) {
			frame := (edge-1)*stride + kernel
			segs, run := kernel, kernel*bench.in
			x := kerneltest.RandomBytes(frame*frame*bench.in+slack, 1)
			w := make([]int8, bench.out*segs*run)
			for i, v := range kerneltest.RandomBytes(len(w), 2) {
				w[i] = int8(v)
			}
			packed := make([]int8, PackedSize(bench.out, segs, run))
			Pack(packed, w, bench.out, segs, run, 0, Panels(bench.out))
			bias, scale := make([]int32, Columns(bench.out)), make([]float32, Columns(bench.out))
			FoldBias(bias, nil, packed, bench.out, segs, run, 100)
			for j := range scale {
				scale[j] = 0.001
			}
			aOff := make([]int32, bench.pixels)
			for p := range aOff {
				aOff[p] = int32((p/edge*frame + p%edge) * stride * bench.in)
			}
			size := 1
			if bench.float {
				size = 4
			}
			c, more := make([]uint8, bench.pixels*bench.out*size), make([]uint8, bench.pixels*bench.out)
			out := Output{High: 155, Low: -100, Zero: 100, AddScale: 0.01, AddZero: 50}
			args := TileArgs{
				A: &x[0], SegOff: &ramp(segs, frame*bench.in)[0], Segs: segs, Run: run,
				Output: &out, Float: bench.float,
			}
			cOff := ramp(bench.pixels, bench.out)
			reportRate(b, bench.pixels*bench.out*segs*run, func() {
				const piece = 256 // pixels
				for from := 0; from < bench.pixels; from += piece {
					for p := range Panels(bench.out) {
						at := p * PanelCols
						out.Scale = &scale[at]
						args.AOff, args.COff, args.Rows = &aOff[from], &cOff[from], min(piece, bench.pixels-from)
						args.B, args.Bias, args.C, args.Cols = &packed[p*PanelStep(segs, run)], &bias[at], &c[at*size], min(PanelCols, bench.out-at)
						if bench.add {
							args.Add, args.AddOff = &more[at], args.COff
						}
						Tile(&args)
					}
				}
			})
		})
	}
	if !testing.Short() {
		b.Logf("kernels: %s, VNNI %v %v, SDOT %v", isa.Current(), isa.UseAVX512VNNI, isa.UseAVXVNNI, isa.UseDotProd)
	}
}

// BenchmarkRow goes through 64 KB, in nanoseconds for a thousand elements.
func BenchmarkRow(b *testing.B) {
	const n, c = 1 << 16, 64
	x, y, dst := kerneltest.RandomBytes(n, 1), kerneltest.RandomBytes(n, 2), make([]uint8, n)
	floats, table := kerneltest.Randoms(n, 3), [256]uint8{}
	taps := []int32{0, c, 2 * c, 3 * c, 4 * c, 5 * c, 6 * c, 7 * c, 8 * c}
	for _, bench := range []struct {
		name string
		run  func()
	}{
		{"Lookup", func() { Lookup(dst, x, &table) }},
		{"Add", func() { Add(dst, x, y, &Sum{ScaleA: 1, ScaleB: 1, High: 255}) }},
		{"Quantize", func() { Quantize(dst, floats, &Quantization{Scale: 1, High: 255}) }},
		{"Dequantize", func() { Dequantize(floats, x, 1, 0) }},
		{"MaxRow9", func() { MaxRow(dst, x, taps, n/c-8, c, c, c) }},
		{"AverageRow9", func() { AverageRow(dst, x, taps, n/c-8, c, c, c, &Average{Scale: 1, High: 255}) }},
	} {
		b.Run(bench.name, func(b *testing.B) {
			best := time.Hour
			for b.Loop() {
				start := time.Now()
				bench.run()
				best = min(best, time.Since(start))
			}
			b.ReportMetric(float64(best.Nanoseconds())*1000/n, "ns/1000")
			b.ReportMetric(0, "ns/op")
		})
	}
}
