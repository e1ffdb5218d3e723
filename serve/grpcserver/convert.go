package grpcserver

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/strideml/stride/serve/grpcserver/internal/inferencepb"
	"github.com/strideml/stride/serve/internal/protocol"
)

// maxTimeout bounds the time-out that a request asks for.
const maxTimeout = time.Hour

// fromRequest converts a request. Tensors that are bytes stay parts of it.
func fromRequest(m *inferencepb.ModelInferRequest) (*protocol.InferRequest, error) {
	raw := m.RawInputContents
	if len(raw) > 0 && len(raw) != len(m.Inputs) {
		return nil, fmt.Errorf("the request has %d inputs and %d raw_input_contents: want one for each input", len(m.Inputs), len(raw))
	}
	r := &protocol.InferRequest{ID: m.Id, BinaryOutputs: len(raw) > 0}
	for i, in := range m.Inputs {
		t := protocol.Tensor{Name: in.Name, DataType: protocol.DataType(in.Datatype), Shape: in.Shape}
		switch {
		case len(raw) > 0 && in.Contents != nil:
			return nil, fmt.Errorf("the input %q has contents, and the request has raw_input_contents: want one of them", in.Name)
		case len(raw) > 0:
			t.Data = raw[i]
		default:
			if err := setContents(&t, in.Contents); err != nil {
				return nil, err
			}
		}
		if err := t.CheckSize(); err != nil {
			return nil, err
		}
		r.Inputs = append(r.Inputs, t)
	}
	if p, ok := m.Parameters["timeout"]; ok {
		microseconds, ok := integer(p)
		if !ok || microseconds < 0 || microseconds > int64(maxTimeout/time.Microsecond) {
			return nil, fmt.Errorf("the parameter timeout is %v: want microseconds, at most an hour", p)
		}
		r.Timeout = time.Duration(microseconds) * time.Microsecond
	}
	for _, out := range m.Outputs {
		o := protocol.RequestedOutput{Name: out.Name, Binary: r.BinaryOutputs}
		if p, ok := out.Parameters["classification"]; ok {
			classes, ok := integer(p)
			if !ok || classes < 1 || classes > math.MaxInt32 {
				return nil, fmt.Errorf("output %q: the parameter classification is %v: want at least 1", out.Name, p)
			}
			o.Classes = int(classes)
		}
		r.Outputs = append(r.Outputs, o)
	}
	return r, nil
}

// integer returns the value of a parameter that is a whole number.
func integer(p *inferencepb.InferParameter) (int64, bool) {
	switch v := p.GetParameterChoice().(type) {
	case *inferencepb.InferParameter_Int64Param:
		return v.Int64Param, true
	case *inferencepb.InferParameter_Uint64Param:
		return int64(v.Uint64Param), v.Uint64Param <= math.MaxInt64
	}
	return 0, false
}

// setContents gives a tensor the elements of the field for its type.
func setContents(t *protocol.Tensor, c *inferencepb.InferTensorContents) error {
	if c == nil {
		c = &inferencepb.InferTensorContents{}
	}
	order := binary.LittleEndian
	switch t.DataType {
	case protocol.Bool:
		for _, v := range c.BoolContents {
			b := byte(0)
			if v {
				b = 1
			}
			t.Data = append(t.Data, b)
		}
	case protocol.Int8, protocol.Int16, protocol.Int32:
		return appendNarrow(t, c.IntContents)
	case protocol.Uint8, protocol.Uint16, protocol.Uint32:
		return appendNarrow(t, c.UintContents)
	case protocol.Int64:
		t.Data = appendAll(c.Int64Contents, func(b []byte, v int64) []byte { return order.AppendUint64(b, uint64(v)) })
	case protocol.Uint64:
		t.Data = appendAll(c.Uint64Contents, order.AppendUint64)
	case protocol.FP32:
		t.Data = protocol.AppendFloat32s(make([]byte, 0, 4*len(c.Fp32Contents)), c.Fp32Contents)
	case protocol.FP64:
		t.Data = appendAll(c.Fp64Contents, func(b []byte, v float64) []byte { return order.AppendUint64(b, math.Float64bits(v)) })
	case protocol.Bytes:
		for _, v := range c.BytesContents {
			t.Data = append(order.AppendUint32(t.Data, uint32(len(v))), v...)
		}
	case protocol.FP16:
		return fmt.Errorf("tensor %q has the datatype FP16, for which contents has no field: send raw_input_contents", t.Name)
	}
	return nil // CheckSize reports types that are not known
}

// appendAll returns the raw form of elements of 8 bytes.
func appendAll[T any](values []T, add func([]byte, T) []byte) []byte {
	b := make([]byte, 0, 8*len(values))
	for _, v := range values {
		b = add(b, v)
	}
	return b
}

// appendNarrow sets the raw form of elements that the message has as 32 bits. It is an error
// if one does not fit into the tensor's type.
func appendNarrow[T int32 | uint32](t *protocol.Tensor, values []T) error {
	size := t.DataType.Size()
	t.Data = make([]byte, 0, size*len(values))
	for i, v := range values {
		fits := true
		switch t.DataType {
		case protocol.Int8:
			fits = int64(v) == int64(int8(v))
		case protocol.Int16:
			fits = int64(v) == int64(int16(v))
		case protocol.Uint8:
			fits = int64(v) == int64(uint8(v))
		case protocol.Uint16:
			fits = int64(v) == int64(uint16(v))
		}
		if !fits {
			return fmt.Errorf("tensor %q: element %d is %d, which is no value of %s", t.Name, i, v, t.DataType)
		}
		var four [4]byte
		binary.LittleEndian.PutUint32(four[:], uint32(v))
		t.Data = append(t.Data, four[:size]...)
	}
	return nil
}

// setOutput sets the field for a tensor's type, which is one that outputs have.
func setOutput(c *inferencepb.InferTensorContents, t *protocol.Tensor) error {
	order := binary.LittleEndian
	switch t.DataType {
	case protocol.Int64:
		c.Int64Contents = make([]int64, len(t.Data)/8)
		_, err := binary.Decode(t.Data, order, c.Int64Contents)
		return err
	case protocol.Int32:
		c.IntContents = make([]int32, len(t.Data)/4)
		_, err := binary.Decode(t.Data, order, c.IntContents)
		return err
	case protocol.Bool:
		c.BoolContents = make([]bool, len(t.Data))
		_, err := binary.Decode(t.Data, order, c.BoolContents)
		return err
	}
	c.Fp32Contents = make([]float32, len(t.Data)/4)
	return t.Float32s(c.Fp32Contents)
}

// toResponse converts an answer. Outputs are bytes if the inputs of the request were.
func toResponse(r *protocol.InferResponse) (*inferencepb.ModelInferResponse, error) {
	m := &inferencepb.ModelInferResponse{ModelName: r.ModelName, ModelVersion: r.ModelVersion, Id: r.ID}
	for i := range r.Outputs {
		o := &r.Outputs[i]
		out := &inferencepb.ModelInferResponse_InferOutputTensor{Name: o.Name, Datatype: string(o.DataType), Shape: o.Shape}
		m.Outputs = append(m.Outputs, out)
		if o.Binary {
			m.RawOutputContents = append(m.RawOutputContents, o.Data)
			continue
		}
		out.Contents = &inferencepb.InferTensorContents{}
		if o.DataType == protocol.Bytes {
			elements, err := o.Strings()
			if err != nil {
				return nil, err
			}
			out.Contents.BytesContents = elements
			continue
		}
		if err := setOutput(out.Contents, &o.Tensor); err != nil {
			return nil, err
		}
	}
	return m, nil
}
