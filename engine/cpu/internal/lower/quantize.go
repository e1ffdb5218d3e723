package lower

import (
	"math"

	"github.com/strideml/stride/engine/cpu/internal/exec"
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/engine/cpu/internal/kernel/quantized"
	"github.com/strideml/stride/graph"
)

// quantize makes bytes of numbers: an image becomes one in NHWC, whatever its layout is.
var quantize = operator{
	layout: func(l *Layouts, o *ir.Op) {
		if o.Out().Image() && l.isImage(o.Args[0]) {
			l.Pixels(o, 0)
		} else {
			l.Plain(o, 0)
		}
		l.Plain(o, 1)
		l.Plain(o, 2)
		l.MakeRows(o)
	},
	lower: lowerQuantize,
}

// dequantize makes numbers of bytes, in their layout.
var dequantize = operator{layout: layoutBytes(0), lower: lowerDequantize}

var minusInf, plusInf = float32(math.Inf(-1)), float32(math.Inf(1))

// A quantization is a scale and a zero point, as they are at a run, and the range of the
// integers, as they are stored.
type quantization struct {
	scale       float32
	zero        int32
	least, most int32
}

// quantization returns what reads the scale and the zero point that a list of arguments begins with.
func (c *Lowerer) quantization(op graph.FakeQuantizeOp, args []*ir.Value) func() quantization {
	scale, zero := c.at(args[0]), c.at(args[1])
	offset, _ := ir.ByteOffset(op)
	return func() quantization {
		return quantization{scale.data()[0], int32(zero.data()[0]) + int32(offset), int32(op.Min + offset), int32(op.Max + offset)}
	}
}

// limits returns the limits of a result in steps from the zero point, see quantized.Output, if those of its numbers are low
// and high.
func (q quantization) limits(low, high float32) (least, most float32) {
	least, most = quantized.Bounds8(low, high, q.scale, q.zero)
	return max(least, float32(q.least-q.zero)), min(most, float32(q.most-q.zero))
}

// rounding returns how numbers become bytes.
func (q quantization) rounding() *quantized.Quantization {
	low, high := q.limits(minusInf, plusInf)
	return &quantized.Quantization{Scale: q.scale, Low: low, High: high, Zero: q.zero}
}

func lowerQuantize(c *Lowerer, o *ir.Op) {
	from, to := o.Args[0], o.Out()
	src, dst, quantization := c.at(from), c.at(to), c.quantization(o.Do.(ir.Quantize).To, o.Args[1:])
	s := exec.Step{Name: "quantize", Reads: c.bufsOf(o.Args...), Writes: []*exec.Buffer{dst.buf}}
	if to.Image() && !from.Has(to.Layout) { // planes of channels
		c.quantizePlanes(s, from, to, src, dst, quantization)
		return
	}
	c.addElements(s, []*ir.Value{to, from}, func(at [3]int, n int) {
		quantized.Quantize(dst.bytes()[at[0]:][:n], src.data()[at[1]:][:n], quantization().rounding())
	})
}

// planeBlock is how many pixels of a plane are rounded at a time.
const planeBlock = 256

// quantizePlanes rounds an image in row-major order to one in NHWC.
func (c *Lowerer) quantizePlanes(s exec.Step, from, to *ir.Value, src, dst memory, quantization func() quantization) {
	n, channels, pixels, pitch := to.Shape[0], to.Shape[1], to.Shape[2]*to.Shape[3], to.PixelPitch()
	blocks := (pixels + planeBlock - 1) / planeBlock
	c.addSplit(s, n*blocks, max(1, (1<<14)/(planeBlock*channels)), 1, func(lo, hi int) {
		rounding := quantization().rounding()
		var row [planeBlock]byte
		for block := lo; block < hi; block++ {
			image, first := block/blocks, block%blocks*planeBlock
			count := min(planeBlock, pixels-first)
			y := dst.bytes()[(image*pixels+first)*pitch:]
			for k := range channels {
				quantized.Quantize(row[:count], src.data()[(image*channels+k)*pixels+first:][:count], rounding)
				for i, v := range row[:count] {
					y[i*pitch+k] = v
				}
			}
		}
	})
}

func lowerDequantize(c *Lowerer, o *ir.Op) {
	from, to := o.Args[0], o.Out()
	src, dst, quantization := c.at(from), c.at(to), c.quantization(o.Do.(ir.Dequantize).From, o.Args[1:])
	s := exec.Step{Name: "dequantize", Reads: c.bufsOf(o.Args...), Writes: []*exec.Buffer{dst.buf}}
	c.addElements(s, []*ir.Value{to, from}, func(at [3]int, n int) {
		q := quantization()
		quantized.Dequantize(dst.data()[at[0]:][:n], src.bytes()[at[1]:][:n], q.scale, q.zero)
	})
}

// addElements adds a step that works on up to three values of one shape element by element: run is called with where a part of
// each begins, and how many elements it has.
func (c *Lowerer) addElements(s exec.Step, values []*ir.Value, run func(at [3]int, n int)) {
	size, row := values[0].Shape.Size(), rowOf(values[0])
	dense := true
	for _, v := range values {
		dense = dense && v.RowPitch() == row
	}
	c.addSplit(s, size/row, max(1, (1<<14)/row), 1, func(lo, hi int) {
		var at [3]int
		step := 1
		if dense {
			step = hi - lo
		}
		for r := lo; r < hi; r += step {
			for i, v := range values {
				at[i] = r * v.RowPitch()
			}
			run(at, step*row)
		}
	})
}
