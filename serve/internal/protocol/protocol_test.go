package protocol

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// floats is the raw form of float32 values.
func floats(v ...float32) []byte { return AppendFloat32s(nil, v) }

func TestParseInferRequest(t *testing.T) {
	for name, c := range map[string]struct {
		json, follow string
		want         Tensor
	}{
		"flat":      {`{"inputs":[{"name":"x","shape":[2,2],"datatype":"FP32","data":[1,2.5,-3e2,0]}]}`, "", Tensor{"x", FP32, Shape{2, 2}, floats(1, 2.5, -300, 0)}},
		"nested":    {`{"inputs":[{"name":"x","shape":[2,2],"datatype":"FP32","data":[ [1, 2] , [3,4]]}]}`, "", Tensor{"x", FP32, Shape{2, 2}, floats(1, 2, 3, 4)}},
		"scalar":    {`{"inputs":[{"name":"x","shape":[],"datatype":"INT8","data":[-128]}]}`, "", Tensor{"x", Int8, Shape{}, []byte{128}}},
		"empty":     {`{"inputs":[{"name":"x","shape":[0,3],"datatype":"INT8","data":[]}]}`, "", Tensor{"x", Int8, Shape{0, 3}, nil}},
		"bool":      {`{"inputs":[{"name":"x","shape":[2],"datatype":"BOOL","data":[true,false]}]}`, "", Tensor{"x", Bool, Shape{2}, []byte{1, 0}}},
		"uint64":    {`{"inputs":[{"name":"x","shape":[1],"datatype":"UINT64","data":[18446744073709551615]}]}`, "", Tensor{"x", Uint64, Shape{1}, []byte(strings.Repeat("\xff", 8))}},
		"int16":     {`{"inputs":[{"name":"x","shape":[2],"datatype":"INT16","data":[-2,258]}]}`, "", Tensor{"x", Int16, Shape{2}, []byte{0xfe, 0xff, 2, 1}}},
		"fp16":      {`{"inputs":[{"name":"x","shape":[2],"datatype":"FP16","data":[1,-2]}]}`, "", Tensor{"x", FP16, Shape{2}, []byte{0, 0x3c, 0, 0xc0}}},
		"fp64":      {`{"inputs":[{"name":"x","shape":[1],"datatype":"FP64","data":[0.5]}]}`, "", Tensor{"x", FP64, Shape{1}, binary.LittleEndian.AppendUint64(nil, math.Float64bits(0.5))}},
		"bytes":     {`{"inputs":[{"name":"x","shape":[2],"datatype":"BYTES","data":["a\"],[ü","\u00e9\n"]}]}`, "", Tensor{"x", Bytes, Shape{2}, AppendString(AppendString(nil, "a\"],[ü"), "é\n")}},
		"binary":    {`{"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","parameters":{"binary_data_size":8}}]}`, "\x00\x00\x80\x3f\x00\x00\xc0\x7f", Tensor{"x", FP32, Shape{1, 2}, []byte("\x00\x00\x80\x3f\x00\x00\xc0\x7f")}},
		"byteslist": {`{"inputs":[{"name":"x","shape":[2],"datatype":"BYTES","parameters":{"binary_data_size":10}}]}`, "\x02\x00\x00\x00ab\x00\x00\x00\x00", Tensor{"x", Bytes, Shape{2}, []byte("\x02\x00\x00\x00ab\x00\x00\x00\x00")}},
	} {
		length := ""
		if c.follow != "" {
			length = fmt.Sprint(len(c.json))
		}
		r, err := ParseInferRequest([]byte(c.json+c.follow), length)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := r.Inputs[0]
		if got.Name != c.want.Name || got.DataType != c.want.DataType || !slices.Equal(got.Shape, c.want.Shape) || string(got.Data) != string(c.want.Data) {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}

// Inputs in JSON and inputs that follow it may be mixed; outputs follow the request, or say
// something else themselves.
func TestParseMixed(t *testing.T) {
	header := `{"id":"7","parameters":{"binary_data_output":true,"timeout":1500,"other":[1]},"inputs":[
		{"name":"a","shape":[1],"datatype":"UINT8","parameters":{"binary_data_size":1}},
		{"name":"b","shape":[2],"datatype":"UINT8","data":[5,6],"parameters":{"x":"y"}},
		{"name":"c","shape":[2],"datatype":"UINT8","parameters":{"binary_data_size":2}}],
		"outputs":[{"name":"p"},{"name":"q","parameters":{"binary_data":false,"classification":3}}]}`
	r, err := ParseInferRequest([]byte(header+"\x01\x02\x03"), fmt.Sprint(len(header)))
	if err != nil {
		t.Fatal(err)
	}
	if string(r.Inputs[0].Data) != "\x01" || string(r.Inputs[1].Data) != "\x05\x06" || string(r.Inputs[2].Data) != "\x02\x03" {
		t.Errorf("inputs %+v", r.Inputs)
	}
	if want := []RequestedOutput{{"p", true, 0}, {"q", false, 3}}; !slices.Equal(r.Outputs, want) || r.ID != "7" || !r.BinaryOutputs || r.Timeout != 1500*time.Microsecond {
		t.Errorf("%+v, want outputs %+v", r, want)
	}
	r, err = ParseInferRequest([]byte("\x01\x02\x03"), "0")
	if err != nil || !r.Raw || len(r.Inputs) != 1 || string(r.Inputs[0].Data) != "\x01\x02\x03" || !r.BinaryOutputs {
		t.Errorf("a raw message: %+v, %v", r, err)
	}
}

func TestParseRefuses(t *testing.T) {
	in := func(fields string) string { return `{"inputs":[{"name":"x",` + fields + `}]}` }
	for name, c := range map[string]struct{ message, length, want string }{
		"nothing":            {``, "", "JSON of the message"},
		"damaged":            {`{"inputs":[{]}`, "", "damaged at byte 13"},
		"two objects":        {`{"inputs":[]}{}`, "", "something after its JSON"},
		"a word after":       {in(`"shape":[1],"datatype":"BOOL","data":[true]`) + `x`, "", "something after its JSON"},
		"an array":           {`[]`, "", "cannot unmarshal"},
		"no inputs":          {`{}`, "", `no "inputs"`},
		"no name":            {`{"inputs":[{"shape":[1],"datatype":"BOOL","data":[true]}]}`, "", "no name"},
		"no shape":           {in(`"datatype":"BOOL","data":[true]`), "", "no shape"},
		"no data":            {in(`"shape":[1],"datatype":"BOOL"`), "", "neither data nor"},
		"both":               {in(`"shape":[1],"datatype":"BOOL","data":[true],"parameters":{"binary_data_size":1}`), "", "both data and"},
		"type":               {in(`"shape":[1],"datatype":"FP8","data":[1]`), "", `datatype "FP8"`},
		"too few":            {in(`"shape":[3],"datatype":"FP32","data":[1,2]`), "", "2 elements"},
		"too many":           {in(`"shape":[1],"datatype":"FP32","data":[1,2]`), "", "2 elements"},
		"ragged":             {in(`"shape":[2,2],"datatype":"FP32","data":[[1],[2,3,4]]`), "", "a list of 1"},
		"too deep":           {in(`"shape":[1],"datatype":"FP32","data":[[1]]`), "", "more dimensions"},
		"half deep":          {in(`"shape":[1,1,2],"datatype":"FP32","data":[[1,2]]`), "", "neither flat nor nested"},
		"flat and deep":      {in(`"shape":[2,1],"datatype":"FP32","data":[1,[2]]`), "", "neither flat nor nested"},
		"a string":           {in(`"shape":[1],"datatype":"FP32","data":["1"]`), "", "no value of FP32"},
		"null":               {in(`"shape":[1],"datatype":"FP32","data":[null]`), "", "no value of FP32"},
		"an object":          {in(`"shape":[1],"datatype":"FP32","data":[{}]`), "", "no value of FP32"},
		"no array":           {in(`"shape":[1],"datatype":"FP32","data":5`), "", "no array"},
		"NaN":                {in(`"shape":[1],"datatype":"FP32","data":[NaN]`), "", "damaged"},
		"above FP32":         {in(`"shape":[1],"datatype":"FP32","data":[1e39]`), "", "no value of FP32"},
		"above FP16":         {in(`"shape":[1],"datatype":"FP16","data":[70000]`), "", "no value of FP16"},
		"above INT8":         {in(`"shape":[1],"datatype":"INT8","data":[128]`), "", "no value of INT8"},
		"below UINT8":        {in(`"shape":[1],"datatype":"UINT8","data":[-1]`), "", "no value of UINT8"},
		"fraction":           {in(`"shape":[1],"datatype":"INT32","data":[1.5]`), "", "no value of INT32"},
		"number for BOOL":    {in(`"shape":[1],"datatype":"BOOL","data":[1]`), "", "no value of BOOL"},
		"number for BYTES":   {in(`"shape":[1],"datatype":"BYTES","data":[1]`), "", "no value of BYTES"},
		"negative size":      {in(`"shape":[-1],"datatype":"BOOL","data":[true]`), "", "negative"},
		"huge":               {in(`"shape":[4611686018427387904,4,4],"datatype":"BOOL","data":[true]`), "", "too many elements"},
		"large":              {in(`"shape":[1000000000],"datatype":"BOOL","data":[true]`), "", "fewer elements"},
		"rank":               {in(`"shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],"datatype":"BOOL","data":[true]`), "", "17 sizes"},
		"zero and huge":      {in(`"shape":[0,9223372036854775807,9],"datatype":"BOOL","data":[true]`), "", "too many elements"},
		"short binary":       {in(`"shape":[2],"datatype":"FP32","parameters":{"binary_data_size":8}`) + "1234", "HEADER", "4 bytes are left"},
		"wrong binary":       {in(`"shape":[2],"datatype":"FP32","parameters":{"binary_data_size":4}`) + "1234", "HEADER", "needs 8"},
		"long binary":        {in(`"shape":[1],"datatype":"FP32","parameters":{"binary_data_size":4}`) + "12345", "HEADER", "1 bytes after"},
		"negative binary":    {in(`"shape":[1],"datatype":"FP32","parameters":{"binary_data_size":-4}`) + "1234", "HEADER", "is -4"},
		"header too long":    {`{}`, "3", "the message has 2 bytes"},
		"header no number":   {`{}`, "-1", "want a number"},
		"header half":        {in(`"shape":[1],"datatype":"BOOL","data":[true]`), "9", "JSON of the message"},
		"BYTES short":        {in(`"shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":3}`) + "123", "HEADER", "end at element 0"},
		"BYTES huge":         {in(`"shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":5}`) + "\xff\xff\xff\xff1", "HEADER", "said to have 4294967295"},
		"BYTES rest":         {in(`"shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":5}`) + "\x00\x00\x00\x001", "HEADER", "1 bytes after"},
		"classes":            {`{"inputs":[{"name":"x","shape":[1],"datatype":"BOOL","data":[true]}],"outputs":[{"name":"y","parameters":{"classification":0}}]}`, "", "classification is 0"},
		"timeout":            {`{"inputs":[{"name":"x","shape":[1],"datatype":"BOOL","data":[true]}],"parameters":{"timeout":-1}}`, "", "timeout is -1"},
		"parameter's type":   {`{"inputs":[{"name":"x","shape":[1],"datatype":"BOOL","data":[true]}],"parameters":{"binary_data_output":3}}`, "", "cannot unmarshal"},
		"many inputs":        {`{"inputs":[` + strings.Repeat(`{},`, maxTensors) + `{}]}`, "", "more than 256"},
		"shape of fractions": {in(`"shape":[1.5],"datatype":"BOOL","data":[true]`), "", "cannot unmarshal"},
	} {
		if c.length == "HEADER" {
			c.length = fmt.Sprint(strings.LastIndex(c.message, "}]}") + 3)
		}
		_, err := ParseInferRequest([]byte(c.message), c.length)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}

// What is written in JSON is read back as the same bytes, for every type.
func TestRoundTrip(t *testing.T) {
	two := func(b ...byte) []byte { return b }
	for _, in := range []Tensor{
		{"a", Bool, Shape{2}, two(0, 1)}, {"b", Uint8, Shape{2}, two(0, 255)}, {"c", Int8, Shape{1, 2}, two(128, 127)},
		{"d", Uint16, Shape{1}, two(255, 255)}, {"e", Int16, Shape{1}, two(0, 128)}, {"f", Uint32, Shape{1}, two(1, 2, 3, 255)},
		{"g", Int32, Shape{1}, two(1, 2, 3, 255)}, {"h", Uint64, Shape{1}, two(1, 2, 3, 4, 5, 6, 7, 255)}, {"i", Int64, Shape{1}, two(1, 2, 3, 4, 5, 6, 7, 255)},
		{"j", FP16, Shape{2}, two(1, 0, 0xff, 0x7b)}, {"k", FP32, Shape{3}, floats(math.MaxFloat32, 1e-45, 1.0/3)},
		{"l", FP64, Shape{1}, binary.LittleEndian.AppendUint64(nil, math.Float64bits(1.0/3))},
		{"m", Bytes, Shape{3}, AppendString(AppendString(AppendString(nil, ""), `"\</script>`), "图\u2028")},
		{"n", FP32, Shape{0, 4}, nil},
	} {
		for _, isBinary := range []bool{false, true} {
			r := InferResponse{ModelName: `m"`, ModelVersion: "1", ID: "\x00id", Outputs: []Output{{Tensor: in, Binary: isBinary}}}
			message, header, err := r.Append([]byte("before"))
			if err != nil {
				t.Fatal(err)
			}
			message = message[len("before"):]
			length := ""
			if isBinary {
				length = fmt.Sprint(header)
			} else if header = len(message); !json.Valid(message) {
				t.Errorf("%s: no JSON: %s", in.DataType, message)
			}
			asRequest := strings.Replace(string(message[:header]), `"outputs"`, `"inputs"`, 1)
			if isBinary {
				length = fmt.Sprint(len(asRequest))
			}
			got, err := ParseInferRequest([]byte(asRequest+string(message[header:])), length)
			if err != nil {
				t.Errorf("%s: %v in %s", in.DataType, err, message)
				continue
			}
			if x := got.Inputs[0]; string(x.Data) != string(in.Data) || x.DataType != in.DataType || !slices.Equal(x.Shape, in.Shape) || got.ID != r.ID {
				t.Errorf("%s, binary %v: got %+v, want %+v", in.DataType, isBinary, x, in)
			}
		}
	}
}

func TestAppendRefuses(t *testing.T) {
	for _, v := range []Tensor{
		{"x", FP32, Shape{1}, floats(float32(math.NaN()))}, {"x", FP32, Shape{1}, floats(float32(math.Inf(-1)))},
		{"x", Bytes, Shape{1}, AppendString(nil, "\xff")},
	} {
		r := InferResponse{Outputs: []Output{{Tensor: v}}}
		if _, _, err := r.Append(nil); err == nil || !strings.Contains(err.Error(), "ask for binary data") {
			t.Errorf("%v: error %v", v, err)
		}
		r.Outputs[0].Binary = true
		if _, _, err := r.Append(nil); err != nil {
			t.Errorf("%v: %v", v, err)
		}
	}
}

func TestFloat32s(t *testing.T) {
	for _, c := range []struct {
		in   Tensor
		want []float32
	}{
		{Tensor{DataType: Uint8, Data: []byte{0, 255}}, []float32{0, 255}},
		{Tensor{DataType: Bool, Data: []byte{0, 7}}, []float32{0, 1}},
		{Tensor{DataType: FP16, Data: []byte{0, 0x3c}}, []float32{1}},
		{Tensor{DataType: FP32, Data: floats(1, -0.1)}, []float32{1, -0.1}},
	} {
		got := make([]float32, len(c.want))
		if err := c.in.Float32s(got); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v, want %v", c.in.DataType, got, err, c.want)
		}
		if err := c.in.Float32s(make([]float32, 3)); err == nil {
			t.Errorf("%s: 3 elements of %d bytes", c.in.DataType, len(c.in.Data))
		}
	}
	aligned := Tensor{DataType: FP32, Data: floats(1, 2)}
	if v, ok := aligned.Float32View(); ok && !slices.Equal(v, []float32{1, 2}) {
		t.Errorf("a view of %v", v)
	}
	for _, other := range []Tensor{{DataType: Int32, Data: floats(1)}, {DataType: FP32}, {DataType: FP32, Data: floats(1, 2)[1:5]}} {
		if v, ok := other.Float32View(); ok {
			t.Errorf("%s: a view of %v", other.DataType, v)
		}
	}
	if err := (&Tensor{DataType: Bytes}).Float32s(nil); err == nil {
		t.Error("BYTES became numbers")
	}
}

// A request that is read has data of the size that its shape says, in memory in proportion
// to the message.
func FuzzParseInferRequest(f *testing.F) {
	f.Add([]byte(`{"inputs":[{"name":"x","shape":[2,2],"datatype":"FP32","data":[[1,2],[3,4]]}]}`), "")
	f.Add([]byte(`{"inputs":[{"name":"x","shape":[2],"datatype":"BYTES","data":["a","b\""]}]}`), "")
	f.Add([]byte(`{"inputs":[{"name":"x","shape":[1],"datatype":"UINT8","parameters":{"binary_data_size":1}}]}z`), "87")
	f.Add([]byte("abc"), "0")
	f.Fuzz(func(t *testing.T, body []byte, length string) {
		r, err := ParseInferRequest(body, length)
		if err != nil || r.Raw {
			return
		}
		total := 0
		for _, in := range r.Inputs {
			if err := in.CheckSize(); err != nil {
				t.Fatal(err)
			}
			total += len(in.Data)
			if n, _ := in.Shape.Elements(); in.DataType != Bytes && n < 1000 {
				if err := in.Float32s(make([]float32, n)); err != nil {
					t.Fatal(err)
				}
			}
		}
		if total > 8*len(body) {
			t.Fatalf("%d bytes of data from a message of %d", total, len(body))
		}
	})
}
