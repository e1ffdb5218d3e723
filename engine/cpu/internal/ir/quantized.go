package ir

import "github.com/strideml/stride/graph"

// Values of type Uint8 stand for numbers with a scale s and a zero point z: byte q
// stands for s·(q − z). They are the results of a graph.FakeQuantizeOp, whose integers
// are stored as they are if they have no sign. Of an op with integers from Min < 0, 128 is
// added to both q and z.
//
// Operations take scale and zero point as arguments beside the bytes: values of one float,
// which depend on nothing that a run changes.

// ByteOffset returns what is added to the integers of an operator to store them as bytes:
// 0 or 128. ok is false if they do not fit.
func ByteOffset(op graph.FakeQuantizeOp) (offset int, ok bool) {
	switch {
	case op.Min >= 0 && op.Max <= 255:
		return 0, true
	case op.Min >= -128 && op.Max <= 127:
		return 128, true
	}
	return 0, false
}

// Quantize rounds numbers to bytes. Arguments: x, scale, zero point.
type Quantize struct{ To graph.FakeQuantizeOp }

// Dequantize computes the numbers that bytes stand for. Arguments: x, scale, zero point.
type Dequantize struct{ From graph.FakeQuantizeOp }

// QuantizedConv is a convolution of bytes with weights of small integers, or a product of
// a matrix of bytes N×K with one of small integers. Arguments: x, its scale and zero
// point; the weights, floats that are to be rounded, O×C/groups×Kh×Kw or O×K or K×O, and their scale, of one
// element or of one for each of the O channels; then, if there are any, the bias, what is added to the
// result with its scale and zero point, and the scale and zero point of the result.
type QuantizedConv struct {
	// Conv is the convolution. For a product it is that of images of one pixel.
	Conv graph.Conv2DOp
	// Product says that it is a product; Transposed, that the weights are K×O.
	Product, Transposed bool
	// In, Weights and Added are the integers of the arguments, and Out those of the result.
	In, Weights, Added, Out graph.FakeQuantizeOp
	// Bias and Add say that there are such arguments, and Float that the result is of
	// floats, and has no scale.
	Bias, Add, Float bool
	// Low and High are the activation: the result is limited to Low ≤ y ≤ High. They may be
	// infinite.
	Low, High float32
}

// QuantizedArgs are the arguments of a [QuantizedConv] by what they are, nil for those that it does not
// have.
type QuantizedArgs struct {
	X, XScale, XZero       *Value
	W, WScale              *Value
	Bias                   *Value
	Add, AddScale, AddZero *Value
	Scale, Zero            *Value
}

// ArgsOf returns the arguments by what they are.
func (q QuantizedConv) ArgsOf(args []*Value) (a QuantizedArgs) {
	next := func(n int) []*Value {
		list := args[:n]
		args = args[n:]
		return list
	}
	v := next(5)
	a.X, a.XScale, a.XZero, a.W, a.WScale = v[0], v[1], v[2], v[3], v[4]
	if q.Bias {
		a.Bias = next(1)[0]
	}
	if q.Add {
		v = next(3)
		a.Add, a.AddScale, a.AddZero = v[0], v[1], v[2]
	}
	if !q.Float {
		v = next(2)
		a.Scale, a.Zero = v[0], v[1]
	}
	return a
}

// List returns the arguments in their order.
func (a QuantizedArgs) List() (list []*Value) {
	for _, v := range []*Value{a.X, a.XScale, a.XZero, a.W, a.WScale, a.Bias, a.Add, a.AddScale, a.AddZero, a.Scale, a.Zero} {
		if v != nil {
			list = append(list, v)
		}
	}
	return list
}

// QuantizedMaxPool is a maximum pooling of bytes. The result has the scale and zero point of
// the argument.
type QuantizedMaxPool struct{ Pool graph.Pool }

// QuantizedAverage is the mean of windows of bytes: of those of Pool, or if Global is set, of all pixels of an
// image. Arguments: x, its scale and zero point, and those of the result.
type QuantizedAverage struct {
	Pool    graph.AvgPool2DOp
	Global  bool
	In, Out graph.FakeQuantizeOp
}

// QuantizedAdd is the sum of two values of bytes, limited to Low ≤ y ≤ High. Arguments: the first with its scale and
// zero point, the second with its, and those of the result.
type QuantizedAdd struct {
	A, B, Out graph.FakeQuantizeOp
	Low, High float32
}

// LookupTable applies functions of single numbers to bytes, one after the other. Arguments: x, its scale and zero point,
// and those of the result.
type LookupTable struct {
	Funcs   []graph.UnaryOp
	In, Out graph.FakeQuantizeOp
}

// Kind names the operators.
func (Quantize) Kind() string         { return "Quantize" }
func (Dequantize) Kind() string       { return "Dequantize" }
func (QuantizedMaxPool) Kind() string { return "QuantizedMaxPool" }
func (QuantizedAverage) Kind() string { return "QuantizedAverage" }
func (QuantizedAdd) Kind() string     { return "QuantizedAdd" }
func (LookupTable) Kind() string      { return "LookupTable" }

// Kind names the operator.
func (q QuantizedConv) Kind() string {
	if q.Product {
		return "QuantizedMatMul"
	}
	return "QuantizedConv2D"
}
