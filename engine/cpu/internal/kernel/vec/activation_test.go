package vec

import (
	"math"
	"testing"

	"github.com/strideml/stride/internal/kerneltest"
)

// Parameters of the functions that have some.
const (
	testSlope     = 0.01
	testAlpha     = 0.75
	testBeta      = 1
	testThreshold = 20
	testLo        = -0.5
	testHi        = 0.75
)

// activationFunctions are the part of unaryFunctions that is in relu.go, elu.go,
// silu.go and gelu.go, with Abs and Clip.
func activationFunctions() []unary {
	leaky := func(x float64) float64 {
		if x > 0 {
			return x
		}
		return float64(float32(testSlope)) * x
	}
	return []unary{
		{"Abs", Abs, math.Abs, 0, 0, nil},
		{"Clip", func(dst, x []float32) { Clip(dst, x, testLo, testHi) },
			func(x float64) float64 { return min(max(testLo, x), testHi) }, 0, 0, nil},
		{"LeakyReLU", func(dst, x []float32) { LeakyReLU(dst, x, testSlope) }, leaky, 0.5, 0, nil},
		{"HardSigmoid", HardSigmoid, exactHardSigmoid, 1, 0, nil},
		{"HardSwish", HardSwish, func(x float64) float64 { return x * exactHardSigmoid(x) }, 2, 0, nil},
		{"SiLU", SiLU, func(x float64) float64 { return x * exactSigmoid(x) }, 3.5, 1e-6, denormals(64)},
		{"ELU", func(dst, x []float32) { ELU(dst, x, testAlpha) }, exactELU, 2, 5, nil},
		{"Softplus", func(dst, x []float32) { Softplus(dst, x, testBeta, testThreshold) }, exactSoftplus, 2.5, 5, nil},
		{"Erf", Erf, math.Erf, 2, 4, nil},
		{"GELU", GELU, func(x float64) float64 { return x * exactNormal(x) }, 7.5, 1e-6, denormals(16)},
		{"GELUTanh", GELUTanh, func(x float64) float64 { return x * exactSigmoid(exactGELUTanhArgument(x)) }, 4, 1e-6,
			func(x, exact float64) float64 {
				if x > -1 {
					return 0
				}
				return 2.6*math.Abs(exactGELUTanhArgument(x)) + denormals(16)(x, exact)
			}},
	}
}

// denormals is the slack of functions that err by some steps of denormal numbers, 2⁻¹⁴⁹.
func denormals(steps float64) func(x, exact float64) float64 {
	return func(_, exact float64) float64 { return steps * 0x1p-149 / kerneltest.Ulp(exact) }
}

func exactHardSigmoid(x float64) float64 { return min(max(0, x+3), 6) / 6 }

func exactELU(x float64) float64 {
	if x > 0 {
		return x
	}
	return testAlpha * math.Expm1(x)
}

func exactSoftplus(x float64) float64 {
	if testBeta*x > testThreshold {
		return x
	}
	return math.Log1p(math.Exp(testBeta*x)) / testBeta
}

// exactNormal is Φ, the distribution function of the standard normal distribution.
func exactNormal(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }

// exactGELUTanhArgument is u with GELUTanh(x) = x·σ(u).
func exactGELUTanhArgument(x float64) float64 {
	return 2 * math.Sqrt(2/math.Pi) * (x + 0.044715*x*x*x)
}

// A gradient function with the derivative that it multiplies by dy.
type gradient struct {
	name       string
	f          func(dst, x, dy []float32)
	derivative func(x float64) float64
	bound      float64 // stated error for dy = 1
	tolerance  float64 // as in kerneltest.Twin
}

