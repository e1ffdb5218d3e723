package qconv

import (
	"math"
	"unsafe"

	"github.com/strideml/stride/engine/cpu/internal/kernel/quantized"
	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// direct computes sums over kernel positions and channels. A task computes a block for a range of
// panels of output channels.
type direct struct {
	geometry
	addPitch        int
	groups          int
	segs, run       int // of the sums, see quantized.TileArgs
	segOff          []int32
	panels          int // of a group
	split           int // tasks that share a block
	aOff, cOff, add []int32
}

func newDirect(op graph.Conv2DOp, x, w, y tensor.Shape) *direct {
	p := &direct{geometry: newGeometry(op, x, w, y), addPitch: y[1], groups: op.Groups}
	if p.pointwise() { // the pixels of all images are those of one column
		p.source.H, p.source.W = p.n*p.source.H*p.source.W, 1
		p.out.H, p.out.W = p.source.H, 1
		p.n, p.width = 1, 1
	}
	p.panels = quantized.Panels(p.outChannels())
	p.planSums()
	p.planBlocks()
	p.planOffsets()
	return p
}

func (p *direct) SetPitch(source, out, add int) {
	p.source.Pitch, p.out.Pitch, p.addPitch = source, out, add
	p.planSums()
	p.planOffsets()
}

func (p *direct) inChannels() int  { return p.source.C / p.groups }
func (p *direct) outChannels() int { return p.out.C / p.groups }

// pointwise reports whether the convolution is a product of a matrix of pixels.
func (p *direct) pointwise() bool {
	return p.kernel == [2]int{1, 1} && p.op.Stride == [2]int{1, 1} && !p.framed && p.source.H == p.out.H && p.source.W == p.out.W
}

// planSums finds the segments of a sum: rows of the kernel where their pixels are side by side,
// otherwise single taps.
func (p *direct) planSums() {
	p.segOff = nil
	step := p.pixelStep()
	if p.groups == 1 && step == p.source.C && p.op.Dilation[1] == 1 {
		p.segs, p.run = p.kernel[0], p.kernel[1]*p.source.C
		for y := range p.kernel[0] {
			p.segOff = append(p.segOff, int32(y*p.op.Dilation[0]*p.width*step))
		}
		return
	}
	p.segs, p.run = p.kernel[0]*p.kernel[1], p.inChannels()
	for y := range p.kernel[0] {
		for x := range p.kernel[1] {
			p.segOff = append(p.segOff, int32((y*p.op.Dilation[0]*p.width+x*p.op.Dilation[1])*step))
		}
	}
}

// planOffsets tabulates where the pixels of a block lie.
func (p *direct) planOffsets() {
	p.aOff, p.cOff, p.add = nil, nil, nil
	image := p.source.Size()
	if p.framed {
		image = p.frameSize(p.rows)
	}
	step := p.pixelStep()
	for i := range p.images {
		for y := range p.rows {
			for x := range p.out.W {
				pixel := (i*p.out.H+y)*p.out.W + x
				p.aOff = append(p.aOff, int32(i*image+(y*p.op.Stride[0]*p.width+x*p.op.Stride[1])*step))
				p.cOff = append(p.cOff, int32(pixel*p.out.Pitch))
				p.add = append(p.add, int32(pixel*p.addPitch))
			}
		}
	}
}

func (p *direct) Algorithm() string {
	if p.pointwise() {
		return "int8, 1×1 as GEMM"
	}
	return "int8, direct"
}

// What a block should be like. A processor with dot products of bytes does about 64 multiply-adds
// in a cycle, and moves 16 bytes from the last cache.
const (
	frameBytes = 1 << 17 // of the frame of a block, about
	byteCost   = 4       // of a byte from another cache than the first, in multiply-adds
	taskCost   = 1 << 16 // of a task
	tileRows   = 12      // of a register tile
	workers    = 2       // that share the tasks evenly
)

// planBlocks chooses the size of a block, and how many tasks share one.
func (p *direct) planBlocks() {
	weights := float64(p.segs * p.run * p.out.C)
	source := float64(p.n * p.out.H * p.op.Stride[0] * p.op.Stride[1] * p.out.W * p.source.C)
	p.images, p.rows, p.split = 1, p.out.H, 1
	best := math.Inf(1)
	consider := func(images, rows, split int) {
		tasks := (p.n + images - 1) / images * ((p.out.H + rows - 1) / rows) * split
		pixels := images * rows * p.out.W
		whole := max(pixels, (pixels+tileRows-1)/tileRows*tileRows*3/4) // of the tiles
		rounds := (tasks + workers - 1) / workers * workers
		cost := float64(whole) * weights / float64(split) * float64(rounds)
		cost += byteCost*(weights*float64(tasks/split)+source*float64(split)) + taskCost*float64(tasks)
		if cost < best {
			best, p.images, p.rows, p.split = cost, images, rows, split
		}
	}
	for split := 1; split <= p.panels && (split == 1 || p.groups == 1); split *= 2 {
		for rows := 1; rows < p.out.H; rows += max(1, rows/8) {
			if p.frameSize(rows) <= frameBytes || rows == 1 {
				consider(1, rows, split)
			}
		}
		for images := 1; images <= p.n && (images == 1 || images*p.frameSize(p.out.H) <= frameBytes); images *= 2 {
			consider(images, p.out.H, split)
		}
	}
}

func (p *direct) PackedSize() int {
	return p.groups * work.RoundUp(quantized.PackedSize(p.outChannels(), p.segs, p.run), 64)
}

func (p *direct) Columns() int { return p.groups * quantized.Columns(p.outChannels()) }

func (p *direct) Column(channel int) int {
	out := p.outChannels()
	return channel/out*quantized.Columns(out) + channel%out
}

func (p *direct) Groups() int { return p.groups }

func (p *direct) Pack(packed, weights []int8, group int) {
	in, out, taps := p.inChannels(), p.outChannels(), p.kernel[0]*p.kernel[1]
	w := make([]int8, out*taps*in) // O×Kh×Kw×C
	from := weights[group*len(w):]
	for o := range out {
		for c := range in {
			for t := range taps {
				w[(o*taps+t)*in+c] = from[(o*in+c)*taps+t]
			}
		}
	}
	quantized.Pack(p.packedOf(packed, group), w, out, p.segs, p.run, 0, p.panels)
}

func (p *direct) Fold(sums, bias []int32, packed []int8, zero int32, group int) {
	out := p.outChannels()
	n := quantized.Columns(out)
	quantized.FoldBias(sums[group*n:][:n], bias[group*out:][:out], p.packedOf(packed, group), out, p.segs, p.run, zero)
}

func (p *direct) packedOf(packed []int8, group int) []int8 {
	size := p.PackedSize() / p.groups
	return packed[group*size:][:size]
}

func (p *direct) Tasks() int { return p.imageBlocks() * p.rowBlocks() * p.split }

func (p *direct) Scratch() int { return p.images*p.frameSize(p.rows) + 4*work.SlackFloats }

func (p *direct) Run(task int, o Operands, scratch []byte) {
	image, images, y, rows := p.block(task / p.split)
	part := task % p.split
	from, to := part*p.panels/p.split, (part+1)*p.panels/p.split
	source := p.sourceOf(scratch, o.Source, o.Zero, image, images, y)
	first := (image*p.out.H + y) * p.out.W
	args := quantized.TileArgs{
		AOff: &p.aOff[0], SegOff: &p.segOff[0], Segs: p.segs, Run: p.run, COff: &p.cOff[0], Rows: images * rows * p.out.W,
		Output: &o.Output, Float: o.Floats != nil,
	}
	in, out, columns := p.inChannels(), p.outChannels(), quantized.Columns(p.outChannels())
	for g := range p.groups {
		packed := p.packedOf(o.Packed, g)
		args.A = &source[g*in]
		for panel := from; panel < to; panel++ {
			column := panel * quantized.PanelCols
			args.B = &packed[panel*quantized.PanelStep(p.segs, p.run)]
			args.Bias, o.Output.Scale = &o.Sums[g*columns+column], &o.Scale[g*columns+column]
			args.Cols = min(quantized.PanelCols, out-column)
			if at := first*p.out.Pitch + g*out + column; args.Float {
				args.C = (*uint8)(unsafe.Pointer(&o.Floats[at]))
			} else {
				args.C = &o.Out[at]
			}
			if o.Add != nil {
				args.Add, args.AddOff = &o.Add[first*p.addPitch+g*out+column], &p.add[0]
			}
			quantized.Tile(&args)
		}
	}
}
