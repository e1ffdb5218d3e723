package conv

import (
	"github.com/strideml/stride/engine/cpu/internal/gemm"
	"github.com/strideml/stride/engine/cpu/internal/kernel/matrix"
	"github.com/strideml/stride/engine/cpu/internal/kernel/vec"
	"github.com/strideml/stride/engine/cpu/internal/work"
)

// WeightGradient computes a weight gradient directly,
//
//	dw[o,c,a,b] = Σ dy[n,o,i,j]·x[n,c,i·s+a·d−p,j·s+b·d−p] over n, i, j,
//
// as a sum over pixels of outer products of a run of x (the channels under a
// kernel row, or under one tap) with the channels of dy.
//
// There are two forms. The usual one has the run of x as rows and 16 output
// channels as lanes. Where there are few output channels and short runs, as
// in a first layer, the other way round wastes less: output channels as rows
// and two pieces of 8 lanes of the runs.
//
// Tasks cut the images into chunks, each with partial sums of its own, which
// a second step adds up; and the output channels into parts where there are
// many.
type WeightGradient struct {
	geometry          // of x; the single phase has the pixels
	w          [4]int // shape of the weights
	segments   []int32
	joined     bool // a segment has the channels under a kernel row, not under one tap
	kw         int  // taps of a kernel row
	run        int  // floats of a segment
	swapped    bool
	lanes      int // swapped: floats of a segment rounded up to whole pieces
	chunks     int
	perChunk   int // images
	parts      int
	aOff, bOff []int32 // of the pixels of a block: x and dy
	size       int     // floats of a partial sum

	// Operands whose pixels lie too many in the same set of the first-level
	// cache are copied before use.
	packA, packB bool
	pixelPairs   bool      // they are copied in pairs of pixels, rounded to bfloat16
	zeros        []float32 // with that: the partner of a run of an odd number
	packedA      []int32   // offsets of the pixels in the copies
	packedB      []int32
}

func newWeightGradient(p Problem) *WeightGradient {
	g := &WeightGradient{geometry: newGeometry(p), w: [4]int(p.W)}
	// Whole images, as many as fill a call; a large image is one block.
	pixels := g.phases[0].grid[0] * g.phases[0].grid[1]
	g.images = max(1, min(work.Limit.PixelTerms/pixels, g.n))
	in, out := g.source.C/g.groups, g.out.C/g.groups
	g.joined = g.groups == 1 && p.Op.Dilation[1] == 1
	g.run, g.kw = in, g.w[3]
	if g.joined {
		g.run *= g.kw
	}
	g.planOperands()
	g.swapped = out <= matrix.NarrowCols && g.run <= matrix.NarrowCols+matrix.NarrowCols/2
	g.lanes = work.RoundUp(g.run, 8)
	g.size = g.groups * len(g.segments) * g.run * out
	if g.swapped {
		g.size = g.groups * out * work.RoundUp(len(g.segments)*g.lanes, 16)
	}
	blocks := (g.n + g.images - 1) / g.images
	g.chunks = max(1, min(blocks, work.Limit.MaxChunks, work.Limit.PartialFloats/g.size))
	g.perChunk = work.RoundUp((g.n+g.chunks-1)/g.chunks, g.images)
	g.chunks = (g.n + g.perChunk - 1) / g.perChunk
	g.parts = 1
	if !g.swapped {
		g.parts = max(1, min(matrix.Panels(out, matrix.TileCols), work.Limit.MinimalTasks/g.chunks))
	}
	if g.pixelPairs = p.BF16 && !g.swapped && g.groups == 1; g.pixelPairs {
		g.zeros = make([]float32, g.run)
	}
	g.planPacking()
	return g
}

// Algorithm implements [Plan].
func (g *WeightGradient) Algorithm() string {
	switch {
	case g.swapped:
		return "outer products, swapped"
	case g.pixelPairs:
		return "outer products, bfloat16"
	}
	return "outer products"
}

// Cost implements [Plan].
func (g *WeightGradient) Cost() float64 {
	if g.pixelPairs {
		return outerCost * g.sumsCost() / 2
	}
	return outerCost * g.sumsCost()
}

// Stage implements [Plan].
func (g *WeightGradient) Stage() string { return weightStage }

// weightStage names the stage that Winograd's algorithm has too.
const weightStage = "weight gradient"

