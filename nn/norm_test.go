package nn_test

import (
	"math"
	"strings"
	"testing"

	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/tensor"
)

// TestNormLayers compares layers with PyTorch's results in the golden files of the
// operators: parameters are found by PyTorch's names.
func TestNormLayers(t *testing.T) {
	file, err := safetensors.Load("../engine/enginetest/testdata/norm.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, kind string
		layer      nn.Layer
		parameters int64
	}{
		{"layer0", "LayerNorm", nn.LayerNorm(), 14},
		{"layer1", "LayerNorm", nn.LayerNorm().Axes(-2, -1), 24},
		{"layerplain", "LayerNorm", nn.LayerNorm().NoAffine().Eps(1e-3), 0},
		{"group1", "GroupNorm", nn.GroupNorm(3), 12},
		{"group3", "GroupNorm", nn.GroupNorm(2), 12},
		{"groupplain", "GroupNorm", nn.GroupNorm(2).NoAffine().Eps(1e-3), 0},
		{"instance0", "InstanceNorm2D", nn.InstanceNorm2D().Affine(), 6},
	} {
		t.Run(test.name, func(t *testing.T) {
			x, want := get(t, file, test.name+"/x"), get(t, file, test.name+"/y")
			model, err := nn.New(nn.Sequential(test.layer), x.Shape()[1:], nn.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer model.Close()
			for _, v := range model.Parameters() {
				if err := v.Value.CopyFrom(get(t, file, test.name+"/"+v.Name[len("0."):])); err != nil {
					t.Fatal(err)
				}
				v.Changed()
			}
			y, err := model.Predict(reference.New(), x)
			if err != nil {
				t.Fatal(err)
			}
			for i, w := range want.Data() {
				if math.Abs(float64(y.Data()[i]-w)) > 1e-5 {
					t.Fatalf("element %d: got %v, want %v", i, y.Data()[i], w)
				}
			}
			rows, err := model.Summary(1)
			if err != nil {
				t.Fatal(err)
			}
			if len(rows) != 1 || rows[0].Kind != test.kind || int64(rows[0].Parameters) != test.parameters {
				t.Errorf("summary: %+v", rows)
			}
		})
	}
}

// TestNormLayersOfBadInput checks that each rule has its error.
func TestNormLayersOfBadInput(t *testing.T) {
	for name, test := range map[string]struct {
		layer nn.Layer
		input tensor.Shape
		want  string
	}{
		"axis of the batch": {nn.LayerNorm().Axes(0), tensor.Shape{4}, "axes must be from 1 to 1"},
		"no such axis":      {nn.LayerNorm().Axes(2), tensor.Shape{4}, "axes must be from 1 to 1"},
		"no axes":           {nn.LayerNorm().Axes(), tensor.Shape{4}, "at least one axis"},
		"axis twice":        {nn.LayerNorm().Axes(1, -1), tensor.Shape{4}, "given twice"},
		"negative eps":      {nn.LayerNorm().Eps(-1), tensor.Shape{4}, "eps must be at least 0"},
		"groups":            {nn.GroupNorm(3), tensor.Shape{4, 2, 2}, "3 groups must divide the 4 channels"},
		"groups of a row":   {nn.GroupNorm(3), tensor.Shape{4, 2}, "3 groups divide"},
		"no image":          {nn.InstanceNorm2D(), tensor.Shape{4}, "N×C×H×W"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := nn.New(nn.Sequential(test.layer), test.input, nn.Options{})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q in it", err, test.want)
			}
		})
	}
}

// ConvNeXt normalises the channels of each pixel.
func TestLayerNormOfChannels(t *testing.T) {
	model, err := nn.New(nn.LayerNorm().Axes(1), tensor.Shape{6, 3, 4}, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	want, err := nn.New(nn.Func("turned", func(x *graph.Node) *graph.Node {
		return graph.Transpose(graph.LayerNorm(graph.Transpose(x, 0, 2, 3, 1), nil, nil, 1e-5, -1), 0, 3, 1, 2)
	}), tensor.Shape{6, 3, 4}, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer want.Close()
	x := tensor.New(2, 6, 3, 4)
	for i := range x.Data() {
		x.Data()[i] = float32(i*i%17) / 4
	}
	for _, d := range devices {
		a, err := model.Predict(d, x)
		if err != nil {
			t.Fatal(err)
		}
		b, err := want.Predict(d, x)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range b.Data() {
			if a.Data()[i] != v {
				t.Fatalf("element %d: got %v, want %v", i, a.Data()[i], v)
			}
		}
	}
}
