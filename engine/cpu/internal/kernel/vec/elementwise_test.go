package vec

import (
	"fmt"
	"math"
	"testing"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/kerneltest"
)

// An elementwise function of up to two inputs.
type elementwise struct {
	name      string
	inputs    int
	tolerance float64 // as in kerneltest.Twin
	f         func(dst []float32, in [][]float32)
}

const testScalar = 0.75

func elementwiseFunctions() []elementwise {
	var list []elementwise
	for _, u := range unaryFunctions() {
		list = append(list, elementwise{u.name, 1, u.tolerance, func(d []float32, in [][]float32) { u.f(d, in[0]) }})
	}
	binary := func(name string, tolerance float64, f func(dst, a, b []float32)) {
		list = append(list, elementwise{name, 2, tolerance, func(d []float32, in [][]float32) { f(d, in[0], in[1]) }})
	}
	binary("Add", 0, Add)
	binary("Sub", 0, Sub)
	binary("Mul", 0, Mul)
	binary("Div", 0, Div)
	binary("Equal", 0, Equal)
	binary("Min", 0, Min)
	binary("Max", 0, Max)
	binary("Less", 0, Less)
	binary("LessEqual", 0, LessEqual)
	binary("Power", 0, Power)
	binary("Where", 0, func(dst, a, b []float32) { Where(dst, a, b, a) })
	binary("FakeQuantize", 0, func(dst, a, b []float32) { FakeQuantize(dst, a, b, b, -7, 120) })
	binary("ReLUGrad", 0, ReLUGrad)
	binary("ReLU6Grad", 0, ReLU6Grad)
	binary("SigmoidGrad", 0, SigmoidGrad)
	binary("TanhGrad", 1e-6, TanhGrad) // cancels near |y| = 1
	for _, g := range activationGradients() {
		binary(g.name, g.tolerance, g.f)
	}
	list = append(list, elementwise{"Round", 1, 0, func(d []float32, in [][]float32) { Round(d, in[0]) }})
	scalar := func(name string, f func(dst, a []float32, s float32)) {
		list = append(list, elementwise{name, 1, 0, func(d []float32, in [][]float32) { f(d, in[0], testScalar) }})
	}
	scalar("AddS", AddS)
	scalar("SubS", SubS)
	scalar("RsubS", RsubS)
	scalar("MulS", MulS)
	scalar("DivS", DivS)
	scalar("RdivS", RdivS)
	scalar("EqualS", EqualS)
	scalar("MinS", MinS)
	scalar("MaxS", MaxS)
	scalar("LessS", LessS)
	scalar("LessEqualS", LessEqualS)
	scalar("GreaterS", GreaterS)
	scalar("GreaterEqualS", GreaterEqualS)
	scalar("Fill", func(dst, _ []float32, s float32) { Fill(dst, s) })
	return list
}

// inputs returns arguments for f: pairs of special values, then random numbers.
func (f elementwise) arguments(n int) [][]float32 {
	in := make([][]float32, f.inputs)
	for k := range in {
		in[k] = kerneltest.Randoms(n, uint64(k))
	}
	if n < 1000 {
		return in
	}
	for i := range min(n, len(specials)*len(specials)) {
		in[0][i] = specials[i%len(specials)]
		if f.inputs > 1 {
			in[1][i] = specials[i/len(specials)]
		}
	}
	return in
}

func TestElementwiseWritesNothingElse(t *testing.T) {
	kerneltest.EachISA(t, func(t *testing.T) {
		for _, f := range elementwiseFunctions() {
			for _, n := range kerneltest.Lengths() {
				got := kerneltest.NewFenced(n)
				f.f(got.Data, f.arguments(n))
				got.Check(t, f.name)
			}
		}
	})
}

func TestElementwiseDoesNotDependOnPlace(t *testing.T) {
	kerneltest.EachISA(t, func(t *testing.T) {
		for _, f := range elementwiseFunctions() {
			const n = 2300
			in := f.arguments(n)
			whole := make([]float32, n)
			f.f(whole, in)
			for _, step := range []int{1, 3, 7, 8, 13, 31, 33, 100} {
				parts := make([]float32, n)
				for from := 0; from < n; from += step {
					to := min(n, from+step)
					cut := make([][]float32, len(in))
					for k := range in {
						cut[k] = in[k][from:to]
					}
					f.f(parts[from:to], cut)
				}
				if !kerneltest.SameSlices(whole, parts) {
					t.Errorf("%s in steps of %d: other bits than in one call", f.name, step)
				}
			}
		}
	})
}

