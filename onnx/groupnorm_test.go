package onnx_test

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/onnx"
	"github.com/strideml/stride/onnx/internal/proto"
	"github.com/strideml/stride/tensor"
)

// TestFindsGroupNorm reads group normalizations as PyTorch's exporters write them: five nodes
// around an InstanceNormalization.
func TestFindsGroupNorm(t *testing.T) {
	data, err := os.ReadFile("testdata/exports/group_norm.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Output, Input []float32
		Parameters    [][]float32
	}
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"exports/group_norm", "exports/group_norm_unfolded", "exports/group_norm_dynamo", "exports/group_norm_batches"} {
		t.Run(name, func(t *testing.T) {
			_, m := load(t, name)
			defer m.Close()
			trace, err := m.Trace(2, nn.Train)
			if err != nil {
				t.Fatal(err)
			}
			kinds := kindsOf(trace)
			if kinds["GroupNorm"] != 3 || kinds["Mul"] != 0 || kinds["Add"] != 1 { // the bias of the last layer
				t.Errorf("the graph has %v", kinds)
			}
			params := m.Parameters()
			if len(params) == len(golden.Parameters)+2 { // with dynamo, the layer without a scale and a shift has them
				params = slices.Delete(params, 7, 9)
			}
			if len(params) != len(golden.Parameters) {
				t.Fatalf("%d parameters, want %d", len(params), len(golden.Parameters))
			}
			nodes := []*graph.Node{trace.Input}
			for _, p := range params {
				nodes = append(nodes, trace.Graph.Variable(p))
			}
			weights := trace.Graph.Constant(numbers(trace.Output.Shape()...))
			grads := graph.Gradients(graph.Sum(graph.Mul(trace.Output, weights), 0, 1), nodes...)
			got, err := engine.Run(reference.New(), engine.Feeds{trace.Input: numbers(2, 3, 9, 8)}, append(grads, trace.Output)...)
			if err != nil {
				t.Fatal(err)
			}
			check := func(what string, got *tensor.Tensor, want []float32) {
				t.Helper()
				if w := tensor.Must(tensor.FromSlice(want, got.Shape()...)); !got.AllClose(w, 1e-4, 1e-5) {
					t.Errorf("%s: got %v, want %v", what, got, w)
				}
			}
			check("output", got[len(got)-1], golden.Output)
			check("input", got[0], golden.Input)
			for i, want := range golden.Parameters {
				check(params[i].Name, got[1+i], want)
			}
			if strings.HasSuffix(name, "unfolded") && m.State()[1].Name != "1.weight" {
				t.Errorf("the scale is %s, want 1.weight", m.State()[1].Name)
			}
		})
	}
}

// A file that Stride has written for an operator set without group normalizations has them when it
// is read again, and for other batches than it was written with; so has one of dynamo.
func TestGroupNormAgain(t *testing.T) {
	_, m := load(t, "exports/group_norm")
	defer m.Close()
	path := filepath.Join(t.TempDir(), "again.onnx")
	if err := onnx.Save(path, m, onnx.WriteOptions{Opset: 17}); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{path, "testdata/exports/group_norm_dynamo.onnx"} {
		net, err := onnx.Load(path, onnx.Options{})
		if err != nil {
			t.Fatal(err)
		}
		again, err := nn.New(net, net.Input(), nn.Options{})
		if err != nil {
			t.Fatal(err)
		}
		trace, err := again.Trace(3, nn.Eval)
		if err != nil {
			t.Fatal(err)
		}
		if kinds := kindsOf(trace); kinds["GroupNorm"] != 3 || kinds["LayerNorm"] != 0 {
			t.Errorf("%s: the graph has %v", path, kinds)
		}
		want, err := m.Predict(reference.New(), numbers(3, 3, 9, 8))
		if err != nil {
			t.Fatal(err)
		}
		got, err := again.Predict(reference.New(), numbers(3, 3, 9, 8))
		if err != nil {
			t.Fatal(err)
		}
		if !got.AllClose(want, 1e-5, 1e-6) {
			t.Errorf("%s: got %v, want %v", path, got, want)
		}
	}
}

