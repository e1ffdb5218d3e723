package matrix

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/strideml/stride/internal/isa"
	"github.com/strideml/stride/internal/kerneltest"
)

// needBF16 skips a test that compares assembly with twins where there is no assembly.
func needBF16(t testing.TB) {
	if !isa.UseBF16 {
		t.Skip("this CPU has no AVX512_BF16")
	}
}

// extremes are bfloat16 at the borders: zeros, denormals, the smallest and the greatest numbers,
// infinities, NaNs, powers of two whose products are denormal or round up to the smallest number.
var extremes = []uint16{
	0, 0x8000, 1, 0x7f, 0x8001, 0x0080, 0x8080, 0x00ff, 0x7f7f, 0xff7f, 0x7f80, 0xff80, 0x7fc0, 0x7f81,
	0x3f80, 0xbf80, 0x2000, 0xa000, 0x1f80, 0x1fff, 0x2001, 0x5f80, 0x5fff, 0x3f81, 0x3fff, 0xbfff, 0x1780, 0x9780, 0x0e80,
}

// randomPairs returns n pairs of a kind: numbers about 1, any bits, extreme numbers, small ones
// whose products are denormal or nearly so.
func randomPairs(r *rand.Rand, n, kind int) []float32 {
	one := func() uint32 {
		switch kind {
		case 0:
			return uint32(r.IntN(2)<<15 | (120+r.IntN(12))<<7 | r.IntN(128))
		case 1:
			return uint32(r.IntN(1 << 16))
		case 2:
			return uint32(extremes[r.IntN(len(extremes))])
		}
		return uint32(r.IntN(2)<<15 | (54+r.IntN(16))<<7 | r.IntN(128))
	}
	x := make([]float32, n)
	for i := range x {
		x[i] = math.Float32frombits(one() | one()<<16)
	}
	return x
}

// TestPairsExtremes compares all kernels for pairs with their twins, in all bits, on numbers of every kind.
func TestPairsExtremes(t *testing.T) {
	needBF16(t)
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 400 {
		kind := round % 4
		rows, segs, run, cols := 1+r.IntN(26), 1+r.IntN(4), 1+r.IntN(12), 1+r.IntN(TileCols)
		a, b := randomPairs(r, (segs+rows)*run, kind), randomPairs(r, (segs*run+rows)*TileCols, kind)
		start := randomPairs(r, rows*TileCols, []int{kind, 2}[r.IntN(2)])
		tile := func() []float32 {
			c := slices.Clone(start)
			TilePairs(&TileArgs{
				A: &a[0], AOff: &ramp(rows, run)[0], SegOff: &ramp(segs, run)[0], Segs: segs, Run: run, B: &b[0], C: &c[0], COff: &ramp(rows, TileCols)[0],
				Rows: rows, Cols: cols, Bias: &start[0], Accumulate: round%3 == 0, ReLU: round%5 == 0, ReLU6: round%10 == 0,
			})
			return c
		}
		row := func() []float32 {
			c := slices.Clone(start)
			TileRowPairs(&TileArgs{
				A: &a[0], AOff: &ramp(1, 0)[0], SegOff: &ramp(1, 0)[0], Segs: 1, Run: run, B: &b[0], C: &c[0], COff: &ramp(1, 0)[0],
				Rows: 1, Cols: min(segs, rows) * TileCols, Bias: &start[0],
			}, run*TileCols)
			return c
		}
		outer := func() []float32 {
			c := slices.Clone(start)
			OuterPairs(&OuterArgs{
				A: &b[0], AOff: &ramp(segs*run, TileCols)[0], B: &b[0], BOff: &ramp(segs*run, TileCols)[0], B1: 8, K: segs * run,
				C: &c[0], LdC: TileCols, Rows: min(rows, TileCols), Cols: cols, Accumulate: round%3 == 0,
			})
			return c
		}
		for name, f := range map[string]func() []float32{"tile": tile, "row": row, "outer": outer} {
			got, want := f(), kerneltest.WithISA(t, isa.Generic, f)
			for i := range want {
				if !kerneltest.SameBits(got[i], want[i]) {
					t.Fatalf("%s, kind %d, %d rows, %d×%d pairs, %d columns: element %d is %08x, twin %08x", name, kind, rows, segs, run, cols, i, math.Float32bits(got[i]), math.Float32bits(want[i]))
				}
			}
		}
	}
}

