package vec

import (
	"math"
	"testing"

	"github.com/strideml/stride/internal/kerneltest"
)

// A unary function with the float64 function that it approximates.
type unary struct {
	name      string
	f         func(dst, x []float32)
	exact     func(float64) float64
	bound     float64                        // stated error, in ulps
	tolerance float64                        // as in kerneltest.Twin
	slack     func(x, exact float64) float64 // more ulps that are stated; nil is none
}

func unaryFunctions() []unary {
	return append([]unary{
		{"Neg", Neg, func(x float64) float64 { return -x }, 0, 0, nil},
		{"reciprocal", reciprocal, func(x float64) float64 { return 1 / x }, 0.5, 0, nil},
		{"Sqrt", Sqrt, math.Sqrt, 0.5, 0, nil},
		{"ReLU", ReLU, func(x float64) float64 { return math.Max(x, 0) }, 0, 0, nil},
		{"ReLU6", ReLU6, func(x float64) float64 { return math.Min(math.Max(x, 0), 6) }, 0, 0, nil},
		{"Exp", Exp, math.Exp, 1, 2, nil},
		{"Log", Log, math.Log, 1, 2, nil},
		{"Sigmoid", Sigmoid, exactSigmoid, 2.5, 3, nil},
		{"Tanh", Tanh, math.Tanh, 1.5, 3, nil},
		{"Floor", Floor, math.Floor, 0, 0, nil},
		{"Ceil", Ceil, math.Ceil, 0, 0, nil},
		{"Round", Round, math.RoundToEven, 0, 0, nil},
		{"Sign", Sign, exactSign, 0, 0, nil},
		{"Sin", Sin, math.Sin, 0.51, 0, nil},
		{"Cos", Cos, math.Cos, 0.51, 0, nil},
	}, activationFunctions()...)
}

// specials are values at the limits of float32 and of the functions' cases.
var specials = []float32{
	0, float32(math.Copysign(0, -1)), 1, -1, nan32, float32(math.Inf(1)), minusInf,
	math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32,
	0x1p-126, -0x1p-126, 0x1.fffffcp-127, 88.72283, 88.722839, 88.73, 89, 100, -87.33654, -87.4, -88.8, -103.97, -103.98, -104, -105, -200,
	0.625, 0.62499994, 9.010913, 9.02, 10, -0.625, 1e-5, -1e-5, 1e-20, 1e-40, 0.70710677, 0.7071068, 1.4142135, 1.4142137, 2, 0.5, 16777216, -16777216, 1e30,
}

func exactSign(x float64) float64 {
	if x == 0 {
		return 0
	}
	return math.Copysign(1, x) + 0*math.Max(-1, math.Min(1, x)) // NaN for NaN
}

func exactSigmoid(x float64) float64 {
	e := math.Exp(-math.Abs(x))
	if x < 0 {
		return e / (1 + e)
	}
	return 1 / (1 + e)
}

// sweep calls f with blocks of float32 numbers: every step-th bit pattern of all,
// every number of the special ones' neighbourhoods, and a dense grid of the
// range in which the transcendental functions are neither 0 nor infinite.
func sweep(step uint32, f func(x []float32)) {
	block := make([]float32, 0, 1024)
	emit := func(v float32) {
		if block = append(block, v); len(block) == cap(block) {
			f(block)
			block = block[:0]
		}
	}
	for b := uint64(0); b < 1<<32; b += uint64(step) {
		emit(math.Float32frombits(uint32(b)))
	}
	for _, s := range specials {
		b := math.Float32bits(s)
		for d := -50; d <= 50; d++ {
			emit(math.Float32frombits(b + uint32(d)))
		}
	}
	for i := -210000; i <= 180000; i++ {
		emit(float32(i) / 2000)
	}
	f(block)
}

func TestUlps(t *testing.T) {
	step := uint32(1999)
	if testing.Short() {
		step = 79193
	}
	kerneltest.EachISA(t, func(t *testing.T) {
		for _, u := range unaryFunctions() {
			worst, where := 0.0, float32(0)
			got := make([]float32, 1024)
			sweep(step, func(x []float32) {
				u.f(got[:len(x)], x)
				for i, v := range x {
					want := u.exact(float64(v))
					e := kerneltest.Ulps(got[i], want)
					if u.slack != nil {
						e = max(0, e-u.slack(float64(v), want))
					}
					if e > worst {
						worst, where = e, v
					}
				}
			})
			t.Logf("%-10s worst error %.3f ulp at %v", u.name, worst, where)
			if worst > u.bound {
				got := []float32{where}
				u.f(got, got)
				t.Errorf("%s(%v) = %v, exactly %v: %.2f ulp, stated %v", u.name, where, got[0], u.exact(float64(where)), worst, u.bound)
			}
		}
	})
}

