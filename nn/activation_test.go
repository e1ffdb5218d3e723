package nn_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

// TestActivationLayers has PyTorch's results for −2 and 1.
func TestActivationLayers(t *testing.T) {
	for _, test := range []struct {
		kind  string
		layer nn.Layer
		want  [2]float64
	}{
		{"ReLU", nn.ReLU(), [2]float64{0, 1}},
		{"ReLU6", nn.ReLU6(), [2]float64{0, 1}},
		{"Sigmoid", nn.Sigmoid(), [2]float64{0.1192029, 0.7310586}},
		{"Tanh", nn.Tanh(), [2]float64{-0.9640276, 0.7615942}},
		{"LeakyReLU", nn.LeakyReLU(0.01), [2]float64{-0.02, 1}},
		{"ELU", nn.ELU(0.5), [2]float64{-0.4323324, 1}},
		{"Softplus", nn.Softplus(2, 20), [2]float64{0.0090749, 1.0634640}},
		{"SiLU", nn.SiLU(), [2]float64{-0.2384058, 0.7310586}},
		{"HardSigmoid", nn.HardSigmoid(), [2]float64{0.1666667, 0.6666667}},
		{"HardSwish", nn.HardSwish(), [2]float64{-0.3333333, 0.6666667}},
		{"GELU", nn.GELU(), [2]float64{-0.0455003, 0.8413447}},
		{"GELUTanh", nn.GELUTanh(), [2]float64{-0.0454023, 0.8411920}},
		{"LocalResponseNorm", nn.LocalResponseNorm(1).Alpha(3).Beta(0.5).K(4), [2]float64{-0.5, 0.3779645}},
	} {
		t.Run(test.kind, func(t *testing.T) {
			model, err := nn.New(nn.Sequential(test.layer), tensor.Shape{2}, nn.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer model.Close()
			x := tensor.Must(tensor.FromSlice([]float32{-2, 1}, 1, 2))
			y, err := model.Predict(reference.New(), x)
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range test.want {
				if got := float64(y.Data()[i]); math.Abs(got-want) > 1e-6 {
					t.Errorf("element %d: got %v, want %v", i, got, want)
				}
			}
			rows, err := model.Summary(1)
			if err != nil {
				t.Fatal(err)
			}
			if len(rows) != 1 || rows[0].Kind != test.kind || rows[0].Parameters != 0 {
				t.Errorf("summary: %+v", rows)
			}
		})
	}
}

// The first layers of AlexNet as the paper has them.
func ExampleLocalResponseNorm() {
	net := nn.Sequential(
		nn.Conv2D(96, 11).Stride(4).Pad(2), nn.ReLU(),
		nn.LocalResponseNorm(5).Alpha(5e-4).Beta(0.75).K(2),
		nn.MaxPool2D(3).Stride(2),
	)
	model, err := nn.New(net, tensor.Shape{3, 224, 224}, nn.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer model.Close()
	rows, err := model.Summary(1)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range rows {
		fmt.Println(r.Kind, r.Output)
	}
	// Output:
	// Conv2D 1×96×55×55
	// ReLU 1×96×55×55
	// LocalResponseNorm 1×96×55×55
	// MaxPool2D 1×96×27×27
}
