package onnx_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strideml/stride/internal/bounded"
	"github.com/strideml/stride/onnx"
	"github.com/strideml/stride/onnx/internal/proto"
	"github.com/strideml/stride/tensor"
)

func TestUnsupported(t *testing.T) {
	_, err := onnx.Load("testdata/refused/several.onnx", onnx.Options{})
	var list *onnx.UnsupportedError
	if !errors.As(err, &list) {
		t.Fatalf("error %v", err)
	}
	want := []string{
		"warp (com.example.Warp) is not supported: its domain is not a standard one",
		"if (If) is not supported: control flow",
		"Relu: slope = 0.5 is not supported",
		`conv (Conv): auto_pad = SAME is not supported`,
		"pad (Pad): mode = mirror is not supported",
	}
	var got []string
	for _, n := range list.Nodes {
		got = append(got, n.String())
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if text := err.Error(); !strings.Contains(text, "several.onnx: 5 nodes are not supported:\n  warp (") {
		t.Errorf("message %q", text)
	}
}

func TestRefused(t *testing.T) {
	for name, want := range map[string]string{
		"bias_length": "conv (Conv2D 3×3, stride 1, padding 0): bias must have shape 4, got 3",
		"unsorted":    `Relu uses "a", which no node before it gives`,
		"twice":       `Neg gives "y", which is there already`,
	} {
		_, err := onnx.Load(filepath.Join("testdata/refused", name+".onnx"), onnx.Options{})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), name+".onnx: ") {
			t.Errorf("%s: error %v, want %q", name, err, want)
		}
	}
}

// write encodes a model of one input x and one output y.
func write(t *testing.T, m *proto.Model, dims []proto.Dim) []byte {
	t.Helper()
	m.IRVersion, m.Opsets = 8, []proto.Opset{{Version: 17}}
	m.Graph.Inputs = append([]*proto.ValueInfo{{Name: "x", Type: proto.Float, HasShape: dims != nil, Dims: dims}}, m.Graph.Inputs...)
	m.Graph.Outputs = []*proto.ValueInfo{{Name: "y", Type: proto.Float}}
	var b bytes.Buffer
	if err := proto.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func relu() *proto.Model {
	return &proto.Model{Graph: &proto.Graph{Nodes: []*proto.Node{{OpType: "Relu", Inputs: []string{"x"}, Outputs: []string{"y"}}}}}
}

func TestInputShape(t *testing.T) {
	open := []proto.Dim{{Param: "N"}, {Value: 3}, {Param: "height"}, {}}
	for _, c := range []struct {
		dims  []proto.Dim
		input tensor.Shape
		want  string
	}{
		{open, tensor.Shape{3, 4, 5}, ""},
		{[]proto.Dim{{Value: 1}, {Value: 3}}, nil, ""},
		{nil, tensor.Shape{3, 4, 5}, ""},
		{open, nil, "leaves sizes of input \"x\" open, N×3×height×?: give a shape"},
		{open, tensor.Shape{1, 4, 5}, "takes inputs of 3×0×0, not 1×4×5"},
		{open, tensor.Shape{3, 4}, "has 4 axes"},
		{nil, nil, "does not say the shape"},
		{open, tensor.Shape{3, 1 << 20, 1 << 20}, "too large"},
	} {
		net, err := onnx.Read(write(t, relu(), c.dims), onnx.Options{Input: c.input})
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%v %v: %v", c.dims, c.input, err)
		case c.want == "" && c.input != nil && !net.Input().Equal(c.input):
			t.Errorf("%v %v: input %v", c.dims, c.input, net.Input())
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%v %v: error %v, want %q", c.dims, c.input, err, c.want)
		}
	}
}

