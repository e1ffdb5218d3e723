package cpu

import (
	"github.com/strideml/stride/engine/cpu/internal/kernel"
	"github.com/strideml/stride/graph"
)

// A winogradWeight is the plan of the gradient of a convolution with respect
// to its weights by the adjoint of Winograd's algorithm: at each point a sum
// over tiles of outer products of the source's channels with those of dy,
// transformed to weights once at the end.
//
// Tasks are chunks of images × blocks of weights: some output channels and
// some source channels. A task transforms and multiplies a few tiles in turn,
// so that their points stay in the cache of its processor. Several chunks
// leave partial sums, which a second step adds up; where there is one chunk,
// its tasks end with the weights themselves. Blocks of weights need no partial
// sums, but each of them transforms its channels of all tiles again.
type winogradWeight struct {
	*kernel.WinogradTransforms
	n                int
	src, out         image
	pad              [2]int
	grid             [2]int // tiles of an image
	points           int
	chunks, perChunk int        // and the images of a chunk
	srcPart, outPart int        // channels of a block of weights, the last ones excepted
	turn             int        // tiles transformed, then multiplied
	aOff, bOff       []int32    // of the tiles of a turn: rows of source points and of points of dy
	xTiles, dyTiles  tileReader // read the source and the gradient of the output
}

// winogradWeights returns the plans of a weight gradient.
func (v convolution) winogradWeights() (plans []*winogradWeight) {
	out := nhwcImage(v.y)
	for _, t := range v.winogradTransforms() {
		p := &winogradWeight{
			WinogradTransforms: t, n: v.x[0], src: nhwcImage(v.x), out: out, pad: v.op.Pad, points: t.N * t.N,
			grid: [2]int{(out.h + t.M - 1) / t.M, (out.w + t.M - 1) / t.M},
		}
		p.plan()
		plans = append(plans, p)
	}
	return plans
}

// Costs that differ from those of the output, in the same unit.
const (
	outerCost   = 1.2  // of eight multiply-adds in direct outer products
	sumCost     = 3.0  // of adding a turn's products to eight sums
	partialCost = 6.0  // of storing eight partial sums and of adding them up
	lastCost    = 10.0 // of turning eight sums at a point to weights
)

// cost estimates the cost for one image.
func (w *winogradWeight) cost() float64 {
	tiles, points := float64(w.grid[0]*w.grid[1]), float64(w.points)
	sums := points * float64(w.src.c*kernel.Panels(w.out.c, kernel.TileCols)*kernel.TileCols) / 8
	of := func(channels int) float64 { return tileCost + transformCost*points*float64(channels)/8 }
	transforms := tiles * (of(w.src.c)*float64(w.outParts()) + of(w.out.c)*float64(w.srcParts()))
	cost := tiles*(productCost*sums+sumCost*sums/float64(w.turn)) + transforms + lastCost*sums/float64(w.n)
	if w.chunks > 1 {
		cost += partialCost * sums * float64(w.chunks) / float64(w.n)
	}
	return cost
}

// plan cuts the work into tasks, enough of them if it can, at the least cost.
func (w *winogradWeight) plan() {
	fmas := w.n * w.grid[0] * w.grid[1] * w.points * w.src.c * w.out.c
	wanted := max(1, min(limit.minimalTasks, fmas/limit.taskFMAs))
	// Partial sums should not need more memory than the operands.
	partial := min(limit.partialLimit, w.n*(w.src.h*w.src.w*w.src.c+w.out.h*w.out.w*w.out.c))
	var best winogradWeight
	for chunks := 1; chunks <= max(1, min(limit.maxChunks, w.n)); chunks *= 2 {
		if chunks > 1 && chunks*w.points*w.src.c*w.out.c > partial {
			break
		}
		for outParts := 1; outParts <= kernel.Panels(w.out.c, kernel.TileCols); outParts *= 2 {
			for srcParts := 1; srcParts <= w.src.c/winogradChannels; srcParts *= 2 {
				p := *w
				p.perChunk = (w.n + chunks - 1) / chunks
				p.chunks = (w.n + p.perChunk - 1) / p.perChunk
				p.outPart = roundUp((w.out.c+outParts-1)/outParts, kernel.TileCols)
				p.srcPart = roundUp((w.src.c+srcParts-1)/srcParts, winogradChannels)
				p.turn = max(1, min(limit.pixelTerms, limit.winogradTurn/(w.points*(p.srcPart+p.outPart)), p.perChunk*w.grid[0]*w.grid[1]))
				if best.chunks == 0 || p.better(&best, wanted) {
					best = p
				}
			}
		}
	}
	*w = best
	for i := range w.turn {
		w.aOff, w.bOff = append(w.aOff, int32(i*pointPitch(w.srcPart))), append(w.bOff, int32(i*pointPitch(w.outPart)))
	}
}

