package nn_test

import (
	"math"
	"strings"
	"testing"

	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/tensor"
)

// TestConvTransposeLayer compares the layer with PyTorch's results in the golden files
// of the operators.
func TestConvTransposeLayer(t *testing.T) {
	file, err := safetensors.Load("../engine/enginetest/testdata/conv.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	for name, layer := range map[string]nn.Layer{
		"transposed0": nn.ConvTranspose2D(4, 2).Stride(2),
		"transposed1": nn.ConvTranspose2D(3, 3).Stride(2).Pad(1).OutputPad(1),
		"transposed2": nn.ConvTranspose2D(4, 4).Stride(2).Pad(1).Groups(2).NoBias(),
	} {
		t.Run(name, func(t *testing.T) {
			x, want := get(t, file, name+"/x"), get(t, file, name+"/y")
			model, err := nn.New(layer, x.Shape()[1:], nn.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer model.Close()
			for _, v := range model.Parameters() {
				short := map[string]string{"weight": "w", "bias": "b"}[v.Name]
				if err := v.Value.CopyFrom(get(t, file, name+"/"+short)); err != nil {
					t.Fatal(err)
				}
				v.Changed()
			}
			y, err := model.Predict(reference.New(), x)
			if err != nil {
				t.Fatal(err)
			}
			if !y.Shape().Equal(want.Shape()) {
				t.Fatalf("shape %v, want %v", y.Shape(), want.Shape())
			}
			for i, w := range want.Data() {
				if math.Abs(float64(y.Data()[i]-w)) > 1e-5 {
					t.Fatalf("element %d: got %v, want %v", i, y.Data()[i], w)
				}
			}
		})
	}
}

func TestConvTransposeLayerOfBadSettings(t *testing.T) {
	for _, test := range []struct {
		layer nn.Layer
		want  string
	}{
		{nn.ConvTranspose2D(4, 2).OutputPad(1), "output padding 1 must be smaller than the stride 1"},
		{nn.ConvTranspose2D(4, 2).Groups(3), "3 groups must divide"},
		{nn.ConvTranspose2D(4, 1).Pad(9), "too small for the padding"},
		{nn.ConvTranspose2D(0, 2), "must be at least 1"},
	} {
		_, err := nn.New(test.layer, tensor.Shape{4, 3, 3}, nn.Options{})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("error %v, want %q in it", err, test.want)
		}
	}
}
