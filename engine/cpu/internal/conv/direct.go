package conv

import (
	"fmt"
	"github.com/strideml/stride/engine/cpu/internal/gemm"
	"github.com/strideml/stride/engine/cpu/internal/kernel/matrix"
	"github.com/strideml/stride/engine/cpu/internal/work"
)

// Direct computes an output or an input gradient as direct sums over kernel
// positions and channels: the matrix kernel finds the pixels of all positions by
// tables of offsets, so that no im2col copy is made. Only sources with padding
// are copied, block by block, to a frame with zeros around it. A 1×1
// convolution is a plain matrix product.
type Direct struct {
	geometry
	noPoints
	w          [4]int // shape of the weights
	transposed bool   // input gradient: the weights have source and output channels the other way round
	nr         int    // columns of a weight panel
	panels     int    // panels of a group
	packed     int    // floats of all packed weights
	split      int    // panel groups that are tasks of their own
	addPitch   int    // distance between the pixels of what is added
}

// A sumBlock is a part of a sum whose weights fit easily into the second-level
// cache.
type sumBlock struct {
	segments []int32
	run      int
	start    int // first term
}

func newDirect(p Problem) *Direct {
	d := &Direct{geometry: newGeometry(p), w: [4]int(p.W), transposed: p.Kind == InputGrad}
	out := d.out.C / d.groups
	d.nr = d.panelWidth(out)
	d.panels = matrix.Panels(out, d.nr)
	d.planBlocks()
	d.planMemory()
	return d
}

// SetPitch implements [ImagePlan].
func (d *Direct) SetPitch(source, out int) {
	if source != d.source.Pitch || out != d.out.Pitch {
		d.source.Pitch, d.out.Pitch = source, out
		d.planMemory()
	}
}

// Adds implements [Adder].
func (d *Direct) Adds() bool { return len(d.phases) == 1 && d.phases[0].depth > 0 }

// SetAddPitch implements [Adder].
func (d *Direct) SetAddPitch(pitch int) {
	d.addPitch = pitch
	p := &d.phases[0]
	p.add = nil
	for _, c := range p.cOff {
		p.add = append(p.add, c/int32(d.out.Pitch)*int32(pitch))
	}
}

// planarChannels is the greatest number of channels that are interleaved while they are
// copied to a frame: those of colours.
const planarChannels = 4

// CanReadPlanar implements [PlanarReader].
func (d *Direct) CanReadPlanar() bool {
	return !d.pairs && !d.transposed && d.source.C > 1 && d.source.C <= planarChannels
}

// ReadPlanar implements [PlanarReader].
func (d *Direct) ReadPlanar() {
	d.planar = true
	d.planFrame()
	d.planBlocks()
	d.planMemory()
}

// planMemory derives what depends on where pixels lie.
func (d *Direct) planMemory() {
	d.packed = 0
	for i := range d.phases {
		p := &d.phases[i]
		p.packed = d.packed
		d.packed += d.groups * d.panels * p.depth * d.nr
		d.planSums(p)
		d.planOffsets(p)
	}
}

// planSums cuts the sum of a phase into blocks of contiguous runs.
func (d *Direct) planSums(p *phase) {
	in, terms := d.in(), work.Limit.BlockTerms
	type segment struct{ at, n int }
	var segs []segment
	for _, t := range p.taps {
		at := d.offset(t)
		if k := len(segs) - 1; d.groups == 1 && k >= 0 && segs[k].at+segs[k].n == at && segs[k].n+in <= terms {
			segs[k].n += in // neighbours along a row are one run
			continue
		}
		segs = append(segs, segment{at, in})
	}
	p.blocks = nil
	start := 0
	for _, s := range segs {
		for s.n > 0 {
			n := min(s.n, terms)
			k := len(p.blocks) - 1
			if k >= 0 && p.blocks[k].run == n && (len(p.blocks[k].segments)+1)*n <= terms {
				p.blocks[k].segments = append(p.blocks[k].segments, int32(s.at))
			} else {
				p.blocks = append(p.blocks, sumBlock{[]int32{int32(s.at)}, n, start})
			}
			start += n
			s.at, s.n = s.at+n, s.n-n
		}
	}
}

