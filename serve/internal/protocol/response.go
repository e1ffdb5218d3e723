package protocol

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/strideml/stride/internal/rawnum"
)

// An InferResponse is the answer to an InferRequest.
type InferResponse struct {
	ModelName, ModelVersion string
	// ID is that of the request.
	ID      string
	Outputs []Output
}

// An Output is a tensor of a response.
type Output struct {
	Tensor
	// Binary says that it follows the JSON as bytes.
	Binary bool
}

// Append appends the message to b. headerLength is how many of its bytes are JSON if
// tensors follow it, otherwise 0. It is an error if JSON cannot represent a value: NaN, an
// infinity, or an element of Bytes that is no text.
func (r *InferResponse) Append(b []byte) (message []byte, headerLength int, err error) {
	from := len(b)
	b = append(b, `{"model_name":`...)
	b = appendQuoted(b, r.ModelName)
	if r.ModelVersion != "" {
		b = append(b, `,"model_version":`...)
		b = appendQuoted(b, r.ModelVersion)
	}
	if r.ID != "" {
		b = append(b, `,"id":`...)
		b = appendQuoted(b, r.ID)
	}
	b = append(b, `,"outputs":[`...)
	follow := false
	for i, o := range r.Outputs {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = o.append(b); err != nil {
			return nil, 0, err
		}
		follow = follow || o.Binary
	}
	b = append(b, `]}`...)
	if !follow {
		return b, 0, nil
	}
	headerLength = len(b) - from
	for _, o := range r.Outputs {
		if o.Binary {
			b = append(b, o.Data...)
		}
	}
	return b, headerLength, nil
}

// append appends an output as it stands in the JSON.
func (o *Output) append(b []byte) ([]byte, error) {
	b = append(b, `{"name":`...)
	b = appendQuoted(b, o.Name)
	b = append(b, `,"datatype":"`...)
	b = append(b, o.DataType...)
	b = append(b, `","shape":[`...)
	for i, size := range o.Shape {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, size, 10)
	}
	b = append(b, ']')
	if o.Binary {
		b = append(b, `,"parameters":{"binary_data_size":`...)
		b = strconv.AppendInt(b, int64(len(o.Data)), 10)
		return append(b, "}}"...), nil
	}
	b = append(b, `,"data":[`...)
	b, err := o.Tensor.appendData(b)
	if err != nil {
		return nil, fmt.Errorf("output %q %w: ask for binary data", o.Name, err)
	}
	return append(b, "]}"...), nil
}

// appendData appends the elements, separated by commas.
func (t *Tensor) appendData(b []byte) (_ []byte, err error) {
	first := true
	comma := func() {
		if !first {
			b = append(b, ',')
		}
		first = false
	}
	if t.DataType == Bytes {
		elements, err := t.Strings()
		if err != nil {
			return nil, err
		}
		for _, e := range elements {
			if !utf8.Valid(e) {
				return nil, fmt.Errorf("has an element that is no text")
			}
			comma()
			b = appendQuoted(b, string(e))
		}
		return b, nil
	}
	size := t.DataType.Size()
	for at := 0; at+size <= len(t.Data); at += size {
		comma()
		if b, err = appendElement(b, t.DataType, t.Data[at:at+size]); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// appendElement appends a number, or true or false, of which raw are the bytes.
func appendElement(b []byte, d DataType, raw []byte) ([]byte, error) {
	float := func(v float64, bits int) ([]byte, error) {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("has the value %v, which JSON has not", v)
		}
		return strconv.AppendFloat(b, v, 'g', -1, bits), nil
	}
	switch d {
	case Bool:
		return strconv.AppendBool(b, raw[0] != 0), nil
	case FP16:
		return float(float64(rawnum.FromFloat16(binary.LittleEndian.Uint16(raw))), 32)
	case FP32:
		return float(float64(math.Float32frombits(binary.LittleEndian.Uint32(raw))), 32)
	case FP64:
		return float(math.Float64frombits(binary.LittleEndian.Uint64(raw)), 64)
	}
	v := uint64(0)
	for i, c := range raw {
		v |= uint64(c) << (8 * i)
	}
	switch d {
	case Int8, Int16, Int32, Int64:
		shift := 64 - 8*len(raw)
		return strconv.AppendInt(b, int64(v<<shift)>>shift, 10), nil
	}
	return strconv.AppendUint(b, v, 10), nil
}

// appendQuoted appends a string of JSON.
func appendQuoted(b []byte, s string) []byte {
	quoted, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string always has a form in JSON
	}
	return append(b, quoted...)
}