func activationGradients() []gradient {
	where := func(condition bool, yes, no float64) float64 {
		if condition {
			return yes
		}
		return no
	}
	return []gradient{
		{"AbsGrad", AbsGrad, func(x float64) float64 { return where(x > 0, 1, where(x < 0, -1, 0)) }, 0, 0},
		{"ClipGrad", func(dst, x, dy []float32) { ClipGrad(dst, x, dy, testLo, testHi) },
			func(x float64) float64 { return where(testLo < x && x < testHi, 1, 0) }, 0, 0},
		{"LeakyReLUGrad", func(dst, x, dy []float32) { LeakyReLUGrad(dst, x, dy, testSlope) },
			func(x float64) float64 { return where(x > 0, 1, float64(float32(testSlope))) }, 0, 0},
		{"HardSigmoidGrad", HardSigmoidGrad, func(x float64) float64 { return where(-3 < x && x < 3, 1./6, 0) }, 1e-8, 0},
		{"HardSwishGrad", HardSwishGrad, func(x float64) float64 {
			return where(x <= -3, 0, where(x >= 3, 1, x/3+0.5))
		}, 1.3e-7, 0},
		{"SiLUGrad", SiLUGrad, func(x float64) float64 {
			s := exactSigmoid(x)
			return s * (1 + x*(1-s))
		}, 3e-7, 1e-6},
		{"ELUGrad", func(dst, x, dy []float32) { ELUGrad(dst, x, dy, testAlpha) },
			func(x float64) float64 { return where(x > 0, 1, testAlpha*math.Exp(x)) }, 1e-7, 5},
		{"SoftplusGrad", func(dst, x, dy []float32) { SoftplusGrad(dst, x, dy, testBeta, testThreshold) },
			func(x float64) float64 { return where(testBeta*x > testThreshold, 1, exactSigmoid(testBeta*x)) }, 1.5e-7, 5},
		{"GELUGrad", GELUGrad, func(x float64) float64 {
			if math.IsInf(x, 0) {
				return where(x > 0, 1, 0)
			}
			return exactNormal(x) + x*math.Exp(-x*x/2)/math.Sqrt(2*math.Pi)
		}, 3e-7, 1e-6},
		{"GELUTanhGrad", GELUTanhGrad, func(x float64) float64 {
			if math.IsInf(x, 0) {
				return where(x > 0, 1, 0)
			}
			t := math.Tanh(exactGELUTanhArgument(x) / 2)
			return (1+t)/2 + x/2*(1-t*t)*math.Sqrt(2/math.Pi)*(1+3*0.044715*x*x)
		}, 3e-7, 1e-6},
	}
}

// TestActivationGradients holds the gradients against float64, over all numbers,
// infinities among them.
func TestActivationGradients(t *testing.T) {
	step := uint32(1999)
	if testing.Short() {
		step = 79193
	}
	dy := make([]float32, 1024)
	Fill(dy, 1)
	kerneltest.EachISA(t, func(t *testing.T) {
		for _, g := range activationGradients() {
			worst, where := 0.0, float32(0)
			got := make([]float32, 1024)
			sweep(step, func(x []float32) {
				g.f(got[:len(x)], x, dy[:len(x)])
				for i, v := range x {
					want := g.derivative(float64(v))
					e := math.Abs(float64(got[i]) - want)
					if (got[i] != got[i]) != (want != want) {
						e = math.Inf(1)
					}
					if e > worst {
						worst, where = e, v
					}
				}
			})
			t.Logf("%-15s worst error %.3g at %v", g.name, worst, where)
			if worst > g.bound {
				got := []float32{where}
				g.f(got, got, dy[:1])
				t.Errorf("%s(%v) = %v, exactly %v: an error of %.3g, stated %v", g.name, where, got[0], g.derivative(float64(where)), worst, g.bound)
			}
		}
	})
}

// TestParameters tries other parameters than those of activationFunctions.
func TestParameters(t *testing.T) {
	x := append(kerneltest.Randoms(1000, 1), specials...)
	dst := make([]float32, len(x))
	check := func(t *testing.T, name string, exact func(x float64) float64) {
		t.Helper()
		for i, v := range x {
			want := exact(float64(v))
			if same := float64(dst[i]) == want || dst[i] != dst[i] && want != want; !same && !(math.Abs(float64(dst[i])-want) <= 3e-6*max(math.Abs(want), 1e-30)) {
				t.Errorf("%s(%v) = %v, want %v", name, v, dst[i], want)
			}
		}
	}
	kerneltest.EachISA(t, func(t *testing.T) {
		LeakyReLU(dst, x, -0.5)
		check(t, "LeakyReLU −0.5", func(x float64) float64 {
			if x > 0 {
				return x
			}
			return -0.5 * x
		})
		ELU(dst, x, -3)
		check(t, "ELU −3", func(x float64) float64 {
			if x > 0 {
				return x
			}
			return -3 * math.Expm1(x)
		})
		Softplus(dst, x, 0.25, 3)
		check(t, "Softplus 0.25, 3", func(x float64) float64 {
			if x*0.25 > 3 {
				return x
			}
			return math.Log1p(math.Exp(0.25*x)) / 0.25
		})
		Clip(dst, x, minusInf, 2)
		check(t, "Clip −Inf, 2", func(x float64) float64 { return min(x, 2) })
	})
}