// Algorithm implements [Plan].
func (d *Direct) Algorithm() string {
	switch {
	case len(d.phases) == 1 && len(d.phases[0].taps) == 1 && !d.borders && !d.planar:
		if d.pairs {
			return pointwiseBF16
		}
		return pointwise
	case d.pairs:
		return "direct, bfloat16"
	case d.nr == matrix.NarrowCols:
		return "direct, narrow"
	}
	return "direct"
}

// pointwise is the name of direct sums that are a matrix product.
const (
	pointwise     = "1×1 as GEMM"
	pointwiseBF16 = "1×1 as GEMM, bfloat16"
)

// isPointwise reports whether the sums are a matrix product.
func (d *Direct) isPointwise() bool { a := d.Algorithm(); return a == pointwise || a == pointwiseBF16 }

// Cost implements [Plan].
func (d *Direct) Cost() float64 { return d.sumsCost() }

// Stage implements [Plan].
func (d *Direct) Stage() string { return correlationStage }

// correlationStage names the stage that Winograd's algorithm has too.
const correlationStage = "correlation"

// NeedsDense implements [ImagePlan].
func (d *Direct) NeedsDense() bool { return false }

// Scattered implements [ImagePlan].
func (d *Direct) Scattered() bool { return d.split > 1 }

// Clips implements [ImagePlan].
func (d *Direct) Clips() gemm.Clip { return gemm.ClipReLU6 }

// PackedSize implements [gemm.Packer].
func (d *Direct) PackedSize() int { return d.packed }

// PackTasks implements [gemm.Packer]: a task packs one panel of one group.
func (d *Direct) PackTasks() int { return d.groups * d.panels }

// PackScratch implements [gemm.Packer].
func (d *Direct) PackScratch() int { return d.source.C / d.groups * d.w[2] * d.w[3] * d.nr }

// Form implements [gemm.Packer].
func (d *Direct) Form() string {
	taps := make([][][2]int, len(d.phases))
	for i, p := range d.phases {
		for _, t := range p.taps {
			taps[i] = append(taps[i], [2]int{t.ky, t.kx})
		}
	}
	form := fmt.Sprintf("direct, %d→%d, weights %v, transposed %v, %d groups, taps %v, panels of %d", d.source.C, d.out.C, d.w, d.transposed, d.groups, taps, d.nr)
	if d.pairs {
		form += ", bfloat16"
	}
	return form
}

// Pack implements [gemm.Packer]. For each phase it writes the weights of one
// panel: rows are terms, columns output channels.
func (d *Direct) Pack(dst, w, scratch []float32, task int) {
	g, panel := task/d.panels, task%d.panels
	in, out := d.source.C/d.groups, d.out.C/d.groups
	// In scratch, row ci·area+tap has the weights of all lanes.
	area := d.w[2] * d.w[3]
	rows := scratch[:in*area*d.nr]
	packLanes(rows, w[g*out*in*area:], in, out, area, panel, d.nr, d.transposed)
	for i := range d.phases {
		p := &d.phases[i]
		packed := dst[p.packed+task*p.depth*d.nr:][:p.depth*d.nr]
		for t, tp := range p.taps {
			at := (tp.ky*d.w[3] + tp.kx) * d.nr
			if d.pairs {
				packPairs(packed[t*d.in()*d.nr:], rows[at:], in, area*d.nr)
				continue
			}
			copyLanes(packed[t*in*d.nr:][:in*d.nr], rows[at:], d.nr, area*d.nr)
		}
	}
}

// Bias implements [ImagePlan].
func (d *Direct) Bias() gemm.Bias {
	return gemm.Bias{Groups: d.groups, Per: d.out.C / d.groups, Width: d.nr}
}