// TestAddExact checks the rounding of the twin where that of float64 would show.
func TestAddExact(t *testing.T) {
	for _, c := range []struct {
		sum     float32
		product float64
		want    float32
	}{
		{1, 0x1p-24, 1},                          // a tie, to even
		{1 + 0x1p-23, 0x1p-24, 1 + 0x1p-22},      // a tie, to even
		{0x1p30, 0x1.8p6 + 0x1p-9, 0x1p30 + 128}, // above the middle
		{-0x1p60, 0x1p-60, -0x1p60},              // the product is below all bits
		{0x1p30 + 128, 64 - 0x1p-46, 0x1p30 + 128},
		{0x1p-126, -0x1p-150, 0x1p-126}, // the exact sum is denormal, the rounded one is not
		{0x1p-126, -0x1p-149, 0},        // denormal
		{-0x1p-126, 0x1p-149, float32(math.Copysign(0, -1))},
		{0x1p-130, 0, 0}, // a denormal sum
		{math.MaxFloat32, 0x1p103, float32(math.Inf(1))},
		{math.MaxFloat32, 0x1p102, math.MaxFloat32},
	} {
		if got := addExact(c.sum, c.product); !kerneltest.SameBits(got, c.want) {
			t.Errorf("%x + %x = %x, want %x", c.sum, c.product, got, c.want)
		}
	}
	// Sums over exponents that are far apart, compared with those of 200 bits.
	r := rand.New(rand.NewPCG(3, 4))
	for range 20000 {
		sum := math.Float32frombits(uint32(r.IntN(2)<<31 | (80+r.IntN(90))<<23 | r.IntN(1<<23)))
		product := math.Ldexp(float64((1+2*r.IntN(2))*(1<<15+r.IntN(1<<15))), r.IntN(90)-60)
		if want := exactSum(sum, product); addExact(sum, product) != want {
			t.Fatalf("%x + %x = %x, want %x", sum, product, addExact(sum, product), want)
		}
	}
}

// exactSum rounds the exact sum to float32, denormals to zeros.
func exactSum(sum float32, product float64) float32 {
	x := new(big.Float).SetPrec(400).SetFloat64(float64(sum))
	v, _ := x.Add(x, new(big.Float).SetFloat64(product)).Float32()
	if math.Abs(float64(v)) < 0x1p-126 {
		return 0
	}
	return v
}

// TestRoundExtremes compares the rounding with its definition, on all upper halves with lower halves
// about the middle, and the assembly with the twin.
func TestRoundExtremes(t *testing.T) {
	var x []float32
	for upper := range 1 << 16 {
		for _, lower := range []uint32{0, 1, 0x7fff, 0x8000, 0x8001, 0xffff} {
			x = append(x, math.Float32frombits(uint32(upper)<<16|lower))
		}
	}
	run := func() []float32 {
		dst := make([]float32, len(x)/2)
		Round(dst, x)
		rows := make([]float32, len(x)/2)
		RoundRows(rows, x[:len(x)/2], x[len(x)/2:])
		return append(dst, rows...)
	}
	want := kerneltest.WithISA(t, isa.Generic, run)
	for i, v := range want[:len(x)/2] {
		for half, got := range []float32{math.Float32frombits(math.Float32bits(v) << 16), math.Float32frombits(math.Float32bits(v) &^ 0xffff)} {
			in := x[2*i+half]
			switch size := math.Abs(float64(in)); {
			case in != in:
				if got == got {
					t.Fatalf("NaN %08x became %v", math.Float32bits(in), got)
				}
			case size < 0x1p-126:
				if got != 0 || math.Signbit(float64(got)) != math.Signbit(float64(in)) {
					t.Fatalf("%x became %x, want a zero", in, got)
				}
			case math.IsInf(float64(got), 0):
				if size < 0x1.ffp127 {
					t.Fatalf("%x became %x", in, got)
				}
			default:
				_, e := math.Frexp(float64(in))
				if diff := math.Abs(float64(got) - float64(in)); diff > math.Ldexp(1, e-9) || diff == math.Ldexp(1, e-9) && math.Float32bits(got)>>16&1 == 1 {
					t.Fatalf("%x became %x", in, got)
				}
			}
		}
	}
	if isa.UseBF16 {
		for i, v := range run() {
			if math.Float32bits(v) != math.Float32bits(want[i]) {
				t.Fatalf("pair %d is %08x, twin %08x", i, math.Float32bits(v), math.Float32bits(want[i]))
			}
		}
	}
}

