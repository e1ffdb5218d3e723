package proto

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// MaxSize is the greatest number of bytes of a file: Protocol Buffers measure a
// message by an int32. What is beyond must be external data, see MoveData.
const MaxSize = math.MaxInt32

// ErrTooLarge is the error of Encode for a model of more than MaxSize bytes.
var ErrTooLarge = errors.New("an ONNX file holds less than 2 GiB: larger weights must be external data")

// Encode writes a model as a file. FloatData and Int64Data are written as raw_data,
// which readers prefer, in pieces: no copy of the weights is made.
//
// It returns ErrTooLarge before anything is written, and an error for what a Model can
// hold but Encode cannot write: values that are no tensors, sparse initializers, and
// text that is not UTF-8.
func Encode(w io.Writer, m *Model) error {
	e := encoder{}
	file := e.model(m)
	switch {
	case e.err != nil:
		return e.err
	case file.size > MaxSize:
		return ErrTooLarge
	}
	return file.writeTo(w)
}

// Size returns the number of bytes that Encode writes.
func Size(m *Model) int64 {
	e := encoder{}
	return e.model(m).size
}

// A message is the content of an encoded message: pieces in the order in which they
// are written. The weights are pieces of their own, so that they are not copied.
type message struct {
	pieces []piece
	size   int64
}

// A piece is some bytes, or numbers of which the bytes are written little endian.
type piece struct {
	bytes  []byte
	floats []float32
	ints   []int64
}

// tail returns the bytes at the end of the message, for Append functions of protowire.
// set puts the longer ones back.
func (m *message) tail() []byte {
	if n := len(m.pieces); n > 0 && m.pieces[n-1].bytes != nil {
		return m.pieces[n-1].bytes
	}
	m.pieces = append(m.pieces, piece{bytes: []byte{}})
	return m.pieces[len(m.pieces)-1].bytes
}

func (m *message) set(b []byte) {
	last := &m.pieces[len(m.pieces)-1]
	m.size += int64(len(b) - len(last.bytes))
	last.bytes = b
}

// int writes a field of type int32, int64, or an enumeration.
func (m *message) int(field protowire.Number, v int64) {
	m.set(protowire.AppendVarint(protowire.AppendTag(m.tail(), field, protowire.VarintType), uint64(v)))
}

func (m *message) float(field protowire.Number, v float32) {
	m.set(protowire.AppendFixed32(protowire.AppendTag(m.tail(), field, protowire.Fixed32Type), math.Float32bits(v)))
}

// header begins a field of a known number of bytes.
func (m *message) header(field protowire.Number, size int64) {
	m.set(protowire.AppendVarint(protowire.AppendTag(m.tail(), field, protowire.BytesType), uint64(size)))
}

// data writes a field of bytes without copying them.
func (m *message) data(field protowire.Number, size int64, p piece) {
	m.header(field, size)
	if size > 0 {
		m.pieces = append(m.pieces, p)
		m.size += size
		m.pieces = append(m.pieces, piece{bytes: []byte{}}) // what follows is not appended to the caller's bytes
	}
}

// message writes a field that is a message.
func (m *message) message(field protowire.Number, inner message) {
	m.header(field, inner.size)
	for _, p := range inner.pieces {
		if p.bytes != nil && len(p.bytes) < smallPiece {
			m.set(append(m.tail(), p.bytes...))
			continue
		}
		m.pieces = append(m.pieces, p)
		m.size += p.size()
		m.pieces = append(m.pieces, piece{bytes: []byte{}})
	}
}

// smallPiece is the number of bytes below which a piece is joined to the one before.
const smallPiece = 4 << 10

func (p piece) size() int64 {
	return int64(len(p.bytes)) + 4*int64(len(p.floats)) + 8*int64(len(p.ints))
}

func (m *message) writeTo(w io.Writer) error {
	for _, p := range m.pieces {
		if err := p.writeTo(w); err != nil {
			return err
		}
	}
	return nil
}

// chunk is how many numbers are turned into bytes at a time.
const chunk = 16 << 10

