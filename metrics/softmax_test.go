package metrics_test

import (
	"math"
	"testing"

	"github.com/strideml/stride/metrics"
)

func TestSoftmax(t *testing.T) {
	inf := float32(math.Inf(1))
	nan := math.NaN()
	for _, c := range []struct {
		scores []float32
		want   []float64
	}{
		{nil, nil},
		{[]float32{3}, []float64{1}},
		{[]float32{0, 0, 0, 0}, []float64{0.25, 0.25, 0.25, 0.25}},
		{[]float32{1000, 1000 - float32(math.Log(3))}, []float64{0.75, 0.25}},
		{[]float32{0, -inf}, []float64{1, 0}},
		{[]float32{0, inf}, []float64{nan, nan}},
		{[]float32{float32(nan), 1}, []float64{nan, nan}},
	} {
		got := metrics.Softmax(c.scores)
		if len(got) != len(c.want) {
			t.Fatalf("%v: got %v, want %v", c.scores, got, c.want)
		}
		for i, w := range c.want {
			if !(math.Abs(got[i]-w) < 1e-5) && !(math.IsNaN(w) && math.IsNaN(got[i])) {
				t.Errorf("%v: got %v, want %v", c.scores, got, c.want)
				break
			}
		}
	}
}
