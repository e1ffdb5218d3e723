package proto

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/protobuf/encoding/protowire"
)

// A failing writer takes n bytes.
type failing struct{ n int }

var errFull = errors.New("no space left")

func (f *failing) Write(p []byte) (int, error) {
	if len(p) > f.n {
		n := f.n
		f.n = 0
		return n, errFull
	}
	f.n -= len(p)
	return len(p), nil
}

// sample is a model with a value in every field that can be written.
func sample() *Model {
	large := make([]float32, 5000)
	for i := range large {
		large[i] = float32(i)
	}
	node := &Node{
		Name: "n", OpType: "Op", Domain: "d", Overload: "o", Doc: "doc", Inputs: []string{"a", "", "b"}, Outputs: []string{"c"},
		Attributes: []*Attribute{
			{Name: "f", Type: AttributeFloat, F: 1.5},
			{Name: "zero", Type: AttributeFloat},
			{Name: "i", Type: AttributeInt, I: -3},
			{Name: "s", Type: AttributeString, S: "t\xff"},
			{Name: "t", Type: AttributeTensor, T: &Tensor{Type: Float, Raw: []byte{0, 0, 128, 63}}},
			{Name: "g", Type: AttributeGraph, G: &Graph{Name: "inner"}},
			{Name: "fs", Type: AttributeFloats, Floats: []float32{1, float32(math.Inf(1))}},
			{Name: "is", Type: AttributeInts, Ints: []int64{0, -1, math.MaxInt64}},
			{Name: "ss", Type: AttributeStrings, Strings: []string{"x", ""}},
			{Name: "ts", Type: AttributeTensors, Tensors: []*Tensor{{Type: Int32, Dims: []int64{2}, Int32Data: []int32{-1, 7}}}},
			{Name: "gs", Type: AttributeGraphs, Graphs: []*Graph{{Name: "second"}}},
		},
	}
	return &Model{
		IRVersion: 8, Opsets: []Opset{{"", 17}, {"d", 1}}, ProducerName: "p", ProducerVersion: "v", Domain: "dom", ModelVersion: 3, Doc: "doc",
		Metadata: []Property{{"k", "v"}},
		Graph: &Graph{
			Name: "g", Doc: "graph", Nodes: []*Node{node},
			Initializers: []*Tensor{
				{Name: "w", Type: Float, Dims: []int64{50, 100}, Raw: nil, FloatData: large},
				{Name: "empty", Type: Float, Dims: []int64{0}, FloatData: []float32{}},
				{Name: "ints", Type: Int64, Dims: []int64{2}, Int64Data: []int64{-1, 1 << 40}},
				{Name: "doubles", Type: Double, Dims: []int64{1}, DoubleData: []float64{0.1}, Doc: "d"},
				{Name: "unsigned", Type: Uint64, Dims: []int64{1}, Uint64Data: []uint64{math.MaxUint64}},
				{Name: "texts", Type: String, Dims: []int64{2}, StringData: []string{"a", "\x00"}},
				{Name: "outside", Type: Float, Dims: []int64{1}, IsExternal: true, External: []Property{{"location", "x"}}},
			},
			Inputs: []*ValueInfo{
				{Name: "a", Type: Float, HasShape: true, Dims: []Dim{{Param: "N"}, {Value: 3}, {}}, Doc: "in"},
				{Name: "b"},
			},
			Outputs:    []*ValueInfo{{Name: "c", Type: Int64, HasShape: true}},
			ValueInfos: []*ValueInfo{{Name: "d", Type: Bool}},
		},
		Functions: []*Function{{
			Domain: "d", Name: "F", Overload: "o", Inputs: []string{"x"}, Outputs: []string{"y"}, Attributes: []string{"a"},
			Defaults: []*Attribute{{Name: "b", Type: AttributeInt, I: 1}},
			Nodes:    []*Node{{OpType: "Op", Attributes: []*Attribute{{Name: "z", Ref: "a", Type: AttributeInt}}}},
			Opsets:   []Opset{{"", 17}},
		}},
	}
}