func (d *Direct) rowBlocks() int { return (d.gridMax + d.rows - 1) / d.rows }

// Tasks implements [Plan]: a task computes one block, or a range of its panels.
func (d *Direct) Tasks() int { return (d.n + d.images - 1) / d.images * d.rowBlocks() * d.split }

// Scratch implements [Plan].
func (d *Direct) Scratch() int {
	return work.RoundUp(d.images*d.frameSize(d.rows)+work.SlackFloats, work.AlignFloats)
}

// Run implements [ImagePlan].
func (d *Direct) Run(task int, o Operands, scratch []float32) (lo, hi int) {
	block, part := task/d.split, task%d.split
	image0, y0 := block/d.rowBlocks()*d.images, block%d.rowBlocks()*d.rows
	count, rows := min(d.images, d.n-image0), min(d.rows, d.gridMax-y0)
	if o.Fill != nil {
	} else if d.padded {
		d.fillFrame(scratch, o.Source, image0, count, y0)
		o.Source = scratch
	} else {
		o.Source = o.Source[image0*d.source.Size()+y0*d.srcStep[0]*d.source.W*d.source.Pitch:]
	}
	first := (image0*d.out.H + y0*d.outStep[0]) * d.out.W // pixel of the output
	o.Out = o.Out[first*d.out.Pitch:]
	if o.Add != nil {
		o.Add = o.Add[first*d.addPitch:]
	}
	from, to := part*d.panels/d.split, (part+1)*d.panels/d.split
	if len(d.phases) == 1 {
		return d.runPieces(task, &o, first, count*rows*d.phases[0].grid[1], from, to, scratch)
	}
	for i := range d.phases {
		p := &d.phases[i]
		pixels := max(0, min(rows, p.grid[0]-y0)) * p.grid[1]
		if count > 1 {
			pixels = count * p.grid[0] * p.grid[1]
		}
		if pixels > 0 {
			d.runPhase(p, &o, 0, pixels, 0, from, to)
		}
	}
	if d.rows < d.gridMax {
		return first * d.out.C, (first + min(rows*d.outStep[0], d.out.H-y0*d.outStep[0])*d.out.W) * d.out.C
	}
	return first * d.out.C, first*d.out.C + count*d.out.Elements()
}

// Sizes of the pieces of a block whose result stays in the first-level cache until all
// its panels are computed. A piece reads all weights again, so these must lie in the
// second-level cache, and it should have some tiles.
const (
	pieceFloats  = 1 << 13
	pieceTiles   = 4
	pieceWeights = 1 << 16

	fillFloats = 1 << 14 // of the pixels of a piece that Operands.Fill makes, about
)

// piece is the number of pixels of a piece of a block, given those of the block.
func (d *Direct) piece(pixels int, filled bool) int {
	if d.packed > pieceWeights {
		return pixels
	}
	n := pieceFloats / d.out.C
	if filled {
		n = min(n, fillFloats/d.source.C)
	}
	return min(pixels, max(pieceTiles, n/matrix.NarrowRows)*matrix.NarrowRows)
}

// Fills reports whether the plan can take its source from Operands.Fill: tasks share no pixels, and
// compute a piece at a time. SetPitch must be told that source pixels are side by side.
func (d *Direct) Fills() bool {
	return d.isPointwise() && d.split == 1 && d.groups == 1 && d.packed <= pieceWeights && d.srcStep == [2]int{1, 1} && d.outStep == [2]int{1, 1}
}

// FillSize is the most floats that a call of Operands.Fill makes.
func (d *Direct) FillSize() int { return d.piece(len(d.phases[0].aOff), true) * d.source.C }

