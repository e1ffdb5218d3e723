package rng

import (
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"testing"
)

// TestPinned fixes the streams: a change here would silently change every
// trained network and every test that compares runs.
func TestPinned(t *testing.T) {
	r := New(42, "shuffle", 3, 1)
	for i, want := range []uint64{0xa84be86dca6fb75a, 0xd7fa914f881586f2, 0xfc40f03e87317e15} {
		if got := r.Uint64(); got != want {
			t.Errorf("Uint64 %d = %#x, want %#x", i, got, want)
		}
	}
	u := make([]float32, 3)
	Uniform(New(0, "init"), u, -1, 1)
	if want := []float32{-0.029006878, -0.10294061, -0.66495615}; !slices.Equal(u, want) {
		t.Errorf("Uniform = %v, want %v", u, want)
	}
	Normal(New(0, "init"), u, 10, 2)
	if want := []float32{10.443179, 9.555317, 9.499868}; !slices.Equal(u, want) {
		t.Errorf("Normal = %v, want %v", u, want)
	}
	if got, want := Perm(New(0, "shuffle", 1), 8), []int{6, 0, 4, 2, 7, 1, 3, 5}; !slices.Equal(got, want) {
		t.Errorf("Perm = %v, want %v", got, want)
	}
	k := key(1, "a", []uint64{2})
	if got, want := hex.EncodeToString(k[:]), "7dc30c96c976f603bb95ea2e91271073aee17310772462188f4994dbdd5796e2"; got != want {
		t.Errorf("key = %s, want %s", got, want)
	}
}

// TestNames checks that names which could be confused give other streams.
func TestNames(t *testing.T) {
	first := map[uint64]string{}
	add := func(seed uint64, purpose string, index ...uint64) {
		name := fmt.Sprintf("(%d, %q, %d)", seed, purpose, index)
		v := New(seed, purpose, index...).Uint64()
		if old, ok := first[v]; ok {
			t.Errorf("%s and %s give the same stream", old, name)
		}
		first[v] = name
		if again := New(seed, purpose, index...).Uint64(); again != v {
			t.Errorf("%s gives two streams", name)
		}
	}
	add(0, "")
	add(0, "", 0)
	add(0, "", 0, 0)
	add(1, "")
	add(0, "a")
	add(0, "a\x00")
	add(0, "\x00\x00\x00\x00\x00\x00\x00\x00")
	add(0, "ab")
	add(0, "a", 'b')
	add(0, "a", 1, 2)
	add(0, "a", 2, 1)
	add(1<<63, "a", 1, 2)
}

func TestUniform(t *testing.T) {
	tests := []struct{ lo, hi float32 }{
		{0, 1}, {-1, 1}, {5, 5}, {1, math.Nextafter32(1, 2)}, {-math.MaxFloat32, math.MaxFloat32}, {1 << 24, 1<<24 + 8},
	}
	for _, test := range tests {
		x := make([]float32, 20_000)
		Uniform(New(1, "uniform"), x, test.lo, test.hi)
		sum := 0.0
		for _, v := range x {
			if v < test.lo || v >= test.hi && test.lo < test.hi {
				t.Fatalf("[%g, %g): drew %g", test.lo, test.hi, v)
			}
			sum += float64(v) / float64(len(x))
		}
		width := float64(test.hi) - float64(test.lo)
		// The standard deviation of the mean is width/√(12·20000); rounding
		// down to few float32 shifts it by up to half their distance.
		slack := 5*width/math.Sqrt(12*20_000) + float64(math.Nextafter32(test.hi, math.MaxFloat32)-test.hi)
		if mean := float64(test.lo) + width/2; math.Abs(sum-mean) > slack {
			t.Errorf("[%g, %g): mean %g, want %g ± %g", test.lo, test.hi, sum, mean, slack)
		}
	}
	for _, bad := range []struct{ lo, hi float32 }{
		{1, 0}, {float32(math.NaN()), 1}, {0, float32(math.Inf(1))}, {float32(math.Inf(-1)), float32(math.Inf(-1))},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("[%g, %g) does not panic", bad.lo, bad.hi)
				}
			}()
			Uniform(New(1, ""), make([]float32, 1), bad.lo, bad.hi)
		}()
	}
}

func TestNormal(t *testing.T) {
	x := make([]float32, 50_000)
	Normal(New(1, "normal"), x, 3, 2)
	var mean, square, within float64
	n := float64(len(x))
	for _, v := range x {
		z := (float64(v) - 3) / 2
		mean += z / n
		square += z * z / n
		if math.Abs(z) < 1 {
			within += 1 / n
		}
	}
	if math.Abs(mean) > 5/math.Sqrt(n) || math.Abs(square-1) > 5*math.Sqrt(2/n) || math.Abs(within-0.6827) > 0.011 {
		t.Errorf("standardised: mean %g, variance %g, within one deviation %g", mean, square, within)
	}
}

// TestPerm checks that all 24 orders of four numbers are about as frequent.
func TestPerm(t *testing.T) {
	const draws = 24_000
	count := map[string]int{}
	r := New(7, "perm")
	for range draws {
		count[fmt.Sprint(Perm(r, 4))]++
	}
	chi := 0.0
	for _, c := range count {
		d := float64(c) - draws/24
		chi += d * d / (draws / 24)
	}
	// 23 degrees of freedom: 60 is passed once in 40,000 seeds.
	if len(count) != 24 || chi > 60 {
		t.Errorf("%d orders, chi² = %g", len(count), chi)
	}
	if got := Perm(r, 0); got == nil || len(got) != 0 {
		t.Errorf("Perm of 0 is %v", got)
	}
	dst := []int{9, 9, 9, 9, 9, 9}
	PermInto(New(1, "p"), dst)
	if want := Perm(New(1, "p"), 6); !slices.Equal(dst, want) {
		t.Errorf("PermInto gives %v, Perm %v", dst, want)
	}
}

func ExampleNew() {
	// The order in which samples 0 to 4 are visited in epoch 2.
	order := Perm(New(1, "shuffle", 2), 5)
	again := Perm(New(1, "shuffle", 2), 5)
	fmt.Println(slices.Equal(order, again), len(order))
	// Output: true 5
}
