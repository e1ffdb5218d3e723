package explain

import (
	"context"
	"fmt"
	"math"

	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/tensor"
)

// SmoothOptions are the choices of SmoothGrad. The zero value is a good default.
type SmoothOptions struct {
	// Samples is how many noisy copies are computed, 1 to 1000; 0 means 50.
	Samples int
	// Sigma is the standard deviation of the noise as a share of the range of the input, its greatest
	// value less its smallest, above 0 and at most 1; 0 means 0.15. The paper takes 0.1 to 0.2.
	Sigma float64
	// Seed is the random seed of the noise.
	Seed uint64
}

// SmoothGrad is the mean of Gradient over copies of the picture with Gaussian noise (Smilkov, Thorat, Kim,
// Viégas, Wattenberg 2017, SmoothGrad: removing noise by adding noise):
//
//	a = 1/n · Σ_k ∂S/∂x at x + ε[k], ε normal with standard deviation Sigma·(max x − min x)
//
// captum gives the same for Saliency(abs=False) in a NoiseTunnel, for the same noise. Values are C×H×W. x is
// the input C×H×W or 1×C×H×W of a picture, class an index or Predicted, of the picture without noise.
// The same options give the same result on one kind of processor.
func (m *Model) SmoothGrad(ctx context.Context, x *tensor.Tensor, class int, o SmoothOptions) (*Attribution, error) {
	r := rng.New(o.Seed, "explain/smoothgrad", 0)
	return m.smoothGrad(ctx, x, class, o, func(int) float64 { return r.NormFloat64() })
}

// smoothGrad is SmoothGrad with the noise that normal gives, by the index of the element among those of all
// samples.
func (m *Model) smoothGrad(ctx context.Context, x *tensor.Tensor, class int, o SmoothOptions, normal func(i int) float64) (*Attribution, error) {
	x, err := m.asInput(x)
	if err != nil {
		return nil, err
	}
	if o.Samples == 0 {
		o.Samples = 50
	}
	if o.Sigma == 0 {
		o.Sigma = 0.15
	}
	switch {
	case o.Samples < 1 || o.Samples > 1000:
		return nil, fmt.Errorf("explain: %d samples: want 1 to 1000, or 0 for 50", o.Samples)
	case !(o.Sigma > 0 && o.Sigma <= 1):
		return nil, fmt.Errorf("explain: sigma %v: want a number above 0 and up to 1, or 0 for 0.15", o.Sigma)
	}
	if class, err = m.choose(ctx, x, class); err != nil {
		return nil, err
	}
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range x.Data() {
		low, high = min(low, float64(v)), max(high, float64(v))
	}
	sigma := o.Sigma * (high - low)
	sums := make([]float64, x.Size())
	fill := func(i int, to []float32) {
		for j, v := range x.Data() {
			to[j] = v + float32(sigma*normal(i*len(to)+j))
		}
	}
	take := func(_, count int, results []*tensor.Tensor) error {
		for i := range count {
			for j, g := range results[1].Data()[i*len(sums):][:len(sums)] {
				sums[j] += float64(g)
			}
		}
		return nil
	}
	if err := m.inBatches(ctx, key{task: pixels}, o.Samples, class, fill, take); err != nil {
		return nil, err
	}
	values := tensor.New(m.net.Input()...)
	for j, v := range sums {
		values.Data()[j] = float32(v / float64(o.Samples))
	}
	scores, _, err := m.Scores(ctx, x)
	if err != nil {
		return nil, err
	}
	return m.attribution(MethodSmoothGrad, "", class, scores, values)
}
