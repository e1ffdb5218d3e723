package qconv

import (
	"github.com/strideml/stride/engine/cpu/internal/kernel/quantized"
	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// depthwise computes a convolution of each channel by itself. A task computes some rows of an image, row by row.
type depthwise struct {
	geometry
	byTap   bool // the kernel has no column kernels: each tap is a row of one column
	rowOff  []int32
	columns []int32 // by channel
}

func newDepthwise(op graph.Conv2DOp, x, w, y tensor.Shape) *depthwise {
	p := &depthwise{geometry: newGeometry(op, x, w, y)}
	p.byTap = (p.kernel[1] != 3 && p.kernel[1] != 5) || op.Stride[1] > 2 || op.Dilation[1] != 1
	channels := make([]int32, x[1])
	for i := range channels {
		channels[i] = int32(i + 1)
	}
	order := make([]int32, quantized.DepthwiseColumns(x[1]))
	quantized.DepthwiseOrder(order, channels)
	p.columns = make([]int32, x[1])
	for at, c := range order {
		if c > 0 {
			p.columns[c-1] = int32(at)
		}
	}
	p.images, p.rows = 1, p.out.H
	for p.rows > 1 && (p.rows*p.out.W*p.out.C*p.taps() > depthwiseTask || p.frameSize(p.rows) > depthwiseFrame) {
		p.rows = (p.rows + 1) / 2
	}
	p.planRows()
	return p
}

// The multiply-adds of a task, and the size of its frame in bytes, at most, if it has several rows.
const (
	depthwiseTask  = 1 << 20
	depthwiseFrame = 1 << 15
)

func (p *depthwise) taps() int { return p.kernel[0] * p.kernel[1] }

// shape returns the shape of the kernel as the kernels of package quantized see it.
func (p *depthwise) shape() (rows, width int) {
	if p.byTap {
		return p.taps(), 1
	}
	return p.kernel[0], p.kernel[1]
}

func (p *depthwise) planRows() {
	rows, _ := p.shape()
	p.rowOff = make([]int32, 4*quantized.Quads(rows))
	step := p.pixelStep()
	for i := range rows {
		y, x := i, 0
		if p.byTap {
			y, x = i/p.kernel[1], i%p.kernel[1]
		}
		p.rowOff[i] = int32((y*p.op.Dilation[0]*p.width + x*p.op.Dilation[1]) * step)
	}
}

func (p *depthwise) SetPitch(source, out, _ int) {
	p.source.Pitch, p.out.Pitch = source, out
	p.planRows()
}

func (p *depthwise) Algorithm() string { return "int8, depthwise" }

func (p *depthwise) PackedSize() int {
	rows, width := p.shape()
	return quantized.PackedDepthwiseSize(p.out.C, rows, width)
}

func (p *depthwise) Groups() int            { return 1 }
func (p *depthwise) Columns() int           { return quantized.DepthwiseColumns(p.out.C) }
func (p *depthwise) Column(channel int) int { return int(p.columns[channel]) }

func (p *depthwise) Pack(packed, weights []int8, _ int) {
	rows, width := p.shape()
	taps := p.taps()
	w := make([]int8, len(weights)) // Kh×Kw×C
	for c := range p.out.C {
		for t := range taps {
			w[t*p.out.C+c] = weights[c*taps+t]
		}
	}
	quantized.PackDepthwise(packed, w, p.out.C, rows, width)
}

func (p *depthwise) Fold(sums, bias []int32, packed []int8, zero int32, _ int) {
	rows, width := p.shape()
	quantized.FoldDepthwiseBias(sums[:p.Columns()], bias, packed, p.out.C, rows, width, zero)
}

func (p *depthwise) Tasks() int { return p.imageBlocks() * p.rowBlocks() }

func (p *depthwise) Scratch() int { return p.frameSize(p.rows) + 4*work.SlackFloats }

func (p *depthwise) Run(task int, o Operands, scratch []byte) {
	image, _, y, rows := p.block(task)
	source := p.sourceOf(scratch, o.Source, o.Zero, image, 1, y)
	kernelRows, width := p.shape()
	o.Output.Scale = &o.Scale[0]
	args := quantized.DepthwiseArgs{
		RowOff: &p.rowOff[0], Quads: quantized.Quads(kernelRows), W: &o.Packed[0], Bias: &o.Sums[0], Output: &o.Output,
		N: p.out.W, DstStep: p.out.Pitch, SrcStep: p.pixelStep(), C: p.out.C, Width: width, Stride: p.op.Stride[1],
	}
	for r := range rows {
		args.Src = &source[r*p.op.Stride[0]*p.width*p.pixelStep()]
		args.Dst = &o.Out[((image*p.out.H+y+r)*p.out.W)*p.out.Pitch]
		quantized.Depthwise(&args)
	}
}
