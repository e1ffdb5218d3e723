package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// generically runs f with the pure Go twins.
func generically(t *testing.T, f func()) {
	t.Helper()
	restore, err := SetISA(ISAGeneric)
	if err != nil {
		t.Fatal(err)
	}
	defer restore()
	f()
}

// lengths are the slice lengths that the tests walk through.
func lengths() []int {
	var list []int
	for n := range 71 {
		list = append(list, n)
	}
	return append(list, 255, 256, 1000, 4099)
}

const fence = 16 // floats around a slice that must keep their value

// fenced is a slice between fences.
type fenced struct{ all, data []float32 }

const fenceValue = 12345.678

func newFenced(n int) fenced {
	all := make([]float32, n+2*fence)
	for i := range all {
		all[i] = fenceValue
	}
	return fenced{all, all[fence : fence+n : fence+n]}
}

func fencedCopy(x []float32) fenced {
	g := newFenced(len(x))
	copy(g.data, x)
	return g
}

// check fails the test if a fence was written to.
func (g fenced) check(t *testing.T, what string) {
	t.Helper()
	n := len(g.data)
	for i, v := range g.all {
		if (i < fence || i >= fence+n) && v != fenceValue {
			t.Fatalf("%s, n = %d: wrote to element %d", what, n, i-fence)
		}
	}
}

// randoms returns n normally distributed numbers.
func randoms(n int, seed uint64) []float32 {
	r := rand.New(rand.NewPCG(seed, uint64(n)))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

var specials = []float32{
	0, float32(math.Copysign(0, -1)), 1, -1, nan32, float32(math.Inf(1)), minusInf,
	math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32,
	0x1p-126, -0x1p-126, 0x1.fffffcp-127, 88.72283, 88.722839, 88.73, 89, 100, -87.33654, -87.4, -88.8, -103.97, -103.98, -104, -105, -200,
	0.625, 0.62499994, 9.010913, 9.02, 10, -0.625, 1e-5, -1e-5, 1e-20, 1e-40, 0.70710677, 0.7071068, 1.4142135, 1.4142137, 2, 0.5, 16777216, -16777216, 1e30,
}

// sameBits says whether a and b are equal in all bits, all NaNs being equal.
func sameBits(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

func sameSlices(a, b []float32) bool { return slices.EqualFunc(a, b, sameBits) }

// ulps returns the distance of got from want in units in the last place of a
// float32 near want.
func ulps(got float32, want float64) float64 {
	switch {
	case math.IsNaN(want) || got != got:
		if math.IsNaN(want) && got != got {
			return 0
		}
		return math.Inf(1)
	case float64(got) == want, math.IsInf(float64(got), 0) && float64(float32(want)) == float64(got):
		return 0
	}
	return math.Abs(float64(got)-want) / ulp(want)
}

// ulp is a unit in the last place of a float32 near v.
func ulp(v float64) float64 {
	_, e := math.Frexp(v)
	return math.Ldexp(1, max(e-24, -149))
}