// TestHostileGraphs has small files that ask for very much.
func TestHostileGraphs(t *testing.T) {
	square := []proto.Dim{{Param: "N"}, {Value: 8}}
	ints := func(name string, v ...int64) *proto.Tensor {
		return &proto.Tensor{Name: name, Type: proto.Int64, Dims: []int64{int64(len(v))}, Int64Data: v}
	}
	// Each function calls the one before twice: 2⁴⁰ nodes.
	bomb := relu()
	bomb.Graph.Nodes[0] = &proto.Node{OpType: "F15", Domain: "f", Inputs: []string{"x"}, Outputs: []string{"y"}}
	for i := range 16 {
		f := &proto.Function{Domain: "f", Name: "F" + string(rune('0'+i)), Inputs: []string{"a"}, Outputs: []string{"z"},
			Opsets: []proto.Opset{{Version: 17}, {Domain: "f", Version: 1}}}
		if i >= 10 {
			f.Name = "F1" + string(rune('0'+i-10))
		}
		last := "a"
		for k := range 8 {
			out := "z"
			if k < 7 {
				out = string(rune('b' + k))
			}
			n := &proto.Node{OpType: "Relu", Inputs: []string{last}, Outputs: []string{out}}
			if i > 0 {
				n.OpType, n.Domain = bomb.Functions[i-1].Name, "f"
			}
			f.Nodes = append(f.Nodes, n)
			last = out
		}
		bomb.Functions = append(bomb.Functions, f)
	}
	itself := relu()
	itself.Graph.Nodes[0] = &proto.Node{OpType: "F", Domain: "f", Inputs: []string{"x"}, Outputs: []string{"y"}}
	itself.Functions = []*proto.Function{{Domain: "f", Name: "F", Inputs: []string{"a"}, Outputs: []string{"z"}, Opsets: []proto.Opset{{Domain: "f", Version: 1}},
		Nodes: []*proto.Node{{OpType: "F", Domain: "f", Inputs: []string{"a"}, Outputs: []string{"z"}}}}}
	expand := relu()
	expand.Graph.Initializers = []*proto.Tensor{ints("s", 1<<30, 1<<30), ints("i", 0)}
	expand.Graph.Nodes = []*proto.Node{
		{OpType: "ConstantOfShape", Inputs: []string{"s"}, Outputs: []string{"c"}, Attributes: []*proto.Attribute{{Name: "value", Type: proto.AttributeTensor, T: ints("", 1)}}},
		{OpType: "Gather", Inputs: []string{"x", "c"}, Outputs: []string{"y"}, Attributes: []*proto.Attribute{{Name: "axis", Type: proto.AttributeInt, I: 1}}},
	}
	tile := relu()
	tile.Graph.Initializers = []*proto.Tensor{ints("s", 1, 1<<40)}
	tile.Graph.Nodes = []*proto.Node{{OpType: "Tile", Inputs: []string{"x", "s"}, Outputs: []string{"y"}}}
	reshape := relu()
	reshape.Graph.Initializers = []*proto.Tensor{ints("s", 1<<62, 4, 2, 2)}
	reshape.Graph.Nodes = []*proto.Node{{OpType: "Reshape", Inputs: []string{"x", "s"}, Outputs: []string{"y"}}}
	transpose := func(perm ...int64) *proto.Model {
		m := relu()
		m.Graph.Nodes[0] = &proto.Node{OpType: "Transpose", Inputs: []string{"x"}, Outputs: []string{"y"},
			Attributes: []*proto.Attribute{{Name: "perm", Type: proto.AttributeInts, Ints: perm}}}
		return m
	}
	for name, c := range map[string]struct {
		model *proto.Model
		want  string
	}{
		"axes that are not there":        {transpose(0, 116), "[0 116] is not a permutation"},
		"an axis twice":                  {transpose(0, 0), "[0 0] is not a permutation"},
		"axes in order, not all there":   {transpose(1, 2), "[1 2] is not a permutation"},
		"an axis before the first":       {transpose(-1, 0), "[-1 0] is not a permutation"},
		"functions that call each other": {bomb, "more than 131072 nodes"},
		"a function that calls itself":   {itself, "more than 16 deep"},
		"a constant of 2⁶⁰ elements":     {expand, "too many elements"},
		"a tile of 2⁴⁰":                  {tile, "repeats = [1 1099511627776] is not supported"},
		"a shape that overflows":         {reshape, "too large"},
		"no graph":                       {&proto.Model{Graph: &proto.Graph{}}, "nothing gives the output"},
	} {
		if _, err := onnx.Read(write(t, c.model, square), onnx.Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
}

// FuzzRead looks for files that make Read panic, or take much time or memory.
func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("testdata/*.onnx")
	if err != nil || len(files) == 0 {
		f.Fatal(len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		bounded.Check(t, len(data), 2, func() {
			_, _ = onnx.Read(data, onnx.Options{Input: tensor.Shape{3, 6, 6}})
			_, _ = onnx.Read(data, onnx.Options{})
		})
	})
}
