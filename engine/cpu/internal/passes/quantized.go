package passes

import (
	"math"

	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/engine/cpu/internal/qconv"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// Quantized turns a quantized network into integers. A graph.FakeQuantizeOp whose scale and zero point are
// single numbers that no run changes makes bytes. A convolution or product of bytes with weights that are
// quantized too, without zero point, becomes one of integers. It takes in what follows it, as long as
// nothing else reads the values in between: the sum with other bytes, ReLU, ReLU6 or a clip, and the
// rounding to bytes. Pooling, concatenation and reshaping keep bytes. What else reads bytes gets numbers.
//
// Graphs that train change their weights, and keep floats.
func Quantized(f *ir.Func) error {
	p := &quantizing{
		f: f, uses: f.Uses(), bytes: map[*ir.Value]*bytesOf{}, ends: map[*ir.Op]*fused{}, others: map[*ir.Op]func() *ir.Value{}, inside: map[*ir.Op]bool{},
		wanted: map[*ir.Value]bool{}, floats: map[*ir.Value]*ir.Value{},
	}
	for _, o := range f.Ops {
		if p.weights(o) != nil {
			p.plan(o)
		}
	}
	if len(p.ends) == 0 {
		return nil
	}
	for _, o := range f.Ops {
		if op, ok := o.Do.(graph.FakeQuantizeOp); ok && p.ends[o] == nil && p.source(o.Out()) != nil {
			p.planRounding(o, op)
		}
	}
	for _, o := range f.Ops {
		if !p.inside[o] {
			p.rewrite(o)
		}
	}
	for i, v := range f.Outputs {
		f.Outputs[i] = p.float(v)
	}
	for _, u := range f.Updates {
		u.New = p.float(u.New)
	}
	f.Ops = p.ops
	f.Rounding++
	removeDead(f)
	return nil
}

type quantizing struct {
	f      *ir.Func
	uses   *ir.Uses
	bytes  map[*ir.Value]*bytesOf      // by value of the graph: where its bytes are, nil if it has none
	ends   map[*ir.Op]*fused           // by the last operation that a convolution takes in
	others map[*ir.Op]func() *ir.Value // by the operation that rounds the result: what adds another operation on bytes
	inside map[*ir.Op]bool             // what these operations take in, but for the last one
	wanted map[*ir.Value]bool          // values that operations read as bytes
	floats map[*ir.Value]*ir.Value
	ops    []*ir.Op
}

// bytesOf is a value as bytes.
type bytesOf struct {
	value       *ir.Value // nil until the operation that makes it is rewritten
	scale, zero *ir.Value
	op          graph.FakeQuantizeOp
}

func (b *bytesOf) same(c *bytesOf) bool {
	return b.op == c.op && sameNumber(b.scale, c.scale) && sameNumber(b.zero, c.zero)
}

// sameNumber reports whether two values are the same, or equal constants.
func sameNumber(a, b *ir.Value) bool {
	if a == b {
		return true
	}
	x, ok := constantOf(a)
	y, ok2 := constantOf(b)
	return ok && ok2 && x == y
}

// constantOf returns the number that a constant has in all its elements.
func constantOf(v *ir.Value) (x float32, ok bool) {
	op, ok := v.Node.Op().(graph.ConstantOp)
	if !ok || v.Def != nil || op.Value.Size() == 0 {
		return 0, false
	}
	data := op.Value.Data()
	for _, y := range data {
		if y != data[0] {
			return 0, false
		}
	}
	return data[0], true
}

// A fused is a convolution with what it takes in.
type fused struct {
	conv        *ir.Op
	do          ir.QuantizedConv
	add         *ir.Value // what is added, a value of the graph that exists as bytes
	scale, zero *ir.Value // of the result, if it is of bytes
}

// source returns how a value exists as bytes, nil if it does not. It can be asked before the operation is
// rewritten that makes the value.
func (p *quantizing) source(v *ir.Value) *bytesOf {
	if b, ok := p.bytes[v]; ok {
		return b
	}
	b := p.find(v)
	p.bytes[v] = b
	return b
}

func (p *quantizing) find(v *ir.Value) *bytesOf {
	if v.Def == nil || v.Fixed {
		return nil
	}
	args := v.Def.Args
	switch op := v.Def.Do.(type) {
	case graph.FakeQuantizeOp:
		_, fits := ir.ByteOffset(op)
		if fits && single(args[1]) && single(args[2]) {
			return &bytesOf{scale: args[1], zero: args[2], op: op}
		}
	case graph.MaxPool2DOp:
		if fullWindows(op.Pool) {
			return p.like(args[0])
		}
	case graph.ReshapeOp, graph.SliceOp:
		return p.like(args[0])
	case graph.ConcatOp:
		first := p.source(args[0])
		for _, a := range args[1:] {
			if b := p.source(a); first == nil || b == nil || !b.same(first) {
				return nil
			}
		}
		return p.like(args[0])
	}
	return nil
}

// like returns bytes of the same numbers as those of v, if v exists as bytes.
func (p *quantizing) like(v *ir.Value) *bytesOf {
	b := p.source(v)
	if b == nil {
		return nil
	}
	return &bytesOf{scale: b.scale, zero: b.zero, op: b.op}
}

// single reports whether a value is one number that no run changes.
func single(v *ir.Value) bool { return v.Fixed && v.Shape.Size() == 1 }

// fullWindows reports whether each window of a pooling has an element.
func fullWindows(o graph.Pool) bool {
	return o.Dilation == [2]int{1, 1} && o.ExtraPad == [2]int{} && o.Pad[0] < o.Kernel[0] && o.Pad[1] < o.Kernel[1]
}

// weights returns the operation that rounds the weights of a convolution or product which
// can be computed with integers, apart from its source; otherwise nil.
func (p *quantizing) weights(o *ir.Op) *ir.Op {
	channelAxis := 0
	switch op := o.Do.(type) {
	case graph.Conv2DOp:
	case graph.MatMulOp:
		if op.TransA || len(o.Args[1].Shape) != 2 {
			return nil
		}
		if !op.TransB {
			channelAxis = 1
		}
	default:
		return nil
	}
	round := o.Args[1].Def
	if round == nil {
		return nil
	}
	op, ok := round.Do.(graph.FakeQuantizeOp)
	if !ok || !round.Args[0].Fixed || !round.Args[1].Fixed || len(o.Args) > 2 && !o.Args[2].Fixed {
		return nil
	}
	if _, ok := p.integers(op, round.Args[2]); !ok || !channelScale(round.Args[1].Shape, o.Args[1].Shape, channelAxis) {
		return nil
	}
	return round
}

// channelScale reports whether a scale has one element, or one for each index of an axis of the weights.
func channelScale(scale, weights tensor.Shape, axis int) bool {
	if scale.Size() == 1 {
		return true
	}
	for i, n := range scale {
		at := len(weights) - len(scale) + i
		if at == axis && n != weights[axis] || at != axis && n != 1 {
			return false
		}
	}
	return true
}

// integers returns the range of the integers of weights without their zero point, if it is a constant, and they
// fit into bytes with a sign.
func (p *quantizing) integers(op graph.FakeQuantizeOp, zero *ir.Value) (graph.FakeQuantizeOp, bool) {
	z, ok := constantOf(zero)
	low, high := op.Min-int(z), op.Max-int(z)
	return graph.FakeQuantizeOp{Min: low, Max: high}, ok && low >= -128 && high <= 127
}

// plan finds what a convolution or product takes in, if its source exists as bytes.
func (p *quantizing) plan(o *ir.Op) {
	x := p.source(o.Args[0])
	if x == nil {
		return
	}
	round := p.weights(o)
	integers, _ := p.integers(round.Do.(graph.FakeQuantizeOp), round.Args[2])
	inf := float32(math.Inf(1))
	c := &fused{conv: o, do: ir.QuantizedConv{In: x.op, Weights: integers, Bias: len(o.Args) > 2, Float: true, Low: -inf, High: inf}}
	switch op := o.Do.(type) {
	case graph.Conv2DOp:
		c.do.Conv = op
	case graph.MatMulOp:
		c.do.Product, c.do.Transposed = true, !op.TransB
		c.do.Conv = graph.Conv2DOp{Window: graph.Window{Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}}, Groups: 1}
	}
	end, inside := o, []*ir.Op{}
	for next := p.uses.Sole(end.Out()); next != nil && p.takeIn(c, end.Out(), next); next = p.uses.Sole(end.Out()) {
		inside = append(inside, end)
		if end = next; !c.do.Float {
			break
		}
	}
	if c.do.Float && c.depthwise() {
		return // there is no kernel for it
	}
	p.want(o.Args[0])
	if c.do.Add {
		p.want(c.add)
	}
	for _, op := range inside {
		p.inside[op] = true
	}
	p.ends[end] = c
}