func (p piece) writeTo(w io.Writer) error {
	if len(p.bytes) > 0 {
		if _, err := w.Write(p.bytes); err != nil {
			return err
		}
	}
	var buffer []byte
	for part := range slices.Chunk(p.floats, chunk) {
		buffer = buffer[:0]
		for _, v := range part {
			buffer = binary.LittleEndian.AppendUint32(buffer, math.Float32bits(v))
		}
		if _, err := w.Write(buffer); err != nil {
			return err
		}
	}
	for part := range slices.Chunk(p.ints, chunk) {
		buffer = buffer[:0]
		for _, v := range part {
			buffer = binary.LittleEndian.AppendUint64(buffer, uint64(v))
		}
		if _, err := w.Write(buffer); err != nil {
			return err
		}
	}
	return nil
}

// An encoder turns the structs of this package into messages and keeps the first
// error.
type encoder struct{ err error }

func (e *encoder) fail(format string, args ...any) {
	if e.err == nil {
		e.err = fmt.Errorf(format, args...)
	}
}

// text writes a field of type string.
func (e *encoder) text(m *message, field protowire.Number, s string) {
	if !utf8.ValidString(s) {
		e.fail("%q is not valid UTF-8", s)
	}
	m.set(protowire.AppendString(protowire.AppendTag(m.tail(), field, protowire.BytesType), s))
}

// optional is text for a field that is left out if it is empty.
func (e *encoder) optional(m *message, field protowire.Number, s string) {
	if s != "" {
		e.text(m, field, s)
	}
}

func (e *encoder) model(v *Model) (m message) {
	m.int(1, v.IRVersion)
	e.optional(&m, 2, v.ProducerName)
	e.optional(&m, 3, v.ProducerVersion)
	e.optional(&m, 4, v.Domain)
	if v.ModelVersion != 0 {
		m.int(5, v.ModelVersion)
	}
	e.optional(&m, 6, v.Doc)
	if v.Graph != nil {
		m.message(7, e.graph(v.Graph))
	}
	for _, o := range v.Opsets {
		m.message(8, e.opset(o))
	}
	for _, p := range v.Metadata {
		m.message(14, e.property(p))
	}
	for _, f := range v.Functions {
		m.message(25, e.function(f))
	}
	return m
}

func (e *encoder) opset(v Opset) (m message) {
	e.text(&m, 1, v.Domain)
	m.int(2, v.Version)
	return m
}

func (e *encoder) property(v Property) (m message) {
	e.text(&m, 1, v.Key)
	e.text(&m, 2, v.Value)
	return m
}

func (e *encoder) graph(v *Graph) (m message) {
	if v.SparseInitializers != 0 {
		e.fail("graph %q: sparse initializers cannot be written", v.Name)
	}
	for _, n := range v.Nodes {
		m.message(1, e.node(n))
	}
	e.text(&m, 2, v.Name)
	for _, t := range v.Initializers {
		m.message(5, e.tensor(t))
	}
	e.optional(&m, 10, v.Doc)
	for _, i := range v.Inputs {
		m.message(11, e.valueInfo(i))
	}
	for _, o := range v.Outputs {
		m.message(12, e.valueInfo(o))
	}
	for _, i := range v.ValueInfos {
		m.message(13, e.valueInfo(i))
	}
	return m
}

func (e *encoder) node(v *Node) (m message) {
	for _, name := range v.Inputs {
		e.text(&m, 1, name)
	}
	for _, name := range v.Outputs {
		e.text(&m, 2, name)
	}
	e.optional(&m, 3, v.Name)
	e.text(&m, 4, v.OpType)
	for _, a := range v.Attributes {
		m.message(5, e.attribute(a))
	}
	e.optional(&m, 6, v.Doc)
	e.optional(&m, 7, v.Domain)
	e.optional(&m, 8, v.Overload)
	return m
}

