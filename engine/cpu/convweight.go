package cpu

import (
	"github.com/strideml/stride/engine/cpu/internal/kernel"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// weightGradient is the plan of dw[o,c,a,b] = Σ dy[n,o,i,j]·x[n,c,i·s+a·d−p,…]
// in NHWC: a sum over pixels of outer products of a run of x (the channels
// under a kernel row, or under one tap) with the channels of dy.
//
// There are two forms. The usual one has the run of x as rows and 16 output
// channels as lanes. Where there are few output channels and short runs, as
// in a first layer, the other way round wastes less: output channels as rows
// and two pieces of 8 lanes of the runs.
//
// Tasks cut the images into chunks, each with partial sums of its own, which
// a second step adds up; and the output channels into parts where there are
// many.
type weightGradient struct {
	*correlation // geometry and padding of x; its single phase has the pixels
	segments     []int32
	joined       bool // a segment has the channels under a kernel row, not under one tap
	kw           int  // taps of a kernel row
	run          int  // floats of a segment
	swapped      bool
	lanes        int // swapped: floats of a segment rounded up to whole pieces
	chunks       int
	perChunk     int // images
	parts        int
	aOff, bOff   []int32 // of the pixels of a block: x and dy
	size         int     // floats of a partial sum

	// Operands whose pixels lie too many in the same set of the first-level
	// cache are copied before use.
	packA, packB bool
	packedA      []int32 // offsets of the pixels in the copies
	packedB      []int32
}

func newWeightGradient(op graph.Conv2DOp, x, w, y tensor.Shape) *weightGradient {
	c := newCorrelation(op, x, w, y)
	p := &c.phases[0]
	g := &weightGradient{correlation: c}
	// Whole images, as many as fill a call; a large image is one block.
	pixels := p.grid[0] * p.grid[1]
	c.rows, c.images = c.gridMax, max(1, min(limit.pixelTerms/pixels, c.n))
	in, out := c.src.c/c.groups, c.out.c/c.groups
	g.joined = c.groups == 1 && op.Dilation[1] == 1
	g.run, g.kw = in, w[3]
	if g.joined {
		g.run *= w[3]
	}
	g.planOperands()
	g.swapped = out <= kernel.NarrowCols && g.run <= kernel.NarrowCols+kernel.NarrowCols/2
	g.lanes = roundUp(g.run, 8)
	g.size = c.groups * len(g.segments) * g.run * out
	if g.swapped {
		g.size = c.groups * out * roundUp(len(g.segments)*g.lanes, 16)
	}
	blocks := (c.n + c.images - 1) / c.images
	g.chunks = max(1, min(blocks, limit.maxChunks, limit.partialLimit/g.size))
	g.perChunk = roundUp((c.n+g.chunks-1)/g.chunks, c.images)
	g.chunks = (c.n + g.perChunk - 1) / g.perChunk
	g.parts = 1
	if !g.swapped {
		g.parts = max(1, min(kernel.Panels(out, kernel.TileCols), limit.minimalTasks/g.chunks))
	}
	return g
}

// planOperands tabulates where operands lie.
func (g *weightGradient) planOperands() {
	p := &g.phases[0]
	p.aOff, p.cOff, g.segments = nil, nil, nil
	g.planOffsets(p)
	g.aOff, g.bOff = p.aOff, p.cOff
	for i, t := range p.taps {
		if !g.joined || i%g.kw == 0 {
			at := ((t.dy+g.frame.top)*g.frame.width + t.dx + g.frame.left) * g.sourcePitch()
			g.segments = append(g.segments, int32(at))
		}
	}
}

// planPacking decides which operands are copied.
func (g *weightGradient) planPacking() {
	g.packA, g.packB = false, false
	if g.swapped || g.groups > 1 || len(g.aOff) < 2 {
		return
	}
	// A copy costs about as much as reading a few panels; these gain by it.
	rows, panels := len(g.segments)*g.run, kernel.Panels(g.out.c, kernel.TileCols)
	g.packA = panels/g.parts >= 4 && crowded(int(g.aOff[1]-g.aOff[0]))
	g.packB = rows >= 200 && panels >= 8 && crowded(int(g.bOff[1]-g.bOff[0]))
	g.packedA, g.packedB = nil, nil
	for i := range limit.pixelTerms {
		g.packedA, g.packedB = append(g.packedA, int32(i*pointPitch(g.run))), append(g.packedB, int32(i*kernel.TileCols))
	}
}

// crowded reports whether cache lines at this distance leave most of the 64
// sets of the first-level cache unused: they fall into 16 of them or fewer.
func crowded(distance int) bool { return distance%(4*alignFloats) == 0 }

// packScratch is the memory for the copies.
func (g *weightGradient) packScratch() (a, b int) {
	if g.packA {
		a = limit.pixelTerms * pointPitch(g.run)
	}
	if g.packB {
		b = limit.pixelTerms * kernel.TileCols * ((kernel.Panels(g.out.c, kernel.TileCols) + g.parts - 1) / g.parts)
	}
	return a, b
}

// place adapts the plan to the distances between the pixels of x and of dy.
func (g *weightGradient) place(x, dy int) {
	if x != g.src.pitch || dy != g.out.pitch {
		g.src.pitch, g.out.pitch = x, dy
		g.planOperands()
	}
	g.planPacking()
}

// frameScratch is the memory for the padded images of a block.
func (g *weightGradient) frameScratch() int {
	return roundUp(g.images*g.frameSize(g.rows)+slackFloats, alignFloats)
}

// accumulate adds up one chunk of images for one part of the output channels.
func (g *weightGradient) accumulate(chunk, part int, scratch, x, dy, sum []float32) {
	end := min((chunk+1)*g.perChunk, g.n)
	for image := chunk * g.perChunk; image < end; image += g.images {
		count := min(g.images, end-image)
		source := x[image*g.src.size():]
		if g.padded {
			source = scratch
			g.fill(scratch, x, image, count, 0)
		}
		pixels := len(g.aOff) / g.images * count
		for k := 0; k < pixels; k += limit.pixelTerms {
			terms := min(limit.pixelTerms, pixels-k)
			first := image == chunk*g.perChunk && k == 0
			if g.swapped {
				g.outerSwapped(source, dy[image*g.out.size():], sum, k, terms, !first)
			} else {
				g.outer(source, dy[image*g.out.size():], sum, scratch[g.frameScratch():], k, terms, part, !first)
			}
		}
	}
}

// outer adds products of terms pixels from k on: rows are floats of the run,
// columns output channels. sum is [group][segment][run][output channel].
func (g *weightGradient) outer(x, dy, sum, scratch []float32, k, terms, part int, accumulate bool) {
	in, out := g.src.c/g.groups, g.out.c/g.groups
	panels := kernel.Panels(out, kernel.TileCols)
	from, to := part*panels/g.parts, (part+1)*panels/g.parts
	args := kernel.OuterArgs{
		AOff: &g.aOff[k], BOff: &g.bOff[k], B1: 8, K: terms,
		LdC: out, Rows: g.run, Accumulate: accumulate,
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
	soon := g.ahead(x, dy, k, terms, from, to)
	for gr := range g.groups {
		for s, at := range g.segments {
			args.A = &x[int(at)+gr*in]
			if g.packA {
				g.copyRuns(copyA, x[at:], k, terms)
				args.A = &copyA[0]
			}
			for panel := from; panel < to; panel++ {
				column := panel * kernel.TileCols
				args.Cols = min(kernel.TileCols, out-column)
				args.B = &dy[gr*out+column]
				if g.packB {
					args.B = &copyB[(panel-from)*limit.pixelTerms*kernel.TileCols]
				}
				args.C = &sum[(gr*len(g.segments)+s)*g.run*out+column]
				soon.take(&args)
				kernel.Outer(&args)
			}
		}
	}
}

// ahead returns what the pixels after some of them need of x and of dy, if they
// lie one after the other and most of what lies there is needed.
func (g *weightGradient) ahead(x, dy []float32, k, terms, from, to int) (soon ahead) {
	if len(g.aOff) < 2 {
		return soon
	}
	if pitch := int(g.aOff[1] - g.aOff[0]); !g.padded && pitch < 2*g.src.c {
		soon[0] = aheadOf(x, int(g.aOff[k])+terms*pitch, terms*pitch)
	}
	if pitch := g.out.pitch; pitch < 2*(to-from)*kernel.TileCols {
		soon[1] = aheadOf(dy, int(g.bOff[k])+terms*pitch, terms*pitch)
	}
	return soon
}

// copyPanels copies the output channels of some panels of dy, panel by panel.
func (g *weightGradient) copyPanels(dst, dy []float32, k, terms, from, to int) {
	for panel := from; panel < to; panel++ {
		cols := min(kernel.TileCols, g.out.c-panel*kernel.TileCols)
		rows := dst[(panel-from)*limit.pixelTerms*kernel.TileCols:]
		if cols < kernel.TileCols {
			for i, at := range g.bOff[k : k+terms] {
				copy(rows[i*kernel.TileCols:][:cols], dy[int(at)+panel*kernel.TileCols:])
			}
			continue
		}
		for i, at := range g.bOff[k : k+terms] {
			*(*[kernel.TileCols]float32)(rows[i*kernel.TileCols:]) = [kernel.TileCols]float32(dy[int(at)+panel*kernel.TileCols:])
		}
	}
}

// copyRuns copies the runs of x.
func (g *weightGradient) copyRuns(dst, x []float32, k, terms int) {
	for i, at := range g.aOff[k : k+terms] {
		copy(dst[g.packedA[i]:][:g.run], x[at:])
	}
}

// outerSwapped is outer with output channels as rows. sum is [group][output
// channel][segment][lanes], each output channel padded to 16.
func (g *weightGradient) outerSwapped(x, dy, sum []float32, k, terms int, accumulate bool) {
	in, out := g.src.c/g.groups, g.out.c/g.groups
	pieces := len(g.segments) * g.lanes / 8
	width := roundUp(len(g.segments)*g.lanes, 16)
	pieceAt := func(i int) int {
		return int(g.segments[i*8/g.lanes]) + i*8%g.lanes
	}
	args := kernel.OuterArgs{
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
			kernel.Outer(&args)
		}
	}
}

// sumChannels is how many output channels a task of the second step takes: a
// cache line of the partial sums.
const sumChannels = 16

// store adds up the partial sums of the output channels from ≤ o < to, all of
// one group, and stores them in the order of the weights, shape.
func (g *weightGradient) store(dst, partial, scratch []float32, shape tensor.Shape, from, to int) {
	if g.swapped {
		g.storeSwapped(dst, partial, scratch, shape, from, to)
		return
	}
	in, out, area := g.src.c/g.groups, g.out.c/g.groups, shape[2]*shape[3]
	// Rows of a partial sum are (tap, input channel), columns output channels.
	rows, n := area*in, to-from
	at := from/out*rows*out + from%out
	sum, next := scratch[:n*rows], scratch[n*rows:2*n*rows]
	kernel.Transpose2D(sum, partial[at:], rows, n, rows, out)
	for p := 1; p < g.chunks; p++ {
		kernel.Transpose2D(next, partial[p*g.size+at:], rows, n, rows, out)
		kernel.Add(sum, sum, next)
	}
	for o := range n {
		interleave(dst[(from+o)*rows:][:rows], sum[o*rows:], in, area)
	}
}

// interleave turns area×in elements into in×area.
func interleave(dst, src []float32, in, area int) {
	if area == 1 {
		copy(dst, src)
		return
	}
	for t := range area {
		row := src[t*in:][:in]
		for ci, v := range row {
			dst[ci*area+t] = v
		}
	}
}

// storeSwapped is store for sums that have output channels as rows.
func (g *weightGradient) storeSwapped(dst, partial, scratch []float32, shape tensor.Shape, from, to int) {
	in, area := g.src.c/g.groups, shape[2]*shape[3]
	perSegment := area / len(g.segments) // taps of a segment
	width := roundUp(len(g.segments)*g.lanes, 16)
	sum := scratch[:width]
	for o := from; o < to; o++ {
		copy(sum, partial[o*width:])
		for p := 1; p < g.chunks; p++ {
			kernel.Add(sum, sum, partial[p*g.size+o*width:])
		}
		for t := range area {
			segment, tap := t/perSegment, t%perSegment
			for ci := range in {
				dst[(o*in+ci)*area+t] = sum[segment*g.lanes+tap*in+ci]
			}
		}
	}
}

// algorithm describes the plan in profiles.
func (g *weightGradient) algorithm() string {
	if g.swapped {
		return "outer products, swapped"
	}
	return "outer products"
}

func (c *compiler) lowerConvWeightGrad(n *graph.Node, op graph.Conv2DWeightGradOp) error {
	x, dy := n.Inputs()[0], n.Inputs()[1]
	if isDepthwise(op.Conv, x.Shape(), op.WeightShape) {
		c.lowerDepthwiseWeightGrad(n, op)
		return nil
	}
	v := convolution{convolutionWeightGrad, op.Conv, x.Shape(), op.WeightShape, dy.Shape()}
	g := newWeightGradient(v.op, v.x, v.w, v.y)
	plans := []convolutionPlan{{g.algorithm(), outerCost * g.cost(), true, func() { c.addWeightGradient(n, g, op.WeightShape) }}}
	for _, w := range v.winogradWeights() {
		plans = append(plans, convolutionPlan{winogradName(w.WinogradTransforms), w.cost(), false, func() {
			c.addWinogradWeight(n, w, c.pixels(x), c.pixels(dy))
		}})
	}
	return c.choose(v, plans)
}

// addWeightGradient adds the steps that carry a plan out.
func (c *compiler) addWeightGradient(n *graph.Node, g *weightGradient, shape tensor.Shape) {
	x, dy := n.Inputs()[0], n.Inputs()[1]
	xv, dyv := c.pixels(x), c.resident(c.pixels(dy))
	if !g.padded {
		if g.joined && shape[3] > 1 { // pixels of a run are side by side
			xv = c.in(x, nhwc)
		}
		xv = c.resident(xv)
	}
	g.place(xv.distance(), dyv.distance())
	partial := c.alloc(g.chunks * g.size)
	sizeA, sizeB := g.packScratch()
	c.add(step{
		name: "weight gradient", algorithm: g.algorithm(), node: n, tasks: g.chunks * g.parts,
		scratch: g.frameScratch() + sizeA + sizeB + slackFloats,
		reads:   bufs(xv.buf, dyv.buf), writes: bufs(partial),
		run: func(task int, scratch []float32) {
			chunk := task / g.parts
			g.accumulate(chunk, task%g.parts, scratch, xv.data(), dyv.data(), partial.data[chunk*g.size:])
		},
	})
	out := c.define(n, plain).buf
	perGroup := g.out.c / g.groups
	parts := (perGroup + sumChannels - 1) / sumChannels
	tasks, per := g.groups*parts, 1
	if g.size*g.chunks < grain(1<<14) {
		tasks, per = 1, tasks
	}
	c.add(step{
		name: "weight gradient sum", node: n, tasks: tasks, reads: bufs(partial), writes: bufs(out),
		scratch: max(2*sumChannels*n.Shape().Size()/g.out.c, g.size/g.out.c),
		run: func(task int, scratch []float32) {
			for i := task * per; i < (task+1)*per; i++ {
				from := i/parts*perGroup + i%parts*sumChannels
				to := min(from+sumChannels, (i/parts+1)*perGroup)
				g.store(out.data, partial.data, scratch, shape, from, to)
			}
		},
	})
}