// depthwise reports whether it is a depthwise convolution, whose result must be bytes and which can add nothing.
func (c *fused) depthwise() bool {
	return !c.do.Product && qconv.IsDepthwise(c.do.Conv, c.conv.Args[0].Shape, c.conv.Out().Shape)
}

// takeIn makes an operation that reads v a part of a convolution, if that is possible.
func (p *quantizing) takeIn(c *fused, v *ir.Value, next *ir.Op) bool {
	clipped := !math.IsInf(float64(c.do.Low), -1) || !math.IsInf(float64(c.do.High), 1)
	switch op := next.Do.(type) {
	case graph.FakeQuantizeOp:
		if b := p.source(next.Out()); b != nil && next.Args[0] == v {
			c.do.Float, c.do.Out, c.scale, c.zero = false, op, b.scale, b.zero
			return true
		}
	case graph.UnaryOp:
		low, high, ok := limits(op)
		if ok && !clipped {
			c.do.Low, c.do.High = low, high
			return true
		}
	case graph.BinaryOp:
		if op.Func != graph.KindAdd || clipped || c.do.Add || c.depthwise() || next.Args[0] == next.Args[1] {
			return false
		}
		other := next.Args[0]
		if other == v {
			other = next.Args[1]
		}
		if b := p.source(other); b != nil && other.Shape.Equal(v.Shape) && next.Out().Shape.Equal(v.Shape) {
			c.do.Add, c.do.Added, c.add = true, b.op, other
			return true
		}
	}
	return false
}