func TestElementwiseInPlace(t *testing.T) {
	kerneltest.EachISA(t, func(t *testing.T) {
		for _, f := range elementwiseFunctions() {
			for _, n := range []int{1, 7, 8, 45, 1100} {
				in := f.arguments(n)
				want := make([]float32, n)
				f.f(want, in)
				f.f(in[0], in)
				if !kerneltest.SameSlices(want, in[0]) {
					t.Errorf("%s, n = %d: in place gives other bits", f.name, n)
				}
			}
		}
	})
}

func TestShortInputPanics(t *testing.T) {
	kerneltest.EachISA(t, func(t *testing.T) {
		defer func() {
			if recover() == nil {
				t.Error("Add of a short slice did not panic")
			}
		}()
		Add(make([]float32, 9), make([]float32, 9), make([]float32, 8))
	})
}

func TestNaNRules(t *testing.T) {
	inf := float32(math.Inf(1))
	tests := []struct {
		name       string
		f          func(dst, a, b []float32)
		a, b, want float32
	}{
		{"Equal", Equal, nan32, nan32, 0},
		{"Equal", Equal, nan32, 0, 0},
		{"Equal", Equal, 1, nan32, 0},
		{"Equal", Equal, 2, 2, 1},
		{"Equal", Equal, inf, 1, 0},
		{"Min", Min, nan32, 1, nan32},
		{"Min", Min, 1, nan32, nan32},
		{"Min", Min, minusInf, inf, minusInf},
		{"Max", Max, nan32, 1, nan32},
		{"Max", Max, 1, nan32, nan32},
		{"Max", Max, minusInf, inf, inf},
		{"AbsGrad", AbsGrad, 0, 3, 0},
		{"AbsGrad", AbsGrad, nan32, 3, 0},
		{"AbsGrad", AbsGrad, -1e-40, 3, -3},
		{"HardSigmoidGrad", HardSigmoidGrad, -3, 6, 0},
		{"HardSigmoidGrad", HardSigmoidGrad, 3, 6, 0},
		{"HardSigmoidGrad", HardSigmoidGrad, 2.9999998, 6, 1},
		{"HardSwishGrad", HardSwishGrad, -3, nan32, 0},
		{"HardSwishGrad", HardSwishGrad, 3, 6, 6},
		{"HardSwishGrad", HardSwishGrad, 0, 6, 3},
		{"GELUTanhGrad", GELUTanhGrad, 1e20, 6, 6},
		{"GELUTanhGrad", GELUTanhGrad, -1e20, 6, float32(math.Copysign(0, -1))},
		{"GELUGrad", GELUGrad, 1e30, 6, 6},
		{"SiLUGrad", SiLUGrad, 1e30, 6, 6},
		{"ReLUGrad", ReLUGrad, 0, 3, 0},
		{"ReLUGrad", ReLUGrad, 1e-40, 3, 3},
		{"ReLUGrad", ReLUGrad, nan32, 3, 0},
		{"ReLU6Grad", ReLU6Grad, 0, 3, 0},
		{"ReLU6Grad", ReLU6Grad, 1e-40, 3, 3},
		{"ReLU6Grad", ReLU6Grad, 5.9999995, 3, 3},
		{"ReLU6Grad", ReLU6Grad, 6, 3, 0},
		{"ReLU6Grad", ReLU6Grad, nan32, 3, 0},
	}
	kerneltest.EachISA(t, func(t *testing.T) {
		for _, test := range tests {
			for _, n := range []int{1, 8} {
				a, b, dst := make([]float32, n), make([]float32, n), make([]float32, n)
				Fill(a, test.a)
				Fill(b, test.b)
				test.f(dst, a, b)
				if !kerneltest.SameBits(dst[n-1], test.want) {
					t.Errorf("%s(%v, %v) = %v, want %v", test.name, test.a, test.b, dst[n-1], test.want)
				}
			}
		}
	})
}

func TestDropoutIsThatOfGraph(t *testing.T) {
	kerneltest.EachISA(t, func(t *testing.T) {
		for _, p := range []float32{0, 0.1, 0.5, 0.999} {
			for _, n := range []int{0, 1, 7, 8, 61, 300} {
				const key, step, start = 0xfeedface12345678, 77, 1<<32 - 20
				x, dst := kerneltest.Randoms(n, 5), kerneltest.NewFenced(n)
				Dropout(dst.Data, x, p, key, step, start)
				dst.Check(t, "Dropout")
				for i, v := range x {
					want := v * (1 / (1 - p))
					if graph.DropoutBits(key, step, uint32(start+i))>>8 < uint32(p*(1<<24)) {
						want = 0
					}
					if dst.Data[i] != want {
						t.Fatalf("p = %v, n = %d: element %d is %v, want %v", p, n, i, dst.Data[i], want)
					}
				}
			}
		}
	})
}

func ExampleSigmoid() {
	x := []float32{-2, 0, 2}
	Sigmoid(x, x)
	fmt.Printf("%.4f\n", x)
	// Output: [0.1192 0.5000 0.8808]
}
