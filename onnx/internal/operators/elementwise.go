package operators

import (
	"math"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/onnx/internal/constant"
	"github.com/strideml/stride/onnx/internal/proto"
	"github.com/strideml/stride/onnx/internal/tensordata"
)

// unary builds functions of one number without parameters. Those that package constant
// knows are computed at once for constants.
func unary(f func(x *graph.Node) *graph.Node) func(c *Call) []*Value {
	return func(c *Call) []*Value {
		if c.folds() {
			if t, err := constant.Unary(c.OpType, c.In[0].Known); err == nil {
				return []*Value{KnownValue(t)}
			}
		}
		return c.one(f(c.x()))
	}
}

// activation builds functions of one number that are only computed in the graph.
func activation(f func(c *Call, x *graph.Node) *graph.Node) func(c *Call) []*Value {
	return func(c *Call) []*Value { return c.one(f(c, c.x())) }
}

// binary builds functions of two numbers, broadcast.
func binary(f func(a, b *graph.Node) *graph.Node) func(c *Call) []*Value {
	return func(c *Call) []*Value {
		if c.folds() {
			t, err := constant.Binary(c.OpType, c.In[0].Known, c.In[1].Known)
			if !tooLarge(err) {
				return c.constant(t, err)
			}
		}
		a, b := c.aligned()
		return c.one(f(a, b))
	}
}

// comparison is binary for results of type bool.
func comparison(f func(a, b *graph.Node) *graph.Node) func(c *Call) []*Value {
	build := binary(f)
	return func(c *Call) []*Value {
		out := build(c)
		out[0].Type = proto.Bool
		return out
	}
}

// aligned returns arguments 0 and 1. Before version 7 the shape of the second one could
// be aligned with axes of the first other than the last ones.
func (c *Call) aligned() (a, b *graph.Node) {
	a, b = c.arg(0), c.arg(1)
	if c.Version < 7 && c.flag("broadcast") && c.Attribute("axis") != nil {
		axis := c.axis(c.Int("axis", 0))
		shape := b.Shape().Clone()
		for len(shape)+axis < len(a.Shape()) {
			shape = append(shape, 1)
		}
		b = graph.Reshape(b, shape...)
	}
	return a, b
}

// variadic builds functions of any number of arguments, two by two.
func variadic(name string, f func(a, b *graph.Node) *graph.Node) func(c *Call) []*Value {
	return func(c *Call) []*Value {
		if c.folds() {
			t := c.In[0].Known
			for _, v := range c.In[1:] {
				t = c.must(constant.Binary(name, t, v.Known))
			}
			return c.constant(t, nil)
		}
		y := c.x()
		for i := range c.In[1:] {
			y = f(y, c.arg(i+1))
		}
		return c.one(y)
	}
}

// mean is the mean of any number of arguments.
func mean(c *Call) []*Value {
	y := c.x()
	for i := range c.In[1:] {
		y = graph.Add(y, c.arg(i+1))
	}
	if len(c.In) > 1 {
		y = graph.Mul(y, c.scalar(1/float64(len(c.In))))
	}
	return c.one(y)
}

// mod takes the sign of the divisor, or with fmod that of the dividend.
func mod(c *Call) []*Value {
	name, f := "Mod", graph.Mod
	if c.flag("fmod") {
		name, f = "FMod", graph.FMod
	}
	if c.folds() {
		return c.constant(constant.Binary(name, c.In[0].Known, c.In[1].Known))
	}
	return c.one(f(c.arg(0), c.arg(1)))
}

func identity(c *Call) []*Value { return []*Value{c.In[0]} }

func clip(c *Call) []*Value {
	lo, hi := float64(c.Float("min", float32(math.Inf(-1)))), float64(c.Float("max", float32(math.Inf(1))))
	if c.Version >= 11 {
		lo, hi = c.number(1, "min", math.Inf(-1)), c.number(2, "max", math.Inf(1))
	}
	if known := c.In[0].Known; known != nil {
		if t, err := clipKnown(known, lo, hi); err == nil {
			return c.constant(t, nil)
		}
	}
	x := c.x()
	switch {
	case lo > hi: // every number becomes hi
		return c.one(graph.Minimum(graph.Maximum(x, c.scalar(lo)), c.scalar(hi)))
	case lo == 0 && hi == 6:
		return c.one(graph.ReLU6(x))
	case lo == 0 && hi >= math.MaxFloat32:
		return c.one(graph.ReLU(x))
	case math.IsInf(lo, -1) && math.IsInf(hi, 1):
		return []*Value{c.In[0]}
	}
	return c.one(graph.Clip(x, float32(lo), float32(hi)))
}

