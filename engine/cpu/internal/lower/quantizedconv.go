package lower

import (
	"math"
	"unsafe"

	"github.com/strideml/stride/engine/cpu/internal/exec"
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/engine/cpu/internal/kernel/quantized"
	"github.com/strideml/stride/engine/cpu/internal/qconv"
	"github.com/strideml/stride/tensor"
)

// Convolutions and products of bytes are computed by the plans of package qconv.
var quantizedConv = operator{work: "convolution", layout: layoutQuantizedConv, lower: lowerQuantizedConv}

func layoutQuantizedConv(l *Layouts, o *ir.Op) {
	do := o.Do.(ir.QuantizedConv)
	a := do.ArgsOf(o.Args)
	x, w, y := a.X.Shape, a.W.Shape, o.Out().Shape
	if do.Product { // a row is an image of one pixel
		k := x[len(x)-1]
		out := y[len(y)-1]
		x, w, y = tensor.Shape{x.Size() / k, k, 1, 1}, tensor.Shape{out, k, 1, 1}, tensor.Shape{x.Size() / k, out, 1, 1}
	}
	o.Plan = qconv.New(do.Conv, x, w, y)
	for i, v := range o.Args {
		if !do.Product && (v == a.X || v == a.Add) {
			l.Pixels(o, i)
		} else {
			l.Plain(o, i)
		}
	}
	if do.Product {
		l.MakePlain(o)
	} else {
		l.MakePixels(o)
	}
}

// The parameters of a quantized convolution that depend on nothing that a run changes, in
// one buffer: these, then the scale and the initial value of the sum of each column.
const (
	paramLow = iota
	paramHigh
	paramZero
	paramAddScale
	paramAddZero
	paramSourceZero
	paramColumns = 16
)

func lowerQuantizedConv(c *Lowerer, o *ir.Op) {
	do, p := o.Do.(ir.QuantizedConv), o.Plan.(qconv.Plan)
	a := do.ArgsOf(o.Args)
	if !do.Product {
		add := o.Out().PixelPitch()
		if a.Add != nil {
			add = a.Add.PixelPitch()
		}
		p.SetPitch(a.X.PixelPitch(), o.Out().PixelPitch(), add)
	}
	packed := memory{buf: c.alloc((p.PackedSize() + 3) / 4)}
	params := memory{buf: c.alloc(paramColumns + 2*p.Columns())}
	c.addQuantizedWeights(o, packed, params)

	x, out := c.at(a.X), c.at(o.Out())
	s := exec.Step{
		Name: "correlation", Algorithm: p.Algorithm(), Tasks: p.Tasks(), Scratch: (p.Scratch() + 3) / 4,
		Reads: []*exec.Buffer{x.buf, packed.buf, params.buf}, Writes: []*exec.Buffer{out.buf},
	}
	var add memory
	if do.Add {
		add = c.at(a.Add)
		s.Reads = append(s.Reads, add.buf)
	}
	s.Run = func(task int, scratch []float32) {
		v := params.data()
		operands := qconv.Operands{
			Source: x.bytes(), Zero: byte(v[paramSourceZero]), Packed: signed(packed.bytes()),
			Scale: v[paramColumns:], Sums: integers(v[paramColumns+p.Columns():]),
			Output: quantized.Output{
				Low: v[paramLow], High: v[paramHigh], Zero: int32(v[paramZero]), AddScale: v[paramAddScale], AddZero: int32(v[paramAddZero]),
			},
		}
		if do.Add {
			operands.Add = add.bytes()
		}
		if do.Float {
			operands.Floats = out.data()
		} else {
			operands.Out = out.bytes()
		}
		p.Run(task, operands, exec.BytesOf(scratch))
	}
	c.add(s)
}