// want notes that an operation reads the bytes of a value that exists as such.
func (p *quantizing) want(v *ir.Value) {
	if p.wanted[v] {
		return
	}
	p.wanted[v] = true
	if _, ok := v.Def.Do.(graph.FakeQuantizeOp); !ok {
		for _, a := range v.Def.Args {
			p.want(a)
		}
	}
}

// limits returns the numbers to which an activation limits its argument.
func limits(op graph.UnaryOp) (low, high float32, ok bool) {
	switch op.Func {
	case graph.KindReLU:
		return 0, float32(math.Inf(1)), true
	case graph.KindReLU6:
		return 0, 6, true
	case graph.KindClip:
		return op.A, op.B, true
	}
	return 0, 0, false
}

// rewrite adds what an operation has become.
func (p *quantizing) rewrite(o *ir.Op) {
	if c := p.ends[o]; c != nil {
		p.addConv(c, o)
		return
	}
	if add := p.others[o]; add != nil {
		p.bytes[o.Out()].value = add()
		return
	}
	b := p.bytes[o.Out()]
	if b == nil {
		b = p.find(o.Out())
	}
	if b == nil || !p.wanted[o.Out()] {
		for i, v := range o.Args {
			o.Args[i] = p.float(v)
		}
		p.ops = append(p.ops, o)
		return
	}
	p.bytes[o.Out()] = b
	switch op := o.Do.(type) {
	case graph.FakeQuantizeOp:
		b.value = p.add(ir.Quantize{To: op}, o, ir.Uint8, p.float(o.Args[0]), b.scale, b.zero)
	case graph.MaxPool2DOp:
		b.value = p.add(ir.QuantizedMaxPool{Pool: op.Pool}, o, ir.Uint8, p.bytes[o.Args[0]].value)
	default:
		args := make([]*ir.Value, len(o.Args))
		for i, v := range o.Args {
			args[i] = p.bytes[v].value
		}
		b.value = p.add(o.Do, o, ir.Uint8, args...)
	}
}

// addConv adds a convolution with all that it takes in, the last of which is o.
func (p *quantizing) addConv(c *fused, o *ir.Op) {
	round := c.conv.Args[1].Def
	x := p.source(c.conv.Args[0])
	a := ir.QuantizedArgs{X: x.value, XScale: x.scale, XZero: x.zero, W: round.Args[0], WScale: round.Args[1], Scale: c.scale, Zero: c.zero}
	if c.do.Bias {
		a.Bias = c.conv.Args[2]
	}
	if c.do.Add {
		b := p.source(c.add)
		a.Add, a.AddScale, a.AddZero = b.value, b.scale, b.zero
	}
	if !c.do.Float {
		p.bytes[o.Out()].value = p.addFor(c.do, c.conv, o, ir.Uint8, a.List()...)
		return
	}
	p.floats[o.Out()] = p.addFor(c.do, c.conv, o, ir.Float32, a.List()...)
}

// add adds an operation in place of o, and returns its result.
func (p *quantizing) add(do ir.Operator, o *ir.Op, t ir.Type, args ...*ir.Value) *ir.Value {
	return p.addFor(do, o, o, t, args...)
}

// addFor is add for an operation that works for the node of another one.
func (p *quantizing) addFor(do ir.Operator, of, o *ir.Op, t ir.Type, args ...*ir.Value) *ir.Value {
	n := p.f.NewOp(do, of.Node, o.Out().Shape, args...)
	n.Out().Type = t
	p.ops = append(p.ops, n)
	return n.Out()
}

// float returns a value of the graph as floats.
func (p *quantizing) float(v *ir.Value) *ir.Value {
	if y := p.floats[v]; y != nil {
		return y
	}
	b := p.bytes[v]
	if b == nil || b.value == nil {
		return v
	}
	o := p.f.NewOp(ir.Dequantize{From: b.op}, v.Node, v.Shape, b.value, b.scale, b.zero)
	p.ops = append(p.ops, o)
	p.floats[v] = o.Out()
	return o.Out()
}

// removeDead removes the operations whose results nothing reads.
func removeDead(f *ir.Func) {
	for {
		uses, gone := f.Uses(), map[*ir.Op]bool{}
		for _, o := range f.Ops {
			read := false
			for _, v := range o.Outs {
				read = read || uses.Pinned(v) || len(uses.Of(v)) > 0
			}
			gone[o] = !read
		}
		before := len(f.Ops)
		f.Remove(gone)
		if len(f.Ops) == before {
			return
		}
	}
}
