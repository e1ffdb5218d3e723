// Package proto has the messages of an ONNX file and reads and writes them in the
// encoding of Protocol Buffers.
//
// The names of messages and fields, their numbers and their meaning are those of
// onnx.proto (IR version 13). Fields that nothing here needs are left out: they are
// skipped in reading and never written.
//
// Decode does not copy the bytes of tensors: they are parts of the file's bytes, so that
// these must stay as they are, and mapped, for as long as the model is used.
package proto

// A Model is a ModelProto: a whole file.
type Model struct {
	IRVersion       int64
	Opsets          []Opset
	ProducerName    string
	ProducerVersion string
	Domain          string
	ModelVersion    int64
	Doc             string
	Graph           *Graph
	Metadata        []Property
	Functions       []*Function
}

// An Opset says which version of a domain's operators a model uses. The domain "" (also
// written "ai.onnx") has the standard ones.
type Opset struct {
	Domain  string
	Version int64
}

// A Property is a StringStringEntryProto.
type Property struct{ Key, Value string }

// A Graph is a GraphProto.
type Graph struct {
	Name         string
	Doc          string
	Nodes        []*Node
	Initializers []*Tensor
	Inputs       []*ValueInfo
	Outputs      []*ValueInfo
	ValueInfos   []*ValueInfo
	// SparseInitializers counts the sparse_initializer, which nothing here reads.
	SparseInitializers int
}

// A Node is a NodeProto: one operator. A name "" among Inputs is an optional argument
// that is absent.
type Node struct {
	Name       string
	OpType     string
	Domain     string
	Overload   string
	Inputs     []string
	Outputs    []string
	Attributes []*Attribute
	Doc        string
}

// An AttributeType is AttributeProto.AttributeType.
type AttributeType int32

// The types of attributes.
const (
	AttributeUndefined AttributeType = 0
	AttributeFloat     AttributeType = 1
	AttributeInt       AttributeType = 2
	AttributeString    AttributeType = 3
	AttributeTensor    AttributeType = 4
	AttributeGraph     AttributeType = 5
	AttributeFloats    AttributeType = 6
	AttributeInts      AttributeType = 7
	AttributeStrings   AttributeType = 8
	AttributeTensors   AttributeType = 9
	AttributeGraphs    AttributeType = 10
)

// An Attribute is an AttributeProto. Files of IR version 1 have no Type: Decode sets it
// by the field that is there.
type Attribute struct {
	Name string
	// Ref is, in a function, the name of the function's attribute whose value this one
	// takes.
	Ref     string
	Type    AttributeType
	F       float32
	I       int64
	S       string
	T       *Tensor
	G       *Graph
	Floats  []float32
	Ints    []int64
	Strings []string
	Tensors []*Tensor
	Graphs  []*Graph
}

// A DataType is TensorProto.DataType.
type DataType int32

// The types of elements.
const (
	Undefined  DataType = 0
	Float      DataType = 1
	Uint8      DataType = 2
	Int8       DataType = 3
	Uint16     DataType = 4
	Int16      DataType = 5
	Int32      DataType = 6
	Int64      DataType = 7
	String     DataType = 8
	Bool       DataType = 9
	Float16    DataType = 10
	Double     DataType = 11
	Uint32     DataType = 12
	Uint64     DataType = 13
	Complex64  DataType = 14
	Complex128 DataType = 15
	BFloat16   DataType = 16
)

// A Tensor is a TensorProto. Its elements are in Raw (little endian), or else in the
// field of its type: FloatData for Float; Int32Data for Int32, Int16, Int8, Uint16,
// Uint8, Bool, and for Float16 and BFloat16 as bit patterns; Int64Data for Int64;
// DoubleData for Double; Uint64Data for Uint32 and Uint64; StringData for String; or in
// another file, see External. Decode puts packed float_data and double_data into Raw, whose
// bytes are the same.
type Tensor struct {
	Name       string
	Type       DataType
	Dims       []int64
	Raw        []byte
	FloatData  []float32
	Int32Data  []int32
	Int64Data  []int64
	DoubleData []float64
	Uint64Data []uint64
	StringData []string
	Doc        string
	// External says where the elements are, if DataLocation is EXTERNAL: the keys
	// location, offset, length and checksum.
	External   []Property
	IsExternal bool
}

// A ValueInfo is a ValueInfoProto: the type of an input, an output or a value between.
type ValueInfo struct {
	Name string
	// Type is the type of the elements, Undefined if the value is no tensor, or if the
	// file does not say.
	Type DataType
	// Kind is "" for a tensor, or what it is instead: "sequence", "map", "optional",
	// "sparse tensor".
	Kind string
	// HasShape says that the rank is known.
	HasShape bool
	Dims     []Dim
	Doc      string
}

// A Dim is one axis of a shape: a number, or a symbol such as "batch", or neither.
type Dim struct {
	Value int64 // 0 or below if it is not known
	Param string
}

// A Function is a FunctionProto: an operator that the file itself defines by a graph.
type Function struct {
	Domain, Name, Overload string
	Inputs, Outputs        []string
	// Attributes are the names of those without a default, Defaults those with one.
	Attributes []string
	Defaults   []*Attribute
	Nodes      []*Node
	Opsets     []Opset
}
