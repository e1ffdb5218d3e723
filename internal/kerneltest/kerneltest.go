package kerneltest

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/strideml/stride/internal/isa"
)

// EachISA runs a test with every instruction set that this CPU has.
func EachISA(t *testing.T, test func(t *testing.T)) {
	for _, name := range isa.Available() {
		restore, err := isa.Set(name)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(name, test)
		restore()
	}
}

// WithISA returns what run computes with an instruction set.
func WithISA(t *testing.T, name string, run func() []float32) []float32 {
	t.Helper()
	restore, err := isa.Set(name)
	if err != nil {
		t.Fatal(err)
	}
	defer restore()
	return run()
}

// Generically runs f with the pure Go twins.
func Generically(t *testing.T, f func()) {
	t.Helper()
	restore, err := isa.Set(isa.Generic)
	if err != nil {
		t.Fatal(err)
	}
	defer restore()
	f()
}

// Lengths are the slice lengths that the tests walk through.
func Lengths() []int {
	var list []int
	for n := range 71 {
		list = append(list, n)
	}
	return append(list, 255, 256, 1000, 4099)
}

const fence = 16 // floats around a slice

// FenceValue is what the floats around a slice hold, which no kernel may change.
const FenceValue = 12345.678

// Fenced is a slice between fences.
type Fenced struct {
	all  []float32
	Data []float32 // the slice
}

// NewFenced returns a slice of n floats; their values are those of the fences.
func NewFenced(n int) Fenced {
	all := make([]float32, n+2*fence)
	for i := range all {
		all[i] = FenceValue
	}
	return Fenced{all, all[fence : fence+n : fence+n]}
}

// FencedCopy returns a copy of x between fences.
func FencedCopy(x []float32) Fenced {
	g := NewFenced(len(x))
	copy(g.Data, x)
	return g
}

// Check fails the test if a fence was written to.
func (g Fenced) Check(t *testing.T, what string) {
	t.Helper()
	n := len(g.Data)
	for i, v := range g.all {
		if (i < fence || i >= fence+n) && v != FenceValue {
			t.Fatalf("%s, n = %d: wrote to element %d", what, n, i-fence)
		}
	}
}

// Randoms returns n normally distributed numbers, always the same for a seed and n.
func Randoms(n int, seed uint64) []float32 {
	r := rand.New(rand.NewPCG(seed, uint64(n)))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// SameBits says whether a and b are equal in all bits, all NaNs being equal.
func SameBits(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

// SameSlices says the same of all elements.
func SameSlices(a, b []float32) bool { return slices.EqualFunc(a, b, SameBits) }

// Ulps returns the distance of got from want in units in the last place of a
// float32 near want.
func Ulps(got float32, want float64) float64 {
	switch {
	case math.IsNaN(want) || got != got:
		if math.IsNaN(want) && got != got {
			return 0
		}
		return math.Inf(1)
	case float64(got) == want, math.IsInf(float64(got), 0) && float64(float32(want)) == float64(got):
		return 0
	}
	return math.Abs(float64(got)-want) / Ulp(want)
}

// Ulp is a unit in the last place of a float32 near v.
func Ulp(v float64) float64 {
	_, e := math.Frexp(v)
	return math.Ldexp(1, max(e-24, -149))
}

// RandomBytes returns n bytes, always the same for a seed and n.
func RandomBytes(n int, seed uint64) []uint8 {
	r := rand.New(rand.NewPCG(seed, uint64(n)))
	x := make([]uint8, n)
	for i := range x {
		x[i] = uint8(r.Uint32() >> 24)
	}
	return x
}

// Floats returns bytes as the results of a [Twin].
func Floats(bytes []uint8) []float32 {
	x := make([]float32, len(bytes))
	for i, v := range bytes {
		x[i] = float32(v)
	}
	return x
}
