package explain

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

// Grad-CAM and Grad-CAM++ follow their formulas, with derivatives by differences. The last layer here is linear
// in the maps, so that ∂S/∂A is the weight of the class over the number of elements.
func TestCAMFormula(t *testing.T) {
	m := tiny(t, Options{})
	x := noise(m, 2)
	maps, err := m.Features(t.Context(), x, "4")
	if err != nil {
		t.Fatal(err)
	}
	v, err := m.net.Param("7.weight")
	if err != nil {
		t.Fatal(err)
	}
	s := maps.Shape()
	size := s[1] * s[2]
	for class := range 3 {
		cam, err := m.GradCAM(t.Context(), x, "4", class)
		if err != nil {
			t.Fatal(err)
		}
		plus, err := m.GradCAMPlusPlus(t.Context(), x, "", class)
		if err != nil {
			t.Fatal(err)
		}
		for i := range size {
			want, wantPlus := 0.0, 0.0
			for k := range s[0] {
				a := float64(maps.Data()[k*size+i])
				g := float64(v.Value.At(class, k)) / float64(size)
				want += g * a
				sum := 0.0
				for _, b := range maps.Data()[k*size:][:size] {
					sum += float64(b)
				}
				if g > 0 {
					wantPlus += a * float64(size) * g * g * g / (2*g*g + g*g*g*sum + 1e-6)
				}
			}
			if got := float64(cam.Values.Data()[i]); math.Abs(got-max(0, want)) > 1e-6 {
				t.Errorf("class %d, element %d: %v, want %v", class, i, got, max(0, want))
			}
			if got := float64(plus.Values.Data()[i]); math.Abs(got-max(0, wantPlus)) > 1e-6 {
				t.Errorf("class %d, element %d: Grad-CAM++ %v, want %v", class, i, got, wantPlus)
			}
		}
		scores, p, err := m.Scores(t.Context(), x)
		if err != nil || cam.Score != float64(scores[class]) || cam.Probability != p[class] || cam.ClassName != fmt.Sprint("class ", class) || cam.Layer != "4" || plus.Layer != "4" {
			t.Errorf("class %d: %+v, scores %v, %v", class, cam, scores, err)
		}
	}
}

// Guided backpropagation is 0 wherever a plain chain of derivatives without its negative parts is 0, computed here
// layer by layer for a network of two convolutions of 1×1.
func TestGuidedRule(t *testing.T) {
	net, err := nn.New(nn.Sequential(nn.Conv2D(3, 1), nn.ReLU(), nn.Conv2D(3, 1), nn.ReLU6(), nn.Conv2D(2, 1), nn.GlobalAvgPool2D(), nn.Flatten()), tensor.Shape{2, 2, 2}, nn.Options{Seed: 9, Init: nn.Normal(0, 2)})
	if err != nil {
		t.Fatal(err)
	}
	m := modelOf(t, net, Options{})
	x := noise(m, 5)
	a, err := m.GuidedBackprop(t.Context(), x, 1)
	if err != nil {
		t.Fatal(err)
	}
	layers := make([]*tensor.Tensor, 7)
	weights := make([]*tensor.Tensor, 7)
	for i := range 5 {
		if layers[i], err = m.Features(t.Context(), x, fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			if weights[i], err = m.Filters(fmt.Sprint(i)); err != nil {
				t.Fatal(err)
			}
		}
	}
	blocked := 0
	for at := range 4 {
		dy := []float64{0, 0.25}
		for i := 4; i >= 0; i -= 2 {
			w := weights[i].Shape()
			dx := make([]float64, w[1])
			for o := range w[0] {
				for c := range w[1] {
					dx[c] += dy[o] * float64(weights[i].At(o, c, 0, 0))
				}
			}
			if i > 0 {
				for c := range dx {
					y := layers[i-1].Data()[c*4+at]
					if dx[c] < 0 || y <= 0 || i == 4 && y >= 6 {
						if dx[c] < 0 && y > 0 {
							blocked++
						}
						dx[c] = 0
					}
				}
			}
			dy = dx
		}
		for c, want := range dy {
			if got := float64(a.Values.Data()[c*4+at]); math.Abs(got-want) > 1e-4*max(1, math.Abs(want)) {
				t.Errorf("channel %d, pixel %d: %v, want %v", c, at, got, want)
			}
		}
	}
	if blocked == 0 {
		t.Error("the rule of guided backpropagation was never needed")
	}
	if _, err := network(t, "lenet", 0).GuidedBackprop(t.Context(), tensor.New(1, 28, 28), 0); err == nil {
		t.Error("no error for a network without ReLU")
	}
}