// addQuantizedWeights adds the step that rounds and packs the weights and computes the parameters, once.
func (c *Lowerer) addQuantizedWeights(o *ir.Op, packed, params memory) {
	do, p := o.Do.(ir.QuantizedConv), o.Plan.(qconv.Plan)
	a := do.ArgsOf(o.Args)
	fixed := a
	fixed.X, fixed.Add = nil, nil
	in := c.quantization(do.In, []*ir.Value{a.XScale, a.XZero})
	var added, result func() quantization
	if do.Add {
		added = c.quantization(do.Added, []*ir.Value{a.AddScale, a.AddZero})
	}
	if !do.Float {
		result = c.quantization(do.Out, []*ir.Value{a.Scale, a.Zero})
	}
	w, wScale := c.at(a.W), c.at(a.WScale)
	var bias memory
	if do.Bias {
		bias = c.at(a.Bias)
	}
	s := exec.Step{Name: "pack", Tasks: 1, Reads: c.bufsOf(fixed.List()...), Writes: []*exec.Buffer{packed.buf, params.buf}}
	c.onceFor(&s, fixed.List())
	wSize, wScaleSize, channels := a.W.Shape.Size(), a.WScale.Shape.Size(), o.Out().Shape[1]
	if do.Product {
		channels = o.Out().Shape[len(o.Out().Shape)-1]
	}
	s.Run = func(int, []float32) {
		v, in := params.data(), in()
		v[paramSourceZero], v[paramLow], v[paramHigh] = float32(in.zero), do.Low, do.High
		step := float32(1) // of the result
		if !do.Float {
			to := result()
			step = to.scale
			v[paramLow], v[paramHigh] = to.limits(do.Low, do.High)
			v[paramZero] = float32(to.zero)
		}
		if do.Add {
			from := added()
			v[paramAddScale], v[paramAddZero] = from.scale/step, float32(from.zero)
		}
		rounded := roundWeights(do, w.data()[:wSize], channels)
		biases := make([]int32, channels)
		for i := range channels {
			ws := wScale.data()[i%wScaleSize]
			b := float32(0)
			if do.Bias {
				b = bias.data()[i]
			}
			ws = rounded.channel(i, ws, b/in.scale)
			biases[i] = int32(math.RoundToEven(float64(b) / float64(in.scale*ws)))
			v[paramColumns+p.Column(i)] = in.scale * ws / step
		}
		ints := integers(v[paramColumns+p.Columns():])
		for g := range p.Groups() {
			p.Pack(signed(packed.bytes()), rounded.to, g)
			p.Fold(ints, biases, signed(packed.bytes()), in.zero, g)
		}
	}
	c.add(s)
}

// A rounding makes integers of the weights of the output channels.
type rounding struct {
	do         ir.QuantizedConv
	from       []float32
	to         []int8
	step, next int // distances of the weights of a channel, and of channels
}

func roundWeights(do ir.QuantizedConv, w []float32, channels int) *rounding {
	r := &rounding{do: do, from: w, to: make([]int8, len(w)), step: 1, next: len(w) / channels}
	if do.Transposed {
		r.step, r.next = channels, 1
	}
	return r
}

// mostBias is the greatest bias in units of the sums: these must not leave the range of int32.
const mostBias = 1 << 30

// channel rounds the weights of a channel and returns their scale: the given one, or a
// larger one if a bias, in units of the numbers of the source, would be too large for it. That is so for channels whose
// weights are all but 0.
func (r *rounding) channel(i int, scale, bias float32) float32 {
	scale = max(scale, float32(math.Abs(float64(bias))/mostBias))
	least, most := float32(r.do.Weights.Min), float32(r.do.Weights.Max)
	to := r.to[i*r.per():][:r.per()]
	for k := range to {
		v := float32(math.RoundToEven(float64(r.from[i*r.next+k*r.step] / scale)))
		to[k] = int8(min(max(v, least), most))
	}
	return scale
}

// per is the number of weights of a channel.
func (r *rounding) per() int {
	if r.do.Transposed {
		return len(r.from) / r.step
	}
	return r.next
}

// signed and integers are views of memory.
func signed(b []byte) []int8 {
	return unsafe.Slice((*int8)(unsafe.Pointer(unsafe.SliceData(b))), len(b))
}
func integers(f []float32) []int32 {
	return unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(f))), len(f))
}
