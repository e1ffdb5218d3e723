package operators

import (
	"slices"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/onnx/internal/constant"
	"github.com/strideml/stride/onnx/internal/proto"
	"github.com/strideml/stride/tensor"
)

// reshaped returns argument 0 with another shape.
func (c *Call) reshaped(shape []int) []*Value {
	v := c.In[0]
	switch {
	case v.Known != nil:
		return c.constant(constant.Reshape(v.Known, shape))
	case slices.Equal(v.Shape, shape):
		return []*Value{v}
	}
	return c.one(graph.Reshape(c.x(), shape...))
}

// reshape has the shape as an attribute before version 5.
func reshape(c *Call) []*Value {
	shape := slices.Clone(c.intsOf("shape", 5, 1))
	dims := c.dims()
	for i, d := range shape {
		if d == 0 && !c.flag("allowzero") {
			if i >= len(dims) {
				c.fail("size 0 at %d of %v copies a size that the input %v does not have", i, shape, dims)
			}
			shape[i] = dims[i]
		}
	}
	return c.reshaped(c.target(shape, dims))
}

// target resolves a −1 in the shape that a Reshape asks for. Where the file has written it for
// its own batch size, it is made one for the batch of the graph: samples follow each other
// along the first axis, so that only that one grows.
func (c *Call) target(shape, dims []int) []int {
	if c.scaled(dims) && slices.Equal(shape, c.File.Target) && c.File.Result[0]%c.FileBatch == 0 {
		result := slices.Clone(c.File.Result)
		result[0] = result[0] / c.FileBatch * c.Batch
		return result
	}
	result := slices.Clone(shape)
	at, rest := -1, 1
	for i, d := range shape {
		switch {
		case d == -1 && at < 0:
			at = i
		case d < 0:
			c.fail("shape %v, want sizes and at most one -1", shape)
		case d > 0 && rest > 1<<40/d:
			c.fail("shape %v is too large", shape)
		default:
			rest *= d
		}
	}
	if size := tensor.Shape(dims).Size(); at >= 0 {
		if rest == 0 || size%rest != 0 {
			c.fail("cannot reshape %v to %v", dims, shape)
		}
		result[at] = size / rest
	}
	if c.Batch == c.FileBatch && len(result) > 0 {
		c.File.Target, c.File.Result = shape, result
	}
	return result
}

// scaled reports whether argument 0 has, along its first axis, more or fewer samples than
// the file was written for.
func (c *Call) scaled(dims []int) bool {
	f := c.File.Input
	return c.Batch != c.FileBatch && len(f) == len(dims) && len(f) > 0 &&
		slices.Equal(f[1:], dims[1:]) && f[0]%c.FileBatch == 0 && dims[0] == f[0]/c.FileBatch*c.Batch
}

func flatten(c *Call) []*Value {
	axis := c.Int("axis", 1)
	a := c.rank()
	if axis != int64(a) {
		a = c.axis(axis)
	}
	dims := c.dims()
	return c.reshaped([]int{dims[:a].Size(), dims[a:].Size()})
}

func squeeze(c *Call) []*Value {
	axes := c.axes(c.intsOf("axes", 13, 1), c.rank())
	dims := c.dims()
	if len(axes) == 0 {
		like := dims
		if c.scaled(dims) {
			like = c.File.Input
		}
		for a, d := range dims {
			if d == 1 && like[a] == 1 {
				axes = append(axes, a)
			}
		}
	}
	for _, a := range axes {
		if dims[a] != 1 {
			c.fail("axis %d of %v does not have the size 1", a, dims)
		}
	}
	return c.reshaped(without(dims, axes))
}

func unsqueeze(c *Call) []*Value {
	axes := c.intsOf("axes", 13, 1)
	axes = c.axes(axes, c.rank()+len(axes))
	dims := c.dims()
	shape := make([]int, 0, len(dims)+len(axes))
	for a := range len(dims) + len(axes) {
		if slices.Contains(axes, a) {
			shape = append(shape, 1)
		} else {
			shape = append(shape, dims[0])
			dims = dims[1:]
		}
	}
	return c.reshaped(shape)
}

func transpose(c *Call) []*Value {
	identity := make([]int, c.rank())
	for a := range identity {
		identity[a] = a
	}
	perm := c.ints("perm")
	if perm == nil {
		perm = slices.Clone(identity)
		slices.Reverse(perm)
	}
	v := c.In[0]
	switch {
	case v.Known != nil:
		return c.constant(constant.Transpose(v.Known, perm))
	case slices.Equal(perm, identity):
		return []*Value{v}
	}
	return c.one(graph.Transpose(c.x(), perm...))
}

// shapeOf gives the shape as numbers, which may be a part of it from version 15 on.
func shapeOf(c *Call) []*Value {
	dims := c.dims()
	bound := func(name string, otherwise int64) int {
		v := c.Int(name, otherwise)
		if v < 0 {
			v += int64(len(dims))
		}
		return int(min(max(v, 0), int64(len(dims))))
	}
	from, to := bound("start", 0), bound("end", int64(len(dims)))
	return []*Value{KnownValue(constant.Ints(dims[from:max(from, to)]...))}
}

