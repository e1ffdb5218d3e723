package nn_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

func randomTensor(seed uint64, mean, std float32, shape ...int) *tensor.Tensor {
	x := tensor.New(shape...)
	rng.Normal(rng.New(seed, "nn test"), x.Data(), mean, std)
	return x
}

// normalised runs a batch through a model: the result, and in Train mode also
// the derivatives of Σ y·r with respect to x, the scale and the shift.
func normalised(t *testing.T, device engine.Device, m *nn.Model, mode nn.Mode, x, r *tensor.Tensor) []*tensor.Tensor {
	t.Helper()
	trace, err := m.Trace(x.Shape()[0], mode)
	if err != nil {
		t.Fatal(err)
	}
	g := trace.Graph
	feeds, outputs := engine.Feeds{trace.Input: x}, []*graph.Node{trace.Output}
	if mode == nn.Train {
		weight := g.Input("r", r.Shape()...)
		feeds[weight] = r
		wrt := []*graph.Node{trace.Input}
		for _, p := range m.Parameters() {
			wrt = append(wrt, g.Variable(p))
		}
		outputs = append(outputs, graph.Gradients(graph.Sum(graph.Mul(trace.Output, weight)), wrt...)...)
	}
	got, err := engine.Run(device, feeds, outputs...)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func expectNear(t *testing.T, what string, got, want []float32, factor, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d elements, want %d", what, len(got), len(want))
	}
	top := 0.0
	for _, v := range want {
		top = max(top, math.Abs(float64(v)))
	}
	for i, g := range got {
		if w := float64(want[i]) * factor; !(math.Abs(float64(g)-w) <= tolerance*top) {
			t.Fatalf("%s: element %d is %v, want %v", what, i, g, w)
		}
	}
}

// Batch normalization from elementary operators is the layer, in results,
// derivatives and running statistics.
func TestBatchNormScratch(t *testing.T) {
	for _, device := range devices {
		for _, shape := range []tensor.Shape{{9, 7}, {6, 5, 4, 3}, {2, 33, 7, 7}} {
			t.Run(fmt.Sprintf("%T/%v", device, shape), func(t *testing.T) {
				scratch := model(t, nn.BatchNormScratch(shape[1], len(shape)), shape[1:]...)
				layer := model(t, nn.BatchNorm(), shape[1:]...)
				for i, p := range layer.Parameters() {
					v := randomTensor(uint64(10+i), 1, 0.5, shape[1])
					copy(p.Value.Data(), v.Data())
					copy(scratch.Parameters()[i].Value.Data(), v.Data())
				}
				mean, variance := make([]float64, shape[1]), make([]float64, shape[1]) // from biased batch variances
				for i := range variance {
					variance[i] = 1
				}
				for step := range uint64(3) {
					x, r := randomTensor(step, 2, 3, shape...), randomTensor(step+5, 0, 1, shape...)
					got, want := normalised(t, device, scratch, nn.Train, x, r), normalised(t, device, layer, nn.Train, x, r)
					for i, what := range []string{"result", "dx", "dgamma", "dbeta"} {
						expectNear(t, what, got[i].Data(), want[i].Data(), 1, 2e-5)
					}
					batchMoments(x, mean, variance)
				}
				m := float64(shape.Size() / shape[1])
				moving, running := scratch.Buffers(), layer.Buffers()
				expectNear(t, "moving mean", moving[0].Value.Data(), running[0].Value.Data(), 1, 1e-6)
				// The variances differ by the factor m/(m−1) in what the batches
				// add to the initial one, of which 0.9³ is left.
				left := float32(0.9 * 0.9 * 0.9)
				biased, unbiased := moving[1].Value.Clone(), running[1].Value.Clone()
				for i := range variance {
					if got := float64(biased.Data()[i]); math.Abs(got-variance[i]) > 1e-5*variance[i] {
						t.Fatalf("moving variance %d is %v, want %v", i, got, variance[i])
					}
					biased.Data()[i] -= left
					unbiased.Data()[i] -= left
				}
				expectNear(t, "moving variance", unbiased.Data(), biased.Data(), m/(m-1), 1e-5)

				for i := range moving {
					copy(moving[i].Value.Data(), running[i].Value.Data())
				}
				x := randomTensor(9, 2, 3, shape...)
				got, want := normalised(t, device, scratch, nn.Eval, x, nil), normalised(t, device, layer, nn.Eval, x, nil)
				expectNear(t, "inference", got[0].Data(), want[0].Data(), 1, 1e-5)
			})
		}
	}
}

// batchMoments moves the mean and the biased variance of each channel.
func batchMoments(x *tensor.Tensor, mean, variance []float64) {
	c := len(mean)
	inner := x.Shape()[2:].Size()
	for ch := range mean {
		var sum, square, n float64
		for i, v := range x.Data() {
			if i/inner%c == ch {
				sum, square, n = sum+float64(v), square+float64(v)*float64(v), n+1
			}
		}
		mean[ch] = 0.9*mean[ch] + 0.1*sum/n
		variance[ch] = 0.9*variance[ch] + 0.1*(square/n-sum/n*sum/n)
	}
}