// NeedsDense implements [WeightPlan]: under a kernel row that is read where it
// lies, the pixels of a run are side by side.
func (g *WeightGradient) NeedsDense() (x, dy bool) { return !g.padded && g.joined && g.kw > 1, false }

// NeedsSlack implements [WeightPlan]: padded images are copied before use.
func (g *WeightGradient) NeedsSlack() (x, dy bool) { return !g.padded, true }

// SetPitch implements [WeightPlan].
func (g *WeightGradient) SetPitch(x, dy int) {
	if x != g.source.Pitch || dy != g.out.Pitch {
		g.source.Pitch, g.out.Pitch = x, dy
		g.planOperands()
	}
	g.planPacking()
}

// planOperands tabulates where operands lie.
func (g *WeightGradient) planOperands() {
	p := &g.phases[0]
	g.segments = nil
	g.planOffsets(p)
	g.aOff, g.bOff = p.aOff, p.cOff
	for i, t := range p.taps {
		if !g.joined || i%g.kw == 0 {
			g.segments = append(g.segments, int32(g.offset(t)))
		}
	}
}

// planPacking decides which operands are copied.
func (g *WeightGradient) planPacking() {
	g.packA, g.packB = g.pixelPairs, g.pixelPairs
	if !g.pixelPairs && (g.swapped || g.groups > 1 || len(g.aOff) < 2) {
		return
	}
	// A copy costs about as much as reading a few panels; these gain by it.
	rows, panels := len(g.segments)*g.run, matrix.Panels(g.out.C, matrix.TileCols)
	if !g.pixelPairs {
		g.packA = panels/g.parts >= 4 && crowded(int(g.aOff[1]-g.aOff[0]))
		g.packB = rows >= 200 && panels >= 8 && crowded(int(g.bOff[1]-g.bOff[0]))
	}
	g.packedA, g.packedB = nil, nil
	for i := range work.Limit.PixelTerms {
		g.packedA, g.packedB = append(g.packedA, int32(i*oddPitch(g.run))), append(g.packedB, int32(i*matrix.TileCols))
	}
}

// packScratch is the memory for the copies.
func (g *WeightGradient) packScratch() (a, b int) {
	if g.packA {
		a = work.Limit.PixelTerms * oddPitch(g.run)
	}
	if g.packB {
		b = work.Limit.PixelTerms * matrix.TileCols * ((matrix.Panels(g.out.C, matrix.TileCols) + g.parts - 1) / g.parts)
	}
	return a, b
}

// frameScratch is the memory for the padded images of a block.
func (g *WeightGradient) frameScratch() int {
	return work.RoundUp(g.images*g.frameSize(g.rows)+work.SlackFloats, work.AlignFloats)
}

// Tasks implements [Plan]: a task sums over a chunk of images for a part of the
// output channels.
func (g *WeightGradient) Tasks() int { return g.chunks * g.parts }

// Scratch implements [Plan].
func (g *WeightGradient) Scratch() int {
	sizeA, sizeB := g.packScratch()
	return g.frameScratch() + sizeA + sizeB + work.SlackFloats
}

// Run implements [WeightPlan].
func (g *WeightGradient) Run(task int, dst, x, dy, scratch []float32) {
	chunk := task / g.parts
	g.accumulate(chunk, task%g.parts, scratch, x, dy, dst[chunk*g.size:])
}

// PartialSize implements [WeightPlan].
func (g *WeightGradient) PartialSize() int { return g.chunks * g.size }

// accumulate adds up one chunk of images for one part of the output channels.
func (g *WeightGradient) accumulate(chunk, part int, scratch, x, dy, sum []float32) {
	end := min((chunk+1)*g.perChunk, g.n)
	for image := chunk * g.perChunk; image < end; image += g.images {
		count := min(g.images, end-image)
		source := x[image*g.source.Size():]
		if g.padded {
			source = scratch
			g.fillFrame(scratch, x, image, count, 0)
		}
		pixels := len(g.aOff) / g.images * count
		for k := 0; k < pixels; k += g.callPixels() {
			terms := min(g.callPixels(), pixels-k)
			first := image == chunk*g.perChunk && k == 0
			if g.swapped {
				g.outerSwapped(source, dy[image*g.out.Size():], sum, k, terms, !first)
			} else {
				g.outer(source, dy[image*g.out.Size():], sum, scratch[g.frameScratch():], k, terms, part, !first)
			}
		}
	}
}

