package onnx_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/onnx"
	"github.com/strideml/stride/tensor"
)

// A golden is what a file of testdata computes.
type golden struct {
	Input, Shape []int
	Values       []float32
}

func readGolden(t *testing.T) map[string]golden {
	t.Helper()
	data, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]golden
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// numbers is the formula of make_golden.py.
func numbers(shape ...int) *tensor.Tensor {
	x := tensor.New(shape...)
	for i := range x.Data() {
		x.Data()[i] = float32(float64((i*7919+13)%2001-1000) / 1000)
	}
	return x
}

// load reads a file of testdata and makes a model of it.
func load(t *testing.T, name string) (*onnx.Network, *nn.Model) {
	t.Helper()
	net, err := onnx.Load(filepath.Join("testdata", name+".onnx"), onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := nn.New(net, net.Input(), nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return net, m
}

func TestGolden(t *testing.T) {
	all := readGolden(t)
	files, err := filepath.Glob("testdata/*.onnx")
	if err != nil || len(files) != len(all) {
		t.Errorf("%d files, golden.json has %d; %v", len(files), len(all), err)
	}
	for name, g := range all {
		t.Run(name, func(t *testing.T) {
			_, m := load(t, name)
			defer m.Close()
			y, err := m.Predict(nil, numbers(g.Input...))
			if err != nil {
				t.Fatal(err)
			}
			want := tensor.Must(tensor.FromSlice(g.Values, g.Shape...))
			if !y.AllClose(want, 2e-5, 2e-6) {
				t.Errorf("got %v %v, want %v %v", y.Shape(), y, want.Shape(), want)
			}
		})
	}
}

// TestOtherBatch runs files whose shapes are written for a batch of one with more images:
// each must come out as it does alone.
func TestOtherBatch(t *testing.T) {
	for _, name := range []string{"batch_of_one", "batch_gathered", "reshape_computed", "conv_pads"} {
		t.Run(name, func(t *testing.T) {
			net, m := load(t, name)
			defer m.Close()
			x := numbers(slices.Concat([]int{3}, net.Input())...)
			all, err := m.Predict(nil, x)
			if err != nil {
				t.Fatal(err)
			}
			for i := range 3 {
				alone, err := m.Predict(nil, tensor.Must(x.Index(i)))
				if err != nil {
					t.Fatal(err)
				}
				if got := tensor.Must(all.Slice(0, i, i+1)); !got.AllClose(alone, 1e-6, 1e-6) {
					t.Errorf("image %d: %v, alone %v", i, got, alone)
				}
			}
		})
	}
}