func kindsOf(t *nn.Trace) map[string]int {
	kinds := map[string]int{}
	for _, n := range t.Graph.Nodes() {
		kinds[n.Op().Kind()]++
	}
	return kinds
}

// Groups that are not those of channels, since the rows become another image than they were, are
// normalized as the file says.
func TestGroupsOfOtherImages(t *testing.T) {
	ints := func(name string, v ...int64) *proto.Tensor {
		return &proto.Tensor{Name: name, Type: proto.Int64, Dims: []int64{int64(len(v))}, Int64Data: v}
	}
	floats := func(name string, dims []int64, v []float32) *proto.Tensor {
		return &proto.Tensor{Name: name, Type: proto.Float, Dims: dims, FloatData: v}
	}
	const samples, size = 2, 144 // 4×6×6
	for _, c := range []struct {
		groups int
		image  []int64
	}{{2, []int64{samples, 4, 6, 6}}, {4, []int64{samples, 6, 4, 6}}, {2, []int64{4, 2, 6, 6}}} {
		channels := int(c.image[1])
		scale, shift := make([]float32, channels), make([]float32, channels)
		for i := range channels {
			scale[i], shift[i] = 1+float32(i)/4, float32(i)/8
		}
		ofChannels := []int64{c.image[1], 1, 1}
		m := &proto.Model{IRVersion: 8, Opsets: []proto.Opset{{Version: 17}}, Graph: &proto.Graph{
			Inputs:  []*proto.ValueInfo{{Name: "x", Type: proto.Float, HasShape: true, Dims: []proto.Dim{{Value: samples}, {Value: 4}, {Value: 6}, {Value: 6}}}},
			Outputs: []*proto.ValueInfo{{Name: "y"}},
			Initializers: []*proto.Tensor{
				ints("rows", 0, int64(c.groups), -1), ints("image", c.image...), ints("flat", samples, size),
				floats("ones", []int64{int64(c.groups)}, slices.Repeat([]float32{1}, c.groups)), floats("zeros", []int64{int64(c.groups)}, make([]float32, c.groups)),
				floats("scale", ofChannels, scale), floats("shift", ofChannels, shift),
			},
			Nodes: []*proto.Node{
				{OpType: "Reshape", Inputs: []string{"x", "rows"}, Outputs: []string{"a"}},
				{OpType: "InstanceNormalization", Inputs: []string{"a", "ones", "zeros"}, Outputs: []string{"b"}},
				{OpType: "Reshape", Inputs: []string{"b", "image"}, Outputs: []string{"c"}},
				{OpType: "Mul", Inputs: []string{"c", "scale"}, Outputs: []string{"d"}},
				{OpType: "Add", Inputs: []string{"d", "shift"}, Outputs: []string{"e"}},
				{OpType: "Reshape", Inputs: []string{"e", "flat"}, Outputs: []string{"y"}},
			},
		}}
		var file bytes.Buffer
		if err := proto.Encode(&file, m); err != nil {
			t.Fatal(err)
		}
		net, err := onnx.Read(file.Bytes(), onnx.Options{})
		if err != nil {
			t.Fatal(err)
		}
		model, err := nn.New(net, net.Input(), nn.Options{})
		if err != nil {
			t.Fatal(err)
		}
		x := numbers(samples, 4, 6, 6)
		want := make([]float32, samples*size)
		row := size / c.groups
		for i := range samples * c.groups {
			sum, squares := 0.0, 0.0
			for _, v := range x.Data()[i*row:][:row] {
				sum, squares = sum+float64(v), squares+float64(v)*float64(v)
			}
			mean := sum / float64(row)
			deviation := math.Sqrt(squares/float64(row) - mean*mean + 1e-5)
			for j := i * row; j < (i+1)*row; j++ {
				channel := j / int(c.image[2]*c.image[3]) % channels
				want[j] = float32((float64(x.Data()[j])-mean)/deviation)*scale[channel] + shift[channel]
			}
		}
		got, err := model.Predict(cpu.Default(), x)
		if err != nil {
			t.Fatal(err)
		}
		if !got.AllClose(tensor.Must(tensor.FromSlice(want, samples, size)), 1e-4, 1e-5) {
			t.Errorf("%d groups, image %v: got %v, want %v", c.groups, c.image, got, want)
		}
	}
}
