package proto

import (
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"
)

// The sizes of the structs with a pointer to them, twice, as append keeps room for more.
const (
	pointer      = 2 * unsafe.Sizeof(uintptr(0))
	propertySize = int(3 * unsafe.Sizeof(Property{}))
	opsetSize    = int(3 * unsafe.Sizeof(Opset{}))
	dimSize      = int(3 * unsafe.Sizeof(Dim{}))
	graphSize    = int(pointer + unsafe.Sizeof(Graph{}))
	nodeSize     = int(pointer + unsafe.Sizeof(Node{}))
	attrSize     = int(pointer + unsafe.Sizeof(Attribute{}))
	tensorSize   = int(pointer + unsafe.Sizeof(Tensor{}))
	valueSize    = int(pointer + unsafe.Sizeof(ValueInfo{}))
	functionSize = int(pointer + unsafe.Sizeof(Function{}))
)

func (d *decoder) model(b []byte, m *Model) error {
	return d.message("model", b, func(f field) error {
		switch f.number {
		case 1:
			return f.int64(&m.IRVersion)
		case 2:
			return d.string(f, &m.ProducerName)
		case 3:
			return d.string(f, &m.ProducerVersion)
		case 4:
			return d.string(f, &m.Domain)
		case 5:
			return f.int64(&m.ModelVersion)
		case 6:
			return d.string(f, &m.Doc)
		case 7:
			return once(d, f, graphSize, &m.Graph, d.graph)
		case 8:
			return add(d, f, opsetSize, &m.Opsets, d.opset)
		case 14:
			return add(d, f, propertySize, &m.Metadata, d.property)
		case 25:
			return add(d, f, functionSize, &m.Functions, d.function)
		}
		return nil
	})
}

func (d *decoder) opset(b []byte) (o Opset, err error) {
	err = d.message("opset", b, func(f field) error {
		switch f.number {
		case 1:
			return d.string(f, &o.Domain)
		case 2:
			return f.int64(&o.Version)
		}
		return nil
	})
	return o, err
}

func (d *decoder) property(b []byte) (p Property, err error) {
	err = d.message("property", b, func(f field) error {
		switch f.number {
		case 1:
			return d.string(f, &p.Key)
		case 2:
			return d.string(f, &p.Value)
		}
		return nil
	})
	return p, err
}

func (d *decoder) graph(b []byte) (*Graph, error) {
	g := &Graph{}
	return g, d.message("graph", b, func(f field) error {
		switch f.number {
		case 1:
			return add(d, f, nodeSize, &g.Nodes, d.node)
		case 2:
			return d.string(f, &g.Name)
		case 5:
			return add(d, f, tensorSize, &g.Initializers, d.tensor)
		case 10:
			return d.string(f, &g.Doc)
		case 11:
			return add(d, f, valueSize, &g.Inputs, d.valueInfo)
		case 12:
			return add(d, f, valueSize, &g.Outputs, d.valueInfo)
		case 13:
			return add(d, f, valueSize, &g.ValueInfos, d.valueInfo)
		case 15:
			g.SparseInitializers++
		}
		return nil
	})
}

func (d *decoder) node(b []byte) (*Node, error) {
	n := &Node{}
	return n, d.message("node", b, func(f field) error {
		switch f.number {
		case 1:
			return d.addString(f, &n.Inputs)
		case 2:
			return d.addString(f, &n.Outputs)
		case 3:
			return d.string(f, &n.Name)
		case 4:
			return d.string(f, &n.OpType)
		case 5:
			return add(d, f, attrSize, &n.Attributes, d.attribute)
		case 6:
			return d.string(f, &n.Doc)
		case 7:
			return d.string(f, &n.Domain)
		case 8:
			return d.string(f, &n.Overload)
		}
		return nil
	})
}

func (d *decoder) attribute(b []byte) (*Attribute, error) {
	a := &Attribute{}
	found := AttributeUndefined // the type of the field that is there
	err := d.message("attribute", b, func(f field) error {
		switch f.number {
		case 1:
			return d.string(f, &a.Name)
		case 2:
			found = AttributeFloat
			return f.float32(&a.F)
		case 3:
			found = AttributeInt
			return f.int64(&a.I)
		case 4:
			found = AttributeString
			return d.string(f, &a.S)
		case 5:
			found = AttributeTensor
			return once(d, f, tensorSize, &a.T, d.tensor)
		case 6:
			found = AttributeGraph
			return once(d, f, graphSize, &a.G, d.graph)
		case 7:
			found = AttributeFloats
			return d.float32s(f, &a.Floats)
		case 8:
			found = AttributeInts
			return d.int64s(f, &a.Ints)
		case 9:
			found = AttributeStrings
			return d.addString(f, &a.Strings)
		case 10:
			found = AttributeTensors
			return add(d, f, tensorSize, &a.Tensors, d.tensor)
		case 11:
			found = AttributeGraphs
			return add(d, f, graphSize, &a.Graphs, d.graph)
		case 20:
			a.Type = AttributeType(f.bits)
			return f.want(protowire.VarintType)
		case 21:
			return d.string(f, &a.Ref)
		}
		return nil
	})
	if a.Type == AttributeUndefined {
		a.Type = found
	}
	return a, err
}