// Decode reads what Encode writes. Numbers of 4 and 8 bytes come back as raw bytes.
func TestEncodeDecode(t *testing.T) {
	var b bytes.Buffer
	if err := Encode(&b, sample()); err != nil {
		t.Fatal(err)
	}
	got, err := Decode(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	want := sample()
	for _, tensor := range want.Graph.Initializers {
		for _, v := range tensor.FloatData {
			tensor.Raw = binary.LittleEndian.AppendUint32(tensor.Raw, math.Float32bits(v))
		}
		for _, v := range tensor.Int64Data {
			tensor.Raw = binary.LittleEndian.AppendUint64(tensor.Raw, uint64(v))
		}
		for _, v := range tensor.DoubleData {
			tensor.Raw = binary.LittleEndian.AppendUint64(tensor.Raw, math.Float64bits(v))
		}
		tensor.FloatData, tensor.Int64Data, tensor.DoubleData = nil, nil, nil
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}

// Size is what Encode writes, and a writer that fails anywhere gives its error.
func TestEncodeFails(t *testing.T) {
	m := sample()
	var b bytes.Buffer
	if err := Encode(&b, m); err != nil || int64(b.Len()) != Size(m) {
		t.Fatalf("%d bytes, %v; Size says %d", b.Len(), err, Size(m))
	}
	for _, n := range []int{0, 1, 100, b.Len() / 2, b.Len() - 1} {
		if err := Encode(&failing{n}, m); !errors.Is(err, errFull) {
			t.Errorf("after %d of %d bytes: %v", n, b.Len(), err)
		}
	}
}

// A file of 2 GiB is refused before anything is written.
func TestEncodeTooLarge(t *testing.T) {
	big := make([]float32, 1<<20)
	m := &Model{Graph: &Graph{}}
	for range 512 { // the same memory, 2 GiB as a file
		m.Graph.Initializers = append(m.Graph.Initializers, &Tensor{Type: Float, FloatData: big})
	}
	if err := Encode(&failing{0}, m); !errors.Is(err, ErrTooLarge) {
		t.Errorf("got %v", err)
	}
	if size := Size(m); size <= 2<<30 || size > 2<<30+1<<20 {
		t.Errorf("Size is %d", size)
	}
}

func TestEncodeRefuses(t *testing.T) {
	for want, change := range map[string]func(m *Model){
		`"\xff" is not valid UTF-8`:    func(m *Model) { m.Graph.Nodes[0].Inputs[0] = "\xff" },
		"sparse initializers cannot":   func(m *Model) { m.Graph.SparseInitializers = 1 },
		`value "a" is a sequence`:      func(m *Model) { m.Graph.Inputs[0].Kind = "sequence" },
		`attribute "f" has the type 0`: func(m *Model) { m.Graph.Nodes[0].Attributes[0].Type = AttributeUndefined },
	} {
		m := sample()
		change(m)
		if err := Encode(io.Discard, m); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// The elements of a tensor are raw data, little endian.
func TestEncodeRaw(t *testing.T) {
	e := encoder{}
	m := e.tensor(&Tensor{Name: "w", Type: Float, Dims: []int64{2}, FloatData: []float32{1, float32(math.NaN())}})
	var b bytes.Buffer
	if err := m.writeTo(&b); err != nil {
		t.Fatal(err)
	}
	var want []byte
	want = protowire.AppendVarint(protowire.AppendTag(want, 1, protowire.VarintType), 2)
	want = protowire.AppendVarint(protowire.AppendTag(want, 2, protowire.VarintType), 1)
	want = protowire.AppendBytes(protowire.AppendTag(want, 9, protowire.BytesType), []byte{0, 0, 0x80, 0x3f, 0, 0, 0xc0, 0x7f})
	want = protowire.AppendString(protowire.AppendTag(want, 8, protowire.BytesType), "w")
	if got := b.Bytes(); len(got) != len(want) || !bytes.Equal(got[:12], want[:12]) || !bytes.HasSuffix(got, want[len(want)-3:]) {
		t.Errorf("got % x, want % x", got, want)
	}
}

func TestMoveData(t *testing.T) {
	m := sample()
	small := []float32{1, 2}
	last := make([]float32, 300)
	last[299] = 7
	m.Graph.Initializers = append(m.Graph.Initializers, &Tensor{Name: "small", Type: Float, FloatData: small}, &Tensor{Name: "last", Type: Float, FloatData: last})
	file := MoveData(m, "m.data")
	var b bytes.Buffer
	if err := file.Write(&b); err != nil {
		t.Fatal(err)
	}
	w, moved := m.Graph.Initializers[0], m.Graph.Initializers[len(m.Graph.Initializers)-1]
	if !w.IsExternal || w.FloatData != nil || w.External[1].Value != "0" || w.External[2].Value != "20000" {
		t.Errorf("w is %+v", w)
	}
	if want := []Property{{"location", "m.data"}, {"offset", "20480"}, {"length", "1200"}}; len(moved.External) != 3 || moved.External[0] != want[0] || moved.External[1] != want[1] || moved.External[2] != want[2] {
		t.Errorf("the last one is at %v", moved.External)
	}
	if m.Graph.Initializers[len(m.Graph.Initializers)-2].IsExternal {
		t.Error("a small tensor is external")
	}
	if got := b.Bytes(); len(got) != 20480+1200 || !bytes.Equal(got[4:8], []byte{0, 0, 0x80, 0x3f}) || !bytes.Equal(got[len(got)-4:], []byte{0, 0, 0xe0, 0x40}) {
		t.Errorf("%d bytes", len(got))
	}
	for _, n := range []int{0, 20100, 21000} {
		if err := file.Write(&failing{n}); !errors.Is(err, errFull) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}
