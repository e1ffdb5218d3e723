package onnx_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/onnx"
	"github.com/strideml/stride/tensor"
)

func trainedNet() nn.Layer {
	return nn.Sequential(
		nn.Conv2D(4, 3).Pad(1).NoBias(), nn.BatchNorm(), nn.ReLU(), nn.MaxPool2D(2),
		nn.Conv2D(6, 3).Pad(1), nn.BatchNorm(), nn.ReLU(), nn.Flatten(), nn.Linear(5),
	)
}

// imported writes a model as an ONNX file and reads it.
func imported(t *testing.T, m *nn.Model, o onnx.WriteOptions) *onnx.Network {
	t.Helper()
	var file bytes.Buffer
	if err := onnx.Write(&file, m, o); err != nil {
		t.Fatal(err)
	}
	net, err := onnx.Read(file.Bytes(), onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return net
}

func newModel(t *testing.T, net nn.Layer, input tensor.Shape) *nn.Model {
	t.Helper()
	m, err := nn.New(net, input, nn.Options{Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// step computes the derivatives of a loss in Train mode, and moves the running statistics.
func step(t *testing.T, m *nn.Model, frozen nn.Frozen, x *tensor.Tensor) []*tensor.Tensor {
	t.Helper()
	trace, err := m.TraceFrozen(x.Shape()[0], frozen)
	if err != nil {
		t.Fatal(err)
	}
	var nodes []*graph.Node
	for _, p := range m.Parameters() {
		nodes = append(nodes, trace.Graph.Variable(p))
	}
	grads := graph.Gradients(graph.Mean(graph.Mul(trace.Output, trace.Output)), nodes...)
	results, err := engine.Run(reference.New(), engine.Feeds{trace.Input: x}, append(grads, trace.Output)...)
	if err != nil {
		t.Fatal(err)
	}
	return results
}

// TestTrainsLikeNative trains a network and its copy from an ONNX file for a step.
func TestTrainsLikeNative(t *testing.T) {
	native := newModel(t, trainedNet(), tensor.Shape{3, 8, 8})
	for i, b := range native.Buffers() { // statistics of their own
		for k := range b.Value.Data() {
			b.Value.Data()[k] += float32(i+k) / 10
		}
		b.Changed()
	}
	net := imported(t, native, onnx.WriteOptions{KeepBatchNorm: true})
	m := newModel(t, net, net.Input())
	compare := func(when string) {
		t.Helper()
		state := m.State()
		for i, e := range native.State() {
			if state[i].Name != e.Name || !state[i].Tensor.AllClose(e.Tensor, 1e-6, 1e-7) {
				t.Errorf("%s: %s is %v, want %s with %v", when, state[i].Name, state[i].Tensor, e.Name, e.Tensor)
			}
		}
	}
	compare("at first")
	x := numbers(4, 3, 8, 8)
	for name, frozen := range map[string]nn.Frozen{
		"training":   {},
		"statistics": {Statistics: true},
		"layers":     {Layers: func(path string) bool { return path == "1" }},
	} {
		want, got := step(t, native, frozen, x), step(t, m, frozen, x)
		for i := range want {
			if !got[i].AllClose(want[i], 1e-5, 1e-6) {
				t.Errorf("%s: result %d is %v, want %v", name, i, got[i], want[i])
			}
		}
		compare("after " + name)
	}
}

// TestSecondModel makes two models of one network: the second one copies.
func TestSecondModel(t *testing.T) {
	native := newModel(t, trainedNet(), tensor.Shape{3, 8, 8})
	net := imported(t, native, onnx.WriteOptions{KeepBatchNorm: true})
	first, second := newModel(t, net, net.Input()), newModel(t, net, net.Input())
	first.State()[0].Tensor.Data()[0] = 77
	if second.State()[0].Tensor.Data()[0] == 77 {
		t.Error("the models share a tensor")
	}
	if !second.State()[0].Tensor.Equal(native.State()[0].Tensor) {
		t.Error("the second model has other weights")
	}
}

func TestReplaceHead(t *testing.T) {
	native := newModel(t, trainedNet(), tensor.Shape{3, 8, 8})
	net := imported(t, native, onnx.WriteOptions{KeepBatchNorm: true, IncludeSoftmax: true, Classes: []string{"a", "b", "c", "d", "e"}})
	if net.Classes() != 5 || !slices.Equal(net.Labels(), []string{"a", "b", "c", "d", "e"}) {
		t.Errorf("%d classes %v", net.Classes(), net.Labels())
	}
	path, err := net.ReplaceHead(3)
	if err != nil {
		t.Fatal(err)
	}
	if path != "8" || net.Classes() != 3 || net.Labels() != nil {
		t.Errorf("head %q, %d classes %v", path, net.Classes(), net.Labels())
	}
	m := newModel(t, net, net.Input())
	for i, e := range native.State() {
		got := m.State()[i]
		isHead := strings.HasPrefix(e.Name, path+".")
		if got.Name != e.Name || isHead == got.Tensor.Equal(e.Tensor) {
			t.Errorf("%s: the weights are the same: %v", got.Name, got.Tensor.Equal(e.Tensor))
		}
		if isHead && got.Tensor.Shape()[0] != 3 && got.Tensor.Shape()[1] != 3 {
			t.Errorf("%s: shape %v", got.Name, got.Tensor.Shape())
		}
	}
	y, err := m.Predict(nil, numbers(2, 3, 8, 8))
	if err != nil {
		t.Fatal(err)
	}
	if !y.HasShape(tensor.Shape{2, 3}) || slices.Min(y.Data()) >= 0 {
		t.Errorf("the result %v is no batch of logits", y)
	}
	if _, err := net.ReplaceHead(0); err == nil {
		t.Error("0 classes were accepted")
	}
}

// TestSummary has a row for each node, and the operators' paths are those of the layers.
func TestSummary(t *testing.T) {
	native := newModel(t, trainedNet(), tensor.Shape{3, 8, 8})
	net := imported(t, native, onnx.WriteOptions{KeepBatchNorm: true})
	rows, err := newModel(t, net, net.Input()).Summary(1)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	parameters := 0
	for _, r := range rows {
		got = append(got, r.Path+" "+r.Kind)
		parameters += r.Parameters
	}
	want := 0
	for _, p := range native.Parameters() {
		want += p.Value.Size()
	}
	if parameters != want {
		t.Errorf("%d parameters, want %d: %q", parameters, want, got)
	}
	for _, row := range []string{"0 Conv", "1 BatchNormalization", "8 Gemm"} {
		if !slices.Contains(got, row) {
			t.Errorf("no row %q in %q", row, got)
		}
	}
}

// TestDropout runs a file with a Dropout in both modes: in Train mode some elements are dropped,
// others than in the next step, and the rest is scaled; what is frozen drops nothing.
func TestDropout(t *testing.T) {
	for _, name := range []string{"dropout10", "dropout13"} {
		t.Run(name, func(t *testing.T) {
			net, m := load(t, name)
			x := tensor.Full(1, slices.Concat([]int{200}, net.Input())...)
			run := func(frozen nn.Frozen, step uint64) (dropped []int) {
				trace, err := m.TraceFrozen(x.Shape()[0], frozen)
				if err != nil {
					t.Fatal(err)
				}
				feeds := engine.Feeds{trace.Input: x}
				trace.FeedStep(feeds, step)
				results, err := engine.Run(reference.New(), feeds, trace.Output)
				if err != nil {
					t.Fatal(err)
				}
				for i, y := range results[0].Data() {
					switch {
					case y == 0:
						dropped = append(dropped, i)
					case trace.Step == nil && y != 1, trace.Step != nil && (y < 1.6666 || y > 1.6667): // 1/(1−0.4)
						t.Fatalf("element %d is %v", i, y)
					}
				}
				return dropped
			}
			first, again, second := run(nn.Frozen{}, 1), run(nn.Frozen{}, 1), run(nn.Frozen{}, 2)
			if n := len(first); n < 190 || n > 290 { // of 600, 240 ± 12
				t.Errorf("%d elements are dropped", n)
			}
			if !slices.Equal(first, again) || slices.Equal(first, second) {
				t.Errorf("dropped are %v, in the same step %v, in the next one %v", first, again, second)
			}
			if none := run(nn.Frozen{Layers: func(string) bool { return true }}, 1); none != nil {
				t.Errorf("dropped are %v of what is frozen", none)
			}
		})
	}
}
