package operators

import (
	"errors"
	"fmt"
	"slices"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/onnx/internal/constant"
	"github.com/strideml/stride/onnx/internal/proto"
	"github.com/strideml/stride/onnx/internal/tensordata"
	"github.com/strideml/stride/tensor"
)

// A Host is the network whose graph is built. It knows what differs between training and
// inference.
type Host interface {
	// TrainsStatistics reports whether a batch normalization uses the statistics of the
	// batch and moves its running ones.
	TrainsStatistics(x *graph.Node) bool
	// UpdateBuffer gives the buffer behind a value a new value at the end of each run. It
	// does nothing if there is none.
	UpdateBuffer(v *Value, x *graph.Node, update func(old *graph.Node) *graph.Node)
	// Dropout drops elements of x in training; name is that of the node.
	Dropout(name string, x *graph.Node, ratio float32) *graph.Node
}

// A Call is one node of the file with its arguments.
type Call struct {
	*proto.Node
	// Version is that of the operator set that the node belongs to.
	Version int
	// In are the arguments, nil where an optional one is absent.
	In    []*Value
	Graph *graph.Graph
	Host  Host
	// Tensors reads the elements of attributes.
	Tensors *tensordata.Reader
	// Batch is the batch size of the graph, and FileBatch the one that the shapes written in
	// the file are for: 1 in most.
	Batch, FileBatch int
	// File is what the node has for the batch size of the file. It is written while the graph
	// for that size is built, and read for other sizes.
	File *Record
}

// A Record is what a node has for the batch size that the file was written for.
type Record struct {
	// Input is the shape of argument 0.
	Input tensor.Shape
	// Target and Result are the shape that a Reshape asks for and the one that it gives.
	Target, Result []int
}

// A Problem is why a node is not supported.
type Problem struct {
	// Attribute is the attribute or argument whose Value is not supported; "" if it is the
	// operator itself.
	Attribute, Value string
	// Reason says more; it may be "".
	Reason string
}

// Error is a sentence about the operator.
func (p *Problem) Error() string {
	s := "not supported"
	if p.Attribute != "" {
		s = fmt.Sprintf("%s = %s is not supported", p.Attribute, p.Value)
	}
	if p.Reason != "" {
		s += ": " + p.Reason
	}
	return s
}

// A broken rule of ONNX, or a node that cannot be built.
func (c *Call) fail(format string, args ...any) { c.Graph.Fail(c.OpType, format, args...) }

// unsupported leaves the function of an operator because of an attribute's value.
func (c *Call) unsupported(attribute string, value any, reason string) {
	panic(&Problem{attribute, fmt.Sprint(value), reason})
}

// Do builds the node with an operator of the table. The error is a *Problem, or a
// *graph.Error if the file or a shape breaks a rule.
func (c *Call) Do(op *Operator) (out []*Value, err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *Problem:
			err = r
		case *graph.Error:
			err = r
		default:
			panic(r)
		}
	}()
	if len(c.In) < op.Arguments {
		c.fail("it has %d arguments, want at least %d", len(c.In), op.Arguments)
	}
	for i := range op.Arguments {
		if c.In[i] == nil {
			c.fail("argument %d is absent", i)
		}
	}
	return op.build(c), nil
}

// has reports whether argument i is there.
func (c *Call) has(i int) bool { return i < len(c.In) && c.In[i] != nil }

// arg returns argument i as a node, nil if it is absent.
func (c *Call) arg(i int) *graph.Node {
	if !c.has(i) {
		return nil
	}
	return c.In[i].Node(c.Graph)
}

// x returns argument 0.
func (c *Call) x() *graph.Node { return c.arg(0) }

// typ returns the type of argument 0.
func (c *Call) typ() proto.DataType { return c.In[0].Type }

// rank returns the number of axes of argument 0.
func (c *Call) rank() int { return len(c.In[0].Shape) }

// known reports whether all arguments are there and known.
func (c *Call) known() bool {
	for _, v := range c.In {
		if v == nil || v.Known == nil {
			return false
		}
	}
	return true
}

// folds reports whether the result is to be computed now: all arguments are known and of
// integers, or small.
func (c *Call) folds() bool {
	const small = 1 << 12
	if !c.known() {
		return false
	}
	for _, v := range c.In {
		if v.Known.IsFloat() && v.Known.Size() > small {
			return false
		}
	}
	return true
}

// one returns a node as the only result, with the type of argument 0.
func (c *Call) one(n *graph.Node) []*Value { return []*Value{NodeValue(n, c.typ())} }

