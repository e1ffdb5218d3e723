package explain

import (
	"context"
	"fmt"
	"math"

	"github.com/strideml/stride/tensor"
)

// IntegratedOptions are the choices of IntegratedGradients. The zero value is a good default.
type IntegratedOptions struct {
	// Steps is how many points of the way are computed, 1 to 1000; 0 means 50.
	Steps int
	// Baseline is the input that the way begins at, C×H×W; nil means Fill.
	Baseline *tensor.Tensor
	// Fill makes a baseline of one colour, a value for each channel of the input after preprocessing, or
	// one for all; nil means 0, which is the mean colour where the preprocessing subtracts it, and black
	// otherwise.
	Fill []float32
}

// IntegratedGradients are the integrated gradients of the score S of a class (Sundararajan, Taly, Yan 2017,
// Axiomatic Attribution for Deep Networks): with a baseline x' and n steps,
//
//	a = (x − x') · Σ_k w[k] · ∂S/∂x at x' + t[k]·(x − x')
//
// where t and w are the points and weights of Gauss-Legendre quadrature on 0..1, as in captum's
// IntegratedGradients by default. The sum of a comes near S(x) − S(x'), the nearer the more
// steps there are; Attribution.Delta says how much it exceeds that. Values are C×H×W. x is the input C×H×W or
// 1×C×H×W of a picture, class an index or Predicted, of the picture.
func (m *Model) IntegratedGradients(ctx context.Context, x *tensor.Tensor, class int, o IntegratedOptions) (*Attribution, error) {
	x, err := m.asInput(x)
	if err != nil {
		return nil, err
	}
	if o.Steps == 0 {
		o.Steps = 50
	}
	if o.Steps < 1 || o.Steps > 1000 {
		return nil, fmt.Errorf("explain: %d steps: want 1 to 1000, or 0 for 50", o.Steps)
	}
	base, err := m.baseline(o)
	if err != nil {
		return nil, err
	}
	if class, err = m.choose(ctx, x, class); err != nil {
		return nil, err
	}
	points, weights := legendre(o.Steps)
	sums := make([]float64, len(base))
	fill := func(i int, to []float32) {
		for j, v := range x.Data() {
			to[j] = base[j] + float32(points[i])*(v-base[j])
		}
	}
	take := func(first, count int, results []*tensor.Tensor) error {
		for i := range count {
			w := weights[first+i]
			for j, g := range results[1].Data()[i*len(base):][:len(base)] {
				sums[j] += w * float64(g)
			}
		}
		return nil
	}
	if err := m.inBatches(ctx, key{task: pixels}, o.Steps, class, fill, take); err != nil {
		return nil, err
	}
	total := 0.0
	values := tensor.New(m.net.Input()...)
	for j, v := range x.Data() {
		a := sums[j] * float64(v-base[j])
		values.Data()[j] = float32(a)
		total += a
	}
	scores, _, err := m.Scores(ctx, x)
	if err != nil {
		return nil, err
	}
	before, _, err := m.Scores(ctx, tensor.Must(tensor.FromSlice(base, m.net.Input()...)))
	if err != nil {
		return nil, err
	}
	a, err := m.attribution(MethodIntegratedGradients, "", class, scores, values)
	if err != nil {
		return nil, err
	}
	a.Delta = total - (float64(scores[class]) - float64(before[class]))
	return a, nil
}

func (m *Model) baseline(o IntegratedOptions) ([]float32, error) {
	if o.Baseline != nil {
		if len(o.Fill) > 0 {
			return nil, fmt.Errorf("explain: a baseline and a fill for it: want one of them")
		}
		b, err := m.asInput(o.Baseline)
		if err != nil {
			return nil, fmt.Errorf("explain: baseline: %w", err)
		}
		return b.Data(), nil
	}
	fill, err := m.channelValues("the fill of the baseline", o.Fill)
	if err != nil {
		return nil, err
	}
	return m.plane(fill), nil
}

// legendre returns the points and weights of Gauss-Legendre quadrature with n points on 0..1, in rising
// order: the points are the roots of the Legendre polynomial of degree n, found by Newton's method (Press et
// al., Numerical Recipes, 4.5).
func legendre(n int) (points, weights []float64) {
	points, weights = make([]float64, n), make([]float64, n)
	for i := range n {
		z := math.Cos(math.Pi * (float64(i) + 0.75) / (float64(n) + 0.5))
		slope := 0.0
		for range 100 {
			p, before := 1.0, 0.0 // of degree j and j−1
			for j := range n {
				p, before = ((2*float64(j)+1)*z*p-float64(j)*before)/float64(j+1), p
			}
			slope = float64(n) * (z*p - before) / (z*z - 1)
			step := p / slope
			z -= step
			if math.Abs(step) < 1e-15 {
				break
			}
		}
		points[n-1-i] = (1 + z) / 2
		weights[n-1-i] = 1 / ((1 - z*z) * slope * slope)
	}
	return points, weights
}
