package diagnose

import (
	"math"
	"strings"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

var inf = float32(math.Inf(1))

// sickNet has something of everything, and a layer that may go wrong: f in the
// forward pass.
func sickNet(f func(x *graph.Node) *graph.Node) nn.Layer {
	return nn.Sequential(
		nn.Conv2D(4, 3).Pad(1), nn.BatchNorm(), nn.ReLU(), nn.Dropout(0.2),
		nn.Func("Odd", f), nn.MaxPool2D(2), nn.Flatten(), nn.Linear(5), nn.ReLU(), nn.Linear(3),
	)
}

// root has an infinite derivative where x is 0, through the square root.
func root(x *graph.Node) *graph.Node {
	return graph.Sqrt(graph.ReLU(graph.Sub(x, x.Graph().Scalar(1e9))))
}

func TestFindNonFinite(t *testing.T) {
	same := func(x *graph.Node) *graph.Node { return x }
	set := func(name string, v float32) func(m *nn.Model, _ *tensor.Tensor) {
		return func(m *nn.Model, _ *tensor.Tensor) {
			for _, p := range m.Parameters() {
				if p.Name == name {
					for i := range p.Value.Data() {
						p.Value.Data()[i] = v
					}
					p.Changed()
				}
			}
		}
	}
	tests := []struct {
		name string
		odd  func(*graph.Node) *graph.Node
		sick func(m *nn.Model, images *tensor.Tensor)
		want string // "" if there is nothing
	}{
		{"healthy", same, nil, ""},
		{"images", same, func(_ *nn.Model, x *tensor.Tensor) { x.Data()[17] = -inf }, "the images hold -Inf"},
		{"parameter", same, func(m *nn.Model, _ *tensor.Tensor) {
			p := m.Parameters()[2].Value.Data() // the second hides it
			p[1] = float32(math.NaN())
		}, "the parameter 1.weight holds NaN"},
		{"output", same, set("7.weight", 3e38), "the output of layer 7 (Linear) holds +Inf"},
		{"negative output", same, set("7.weight", -3e38), "the output of layer 7 (Linear) holds -Inf"},
		{"inner operator", func(x *graph.Node) *graph.Node { return graph.Log(graph.Sub(x, x)) }, nil, "the output of layer 4 (Odd) holds -Inf"},
		{"huge logits", same, set("9.bias", -3e38), ""},
		{"gradient", root, nil, "the gradient in layer 4 (Odd) holds "},
	}
	for _, device := range []engine.Device{reference.New(), cpu.New(cpu.Options{Threads: 2})} {
		for _, test := range tests {
			model, err := nn.New(sickNet(test.odd), tensor.Shape{2, 6, 6}, nn.Options{Seed: 4})
			if err != nil {
				t.Fatal(err)
			}
			images := tensor.New(8, 2, 6, 6)
			for i := range images.Data() {
				images.Data()[i] = float32(i%13) / 13
			}
			if test.sick != nil {
				test.sick(model, images)
			}
			labels := tensor.Must(tensor.FromSlice([]float32{0, 1, 2, 0, 1, 2, 0, 1}, 8))
			before := model.Buffers()[0].Value.Clone()
			found, err := FindNonFinite(model, device, nil, images, labels, 7)
			if err != nil {
				t.Errorf("%s: %v", test.name, err)
				continue
			}
			got := ""
			if found != nil {
				got = found.String()
			}
			if test.want == "" != (got == "") || !strings.HasPrefix(got, test.want) {
				t.Errorf("%s, %s: %q, want %q", device.Name(), test.name, got, test.want)
			}
			if !model.Buffers()[0].Value.Equal(before) {
				t.Errorf("%s: the running statistics changed", test.name)
			}
		}
	}
}

func TestNonFiniteWords(t *testing.T) {
	for want, n := range map[string]NonFinite{
		"the loss holds NaN":                        {What: "loss", Kind: "Mean", Value: float32(math.NaN())},
		"the output of Add holds +Inf":              {What: "output", Kind: "Add", Value: inf},
		"the gradient in layer 3.1 (Add) holds NaN": {What: "gradient", Path: "3.1", Kind: "Add", Value: float32(math.NaN())},
	} {
		if got := n.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestDeadReLUs(t *testing.T) {
	net := nn.Sequential(nn.Conv2D(4, 1), nn.ReLU(), nn.Flatten(), nn.Linear(6), nn.ReLU(), nn.Sigmoid())
	model, err := nn.New(net, tensor.Shape{1, 2, 2}, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := model.Parameters()
	copy(p[0].Value.Data(), []float32{1, -1, 1, -1})
	copy(p[1].Value.Data(), []float32{0, 0, -0.9, 0}) // channel 2 lives for a single pixel
	clear(p[2].Value.Data())
	copy(p[3].Value.Data(), []float32{1, 0, -1, 2, 3, -4})
	for _, v := range p {
		v.Changed()
	}
	images := tensor.Full(0.5, 3, 1, 2, 2)
	images.Set(1, 2, 0, 1, 1)
	for _, device := range []engine.Device{reference.New(), cpu.New(cpu.Options{Threads: 2})} {
		shares, err := DeadReLUs(model, device, images)
		if err != nil {
			t.Fatal(err)
		}
		want := []DeadShare{{"1", "0", 4, 2}, {"4", "3", 6, 3}}
		if len(shares) != 2 || shares[0] != want[0] || shares[1] != want[1] {
			t.Errorf("%s: %v, want %v", device.Name(), shares, want)
		}
	}
	for want, share := range map[string]DeadShare{
		"features.1: 12 of 96 units dead (12.5 %)":   {"features.1", "features.0", 96, 12},
		"after 4.0.p1_1: 1 of 4 units dead (25.0 %)": {"4.0", "4.0.p1_1", 4, 1},
		"4.0: 0 of 4 units dead (0.0 %)":             {"4.0", "", 4, 0},
		"after conv: 0 of 4 units dead (0.0 %)":      {"", "conv", 4, 0},
	} {
		if got := share.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if _, err := DeadReLUs(model, reference.New(), tensor.New(1, 1, 3, 3)); err == nil {
		t.Error("images of another size are no error")
	}
	none, err := nn.New(nn.Sequential(nn.Flatten(), nn.Linear(2)), tensor.Shape{1, 2, 2}, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if shares, err := DeadReLUs(none, reference.New(), images); err != nil || len(shares) != 0 {
		t.Errorf("without a ReLU: %v, %v", shares, err)
	}
}