// bools returns a node of zeros and ones as the only result.
func (c *Call) bools(n *graph.Node) []*Value { return []*Value{NodeValue(n, proto.Bool)} }

// constant returns a constant as the only result.
func (c *Call) constant(t *constant.Tensor, err error) []*Value {
	return []*Value{KnownValue(c.must(t, err))}
}

func (c *Call) must(t *constant.Tensor, err error) *constant.Tensor {
	if err != nil {
		c.fail("%w", err)
	}
	return t
}

// tensor returns argument i, which must be known when the model is read.
func (c *Call) tensor(i int, what string) *constant.Tensor {
	v := c.In[i]
	if v.Known == nil && v.Fixed {
		v.Known = c.compute(v)
	}
	if v.Known == nil {
		c.unsupported(what, "a computed value", "it must be known when the model is read, but depends on the input or on weights")
	}
	return v.Known
}

// compute finds the elements of a value that depends on constants only.
func (c *Call) compute(v *Value) *constant.Tensor {
	if v.Shape.Size() > constant.MaxElements {
		c.fail("%w", constant.ErrTooLarge)
	}
	results, err := engine.Run(reference.New(), nil, v.Node(c.Graph))
	if err != nil {
		return nil // an argument depends on an input after all
	}
	t := &constant.Tensor{Type: proto.Float, Shape: v.Shape, Floats: make([]float64, v.Shape.Size())}
	for i, f := range results[0].Data() {
		t.Floats[i] = float64(f)
	}
	if t.Type == v.Type {
		return t
	}
	return c.must(constant.Cast(t, v.Type))
}

// integers returns argument i, known integers; nil if it is absent.
func (c *Call) integers(i int, what string) []int {
	if !c.has(i) {
		return nil
	}
	t := c.tensor(i, what)
	if t.IsFloat() {
		c.fail("%s has elements of type %v, want integers", what, t.Type)
	}
	return t.IntSlice()
}

// floats returns argument i, known numbers; nil if it is absent.
func (c *Call) floats(i int, what string) []float64 {
	if !c.has(i) {
		return nil
	}
	t := c.tensor(i, what)
	f := make([]float64, t.Size())
	for k := range f {
		f[k] = t.Float(k)
	}
	return f
}

// number returns argument i, a known single number, or otherwise.
func (c *Call) number(i int, what string, otherwise float64) float64 {
	f := c.floats(i, what)
	if f == nil && !c.has(i) {
		return otherwise
	}
	if len(f) != 1 {
		c.fail("%s has %d elements, want one", what, len(f))
	}
	return f[0]
}

// ints returns an attribute of integers, nil if it is absent.
func (c *Call) ints(name string) []int {
	v, _ := c.Ints(name)
	if v == nil {
		return nil
	}
	ints := make([]int, len(v))
	for i, n := range v {
		ints[i] = int(n)
	}
	return ints
}

// intsOf returns integers that were an attribute before version since and are argument i
// from there on; nil if they are absent.
func (c *Call) intsOf(name string, since, i int) []int {
	if c.Version < since {
		return c.ints(name)
	}
	return c.integers(i, name)
}

// flag returns a boolean attribute.
func (c *Call) flag(name string) bool { return c.Int(name, 0) != 0 }

// axis resolves an axis of argument 0.
func (c *Call) axis(axis int64) int { return c.axisOf(axis, c.rank()) }

func (c *Call) axisOf(axis int64, rank int) int {
	a, err := constant.Axis(axis, rank)
	if err != nil {
		c.fail("%w", err)
	}
	return a
}

// axes resolves axes among rank; twice the same is an error.
func (c *Call) axes(axes []int, rank int) []int {
	wide := make([]int64, len(axes))
	for i, a := range axes {
		wide[i] = int64(a)
	}
	r, err := constant.Axes(wide, rank)
	if err != nil {
		c.fail("%w", err)
	}
	return r
}

// dims returns the shape of argument 0.
func (c *Call) dims() tensor.Shape { return slices.Clone(c.In[0].Shape) }

// float reports whether argument 0 has floating-point numbers.
func (c *Call) float() bool { return tensordata.IsFloat(c.typ()) }

// scalar makes a constant of the graph.
func (c *Call) scalar(v float64) *graph.Node { return c.Graph.Scalar(float32(v)) }

// tooLarge reports whether a constant must be built in the graph instead.
func tooLarge(err error) bool { return errors.Is(err, constant.ErrTooLarge) }