func clipKnown(t *constant.Tensor, lo, hi float64) (*constant.Tensor, error) {
	bound := func(v float64) *constant.Tensor {
		b := &constant.Tensor{Type: t.Type, Shape: []int{}}
		if t.IsFloat() {
			b.Floats = []float64{v}
		} else {
			b.Ints = []int64{int64(min(max(v, -0x1p53), 0x1p53))}
		}
		return b
	}
	low, err := constant.Binary("Max", t, bound(lo))
	if err != nil {
		return nil, err
	}
	return constant.Binary("Min", low, bound(hi))
}

func pow(c *Call) []*Value {
	if c.folds() {
		t, err := constant.Binary("Pow", c.In[0].Known, c.In[1].Known)
		return c.constant(t, err)
	}
	if e := c.In[1]; (e.Known != nil || e.Fixed) && e.Shape.Size() == 1 && len(e.Shape) <= c.rank() {
		switch exponent := c.number(1, "the exponent", 1); exponent {
		case 1:
			return []*Value{c.In[0]}
		case 2:
			return c.one(graph.Mul(c.x(), c.x()))
		case 0.5:
			return c.one(graph.Sqrt(c.x()))
		default:
			return c.one(graph.Pow(c.x(), float32(exponent)))
		}
	}
	return c.one(graph.Power(c.x(), c.arg(1)))
}

// cast changes the type. In the graph numbers stay as they are, but for those that become
// integers or bools.
func cast(c *Call) []*Value {
	to := proto.DataType(c.Int("to", 0))
	if c.Version < 6 {
		to = typeOfName(c.Text("to", ""))
	}
	return c.castTo(to)
}

func castLike(c *Call) []*Value { return c.castTo(c.In[1].Type) }

func typeOfName(name string) proto.DataType {
	return map[string]proto.DataType{
		"FLOAT": proto.Float, "FLOAT16": proto.Float16, "DOUBLE": proto.Double, "INT8": proto.Int8, "INT16": proto.Int16, "INT32": proto.Int32,
		"INT64": proto.Int64, "UINT8": proto.Uint8, "UINT16": proto.Uint16, "UINT32": proto.Uint32, "UINT64": proto.Uint64, "BOOL": proto.Bool,
	}[name]
}

func (c *Call) castTo(to proto.DataType) []*Value {
	if !tensordata.IsFloat(to) && !tensordata.IsInteger(to) {
		c.unsupported("to", to, "")
	}
	if c.In[0].Known != nil {
		return c.constant(constant.Cast(c.In[0].Known, to))
	}
	x := c.x()
	switch {
	case to == proto.Bool && c.typ() != proto.Bool:
		x = graph.Not(graph.Equal(x, c.scalar(0)))
	case tensordata.IsInteger(to) && c.float():
		x = graph.Where(graph.Less(x, c.scalar(0)), graph.Ceil(x), graph.Floor(x)) // cut off towards 0
	}
	return []*Value{NodeValue(x, to)}
}

func dropout(c *Call) []*Value {
	ratio := float64(c.Float("ratio", 0.5))
	training := false
	if c.Version >= 12 {
		ratio = c.number(1, "ratio", 0.5)
		training = c.number(2, "training_mode", 0) != 0
	} else if c.Version < 7 && !c.flag("is_test") {
		training = false // files of that time have it for training, and are read for inference
	}
	if training && ratio != 0 {
		c.unsupported("training_mode", true, "random numbers of ONNX")
	}
	y := c.In[0]
	if !(ratio >= 0 && ratio < 1) {
		c.fail("ratio %v, want at least 0 and below 1", ratio)
	}
	if c.Host != nil && ratio > 0 && y.Known == nil {
		name := c.Name
		if name == "" {
			name = c.Outputs[0]
		}
		y = NodeValue(c.Host.Dropout(name, c.x(), float32(ratio)), c.typ())
	}
	// The mask says which elements stay; all do.
	ones := &constant.Tensor{Type: proto.Bool, Shape: []int{}, Ints: []int64{1}}
	return []*Value{y, LazyBroadcast(KnownValue(ones), c.In[0].Shape)}
}

// LazyBroadcast repeats a fixed value to a shape when it is used.
func LazyBroadcast(v *Value, shape []int) *Value {
	r := LazyValue(shape, true, func(g *graph.Graph) *graph.Node { return graph.Broadcast(v.Node(g), shape...) })
	r.Type = v.Type
	return r
}

// sinh and cosh are the halves of eˣ ∓ e⁻ˣ.
func sinh(x *graph.Node) *graph.Node {
	return graph.Mul(graph.Sub(graph.Exp(x), graph.Exp(graph.Neg(x))), x.Graph().Scalar(0.5))
}

func cosh(x *graph.Node) *graph.Node {
	return graph.Mul(graph.Add(graph.Exp(x), graph.Exp(graph.Neg(x))), x.Graph().Scalar(0.5))
}
