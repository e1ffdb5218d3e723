package nn_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

// doubled adds what its inner layer makes of x to itself.
type doubled struct{ Inner nn.Layer }

func (d *doubled) Forward(x *graph.Node) *graph.Node {
	y := nn.Apply(d.Inner, x)
	return graph.Add(y, y)
}

// hidden is doubled without Apply.
type hidden struct{ Inner nn.Layer }

func (h *hidden) Forward(x *graph.Node) *graph.Node {
	y := h.Inner.Forward(x)
	return graph.Add(y, y)
}

// embedded has the paths of the Sequential in it.
type embedded struct{ *nn.SequentialLayer }

// scaled has a layer that is not always used, and a parameter.
type scaled struct {
	Gamma  *nn.Param
	Unused nn.Layer
}

func (s *scaled) Forward(x *graph.Node) *graph.Node { return graph.Mul(x, s.Gamma.Value(x)) }

func TestLayers(t *testing.T) {
	shared := nn.Linear(3)
	net := embedded{nn.Sequential(
		shared,
		&doubled{&doubled{nn.Sequential(nn.ReLU(), shared)}},
		&hidden{&hidden{nn.Tanh()}},
		nn.Func("Twice", func(x *graph.Node) *graph.Node { return nn.ReLU().Forward(graph.Add(x, x)) }),
		&scaled{Gamma: nn.Parameter(3), Unused: nn.ReLU()},
	).Add("last", embedded{nn.Sequential(nn.Sigmoid())})}
	trace, err := model(t, net, 3).Trace(2, nn.Eval)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range trace.Layers() {
		got = append(got, fmt.Sprintf("%d %s %s", l.Depth, l.Kind, l.Path))
	}
	want := []string{
		"1 Linear 0",
		"4 ReLU 1.inner.inner.0", "4 Linear 0", "3 Sequential 1.inner.inner", "2 doubled 1.inner", "1 doubled 1",
		"2 Tanh 2.inner.inner", "1 hidden 2",
		"1 Twice 3",
		"1 scaled 4",
		"2 Sigmoid last.0", "1 embedded last",
		"0 embedded ",
	}
	if !slices.Equal(got, want) {
		t.Errorf("layers\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	// Operators have the path of the block that Apply was told of.
	for path, op := range map[string]string{"1.inner": "Add", "1": "Add", "2": "Add", "4": "Mul", "3": "ReLU"} {
		n, err := trace.OutputOf(path)
		if err != nil {
			t.Fatal(err)
		}
		if n.Path() != path || n.Op().Kind() != op {
			t.Errorf("the output of %s is %v", path, n)
		}
	}
	if n, err := trace.OutputOf(""); err != nil || n != trace.Output {
		t.Errorf("the network's output is %v, %v", n, err)
	}
	last := trace.Layers()[2].Node // of the two uses of layer 0
	if n, err := trace.OutputOf("0"); err != nil || n != last {
		t.Errorf("the output of 0 is %v (%v), want %v", n, err, last)
	}
	for path, want := range map[string]string{
		"2.inner":       `nn: the output of "2.inner" is not known: the block around it must call nn.Apply(layer, x)`,
		"4.unused":      `nn: layer "4.unused" is not used in this mode`,
		"1.iner":        `nn: there is no layer "1.iner": did you mean "1.inner"?`,
		"4.gamma":       `nn: there is no layer "4.gamma"`,
		"features.conv": `nn: there is no layer "features.conv": there are 0, 1, 1.inner, 1.inner.inner, 1.inner.inner.0, 2 and 5 more`,
	} {
		if _, err := trace.OutputOf(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", path, err, want)
		}
	}
}

func TestLayersOfOne(t *testing.T) {
	trace, err := model(t, nn.Linear(2), 3).Trace(1, nn.Train)
	if err != nil {
		t.Fatal(err)
	}
	if l := trace.Layers(); len(l) != 1 || l[0] != (nn.LayerOutput{Kind: "Linear", Node: trace.Output}) {
		t.Errorf("layers %v", l)
	}
}

// A layer that takes one image only.
func TestBatchOfTwo(t *testing.T) {
	single := nn.Func("Single", func(x *graph.Node) *graph.Node { return graph.Reshape(x, 1, 3) })
	_, err := nn.New(nn.Sequential(nn.ReLU(), single), tensor.Shape{3}, nn.Options{})
	if err == nil || !strings.HasPrefix(err.Error(), "1 (Reshape") || !strings.HasSuffix(err.Error(), "(for a batch of 2, which New tries after one of 1)") {
		t.Errorf("error %v", err)
	}
}

func TestApplyNil(t *testing.T) {
	var conv *nn.Conv2DLayer
	var relu *nn.ActivationLayer
	var sequential *nn.SequentialLayer
	var block *doubled
	for _, test := range []struct {
		net  nn.Layer
		want string
	}{
		{nn.Sequential(&doubled{}), "0 (Layer): a nil layer is applied"},
		{nn.Sequential(nn.ReLU(), &doubled{conv}), "1 (Conv2DLayer): a nil layer is applied: 1.inner"},
		{nn.Sequential(&hidden{&doubled{nn.ReLU()}}, &hidden{relu}), "1 (ActivationLayer): a nil layer is applied: 1.inner"},
		{&doubled{block}, "doubled: a nil layer is applied: inner"},
		{&hidden{nn.Layer(sequential)}, "SequentialLayer: a nil layer is applied: inner"},
		{nn.Sequential(block), "0 (Sequential): layer 0 is nil"},
		{nn.Sequential(nn.ReLU(), nn.Sequential(relu)), "1.0 (Sequential): layer 0 is nil"},
		{nn.Sequential(silent{}), "0 (silent): Forward returned nil"},
		{silent{}, "Forward returned nil"},
	} {
		_, err := nn.New(test.net, tensor.Shape{3}, nn.Options{})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("error %v, want %s", err, test.want)
		}
	}
}

// silent returns nothing.
type silent struct{}

func (silent) Forward(*graph.Node) *graph.Node { return nil }

// The outputs of all layers are what the layers before them compute alone.
func TestActivations(t *testing.T) {
	layers := []nn.Layer{
		nn.Dropout(0.5), nn.Conv2D(4, 3).Pad(1), nn.BatchNorm(), nn.ReLU(), &doubled{nn.Conv2D(4, 3)},
		nn.MaxPool2D(2), nn.Dropout(0.5), nn.Flatten(), nn.Linear(5),
	}
	m := model(t, nn.Sequential(layers...), 2, 8, 8)
	x := tensor.Randn(tensor.Seed(1), 3, 2, 8, 8)
	paths := []string{"7", "4.inner", ""}
	for i := range layers {
		paths = append(paths, fmt.Sprint(i))
	}
	for _, device := range []engine.Device{reference.New(), cpu.New(cpu.Options{Threads: 2})} {
		got, err := m.Activations(device, x, paths...)
		if err != nil {
			t.Fatal(err)
		}
		for i := range layers {
			part := model(t, nn.Sequential(layers[:i+1]...), 2, 8, 8) // the same seed, so the same weights
			want, err := part.Predict(reference.New(), x)
			if err != nil {
				t.Fatal(err)
			}
			if y := got[3+i]; !y.AllClose(want, 1e-5, 1e-5) {
				t.Errorf("%s: layer %d gives %v, want %v", device.Name(), i, y, want)
			}
		}
		if y := got[1].AddScalar(0); !y.Add(y).AllClose(got[3+4], 1e-6, 1e-6) {
			t.Errorf("%s: the layer in a block gives %v", device.Name(), y)
		}
		if !got[0].AllClose(got[3+7], 0, 0) || !got[2].AllClose(got[len(got)-1], 0, 0) {
			t.Errorf("%s: a layer that is named twice has two outputs", device.Name())
		}
		single, err := m.Activations(device, tensor.Must(x.Index(1)), "5")
		if err != nil {
			t.Fatal(err)
		}
		if want := tensor.Must(got[3+5].Slice(0, 1, 2)); !single[0].AllClose(want, 1e-5, 1e-5) {
			t.Errorf("%s: a single image gives %v, want %v", device.Name(), single[0], want)
		}
	}
}

func TestActivationsErrors(t *testing.T) {
	m := model(t, nn.Sequential(nn.Linear(2)), 3)
	for want, f := range map[string]func() error{
		"nn: activations: no layer is named":                         func() error { _, err := m.Activations(reference.New(), tensor.New(1, 3)); return err },
		"nn: activations: input 1×4: the network takes batches of 3": func() error { _, err := m.Activations(reference.New(), tensor.New(1, 4), "0"); return err },
		"nn: activations: there is no input":                         func() error { _, err := m.Activations(reference.New(), nil, "0"); return err },
		"nn: predict: there is no input":                             func() error { _, err := m.Predict(reference.New(), nil); return err },
		`nn: there is no layer "1": there are 0`:                     func() error { _, err := m.Activations(reference.New(), tensor.New(1, 3), "1"); return err },
	} {
		if err := f(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