func TestSpecialValues(t *testing.T) {
	inf := float32(math.Inf(1))
	minusZero := float32(math.Copysign(0, -1))
	tests := []struct {
		name    string
		f       func(dst, x []float32)
		x, want float32
	}{
		{"Exp", Exp, 0, 1},
		{"Exp", Exp, inf, inf},
		{"Exp", Exp, minusInf, 0},
		{"Exp", Exp, nan32, nan32},
		{"Exp", Exp, 88.73, inf},
		{"Exp", Exp, -103.98, 0},
		{"Exp", Exp, -103.97, math.SmallestNonzeroFloat32},
		{"Log", Log, 0, minusInf},
		{"Log", Log, minusZero, minusInf},
		{"Log", Log, -1, nan32},
		{"Log", Log, minusInf, nan32},
		{"Log", Log, nan32, nan32},
		{"Log", Log, inf, inf},
		{"Log", Log, 1, 0},
		{"Sigmoid", Sigmoid, 0, 0.5},
		{"Sigmoid", Sigmoid, inf, 1},
		{"Sigmoid", Sigmoid, minusInf, 0},
		{"Sigmoid", Sigmoid, nan32, nan32},
		{"Tanh", Tanh, 0, 0},
		{"Tanh", Tanh, minusZero, minusZero},
		{"Tanh", Tanh, inf, 1},
		{"Tanh", Tanh, minusInf, -1},
		{"Tanh", Tanh, nan32, nan32},
		{"Tanh", Tanh, 1e-40, 1e-40},
		{"ReLU", ReLU, nan32, nan32},
		{"ReLU", ReLU, minusInf, 0},
		{"ReLU6", ReLU6, nan32, nan32},
		{"ReLU6", ReLU6, minusInf, 0},
		{"ReLU6", ReLU6, inf, 6},
		{"ReLU6", ReLU6, 6.0000005, 6},
		{"Sqrt", Sqrt, -1, nan32},
		{"Abs", Abs, minusZero, 0},
		{"Abs", Abs, minusInf, inf},
		{"Erf", Erf, minusZero, minusZero},
		{"Erf", Erf, inf, 1},
		{"Erf", Erf, minusInf, -1},
		{"SiLU", SiLU, minusInf, nan32}, // as in PyTorch
		{"SiLU", SiLU, inf, inf},
		{"SiLU", SiLU, minusZero, minusZero},
		{"HardSwish", HardSwish, minusInf, nan32}, // as in PyTorch
		{"HardSwish", HardSwish, math.MaxFloat32, math.MaxFloat32},
		{"HardSigmoid", HardSigmoid, minusInf, 0},
		{"GELU", GELU, minusInf, nan32}, // as in PyTorch
		{"GELU", GELU, inf, inf},
		{"GELU", GELU, minusZero, minusZero},
		{"GELUTanh", GELUTanh, minusInf, nan32}, // as in PyTorch
		{"GELUTanh", GELUTanh, inf, inf},
		{"GELUTanh", GELUTanh, math.MaxFloat32, math.MaxFloat32},
		{"ELU", func(dst, x []float32) { ELU(dst, x, 2) }, minusInf, -2},
		{"ELU", func(dst, x []float32) { ELU(dst, x, 2) }, inf, inf},
		{"ELU", func(dst, x []float32) { ELU(dst, x, 2) }, nan32, nan32},
		{"Softplus", func(dst, x []float32) { Softplus(dst, x, 1, 20) }, minusInf, 0},
		{"Softplus", func(dst, x []float32) { Softplus(dst, x, 1, inf) }, inf, inf},
		{"Softplus", func(dst, x []float32) { Softplus(dst, x, 2, 20) }, 10.000001, 10.000001},
		{"Softplus", func(dst, x []float32) { Softplus(dst, x, 1, 20) }, nan32, nan32},
		{"LeakyReLU", func(dst, x []float32) { LeakyReLU(dst, x, 0) }, minusInf, nan32},
		{"Clip", func(dst, x []float32) { Clip(dst, x, minusInf, 3) }, minusInf, minusInf},
		{"Clip", func(dst, x []float32) { Clip(dst, x, 0, 3) }, minusZero, minusZero},
		{"Clip", func(dst, x []float32) { Clip(dst, x, 0, 3) }, nan32, nan32},
	}
	kerneltest.EachISA(t, func(t *testing.T) {
		for _, test := range tests {
			for _, n := range []int{1, 9} {
				x := make([]float32, n)
				Fill(x, test.x)
				test.f(x, x)
				for _, v := range x {
					if !kerneltest.SameBits(v, test.want) {
						t.Errorf("%s(%v) = %v, want %v", test.name, test.x, v, test.want)
					}
				}
			}
		}
	})
}