// Gradients agree with differences; the sum of integrated gradients with the difference of scores.
func TestGradients(t *testing.T) {
	m := network(t, "lenet", 0)
	x := noise(m, 7)
	g, err := m.Gradient(t.Context(), x, 4)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{5*28 + 5, 14*28 + 13, 20*28 + 25} {
		score := func(change float32) float64 {
			y := x.Clone()
			y.Data()[at] += change
			s, _, err := m.Scores(t.Context(), y)
			if err != nil {
				t.Fatal(err)
			}
			return float64(s[4])
		}
		const h = 0.05
		if want, got := (score(h)-score(-h))/(2*h), float64(g.Values.Data()[at]); math.Abs(got-want) > 1e-3*math.Abs(want)+1e-5 {
			t.Errorf("pixel %d: %v, by differences %v", at, got, want)
		}
	}
	for _, o := range []IntegratedOptions{{}, {Fill: []float32{-1}}, {Baseline: noise(m, 8), Steps: 20}} {
		a, err := m.IntegratedGradients(t.Context(), x, 4, o)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for _, v := range a.Heat().Data() {
			sum += float64(v)
		}
		base := o.Baseline
		if base == nil {
			base = tensor.Full(slices.Concat(o.Fill, []float32{0})[0], 1, 28, 28)
		}
		before, _, err := m.Scores(t.Context(), base)
		if err != nil {
			t.Fatal(err)
		}
		if want := a.Score - float64(before[4]); math.Abs(sum-want) > 1e-4 || math.Abs(a.Delta-(sum-want)) > 1e-5 {
			t.Errorf("the sum of integrated gradients is %v, the difference of the scores %v, delta %v", sum, want, a.Delta)
		}
	}
}

// Quadrature with n points is exact for polynomials of degree 2n−1.
func TestLegendre(t *testing.T) {
	for _, n := range []int{1, 2, 3, 7, 50, 1000} {
		points, weights := legendre(n)
		for _, degree := range []int{0, 1, min(2*n-1, 90)} {
			sum := 0.0
			for i, x := range points {
				sum += weights[i] * math.Pow(x, float64(degree))
			}
			if want := 1 / float64(degree+1); math.Abs(sum-want) > 1e-12 || !slices.IsSorted(points) {
				t.Errorf("%d points, degree %d: %v, want %v", n, degree, sum, want)
			}
		}
	}
}

// Occlusion is the mean fall of the score over the windows that cover a pixel.
func TestOcclusion(t *testing.T) {
	m := tiny(t, Options{Batch: 3})
	x := noise(m, 1)
	o := OcclusionOptions{Window: 4, Stride: 3, Fill: []float32{0.5, -1}}
	a, err := m.Occlusion(t.Context(), x, Predicted, o)
	if err != nil {
		t.Fatal(err)
	}
	sums, counts := make([]float64, 120), make([]float64, 120)
	for top := 0; top == 0 || top-3+4 < 12; top += 3 {
		for left := 0; left == 0 || left-3+4 < 10; left += 3 {
			y := x.Clone()
			var covered []int
			for i := top; i < min(top+4, 12); i++ {
				for j := left; j < min(left+4, 10); j++ {
					covered = append(covered, i*10+j)
					y.Set(0.5, 0, i, j)
					y.Set(-1, 1, i, j)
				}
			}
			s, _, err := m.Scores(t.Context(), y)
			if err != nil {
				t.Fatal(err)
			}
			for _, at := range covered {
				sums[at] += a.Score - float64(s[a.Class])
				counts[at]++
			}
		}
	}
	heat := a.Heat().Data()
	for i := range sums {
		want := sums[i] / counts[i]
		for _, got := range []float32{a.Values.Data()[i], a.Values.Data()[120+i], heat[i]} {
			if math.Abs(float64(got)-want) > 1e-5 {
				t.Errorf("pixel %d: %v, want %v", i, got, want)
			}
		}
	}
	for _, bad := range []OcclusionOptions{{Window: -1}, {Window: 11}, {Window: 2, Stride: 3}, {Stride: -1}, {Fill: []float32{1, 2, 3}}, {Fill: []float32{float32(math.NaN())}}} {
		if _, err := m.Occlusion(t.Context(), x, 0, bad); err == nil {
			t.Errorf("%+v is no error", bad)
		}
	}
}

// SmoothGrad is the mean of the gradients of noisy copies, the same for the same seed.
func TestSmoothGrad(t *testing.T) {
	m := network(t, "lenet", 0)
	x := noise(m, 1)
	o := SmoothOptions{Samples: 11, Sigma: 0.1, Seed: 5}
	a, err := m.SmoothGrad(t.Context(), x, 2, o)
	if err != nil {
		t.Fatal(err)
	}
	b, err := m.SmoothGrad(t.Context(), x, 2, o)
	if err != nil || !a.Values.Equal(b.Values) {
		t.Errorf("the same seed gives another result, %v", err)
	}
	low, high := slices.Min(x.Data()), slices.Max(x.Data())
	r := rng.New(5, "explain/smoothgrad", 0)
	sums := make([]float64, 784)
	for range 11 {
		y := x.Clone()
		for j := range y.Data() {
			y.Data()[j] += float32(0.1 * float64(high-low) * r.NormFloat64())
		}
		g, err := m.Gradient(t.Context(), y, 2)
		if err != nil {
			t.Fatal(err)
		}
		for j, v := range g.Values.Data() {
			sums[j] += float64(v) / 11
		}
	}
	for j, want := range sums {
		if got := float64(a.Values.Data()[j]); math.Abs(got-want) > 1e-5 {
			t.Fatalf("pixel %d: %v, want %v", j, got, want)
		}
	}
}