func sizeOf(c *Call) []*Value { return []*Value{KnownValue(constant.Scalar(c.dims().Size()))} }

// broadcastTo repeats argument 0 to a shape.
func (c *Call) broadcastTo(shape []int) []*Value {
	out, err := constant.BroadcastShape(c.In[0].Shape, shape)
	if err != nil {
		c.fail("%w", err)
	}
	if known := c.In[0].Known; known != nil {
		t, err := constant.Expand(known, out)
		if !tooLarge(err) || !known.IsFloat() {
			return c.constant(t, err)
		}
	}
	return c.one(graph.Broadcast(c.x(), out...))
}

func expand(c *Call) []*Value {
	shape := slices.Clone(c.integers(1, "shape"))
	if dims := c.dims(); c.scaled(dims) && len(shape) == len(dims) && shape[0] == c.File.Input[0] {
		shape[0] = dims[0]
	}
	return c.broadcastTo(shape)
}

func tile(c *Call) []*Value {
	repeats := c.integers(1, "repeats")
	if c.Version < 6 { // tiles and an axis
		all := slices.Repeat([]int{1}, c.rank())
		axis := c.integers(2, "axis")
		if len(repeats) != 1 || len(axis) != 1 {
			c.fail("tiles and axis must be single numbers")
		}
		all[c.axis(int64(axis[0]))] = repeats[0]
		repeats = all
	}
	if known := c.In[0].Known; known != nil {
		return c.constant(constant.Tile(known, repeats))
	}
	if len(repeats) != c.rank() {
		c.fail("%d repeats for an input %v", len(repeats), c.dims())
	}
	x := c.x()
	for axis, n := range repeats {
		if n < 1 || n > 1<<20 {
			c.unsupported("repeats", repeats, "want from 1 to a million")
		}
		if n == 1 {
			continue
		}
		s := x.Shape()
		x = graph.Reshape(x, slices.Concat(s[:axis], []int{1}, s[axis:])...)
		x = graph.Broadcast(x, slices.Concat(s[:axis], []int{n}, s[axis:])...)
		x = graph.Reshape(x, slices.Concat(s[:axis], []int{n * s[axis]}, s[axis+1:])...)
	}
	return c.one(x)
}

// concat joins along an axis, 1 before version 4 unless the file says another one. An argument
// that has a batch of 1 written in the file is repeated for each sample.
func concat(c *Call) []*Value {
	axis := c.axis(c.Int("axis", 1))
	if c.known() {
		known := make([]*constant.Tensor, len(c.In))
		for i, v := range c.In {
			known[i] = v.Known
		}
		t, err := constant.Concat(axis, known...)
		if !tooLarge(err) {
			return c.constant(t, err)
		}
	}
	var nodes []*graph.Node
	batch := 1
	for i, v := range c.In {
		if v.Shape.Size() == 0 {
			continue
		}
		n := c.arg(i)
		nodes = append(nodes, n)
		if axis != 0 && len(n.Shape()) > 0 {
			batch = max(batch, n.Shape()[0])
		}
	}
	if len(nodes) == 0 {
		c.fail("all arguments are empty")
	}
	for i, n := range nodes {
		if s := n.Shape(); axis != 0 && batch == c.Batch && len(s) > 0 && s[0] == 1 {
			nodes[i] = graph.Broadcast(n, slices.Concat([]int{batch}, s[1:])...)
		}
	}
	return c.one(graph.Concat(axis, nodes...))
}

func constantOfShape(c *Call) []*Value {
	value := &constant.Tensor{Type: proto.Float, Shape: []int{1}, Floats: []float64{0}}
	if a := c.Attribute("value"); a != nil && a.T != nil {
		value = c.literal(a.T)
	}
	shape := c.integers(0, "shape")
	t, err := constant.Full(value, shape)
	if tooLarge(err) && value.IsFloat() {
		return []*Value{LazyBroadcast(KnownValue(value), shape)}
	}
	return c.constant(t, err)
}

// rangeOf is Range.
func rangeOf(c *Call) []*Value {
	return c.constant(constant.Arange(c.tensor(0, "start"), c.tensor(1, "limit"), c.tensor(2, "delta")))
}

func nonZero(c *Call) []*Value { return c.constant(constant.NonZero(c.tensor(0, "the input")), nil) }

// eyeLike is 1 on a diagonal of a matrix of the shape of argument 0, and 0 elsewhere.
func eyeLike(c *Call) []*Value {
	shape, k := c.dims(), int(c.Int("k", 0))
	if len(shape) != 2 {
		c.fail("input must be a matrix, got %v", shape)
	}
	zero := &constant.Tensor{Type: proto.Float, Shape: []int{1}, Floats: []float64{0}}
	t := c.must(constant.Full(zero, shape))
	for i := range shape[0] {
		if j := i + k; j >= 0 && j < shape[1] {
			t.Floats[i*shape[1]+j] = 1
		}
	}
	return c.constant(constant.Cast(t, proto.DataType(c.Int("dtype", int64(c.typ())))))
}
