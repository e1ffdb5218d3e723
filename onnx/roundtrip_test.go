package onnx_test

import (
	"bytes"
	"fmt"
	"math"
	"path/filepath"
	"testing"

	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/onnx"
	"github.com/strideml/stride/onnx/internal/samples"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
)

// reread writes a model and makes one of the network in the file.
func reread(t *testing.T, m *nn.Model, options onnx.WriteOptions) *nn.Model {
	t.Helper()
	var b bytes.Buffer
	if err := onnx.Write(&b, m, options); err != nil {
		t.Fatal(err)
	}
	net, err := onnx.Read(b.Bytes(), onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return modelOf(t, net)
}

func modelOf(t *testing.T, net *onnx.Network) *nn.Model {
	t.Helper()
	m, err := nn.New(net, net.Input(), nn.Options{Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// sameOutputs checks that two models compute the same, to 1e-4 of the standard deviation
// of the outputs.
func sameOutputs(t *testing.T, want, got *nn.Model, batch int) {
	t.Helper()
	x := tensor.Randn(tensor.Seed(uint64(batch)), append([]int{batch}, want.Input()...)...)
	a, err := want.Predict(nil, x)
	if err != nil {
		t.Fatal(err)
	}
	b, err := got.Predict(nil, x)
	if err != nil {
		t.Fatal(err)
	}
	if !a.Shape().Equal(b.Shape()) {
		t.Fatalf("the output is %v, want %v", b.Shape(), a.Shape())
	}
	sum, squares, worst := 0.0, 0.0, 0.0
	for i, v := range a.Data() {
		sum += float64(v)
		squares += float64(v) * float64(v)
		worst = max(worst, math.Abs(float64(v)-float64(b.Data()[i])))
	}
	mean := sum / float64(a.Size())
	deviation := math.Sqrt(max(0, squares/float64(a.Size())-mean*mean))
	if !(worst <= 1e-4*deviation) {
		t.Errorf("batch %d: outputs differ by %.2g, their standard deviation is %.2g", batch, worst, deviation)
	}
}

// TestReread: what is written computes the same when it is read.
func TestReread(t *testing.T) {
	for i, s := range samples.All() {
		if s.Name == "a parameter" { // a file must have an input that its output depends on
			continue
		}
		m, err := s.Model()
		if err != nil {
			t.Fatal(err)
		}
		for _, options := range []onnx.WriteOptions{{Opset: 13 + i%4}, {Opset: 17 + i%5, KeepBatchNorm: true}} {
			t.Run(fmt.Sprint(s.Name, "/", options.Opset), func(t *testing.T) {
				got := reread(t, m, options)
				sameOutputs(t, m, got, 1)
				sameOutputs(t, m, got, 3)
			})
		}
	}
}

// TestRereadNetworks does so for networks of the zoo at small inputs, writes what was
// read again, and reads that.
func TestRereadNetworks(t *testing.T) {
	for _, test := range []struct {
		name string
		size int
	}{
		{"lenet-bn", 28}, {"resnet18", 32}, {"densenet", 32}, {"torchvision/googlenet", 32}, {"torchvision/mobilenet_v2", 32},
		{"torchvision/squeezenet1_1", 40}, {"efficientnet-lite0", 32},
	} {
		t.Run(test.name, func(t *testing.T) {
			if testing.Short() && test.name != "lenet-bn" && test.name != "resnet18" {
				t.Skip("several networks are slow")
			}
			spec, err := zoo.Get(test.name)
			if err != nil {
				t.Fatal(err)
			}
			m, err := nn.New(spec.New(10), tensor.Shape{spec.Input[0], test.size, test.size}, nn.Options{Seed: 1, Init: spec.Init})
			if err != nil {
				t.Fatal(err)
			}
			kept := reread(t, m, onnx.WriteOptions{KeepBatchNorm: true})
			sameOutputs(t, m, kept, 2)
			for _, e := range m.State() {
				v, err := kept.Param(e.Name)
				if err != nil {
					t.Fatal(err)
				}
				if !v.Value.Equal(e.Tensor) {
					t.Errorf("%s has other values", e.Name)
				}
			}
			again := reread(t, kept, onnx.WriteOptions{Opset: 20})
			sameOutputs(t, m, again, 1)
		})
	}
}

// TestRereadExternal reads weights from the file beside the model's.
func TestRereadExternal(t *testing.T) {
	m := small(t, convNet())
	path := filepath.Join(t.TempDir(), "a.onnx")
	if err := onnx.Save(path, m, onnx.WriteOptions{ExternalData: true}); err != nil {
		t.Fatal(err)
	}
	net, err := onnx.Load(path, onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	sameOutputs(t, m, modelOf(t, net), 2)
}

// TestRereadNaN: weights that are not finite are written as they are.
func TestRereadNaN(t *testing.T) {
	m := small(t, convNet())
	w := m.Parameters()[len(m.Parameters())-1]
	w.Value.Data()[0] = float32(math.NaN())
	w.Value.Data()[1] = float32(math.Inf(1))
	w.Changed()
	v, err := reread(t, m, onnx.WriteOptions{}).Param(w.Name)
	if err != nil {
		t.Fatal(err)
	}
	if d := v.Value.Data(); d[0] == d[0] || !math.IsInf(float64(d[1]), 1) {
		t.Errorf("values %v", d)
	}
}
