package nn_test

import (
	"math"
	"strings"
	"testing"

	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

// TestUpsample has PyTorch's results of nn.Upsample for the image 0, 1, 3.
func TestUpsample(t *testing.T) {
	for _, test := range []struct {
		name  string
		layer nn.Layer
		want  []float32
	}{
		{"nearest", nn.Upsample(2), []float32{0, 0, 1, 1, 3, 3}},
		{"bilinear", nn.Upsample(2).Bilinear(), []float32{0, 0.25, 0.75, 1.5, 2.5, 3}},
		{"aligned", nn.Upsample(1).Size(1, 5).Bilinear().AlignCorners(), []float32{0, 0.5, 1, 2, 3}},
		{"bicubic", nn.Upsample(2).Bicubic(), []float32{-0.10546875, 0.15625, 0.5625, 1.5585938, 2.5820312, 3.2109375}},
		{"odd factor", nn.Upsample(1.5).Bilinear(), []float32{0, 0.5, 1.3333334, 2.6666667}},
	} {
		t.Run(test.name, func(t *testing.T) {
			model, err := nn.New(test.layer, tensor.Shape{1, 1, 3}, nn.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer model.Close()
			y, err := model.Predict(reference.New(), tensor.Must(tensor.FromSlice([]float32{0, 1, 3}, 1, 1, 1, 3)))
			if err != nil {
				t.Fatal(err)
			}
			got := y.Data()[:len(test.want)]
			for i, w := range test.want {
				if math.Abs(float64(got[i]-w)) > 1e-6 {
					t.Fatalf("got %v, want %v", got, test.want)
				}
			}
		})
	}
}

func TestUpsampleOfBadSettings(t *testing.T) {
	for _, test := range []struct {
		layer nn.Layer
		want  string
	}{
		{nn.Upsample(2).AlignCorners(), "only bilinear and bicubic"},
		{nn.Upsample(0), "must be above 0"},
		{nn.Upsample(0.1), "output size 0×0 must be at least 1×1"},
		{nn.Upsample(math.NaN()), "must be above 0"},
	} {
		_, err := nn.New(test.layer, tensor.Shape{4, 3, 3}, nn.Options{})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("error %v, want %q in it", err, test.want)
		}
	}
}
