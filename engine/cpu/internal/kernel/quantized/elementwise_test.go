package quantized

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/strideml/stride/internal/kerneltest"
)

// fenced returns memory of n elements with some after them that a kernel must not write.
func fenced(n int) (x []uint8, check func(t *testing.T)) {
	all := slices.Repeat([]uint8{canary}, n+80)
	return all[:n:n], func(t *testing.T) {
		t.Helper()
		for i, v := range all[n:] {
			if v != canary {
				t.Fatalf("n = %d: wrote to element %d", n, n+i)
			}
		}
	}
}

// rounded is the result of 8 bits for y, of which every operation before was rounded to float32.
func rounded(y float64, low, high float32, zero int32) uint8 {
	return uint8(int32(math.RoundToEven(min(max(y, float64(low)), float64(high)))) + zero)
}

// product and plus are exact and rounded once.
func product(a, b float32) float32 { return float32(float64(a) * float64(b)) }
func plus(a, b float32) float32    { return float32(float64(a) + float64(b)) }

func TestLookup(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		table := [256]uint8(kerneltest.RandomBytes(256, 3))
		for _, n := range kerneltest.Lengths() {
			src := kerneltest.RandomBytes(n, 1)
			dst, check := fenced(n)
			Lookup(dst, src, &table)
			check(t)
			for i, v := range src {
				if dst[i] != table[v] {
					t.Fatalf("n = %d: element %d, %d, is %d, want %d", n, i, v, dst[i], table[v])
				}
			}
			if Lookup(src, src, &table); !slices.Equal(src, dst) {
				t.Fatal("another result in place")
			}
		}
	})
}

func TestAdd(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for _, n := range kerneltest.Lengths() {
			o := Sum{ScaleA: r.Float32(), ScaleB: 2 * r.Float32(), ZeroA: int32(r.IntN(256)), ZeroB: int32(r.IntN(256)), Zero: int32(r.IntN(256))}
			o.Low, o.High = Bounds8(float32(math.Inf(-1)), float32(math.Inf(1)), 1, o.Zero)
			if n%3 == 0 {
				o.Low, o.High = 0, float32(255-o.Zero)
			}
			a, b := kerneltest.RandomBytes(n, 1), kerneltest.RandomBytes(n, 2)
			dst, check := fenced(n)
			Add(dst, a, b, &o)
			check(t)
			for i, got := range dst {
				y := plus(product(float32(int32(a[i])-o.ZeroA), o.ScaleA), product(float32(int32(b[i])-o.ZeroB), o.ScaleB))
				if want := rounded(float64(y), o.Low, o.High, o.Zero); got != want {
					t.Fatalf("n = %d, %+v: %d + %d is %d, want %d", n, o, a[i], b[i], got, want)
				}
			}
			if Add(a, a, b, &o); !slices.Equal(a, dst) {
				t.Fatal("another result in place")
			}
		}
	})
}

func TestQuantize(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		inf, nan := float32(math.Inf(1)), float32(math.NaN())
		for _, n := range kerneltest.Lengths() {
			o := Quantization{Scale: 0.01 + r.Float32()/20, Zero: int32(r.IntN(256))}
			o.Low, o.High = Bounds8(-inf, inf, o.Scale, o.Zero)
			if n%4 == 0 {
				o.Scale = 0.5 // ties
			}
			src := kerneltest.Randoms(n, 5)
			for i := range src {
				if n%4 == 0 {
					src[i] = float32(r.IntN(2000)-1000) / 4
				}
				if special := []float32{nan, inf, -inf, 1e30, -1e30}; r.IntN(10) == 0 {
					src[i] = special[r.IntN(len(special))]
				}
			}
			dst, check := fenced(n)
			Quantize(dst, src, &o)
			check(t)
			for i, got := range dst {
				y := float64(float32(float64(src[i]) / float64(o.Scale)))
				if math.IsNaN(y) {
					y = float64(o.Low)
				}
				if want := rounded(y, o.Low, o.High, o.Zero); got != want {
					t.Fatalf("n = %d, %+v: %v is %d, want %d", n, o, src[i], got, want)
				}
			}
			back := make([]float32, n)
			Dequantize(back, dst, o.Scale, o.Zero)
			for i, got := range back {
				if want := product(float32(int32(dst[i])-o.Zero), o.Scale); got != want {
					t.Fatalf("n = %d, %+v: %d is %v, want %v", n, o, dst[i], got, want)
				}
			}
		}
	})
}

func TestPooling(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		for _, c := range []int{1, 3, 15, 16, 17, 24, 31, 32, 48, 63, 64, 65, 100, 130} {
			for _, count := range []int{1, 2, 4, 9, 49} {
				n, srcStep, dstStep := 1+r.IntN(5), c+r.IntN(5), c+r.IntN(5)
				taps := make([]int32, count)
				for i := range taps {
					taps[i] = int32(r.IntN(200))
				}
				src := kerneltest.RandomBytes((n-1)*srcStep+int(slices.Max(taps))+c, 1)
				o := Average{Bias: int32(-count * r.IntN(256)), Scale: (0.5 + r.Float32()) / float32(count), Zero: int32(r.IntN(256))}
				o.Low, o.High = Bounds8(float32(math.Inf(-1)), float32(math.Inf(1)), 1, o.Zero)
				most, check := fenced((n-1)*dstStep + c)
				MaxRow(most, src, taps, n, dstStep, srcStep, c)
				check(t)
				mean, check := fenced((n-1)*dstStep + c)
				AverageRow(mean, src, taps, n, dstStep, srcStep, c, &o)
				check(t)
				for i := range most {
					p, j := i/dstStep, i%dstStep
					if j >= c {
						if most[i] != canary || mean[i] != canary {
							t.Fatalf("%d channels: wrote between pixels", c)
						}
						continue
					}
					var want uint8
					sum := o.Bias
					for _, tap := range taps {
						v := src[p*srcStep+int(tap)+j]
						want, sum = max(want, v), sum+int32(v)
					}
					if most[i] != want {
						t.Fatalf("%d channels, %d taps: the maximum is %d, want %d", c, count, most[i], want)
					}
					if want := rounded(float64(product(float32(sum), o.Scale)), o.Low, o.High, o.Zero); mean[i] != want {
						t.Fatalf("%d channels, %d taps: the average is %d, want %d", c, count, mean[i], want)
					}
				}
			}
		}
	})
}