// better reports whether w is preferred to p: it has more tasks, up to the
// wanted number, or as many and costs less.
func (w *winogradWeight) better(p *winogradWeight, wanted int) bool {
	if a, b := min(w.tasks(), wanted), min(p.tasks(), wanted); a != b {
		return a > b
	}
	return w.cost() < p.cost()
}

func (w *winogradWeight) outParts() int { return (w.out.c + w.outPart - 1) / w.outPart }
func (w *winogradWeight) srcParts() int { return (w.src.c + w.srcPart - 1) / w.srcPart }
func (w *winogradWeight) blocks() int   { return w.outParts() * w.srcParts() }
func (w *winogradWeight) tasks() int    { return w.chunks * w.blocks() }

// Distances from point to point in the operands of a turn and in the sums.
func (w *winogradWeight) sourcePitch() int { return pointPitch(w.turn * pointPitch(w.srcPart)) }
func (w *winogradWeight) outPitch() int    { return pointPitch(w.turn * pointPitch(w.outPart)) }
func (w *winogradWeight) sumPitch() int    { return pointPitch(w.srcPart * w.outPart) }

// sumSize is the size of the sums of a block of weights: [point][source
// channel][output channel].
func (w *winogradWeight) sumSize() int { return w.points * w.sumPitch() }

// A weightBlock is a range of channels of the source and of the output.
type weightBlock struct{ src, srcEnd, out, outEnd int }

func (w *winogradWeight) block(i int) weightBlock {
	src, out := i%w.srcParts()*w.srcPart, i/w.srcParts()*w.outPart
	return weightBlock{src, min(src+w.srcPart, w.src.c), out, min(out+w.outPart, w.out.c)}
}

// turnScratch is the memory that accumulate needs.
func (w *winogradWeight) turnScratch() int {
	return w.points*(w.sourcePitch()+w.outPitch()) + max(w.xTiles.scratch(), w.dyTiles.scratch()) + slackFloats
}

// accumulate computes the sums of a block of weights over a chunk of images.
func (w *winogradWeight) accumulate(chunk int, b weightBlock, sum, scratch, x, dy []float32) {
	source, out := scratch, scratch[w.points*w.sourcePitch():]
	frame := out[w.points*w.outPitch():]
	xTiles, dyTiles := w.xTiles, w.dyTiles
	xTiles.im.c, dyTiles.im.c = b.srcEnd-b.src, b.outEnd-b.out
	x, dy = x[b.src:], dy[b.out:]
	perImage := w.grid[0] * w.grid[1]
	first := chunk * w.perChunk * perImage
	end := min((chunk+1)*w.perChunk, w.n) * perImage
	for from := first; from < end; from += w.turn {
		tiles := min(w.turn, end-from)
		xTiles.read(source, pointPitch(w.srcPart), w.sourcePitch(), x, from, from+tiles, frame)
		dyTiles.read(out, pointPitch(w.outPart), w.outPitch(), dy, from, from+tiles, frame)
		w.multiply(xTiles.im.c, dyTiles.im.c, tiles, sum, source, out, from > first)
	}
}

// multiply adds the outer products of a turn's tiles at all points.
func (w *winogradWeight) multiply(srcChannels, outChannels, tiles int, sum, source, out []float32, accumulate bool) {
	args := kernel.OuterArgs{
		AOff: &w.aOff[0], BOff: &w.bOff[0], B1: 8, K: tiles, LdC: w.outPart, Rows: srcChannels, Accumulate: accumulate,
	}
	for p := range w.points {
		args.A = &source[p*w.sourcePitch()]
		soon := ahead{aheadOf(sum, (p+1)*w.sumPitch(), w.srcPart*w.outPart)}
		for column := 0; column < outChannels; column += kernel.TileCols {
			args.Cols = min(kernel.TileCols, outChannels-column)
			args.B, args.C = &out[p*w.outPitch()+column], &sum[p*w.sumPitch()+column]
			soon.take(&args)
			kernel.Outer(&args)
		}
	}
}

