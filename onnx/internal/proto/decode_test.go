package proto

import (
	"bytes"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/strideml/stride/internal/bounded"
	"google.golang.org/protobuf/encoding/protowire"
)

// part is a field with bytes.
func part(number protowire.Number, parts ...[]byte) []byte {
	b := protowire.AppendTag(nil, number, protowire.BytesType)
	return protowire.AppendBytes(b, slices.Concat(parts...))
}

func text(number protowire.Number, s string) []byte { return part(number, []byte(s)) }

func varint(number protowire.Number, v int64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(nil, number, protowire.VarintType), uint64(v))
}

func fixed32(number protowire.Number, v float32) []byte {
	return protowire.AppendFixed32(protowire.AppendTag(nil, number, protowire.Fixed32Type), math.Float32bits(v))
}

func floatBytes(vs ...float32) (b []byte) {
	for _, v := range vs {
		b = protowire.AppendFixed32(b, math.Float32bits(v))
	}
	return b
}

func TestDecode(t *testing.T) {
	node := part(1, text(1, "x"), text(1, ""), text(2, "y"), text(3, "conv/1"), text(4, "Conv"), text(7, "ai.onnx"),
		part(5, text(1, "pads"), varint(20, 7), part(8, []byte{1, 2, 3})),
		part(5, text(1, "group"), varint(3, -1)), // IR version 1 has no type
		part(5, text(1, "alpha"), varint(20, 1), fixed32(2, 0.5)),
	)
	weight := part(5, varint(1, 2), varint(1, 1), varint(2, 1), text(8, "w"), part(9, floatBytes(1, 2)))
	packed := part(5, part(1, []byte{2}), varint(2, 1), text(8, "packed"), part(4, floatBytes(3, 4)))
	loose := part(5, part(1, []byte{2}), varint(2, 1), text(8, "loose"), part(4, floatBytes(5)), fixed32(4, 6))
	half := part(5, varint(1, 1), varint(2, 10), varint(5, 0x3c00))
	outside := part(5, varint(2, 1), varint(14, 1), part(13, text(1, "location"), text(2, "w.bin")))
	input := part(11, text(1, "x"), part(2, part(1, varint(1, 1), part(2, part(1, text(2, "N")), part(1, varint(1, 3)), part(1)))))
	sequence := part(12, text(1, "y"), part(2, part(4)))
	file := slices.Concat(varint(1, 8), text(2, "test"),
		part(7, text(2, "main"), node, weight, packed, loose, half, outside, input, sequence, part(15)),
		part(8, varint(2, 17)), part(14, text(1, "names"), text(2, "{}")),
		part(25, text(1, "F"), text(4, "a"), text(5, "b"), text(6, "p"), part(7, text(4, "Relu")), text(10, "local"), part(9, varint(2, 17))),
		part(99, []byte("what later versions add")))
	got, err := Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	want := &Model{
		IRVersion: 8, ProducerName: "test",
		Opsets:   []Opset{{Version: 17}},
		Metadata: []Property{{"names", "{}"}},
		Functions: []*Function{{Domain: "local", Name: "F", Inputs: []string{"a"}, Outputs: []string{"b"}, Attributes: []string{"p"},
			Nodes: []*Node{{OpType: "Relu"}}, Opsets: []Opset{{Version: 17}}}},
		Graph: &Graph{
			Name: "main",
			Nodes: []*Node{{Name: "conv/1", OpType: "Conv", Domain: "ai.onnx", Inputs: []string{"x", ""}, Outputs: []string{"y"}, Attributes: []*Attribute{
				{Name: "pads", Type: AttributeInts, Ints: []int64{1, 2, 3}},
				{Name: "group", Type: AttributeInt, I: -1},
				{Name: "alpha", Type: AttributeFloat, F: 0.5},
			}}},
			Initializers: []*Tensor{
				{Name: "w", Type: Float, Dims: []int64{2, 1}, Raw: floatBytes(1, 2)},
				{Name: "packed", Type: Float, Dims: []int64{2}, Raw: floatBytes(3, 4)},
				{Name: "loose", Type: Float, Dims: []int64{2}, FloatData: []float32{5, 6}},
				{Type: Float16, Dims: []int64{1}, Int32Data: []int32{0x3c00}},
				{Type: Float, IsExternal: true, External: []Property{{"location", "w.bin"}}},
			},
			Inputs:             []*ValueInfo{{Name: "x", Type: Float, HasShape: true, Dims: []Dim{{Param: "N"}, {Value: 3}, {}}}},
			Outputs:            []*ValueInfo{{Name: "y", Kind: "sequence"}},
			SparseInitializers: 1,
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if raw := got.Graph.Initializers[0].Raw; &raw[0] != &file[bytes.Index(file, raw)] {
		t.Error("the bytes of a tensor were copied")
	}
}

func TestDecodeRefuses(t *testing.T) {
	deep := part(1)
	for range 100 { // node, attribute, graph, node, …
		deep = part(1, part(5, part(6, deep)))
	}
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"truncated":        {[]byte{7<<3 | 2, 100}, "unexpected EOF"},
		"length overflows": {append([]byte{7<<3 | 2}, protowire.AppendVarint(nil, math.MaxUint64)...), "EOF"},
		"field number 0":   {[]byte{0, 0}, "invalid field number"},
		"wrong wire type":  {part(1, []byte{1}), "field 1 has wire type 2, want 0"},
		"two graphs":       {slices.Concat(part(7), part(7)), "two of a part"},
		"nested":           {part(7, deep), "nested more than 48 deep"},
		"empty nodes":      {part(7, bytes.Repeat([]byte{1<<3 | 2, 0}, 4<<20)), "too many small parts"},
		"empty names":      {part(7, part(1, bytes.Repeat([]byte{1<<3 | 2, 0}, 4<<20))), "too many small parts"},
		"single numbers":   {part(7, part(5, bytes.Repeat([]byte{7 << 3, 0}, 4<<20))), "too many small parts"},
		"a bad number":     {part(7, part(5, part(7, []byte{0x80}))), "EOF"},
		"half a float":     {part(7, part(5, varint(2, 10), part(4, []byte{1, 2, 3}))), "EOF"},
	} {
		_, err := Decode(c.file)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "not a valid ONNX file: ") {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
}

// TestDecodeMemory holds the promise of Decode for files of many small parts, which are
// accepted up to a point.
func TestDecodeMemory(t *testing.T) {
	for name, c := range map[string]struct {
		repeated []byte
		inside   func(parts []byte) []byte
	}{
		"nodes":      {[]byte{1<<3 | 2, 0}, func(p []byte) []byte { return part(7, p) }},
		"inputs":     {[]byte{1<<3 | 2, 0}, func(p []byte) []byte { return part(7, part(1, p)) }},
		"numbers":    {[]byte{7 << 3, 0}, func(p []byte) []byte { return part(7, part(5, p)) }},
		"attributes": {[]byte{5<<3 | 2, 0}, func(p []byte) []byte { return part(7, part(1, p)) }},
		"properties": {[]byte{14<<3 | 2, 0}, func(p []byte) []byte { return p }},
	} {
		most := 0
		for count := 1 << 10; count <= 1<<19; count *= 2 {
			file := c.inside(bytes.Repeat(c.repeated, count))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := Decode(file)
			runtime.ReadMemStats(&after)
			most = max(most, int(after.TotalAlloc-before.TotalAlloc))
			if limit := 2*baseMemory + 4*len(file); most > limit {
				t.Errorf("%s: %d bytes were allocated for a file of %d, more than %d", name, most, len(file), limit)
			}
			if err != nil {
				break
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(slices.Concat(varint(1, 8), part(7, part(1, text(4, "Relu"), part(5, part(8, []byte{1}))), part(5, varint(2, 1), part(4, floatBytes(1))))))
	f.Fuzz(func(t *testing.T, data []byte) {
		bounded.Check(t, len(data), 1, func() {
			_, _ = Decode(data)
			_, _ = DecodeTensor(data)
		})
	})
}