func (d *decoder) tensor(b []byte) (*Tensor, error) {
	t := &Tensor{}
	var floats, doubles []byte // packed, until the type is known
	err := d.message("tensor", b, func(f field) error {
		switch f.number {
		case 1:
			return d.int64s(f, &t.Dims)
		case 2:
			t.Type = DataType(f.bits)
			return f.want(protowire.VarintType)
		case 4:
			if f.wire == protowire.BytesType && floats == nil && t.FloatData == nil {
				floats = f.bytes
				return nil
			}
			if err := d.unpackFloats(&floats, t); err != nil {
				return err
			}
			return d.float32s(f, &t.FloatData)
		case 5:
			return numbers(d, f, protowire.VarintType, 4, &t.Int32Data, func(bits uint64) int32 { return int32(bits) })
		case 6:
			return d.addString(f, &t.StringData)
		case 7:
			return d.int64s(f, &t.Int64Data)
		case 8:
			return d.string(f, &t.Name)
		case 9:
			t.Raw = f.bytes
			return f.want(protowire.BytesType)
		case 10:
			if f.wire == protowire.BytesType && doubles == nil && t.DoubleData == nil {
				doubles = f.bytes
				return nil
			}
			if err := d.unpackDoubles(&doubles, t); err != nil {
				return err
			}
			return d.float64s(f, &t.DoubleData)
		case 11:
			return numbers(d, f, protowire.VarintType, 8, &t.Uint64Data, func(bits uint64) uint64 { return bits })
		case 12:
			return d.string(f, &t.Doc)
		case 13:
			return add(d, f, propertySize, &t.External, d.property)
		case 14:
			t.IsExternal = f.bits == 1
			return f.want(protowire.VarintType)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	// Packed floats are the bytes that Raw would have.
	switch {
	case t.Type == Float && t.Raw == nil && floats != nil:
		t.Raw, floats = floats, nil
	case t.Type == Double && t.Raw == nil && doubles != nil:
		t.Raw, doubles = doubles, nil
	}
	if err := d.unpackFloats(&floats, t); err != nil {
		return nil, err
	}
	return t, d.unpackDoubles(&doubles, t)
}

// unpackFloats moves packed numbers into t.FloatData.
func (d *decoder) unpackFloats(packed *[]byte, t *Tensor) error {
	if *packed == nil {
		return nil
	}
	b := *packed
	*packed = nil
	return d.float32s(field{number: 4, wire: protowire.BytesType, bytes: b}, &t.FloatData)
}

// unpackDoubles is unpackFloats for t.DoubleData.
func (d *decoder) unpackDoubles(packed *[]byte, t *Tensor) error {
	if *packed == nil {
		return nil
	}
	b := *packed
	*packed = nil
	return d.float64s(field{number: 10, wire: protowire.BytesType, bytes: b}, &t.DoubleData)
}

func (d *decoder) valueInfo(b []byte) (*ValueInfo, error) {
	v := &ValueInfo{}
	return v, d.message("value", b, func(f field) error {
		switch f.number {
		case 1:
			return d.string(f, &v.Name)
		case 2:
			if err := f.want(protowire.BytesType); err != nil {
				return err
			}
			return d.valueType(f.bytes, v)
		case 3:
			return d.string(f, &v.Doc)
		}
		return nil
	})
}

// valueType decodes a TypeProto.
func (d *decoder) valueType(b []byte, v *ValueInfo) error {
	return d.message("type", b, func(f field) error {
		switch f.number {
		case 1:
			if err := f.want(protowire.BytesType); err != nil {
				return err
			}
			return d.tensorType(f.bytes, v)
		case 4:
			v.Kind = "sequence"
		case 5:
			v.Kind = "map"
		case 7:
			v.Kind = "opaque"
		case 8:
			v.Kind = "sparse tensor"
		case 9:
			v.Kind = "optional"
		}
		return nil
	})
}

// tensorType decodes a TypeProto.Tensor.
func (d *decoder) tensorType(b []byte, v *ValueInfo) error {
	return d.message("tensor type", b, func(f field) error {
		switch f.number {
		case 1:
			v.Type = DataType(f.bits)
			return f.want(protowire.VarintType)
		case 2:
			if err := f.want(protowire.BytesType); err != nil {
				return err
			}
			v.HasShape = true
			return d.message("shape", f.bytes, func(f field) error {
				if f.number != 1 {
					return nil
				}
				return add(d, f, dimSize, &v.Dims, d.dim)
			})
		}
		return nil
	})
}

func (d *decoder) dim(b []byte) (dim Dim, err error) {
	err = d.message("dimension", b, func(f field) error {
		switch f.number {
		case 1:
			return f.int64(&dim.Value)
		case 2:
			return d.string(f, &dim.Param)
		}
		return nil
	})
	return dim, err
}

func (d *decoder) function(b []byte) (*Function, error) {
	fn := &Function{}
	return fn, d.message("function", b, func(f field) error {
		switch f.number {
		case 1:
			return d.string(f, &fn.Name)
		case 4:
			return d.addString(f, &fn.Inputs)
		case 5:
			return d.addString(f, &fn.Outputs)
		case 6:
			return d.addString(f, &fn.Attributes)
		case 7:
			return add(d, f, nodeSize, &fn.Nodes, d.node)
		case 9:
			return add(d, f, opsetSize, &fn.Opsets, d.opset)
		case 10:
			return d.string(f, &fn.Domain)
		case 11:
			return add(d, f, attrSize, &fn.Defaults, d.attribute)
		case 13:
			return d.string(f, &fn.Overload)
		}
		return nil
	})
}
