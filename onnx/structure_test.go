package onnx_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/onnx"
	"github.com/strideml/stride/onnx/internal/proto"
	"github.com/strideml/stride/onnx/internal/samples"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"

	_ "github.com/strideml/stride/zoo/efficientnetlite"
	_ "github.com/strideml/stride/zoo/torchvision"
)

// written is what a reader finds in the file that Write writes.
func written(t *testing.T, m *nn.Model, options onnx.WriteOptions) *proto.Model {
	t.Helper()
	var b bytes.Buffer
	if err := onnx.Write(&b, m, options); err != nil {
		t.Fatal(err)
	}
	file, err := proto.Decode(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// largest is the number of parameters up to which TestWriteNetworks writes networks.
// With STRIDE_SLOW=1 in the environment it writes all, as onnxcheck does.
const largest = 6e6

// TestWriteNetworks writes networks of the zoo, with zeros as weights, and checks the
// names in the files.
func TestWriteNetworks(t *testing.T) {
	for _, name := range zoo.Names() {
		t.Run(name, func(t *testing.T) {
			spec, err := zoo.Get(name)
			if err != nil {
				t.Fatal(err)
			}
			parameters := 0
			shapes, err := nn.StateShapes(spec.New(10), spec.Input)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range shapes {
				parameters += s.Size()
			}
			if parameters > largest && os.Getenv("STRIDE_SLOW") == "" {
				t.Skip("large; STRIDE_SLOW=1 writes it too")
			}
			m, err := nn.New(spec.New(10), spec.Input, nn.Options{Init: nn.Constant(0)})
			if err != nil {
				t.Fatal(err)
			}
			file := written(t, m, onnx.WriteOptions{KeepBatchNorm: true})
			checkNames(t, file)
			for _, e := range m.State() {
				if !hasInitializer(file, e) {
					t.Errorf("no initializer has the name and the shape of %s %v", e.Name, e.Tensor.Shape())
				}
			}
			file = written(t, m, onnx.WriteOptions{Opset: 21})
			checkNames(t, file)
			out := file.Graph.Outputs[0]
			if file.IRVersion != 10 || file.Opsets[0].Version != 21 || len(out.Dims) != 2 || out.Dims[0].Param != "N" || out.Dims[1].Value != 10 {
				t.Errorf("IR version %d, opsets %v, output %+v", file.IRVersion, file.Opsets, out)
			}
		})
	}
}

// TestWriteSamples does the same for small networks with all operators.
func TestWriteSamples(t *testing.T) {
	for _, s := range samples.All() {
		m, err := s.Model()
		if err != nil {
			t.Fatal(err)
		}
		for opset := 13; opset <= 21; opset++ {
			t.Run(fmt.Sprint(s.Name, "/", opset), func(t *testing.T) {
				file := written(t, m, onnx.WriteOptions{Opset: opset})
				checkNames(t, file)
				if dims := file.Graph.Inputs[0].Dims; len(dims) != 4 || dims[0].Param != "N" || dims[1].Value != int64(s.Input[0]) {
					t.Errorf("input %+v", dims)
				}
				fixed := written(t, m, onnx.WriteOptions{Opset: opset, Batch: 5})
				checkNames(t, fixed)
				if dims := fixed.Graph.Inputs[0].Dims; dims[0] != (proto.Dim{Value: 5}) {
					t.Errorf("input %+v", dims)
				}
			})
		}
	}
}

// hasInitializer looks for a parameter. A convolution may have the weight of a linear
// layer, with more axes of size 1.
func hasInitializer(file *proto.Model, e tensor.Named) bool {
	return slices.ContainsFunc(file.Graph.Initializers, func(t *proto.Tensor) bool {
		rank := len(e.Tensor.Shape())
		if t.Name != e.Name || len(t.Raw) != 4*e.Tensor.Size() || len(t.Dims) < rank {
			return false
		}
		return slices.EqualFunc(t.Dims[:rank], e.Tensor.Shape(), func(a int64, b int) bool { return a == int64(b) })
	})
}

// checkNames checks that each name is given once, before it is used, and that nothing is
// superfluous.
func checkNames(t *testing.T, file *proto.Model) {
	t.Helper()
	given, used, nodes := map[string]bool{"": true}, map[string]bool{}, map[string]bool{}
	give := func(name string) {
		if given[name] {
			t.Errorf("%q is given twice", name)
		}
		given[name] = true
	}
	for _, i := range file.Graph.Inputs {
		give(i.Name)
		used[i.Name] = true
	}
	for _, i := range file.Graph.Initializers {
		give(i.Name)
	}
	for _, n := range file.Graph.Nodes {
		for _, name := range n.Inputs {
			if !given[name] {
				t.Errorf("%s uses %q, which is not there", n.Name, name)
			}
			used[name] = true
		}
		for _, name := range n.Outputs {
			give(name)
		}
		if n.Name == "" || nodes[n.Name] {
			t.Errorf("two nodes are named %q", n.Name)
		}
		nodes[n.Name] = true
	}
	used[file.Graph.Outputs[0].Name], used[""] = true, true
	for _, n := range file.Graph.Nodes { // of several results, one is enough
		if slices.ContainsFunc(n.Outputs, func(name string) bool { return used[name] }) {
			for _, name := range n.Outputs {
				used[name] = true
			}
		}
	}
	for name := range given {
		if !used[name] {
			t.Errorf("%q is not used", name)
		}
	}
}

// operators counts the nodes of a file.
func operators(file *proto.Model) map[string]int {
	counts := map[string]int{}
	for _, n := range file.Graph.Nodes {
		counts[n.OpType]++
	}
	return counts
}

func TestWriteBatchNorm(t *testing.T) {
	m := small(t, convNet())
	for i := range m.Buffers() {
		data := m.Buffers()[i].Value.Data()
		for j := range data {
			data[j] = float32(i + 1)
		}
	}
	folded := written(t, m, onnx.WriteOptions{})
	if got := operators(folded); got["BatchNormalization"] != 0 || got["Conv"] != 1 || got["Gemm"] != 1 || got["Dropout"] != 0 {
		t.Errorf("folded: %v", got)
	}
	if got := initializers(folded); !slices.Equal(got, []string{"0.bias", "0.weight", "5.bias", "5.weight"}) {
		t.Errorf("folded: initializers %q", got)
	}
	kept := written(t, m, onnx.WriteOptions{KeepBatchNorm: true})
	if got := operators(kept); got["BatchNormalization"] != 1 {
		t.Errorf("kept: %v", got)
	}
	for _, e := range m.State() {
		if !hasInitializer(kept, e) {
			t.Errorf("kept: no %s", e.Name)
		}
	}
	if n := kept.Graph.Nodes[0]; n.Name != "0/Conv" || n.OpType != "Conv" {
		t.Errorf("the first node is %+v", n)
	}
}

// TestWriteConvTranspose: a transposed convolution takes in its bias and a batch
// normalization.
func TestWriteConvTranspose(t *testing.T) {
	m := small(t, nn.Sequential(nn.ConvTranspose2D(6, 3).Groups(3).Stride(2).NoBias(), nn.BatchNorm(), nn.ConvTranspose2D(4, 2), nn.BatchNorm()))
	folded := written(t, m, onnx.WriteOptions{})
	if got := operators(folded); len(got) != 1 || got["ConvTranspose"] != 2 {
		t.Errorf("folded: %v", got)
	}
	if got, want := initializers(folded), []string{"0.bias", "0.weight", "2.bias", "2.weight"}; !slices.Equal(got, want) {
		t.Errorf("folded: initializers %q, want %q", got, want)
	}
	kept := operators(written(t, m, onnx.WriteOptions{KeepBatchNorm: true}))
	if len(kept) != 2 || kept["ConvTranspose"] != 2 || kept["BatchNormalization"] != 2 {
		t.Errorf("kept: %v", kept)
	}
}

// initializers are the names of the constants and the parameters of a file, sorted.
func initializers(file *proto.Model) []string {
	var names []string
	for _, i := range file.Graph.Initializers {
		names = append(names, i.Name)
	}
	slices.Sort(names)
	return names
}

// TestWriteReshaped: the weight of a linear layer that a convolution uses keeps its name.
func TestWriteReshaped(t *testing.T) {
	m := small(t, &pointwise{Weight: nn.Parameter(5, 3)})
	if got := initializers(written(t, m, onnx.WriteOptions{})); !slices.Equal(got, []string{"weight"}) {
		t.Errorf("initializers %q", got)
	}
}

type pointwise struct {
	Weight *nn.Param `nn:"weight"`
}

// Forward implements nn.Layer.
func (p *pointwise) Forward(x *graph.Node) *graph.Node {
	return graph.Conv2D(x, graph.Reshape(p.Weight.Value(x), 5, 3, 1, 1), nil, graph.Window{}, 1)
}

// TestWriteResize: a Resize is written if ONNX's formulas lead to the same elements.
func TestWriteResize(t *testing.T) {
	for _, test := range []struct {
		resize        graph.Resize
		height, width int
		want          bool
	}{
		{graph.Resize{}, 16, 4, true},
		{graph.Resize{Coordinates: graph.Asymmetric, Rounding: graph.RoundFloor}, 16, 16, true},
		{graph.Resize{Coordinates: graph.HalfPixelSymmetric, Mode: graph.ResizeLinear}, 7, 11, true},
		{graph.Resize{Mode: graph.ResizeCubic, CubicA: -0.5, ExcludeOutside: true}, 7, 11, true},
		{graph.Resize{Mode: graph.ResizeLinear, Scale: [2]float64{1.3125, 1.3125}}, 10, 10, true},
		{graph.Resize{Mode: graph.ResizeLinear, Scale: [2]float64{1.3125, 1.3125}, Coordinates: graph.AlignCorners}, 10, 10, false},
		{graph.Resize{Mode: graph.ResizeLinear, Antialias: true}, 4, 4, false},
		// Element 8 stands for element 5, but 8/float32(1.6) is less than 5.
		{graph.Resize{Scale: [2]float64{1.6, 1.6}, Coordinates: graph.Asymmetric, Rounding: graph.RoundFloor}, 12, 12, false},
		{graph.Resize{Scale: [2]float64{1.6, 1.6}, Coordinates: graph.Asymmetric}, 12, 12, true},
	} {
		m := small(t, nn.Func("Resize", func(x *graph.Node) *graph.Node { return graph.Resize2D(x, test.height, test.width, test.resize) }))
		got := operators(written(t, m, onnx.WriteOptions{}))
		if (got["Resize"] == 1) != test.want || (got["MatMul"] == 2) == test.want {
			t.Errorf("%+v to %d×%d: %v", test.resize, test.height, test.width, got)
		}
	}
}

func TestWriteMetadata(t *testing.T) {
	m := small(t, convNet())
	classes := []string{"cat", "it's \\ \n é \u2028 \U000e0001"}
	config := preprocess.Config{InputSize: tensor.Shape{3, 8, 8}, CropPct: 0.875, Mean: []float32{0.5}, Std: []float32{0.25}}
	file := written(t, m, onnx.WriteOptions{Classes: classes, Net: "tiny", Preprocessing: config})
	got := map[string]string{}
	for _, p := range file.Metadata {
		got[p.Key] = p.Value
	}
	if file.ProducerName != "stride" || file.Graph.Name != "tiny" || got["stride.net"] != "tiny" || got["stride.input"] != "[3,8,8]" {
		t.Errorf("producer %q, graph %q, metadata %q", file.ProducerName, file.Graph.Name, got)
	}
	if want := `{0: 'cat', 1: 'it\'s \\ \x0a é \u2028 \U000e0001'}`; got["names"] != want {
		t.Errorf("names %s, want %s", got["names"], want)
	}
	var names []string
	if err := json.Unmarshal([]byte(got["stride.classes"]), &names); err != nil || !slices.Equal(names, classes) {
		t.Errorf("classes %q, %v", names, err)
	}
	var read preprocess.Config
	if err := json.Unmarshal([]byte(got["stride.preprocessing"]), &read); err != nil || fmt.Sprint(read) != fmt.Sprint(config.WithDefaults()) {
		t.Errorf("preprocessing %+v, %v", read, err)
	}
}

func TestWriteInterface(t *testing.T) {
	m := small(t, convNet())
	config := preprocess.Config{InputSize: tensor.Shape{3, 8, 8}, Mean: []float32{0.5, 0, 1}, Std: []float32{0.25, 1, 0.5}, Invert: true}
	file := written(t, m, onnx.WriteOptions{IncludeSoftmax: true, IncludePreprocessing: true, Preprocessing: config, Input: "pixels", Output: "scores"})
	checkNames(t, file)
	in, out := file.Graph.Inputs[0], file.Graph.Outputs[0]
	if want := []proto.Dim{{Param: "N"}, {Value: 8}, {Value: 8}, {Value: 3}}; in.Name != "pixels" || in.Type != proto.Uint8 || !slices.Equal(in.Dims, want) {
		t.Errorf("input %+v", in)
	}
	last := file.Graph.Nodes[len(file.Graph.Nodes)-1]
	if out.Name != "scores" || last.OpType != "Softmax" || last.Outputs[0] != "scores" {
		t.Errorf("output %+v of %+v", out, last)
	}
	var kinds []string
	for _, n := range file.Graph.Nodes[:4] {
		kinds = append(kinds, n.OpType)
	}
	if got := strings.Join(kinds, " "); got != "Transpose Cast Mul Add" {
		t.Errorf("the file begins with %s", got)
	}
}