func (e *encoder) attribute(v *Attribute) (m message) {
	e.text(&m, 1, v.Name)
	switch v.Type {
	case AttributeFloat:
		m.float(2, v.F)
	case AttributeInt:
		m.int(3, v.I)
	case AttributeString: // of bytes: any text is allowed
		m.set(protowire.AppendString(protowire.AppendTag(m.tail(), 4, protowire.BytesType), v.S))
	case AttributeTensor:
		m.message(5, e.tensor(v.T))
	case AttributeGraph:
		m.message(6, e.graph(v.G))
	case AttributeFloats:
		for _, f := range v.Floats {
			m.float(7, f)
		}
	case AttributeInts:
		for _, i := range v.Ints {
			m.int(8, i)
		}
	case AttributeStrings:
		for _, s := range v.Strings {
			m.set(protowire.AppendString(protowire.AppendTag(m.tail(), 9, protowire.BytesType), s))
		}
	case AttributeTensors:
		for _, t := range v.Tensors {
			m.message(10, e.tensor(t))
		}
	case AttributeGraphs:
		for _, g := range v.Graphs {
			m.message(11, e.graph(g))
		}
	default:
		if v.Ref == "" {
			e.fail("attribute %q has the type %d, which cannot be written", v.Name, v.Type)
		}
	}
	m.int(20, int64(v.Type))
	e.optional(&m, 21, v.Ref)
	return m
}

func (e *encoder) tensor(v *Tensor) (m message) {
	for _, d := range v.Dims {
		m.int(1, d)
	}
	m.int(2, int64(v.Type))
	switch {
	case v.IsExternal:
		for _, p := range v.External {
			m.message(13, e.property(p))
		}
		m.int(14, 1)
	case v.Type == Float && v.FloatData != nil:
		m.data(9, 4*int64(len(v.FloatData)), piece{floats: v.FloatData})
	case v.Type == Int64 && v.Int64Data != nil:
		m.data(9, 8*int64(len(v.Int64Data)), piece{ints: v.Int64Data})
	case v.Raw != nil:
		m.data(9, int64(len(v.Raw)), piece{bytes: v.Raw})
	default:
		e.elements(&m, v)
	}
	e.optional(&m, 8, v.Name)
	e.optional(&m, 12, v.Doc)
	return m
}

// elements writes the fields of a tensor that has no raw data.
func (e *encoder) elements(m *message, v *Tensor) {
	var packed []byte
	for _, i := range v.Int32Data {
		packed = protowire.AppendVarint(packed, uint64(int64(i)))
	}
	if len(packed) > 0 {
		m.data(5, int64(len(packed)), piece{bytes: packed})
	}
	for _, s := range v.StringData {
		m.set(protowire.AppendString(protowire.AppendTag(m.tail(), 6, protowire.BytesType), s))
	}
	packed = nil
	for _, f := range v.DoubleData {
		packed = binary.LittleEndian.AppendUint64(packed, math.Float64bits(f))
	}
	if len(packed) > 0 {
		m.data(10, int64(len(packed)), piece{bytes: packed})
	}
	packed = nil
	for _, i := range v.Uint64Data {
		packed = protowire.AppendVarint(packed, i)
	}
	if len(packed) > 0 {
		m.data(11, int64(len(packed)), piece{bytes: packed})
	}
}

func (e *encoder) valueInfo(v *ValueInfo) (m message) {
	e.text(&m, 1, v.Name)
	if v.Kind != "" {
		e.fail("value %q is a %s and no tensor, which cannot be written", v.Name, v.Kind)
	}
	if v.Type != Undefined {
		var tensor, shape, typ message
		tensor.int(1, int64(v.Type))
		for _, d := range v.Dims {
			var dim message
			switch {
			case d.Param != "":
				e.text(&dim, 2, d.Param)
			case d.Value > 0:
				dim.int(1, d.Value)
			}
			shape.message(1, dim)
		}
		if v.HasShape {
			tensor.message(2, shape)
		}
		typ.message(1, tensor)
		m.message(2, typ)
	}
	e.optional(&m, 3, v.Doc)
	return m
}

func (e *encoder) function(v *Function) (m message) {
	e.text(&m, 1, v.Name)
	for _, name := range v.Inputs {
		e.text(&m, 4, name)
	}
	for _, name := range v.Outputs {
		e.text(&m, 5, name)
	}
	for _, name := range v.Attributes {
		e.text(&m, 6, name)
	}
	for _, n := range v.Nodes {
		m.message(7, e.node(n))
	}
	for _, o := range v.Opsets {
		m.message(9, e.opset(o))
	}
	e.text(&m, 10, v.Domain)
	for _, a := range v.Defaults {
		m.message(11, e.attribute(a))
	}
	e.optional(&m, 13, v.Overload)
	return m
}
