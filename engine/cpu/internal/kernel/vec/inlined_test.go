package vec

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/strideml/stride/engine/cpu/internal/kernel/vec/coef"
)

// TestSigmoidGo compares the loop with the function that it has written out, bit by bit.
func TestSigmoidGo(t *testing.T) {
	x := []float32{0, float32(math.Copysign(0, -1)), 1, -1, 88, -88, 104, -104, coef.ExpMin, coef.ExpMax, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), 1e-40}
	r := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		x = append(x, float32(r.NormFloat64()*20))
	}
	got := make([]float32, len(x))
	sigmoidGo(got, x)
	for i, v := range x {
		if want := sigmoid32(v); math.Float32bits(got[i]) != math.Float32bits(want) && want == want {
			t.Fatalf("%v: %v, want %v", v, got[i], want)
		}
	}
	if !math.IsNaN(float64(got[12])) {
		t.Errorf("NaN gives %v", got[12])
	}
}

// TestTaps compares the loops over 4, 2 and 1 elements with their definitions, bit by bit.
func TestTaps(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for c := 1; c < 12; c++ {
		taps := []int32{0, int32(c), int32(5 * c), int32(6 * c)}
		src := make([]float32, 7*c)
		for i := range src {
			src[i] = r.Float32() - 0.5
		}
		sums, want := make([]float32, c), make([]float32, c)
		sumTaps(sums, src, taps, 0.25)
		to, wantTo := slices.Clone(src), slices.Clone(src)
		setTaps(to, sums, taps, 0.3)
		for j := range c {
			for _, off := range taps {
				want[j] += src[int(off)+j]
				wantTo[int(off)+j] = sums[j] * 0.3
			}
			want[j] *= 0.25
		}
		if !slices.Equal(sums, want) || !slices.Equal(to, wantTo) {
			t.Errorf("%d channels: %v, want %v; %v, want %v", c, sums, want, to, wantTo)
		}
	}
}