// runPieces computes pixels of a block, a piece at a time, for the panels from ≤ p < to.
// first is the number of its first pixel.
func (d *Direct) runPieces(task int, o *Operands, first, pixels, from, to int, scratch []float32) (lo, hi int) {
	piece := d.piece(pixels, o.Fill != nil)
	for at := 0; at < pixels; at += piece {
		end := min(at+piece, pixels)
		row := at // of the source
		if o.Fill != nil {
			o.Source, row = o.Fill(first+at, first+end, scratch), 0
			if d.pairs {
				roundPixels(scratch, o.Source, end-at, d.source.C, d.source.C, d.sourcePitch())
				o.Source = scratch
			}
		}
		d.runPhase(&d.phases[0], o, at, end, row, from, to)
		if o.Done != nil {
			o.Done(task, (first+at)*d.out.C, (first+end)*d.out.C, scratch)
		}
	}
	if o.Done != nil {
		return 0, 0
	}
	return first * d.out.C, (first + pixels) * d.out.C
}

// nonTemporalFloats is the size from which a result is taken to lie outside the cores'
// own caches.
const nonTemporalFloats = 1 << 17

// runPhase computes the pixels at ≤ i < end of a phase for the panels from ≤ p < to. row is the
// number of the first of them in the source.
// Source and output in o start at the block.
func (d *Direct) runPhase(p *phase, o *Operands, at, end, row, from, to int) {
	in, out := d.in(), d.out.C/d.groups
	if p.depth == 0 { // no tap reaches these pixels
		for _, c := range p.cOff[at:end] {
			clear(o.Out[c:][:d.out.C])
		}
		return
	}
	args := matrix.TileArgs{AOff: &p.aOff[row], COff: &p.cOff[at], Rows: end - at, NonTemporal: d.n*d.out.Size() > nonTemporalFloats}
	if args.Rows == 1 && d.groups == 1 && d.nr == matrix.TileCols && len(p.taps) == 1 {
		d.runPixel(p, o, args, at, from, to)
		return
	}
	for g := range d.groups {
		args.A = &o.Source[g*in]
		for panel := from; panel < to; panel++ {
			column := panel * d.nr
			args.C = &o.Out[g*out+column]
			args.Cols = min(d.nr, out-column)
			weights := o.Packed[p.packed+(g*d.panels+panel)*p.depth*d.nr:]
			for k := range p.blocks {
				b := &p.blocks[k]
				args.SegOff, args.Segs, args.Run = &b.segments[0], len(b.segments), b.run
				args.B = &weights[b.start*d.nr]
				args.Accumulate = k > 0
				args.Bias = nil
				if k == 0 && o.Bias != nil {
					args.Bias = &o.Bias[(g*d.panels+panel)*d.nr]
				}
				last := k == len(p.blocks)-1
				if args.Add = nil; last && o.Add != nil {
					args.Add, args.AddOff = &o.Add[g*out+column], &p.add[at]
				}
				o.Clip.Set(&args, last)
				if d.pairs {
					matrix.TilePairs(&args)
				} else {
					gemm.Tile(&args, d.nr)
				}
			}
		}
	}
}

// runPixel is runPhase for one pixel, number at, and one tap: for images of one pixel, as those of
// squeeze-and-excitation. The arguments of a call say where the pixel is.
func (d *Direct) runPixel(p *phase, o *Operands, pixel matrix.TileArgs, at, from, to int) {
	column := from * d.nr
	for k := range p.blocks {
		b, last := &p.blocks[k], k == len(p.blocks)-1
		args := pixel
		args.A, args.C, args.Cols = &o.Source[0], &o.Out[column], min(to*d.nr, d.out.C)-column
		args.SegOff, args.Segs, args.Run = &b.segments[0], 1, b.run
		args.B, args.Accumulate = &o.Packed[p.packed+(from*p.depth+b.start)*d.nr], k > 0
		if k == 0 && o.Bias != nil {
			args.Bias = &o.Bias[column]
		}
		if last && o.Add != nil {
			args.Add, args.AddOff = &o.Add[column], &p.add[at]
		}
		o.Clip.Set(&args, last)
		if d.pairs {
			matrix.TileRowPairs(&args, p.depth*d.nr)
		} else {
			matrix.TileRow(&args, p.depth*d.nr)
		}
	}
}