// TestRoundInPlace rounds floats to where they are.
func TestRoundInPlace(t *testing.T) {
	kerneltest.EachISA(t, func(t *testing.T) {
		for n := 1; n < 200; n++ {
			x := kerneltest.FencedCopy(kerneltest.Randoms(n, 1))
			want := make([]float32, (n+1)/2)
			Round(want, slices.Clone(x.Data))
			Round(x.Data, x.Data)
			x.Check(t, "Round")
			if !kerneltest.SameSlices(x.Data[:len(want)], want) {
				t.Fatalf("%d floats: not what they are elsewhere", n)
			}
		}
	})
}

// TestPeakPairs checks the sum of all chains.
func TestPeakPairs(t *testing.T) {
	needBF16(t)
	if got := PeakPairs(1000); got != 12*2*1000 {
		t.Errorf("PeakPairs(1000) = %v", got)
	}
}

// BenchmarkPairs reports how fast pairs are multiplied and added up, as a share of twice the peak of float32.
func BenchmarkPairs(b *testing.B) {
	needBF16(b)
	rate := func(b *testing.B, flops float64, body func()) {
		const iters = 2000
		best, peak := time.Hour, time.Hour
		for b.Loop() {
			start := time.Now()
			body()
			middle := time.Now()
			PeakFMA(iters)
			best, peak = min(best, middle.Sub(start)), min(peak, time.Since(middle))
		}
		b.ReportMetric(flops/best.Seconds()/1e9, "GFLOP/s")
		b.ReportMetric(100*flops/best.Seconds()/(2*PeakFlops*iters/peak.Seconds()), "%2×peak")
		b.ReportMetric(0, "ns/op")
	}
	b.Run("chains", func(b *testing.B) { rate(b, PeakPairsFlops*1000, func() { PeakPairs(1000) }) })
	r := rand.New(rand.NewPCG(1, 2))
	for _, m := range []int{12, 48, 96, 196} {
		for _, k := range []int{64, 256, 1024} { // terms
			const n = 256
			b.Run(fmt.Sprintf("tile/%dx%dx%d", m, n, k), func(b *testing.B) {
				a, w, c := randomPairs(r, m*k/2, 0), randomPairs(r, k/2*n, 0), make([]float32, m*n)
				args := TileArgs{A: &a[0], AOff: &ramp(m, k/2)[0], SegOff: &ramp(1, 0)[0], Segs: 1, Run: k / 2, COff: &ramp(m, n)[0], Rows: m, Cols: TileCols}
				rate(b, 2*float64(m*n*k), func() {
					for p := range n / TileCols {
						args.B, args.C = &w[p*k/2*TileCols], &c[p*TileCols]
						TilePairs(&args)
					}
				})
			})
		}
	}
	for _, rows := range []int{24, 64, 192} {
		b.Run(fmt.Sprintf("outer/%dx16", rows), func(b *testing.B) {
			const k = 128
			x, y, c := randomPairs(r, rows*k+64, 0), randomPairs(r, 16*k+64, 0), make([]float32, rows*16)
			args := OuterArgs{A: &x[0], AOff: &ramp(k, rows)[0], B: &y[0], BOff: &ramp(k, 16)[0], B1: 8, K: k, C: &c[0], LdC: 16, Rows: rows, Cols: 16, Accumulate: true}
			rate(b, 2*2*float64(rows*16*k), func() { OuterPairs(&args) })
		})
	}
	b.Run("round", func(b *testing.B) {
		x := random(r, 1<<12)
		dst := make([]float32, len(x)/2)
		for b.Loop() {
			Round(dst, x)
		}
		b.ReportMetric(float64(len(x))*float64(b.N)/b.Elapsed().Seconds()/1e9, "Gfloat/s")
	})
}