// outer adds products of terms pixels from k on: rows are floats of the run,
// columns output channels. sum is [group][segment][run][output channel].
func (g *WeightGradient) outer(x, dy, sum, scratch []float32, k, terms, part int, accumulate bool) {
	in, out := g.source.C/g.groups, g.out.C/g.groups
	panels := matrix.Panels(out, matrix.TileCols)
	from, to := part*panels/g.parts, (part+1)*panels/g.parts
	args := matrix.OuterArgs{
		AOff: &g.aOff[k], BOff: &g.bOff[k], B1: 8, K: terms,
		LdC: out, Rows: g.run, Accumulate: accumulate,
	}
	if g.pixelPairs {
		args.K = (terms + 1) / 2
	}
	sizeA, _ := g.packScratch()
	copyA, copyB := scratch[:sizeA], scratch[sizeA:]
	if g.packA {
		args.AOff = &g.packedA[0]
	}
	if g.packB {
		args.BOff = &g.packedB[0]
		g.copyPanels(copyB, dy, k, terms, from, to)
	}
	prefetch := g.prefetch(x, dy, k, terms, from, to)
	for gr := range g.groups {
		for s, at := range g.segments {
			args.A = &x[int(at)+gr*in]
			if g.packA {
				g.copyRuns(copyA, x[at:], k, terms)
				args.A = &copyA[0]
			}
			for panel := from; panel < to; panel++ {
				column := panel * matrix.TileCols
				args.Cols = min(matrix.TileCols, out-column)
				args.B = &dy[gr*out+column]
				if g.packB {
					args.B = &copyB[(panel-from)*work.Limit.PixelTerms*matrix.TileCols]
				}
				args.C = &sum[(gr*len(g.segments)+s)*g.run*out+column]
				prefetch.Attach(&args)
				if g.pixelPairs {
					matrix.OuterPairs(&args)
				} else {
					matrix.Outer(&args)
				}
			}
		}
	}
}

// prefetch returns what the pixels after some of them need of x and of dy, if they
// lie one after the other and most of what lies there is needed.
func (g *WeightGradient) prefetch(x, dy []float32, k, terms, from, to int) (p gemm.Prefetch) {
	if len(g.aOff) < 2 {
		return p
	}
	if pitch := int(g.aOff[1] - g.aOff[0]); !g.padded && pitch < 2*g.source.C {
		p[0] = gemm.Upcoming(x, int(g.aOff[k])+terms*pitch, terms*pitch)
	}
	if pitch := g.out.Pitch; pitch < 2*(to-from)*matrix.TileCols {
		p[1] = gemm.Upcoming(dy, int(g.bOff[k])+terms*pitch, terms*pitch)
	}
	return p
}

// copyPanels copies the output channels of some panels of dy, panel by panel.
func (g *WeightGradient) copyPanels(dst, dy []float32, k, terms, from, to int) {
	if g.pixelPairs {
		g.roundPanels(dst, dy, k, terms, from, to)
		return
	}
	for panel := from; panel < to; panel++ {
		cols := min(matrix.TileCols, g.out.C-panel*matrix.TileCols)
		rows := dst[(panel-from)*work.Limit.PixelTerms*matrix.TileCols:]
		if cols < matrix.TileCols {
			for i, at := range g.bOff[k : k+terms] {
				copy(rows[i*matrix.TileCols:][:cols], dy[int(at)+panel*matrix.TileCols:])
			}
			continue
		}
		for i, at := range g.bOff[k : k+terms] {
			*(*[matrix.TileCols]float32)(rows[i*matrix.TileCols:]) = [matrix.TileCols]float32(dy[int(at)+panel*matrix.TileCols:])
		}
	}
}

// copyRuns copies the runs of x.
func (g *WeightGradient) copyRuns(dst, x []float32, k, terms int) {
	if g.pixelPairs {
		g.roundRuns(dst, x, k, terms)
		return
	}
	for i, at := range g.aOff[k : k+terms] {
		copy(dst[g.packedA[i]:][:g.run], x[at:])
	}
}

