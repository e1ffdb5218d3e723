package nn_test

import (
	"math"
	"testing"

	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

func TestInitializers(t *testing.T) {
	// A convolution with 32 inputs in 2 groups, 64 outputs and a 3×5 kernel.
	const fanIn, fanOut = 16 * 15, 64 * 15
	uniform := func(bound float64) (float64, float64) { return bound / math.Sqrt(3), bound }
	for _, test := range []struct {
		init       nn.Initializer
		name       string
		mean       float64
		std, bound float64
	}{
		{init: nn.PyTorchDefault(), name: "pytorch-default", bound: 1 / math.Sqrt(fanIn)},
		{init: nn.XavierUniform(), name: "xavier-uniform", bound: math.Sqrt(6.0 / (fanIn + fanOut))},
		{init: nn.HeUniform(), name: "he-uniform", bound: math.Sqrt(6.0 / fanIn)},
		{init: nn.XavierNormal(), name: "xavier-normal", std: math.Sqrt(2.0 / (fanIn + fanOut))},
		{init: nn.HeNormal(), name: "he-normal", std: math.Sqrt(2.0 / fanIn)},
		{init: nn.Normal(3, 0.5), name: "normal(3, 0.5)", mean: 3, std: 0.5},
		{init: nn.Constant(2), name: "constant(2)", mean: 2},
		{init: nil, name: "pytorch-default", bound: 1 / math.Sqrt(fanIn)},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.init != nil && test.init.String() != test.name {
				t.Errorf("name %q", test.init)
			}
			if test.bound > 0 {
				test.std, test.bound = uniform(test.bound)
			}
			m, err := nn.New(nn.Conv2D(64, 3).Kernel(3, 5).Groups(2), tensor.Shape{32, 9, 9}, nn.Options{Seed: 3, Init: test.init})
			if err != nil {
				t.Fatal(err)
			}
			weight, bias := m.Parameters()[0].Value.Data(), m.Parameters()[1].Value.Data()
			mean, std, most := moments(weight)
			n := math.Sqrt(float64(len(weight)))
			if math.Abs(mean-test.mean) > 4*test.std/n+1e-9 || math.Abs(std-test.std) > 3*test.std/n+1e-9 {
				t.Errorf("mean %v, standard deviation %v; want %v and %v", mean, std, test.mean, test.std)
			}
			if test.bound > 0 && (most > test.bound || most < 0.99*test.bound) {
				t.Errorf("greatest %v, bound %v", most, test.bound)
			}
			if _, _, most := moments(bias); most > 1/math.Sqrt(fanIn) || most < 0.8/math.Sqrt(fanIn) {
				t.Errorf("biases reach %v, want PyTorch's default, up to %v", most, 1/math.Sqrt(fanIn))
			}
		})
	}
}

func moments(v []float32) (mean, std, most float64) {
	for _, x := range v {
		mean += float64(x) / float64(len(v))
		most = max(most, math.Abs(float64(x)))
	}
	for _, x := range v {
		std += (float64(x) - mean) * (float64(x) - mean) / float64(len(v))
	}
	return mean, math.Sqrt(std), most
}

func TestLayerInitializers(t *testing.T) {
	m := model(t, nn.Sequential(
		nn.Conv2D(2, 1).Init(nn.Constant(1)).InitBias(nn.Constant(2)), nn.Flatten(),
		nn.Linear(2).Init(nn.Constant(3)).InitBias(nn.Constant(4)), nn.BatchNorm()), 1, 1, 2)
	for i, want := range []float32{1, 2, 3, 4, 1, 0} {
		v := m.Parameters()[i]
		if !v.Value.Equal(tensor.Full(want, v.Value.Shape()...)) {
			t.Errorf("%s = %v, want %v", v.Name, v.Value, want)
		}
	}
}

// The same name, seed and shape give the same values whatever else is there.
func TestInitIsNamed(t *testing.T) {
	a := model(t, nn.Sequential(nn.Linear(4), nn.Linear(5)), 3)
	b := model(t, nn.Sequential(nn.Linear(4), nn.Linear(5), nn.Linear(6)), 3)
	for i := range a.Parameters() {
		if !a.Parameters()[i].Value.Equal(b.Parameters()[i].Value) {
			t.Errorf("%s depends on other layers", a.Parameters()[i].Name)
		}
	}
	before := a.Parameters()[0].Value.Clone()
	if err := a.Reinitialize(nn.XavierUniform(), 9); err != nil {
		t.Fatal(err)
	}
	if a.Parameters()[0].Value.Equal(before) {
		t.Error("Reinitialize changed nothing")
	}
	if err := a.Reinitialize(nil, 1); err != nil || !a.Parameters()[0].Value.Equal(before) {
		t.Errorf("the first seed does not give the first values: %v", err)
	}
}