// storeChannels is how many source channels are turned to weights at a time.
const storeChannels = 8

// storeScratch is the memory that store needs.
func (w *winogradWeight) storeScratch() int { return 2 * storeChannels * w.R * w.R * w.outPart }

// store transforms the sums of a block for the source channels from ≤ c < to,
// at most storeChannels of them, to the gradient of their weights in O×C×R×R.
func (w *winogradWeight) store(dst []float32, b weightBlock, sum, scratch []float32, from, to int) {
	n, out, area := to-from, b.outEnd-b.out, w.R*w.R
	taps, turned := scratch[:area*n*out], scratch[area*n*out:2*area*n*out]
	args := kernel.TransformArgs{SrcRow: w.N * w.sumPitch(), SrcCol: w.sumPitch(), DstRow: w.R * n * out, DstCol: n * out, N: out}
	for ci := range n {
		args.Src, args.Dst = &sum[(from-b.src+ci)*w.outPart], &taps[ci*out]
		w.KernelGrad.Apply(&args)
	}
	kernel.Transpose2D(turned, taps, area*n, out, area*n, out)
	for o := range out {
		interleave(dst[((b.out+o)*w.src.c+from)*area:][:area*n], turned[o*area*n:], n, area)
	}
}

// addUp adds the sums of the source channels from ≤ c < to of a block in all
// chunks to those of the first chunk.
func (w *winogradWeight) addUp(partial []float32, block int, b weightBlock, from, to int) {
	at := func(chunk, point int) []float32 {
		start := (chunk*w.blocks()+block)*w.sumSize() + point*w.sumPitch()
		return partial[start+(from-b.src)*w.outPart:][:(to-from)*w.outPart]
	}
	for p := range w.points {
		for chunk := 1; chunk < w.chunks; chunk++ {
			kernel.Add(at(0, p), at(0, p), at(chunk, p))
		}
	}
}

// addWinogradWeight adds the steps that carry a plan out.
func (c *compiler) addWinogradWeight(n *graph.Node, w *winogradWeight, x, dy *value) {
	w.src.pitch, w.out.pitch = x.distance(), dy.distance()
	w.xTiles = newTileReader(&w.Input, w.src, w.grid, w.M, w.pad)
	w.dyTiles = newTileReader(&w.OutputGrad, w.out, w.grid, w.M, [2]int{})
	grad := c.define(n, plain)
	g := grad.buf
	s := step{
		name: "weight gradient", algorithm: winogradName(w.WinogradTransforms), node: n, tasks: w.tasks(),
		scratch: w.turnScratch(), reads: bufs(x.buf, dy.buf),
	}
	if w.chunks == 1 {
		s.scratch += w.sumSize() + w.storeScratch()
		s.writes = bufs(g)
		s.run = func(task int, scratch []float32) {
			b := w.block(task)
			sum, scratch := scratch[:w.sumSize()], scratch[w.sumSize():]
			w.accumulate(0, b, sum, scratch, x.data(), dy.data())
			for from := b.src; from < b.srcEnd; from += storeChannels {
				w.store(g.data, b, sum, scratch, from, min(from+storeChannels, b.srcEnd))
			}
		}
		c.add(s)
		c.completed(grad)
		return
	}
	partial := c.alloc(w.tasks() * w.sumSize())
	s.writes = bufs(partial)
	s.run = func(task int, scratch []float32) {
		w.accumulate(task/w.blocks(), w.block(task%w.blocks()), partial.data[task*w.sumSize():], scratch, x.data(), dy.data())
	}
	c.add(s)
	perBlock := (w.srcPart + storeChannels - 1) / storeChannels
	c.add(step{
		name: "weight gradient sum", node: n, tasks: w.blocks() * perBlock, reads: bufs(partial), writes: bufs(g, partial),
		scratch: w.storeScratch(),
		run: func(task int, scratch []float32) {
			i := task / perBlock
			b := w.block(i)
			from := b.src + task%perBlock*storeChannels
			if to := min(from+storeChannels, b.srcEnd); from < to {
				w.addUp(partial.data, i, b, from, to)
				w.store(g.data, b, partial.data[i*w.sumSize():], scratch, from, to)
			}
		},
	})
	c.completed(grad)
}