// outerSwapped is outer with output channels as rows. sum is [group][output
// channel][segment][lanes], each output channel padded to 16.
func (g *WeightGradient) outerSwapped(x, dy, sum []float32, k, terms int, accumulate bool) {
	in, out := g.source.C/g.groups, g.out.C/g.groups
	pieces := len(g.segments) * g.lanes / 8
	width := work.RoundUp(len(g.segments)*g.lanes, 16)
	pieceAt := func(i int) int {
		return int(g.segments[i*8/g.lanes]) + i*8%g.lanes
	}
	args := matrix.OuterArgs{
		AOff: &g.bOff[k], BOff: &g.aOff[k], K: terms, LdC: width, Rows: out, Cols: 16, Accumulate: accumulate,
	}
	for gr := range g.groups {
		args.A = &dy[gr*out]
		for i := 0; i < pieces; i += 2 {
			at := pieceAt(i)
			args.B1 = 0 // an odd last piece is computed twice
			if i+1 < pieces {
				args.B1 = pieceAt(i+1) - at
			}
			args.B = &x[at+gr*in]
			args.C = &sum[gr*out*width+i*8]
			matrix.Outer(&args)
		}
	}
}

// sumChannels is how many output channels a part of the second stage takes: a
// cache line of the partial sums.
const sumChannels = 16

// sumParts returns how many parts the channels of a group make, and how many
// parts a task takes.
func (g *WeightGradient) sumParts() (parts, perTask int) {
	parts = (g.out.C/g.groups + sumChannels - 1) / sumChannels
	if g.PartialSize() < work.Grain(1<<14) {
		return parts, g.groups * parts
	}
	return parts, 1
}

// SumTasks implements [WeightPlan].
func (g *WeightGradient) SumTasks() int {
	parts, perTask := g.sumParts()
	return g.groups * parts / perTask
}

// SumScratch implements [WeightPlan].
func (g *WeightGradient) SumScratch() int {
	return max(2*sumChannels*g.w[1]*g.w[2]*g.w[3], g.size/g.out.C)
}

// Sum implements [WeightPlan].
func (g *WeightGradient) Sum(task int, dst, partial, scratch []float32) {
	parts, perTask := g.sumParts()
	perGroup := g.out.C / g.groups
	for i := task * perTask; i < (task+1)*perTask; i++ {
		from := i/parts*perGroup + i%parts*sumChannels
		to := min(from+sumChannels, (i/parts+1)*perGroup)
		g.store(dst, partial, scratch, from, to)
	}
}

// store adds up the partial sums of the output channels from ≤ o < to, all of
// one group, and stores them in the order of the weights.
func (g *WeightGradient) store(dst, partial, scratch []float32, from, to int) {
	if g.swapped {
		g.storeSwapped(dst, partial, scratch, from, to)
		return
	}
	in, out, area := g.source.C/g.groups, g.out.C/g.groups, g.w[2]*g.w[3]
	// Rows of a partial sum are (tap, input channel), columns output channels.
	rows, n := area*in, to-from
	at := from/out*rows*out + from%out
	sum, next := scratch[:n*rows], scratch[n*rows:2*n*rows]
	matrix.Transpose2D(sum, partial[at:], rows, n, rows, out)
	for p := 1; p < g.chunks; p++ {
		matrix.Transpose2D(next, partial[p*g.size+at:], rows, n, rows, out)
		vec.Add(sum, sum, next)
	}
	for o := range n {
		interleave(dst[(from+o)*rows:][:rows], sum[o*rows:], in, area)
	}
}

// storeSwapped is store for sums that have output channels as rows.
func (g *WeightGradient) storeSwapped(dst, partial, scratch []float32, from, to int) {
	in, area := g.source.C/g.groups, g.w[2]*g.w[3]
	perSegment := area / len(g.segments) // taps of a segment
	width := work.RoundUp(len(g.segments)*g.lanes, 16)
	sum := scratch[:width]
	for o := from; o < to; o++ {
		copy(sum, partial[o*width:])
		for p := 1; p < g.chunks; p++ {
			vec.Add(sum, sum, partial[p*g.size+o*width:])
		}
		for t := range area {
			segment, tap := t/perSegment, t%perSegment
			for ci := range in {
				dst[(o*in+ci)*area+t] = sum[segment*g.lanes+tap*in+ci]
			}
		}
	}
}
