package conv

import (
	"github.com/strideml/stride/engine/cpu/internal/gemm"
	"github.com/strideml/stride/engine/cpu/internal/kernel/matrix"
	"github.com/strideml/stride/engine/cpu/internal/kernel/vec"
	"github.com/strideml/stride/engine/cpu/internal/kernel/winograd"
	"github.com/strideml/stride/engine/cpu/internal/strided"
	"github.com/strideml/stride/engine/cpu/internal/work"
)

// WinogradWeight computes a weight gradient by the adjoint of Winograd's
// algorithm: at each point a sum
// over tiles of outer products of the source's channels with those of dy,
// transformed to weights once at the end.
//
// Tasks are chunks of images × blocks of weights: some output channels and
// some source channels. A task transforms and multiplies a few tiles in turn,
// so that their points stay in the cache of its processor. Several chunks
// leave partial sums, which a second step adds up; where there is one chunk,
// its tasks end with the weights themselves. Blocks of weights need no partial
// sums, but each of them transforms its channels of all tiles again.
type WinogradWeight struct {
	*winograd.Transforms
	n                int
	src, out         strided.Image
	pad              [2]int
	grid             [2]int // tiles of an image
	points           int
	chunks, perChunk int        // and the images of a chunk
	srcPart, outPart int        // channels of a block of weights, the last ones excepted
	turn             int        // tiles transformed, then multiplied
	aOff, bOff       []int32    // of the tiles of a turn: rows of source points and of points of dy
	xTiles, dyTiles  tileReader // read the source and the gradient of the output
}

func newWinogradWeight(p Problem, t *winograd.Transforms) *WinogradWeight {
	w := &WinogradWeight{
		Transforms: t, n: p.X[0], src: strided.ImageOf(p.X), out: strided.ImageOf(p.Y), pad: p.Op.Pad, points: t.N * t.N,
	}
	w.grid = [2]int{(w.out.H + t.M - 1) / t.M, (w.out.W + t.M - 1) / t.M}
	w.plan()
	w.SetPitch(w.src.Pitch, w.out.Pitch)
	return w
}

// Algorithm implements [Plan].
func (w *WinogradWeight) Algorithm() string { return winogradName(w.Transforms) }

// Cost implements [Plan].
func (w *WinogradWeight) Cost() float64 {
	tiles, points := float64(w.grid[0]*w.grid[1]), float64(w.points)
	sums := points * float64(w.src.C*matrix.Panels(w.out.C, matrix.TileCols)*matrix.TileCols) / 8
	of := func(channels int) float64 { return tileCost + transformCost*points*float64(channels)/8 }
	transforms := tiles * (of(w.src.C)*float64(w.outParts()) + of(w.out.C)*float64(w.srcParts()))
	cost := tiles*(productCost*sums+sumCost*sums/float64(w.turn)) + transforms + lastCost*sums/float64(w.n)
	if w.chunks > 1 {
		cost += partialCost * sums * float64(w.chunks) / float64(w.n)
	}
	return cost
}

// plan cuts the work into tasks, enough of them if it can, at the least cost.
func (w *WinogradWeight) plan() {
	fmas := w.n * w.grid[0] * w.grid[1] * w.points * w.src.C * w.out.C
	wanted := max(1, min(work.Limit.MinimalTasks, fmas/work.Limit.TaskFMAs))
	// Partial sums should not need more memory than the operands.
	partial := min(work.Limit.PartialFloats, w.n*(w.src.H*w.src.W*w.src.C+w.out.H*w.out.W*w.out.C))
	var best WinogradWeight
	for chunks := 1; chunks <= max(1, min(work.Limit.MaxChunks, w.n)); chunks *= 2 {
		if chunks > 1 && chunks*w.points*w.src.C*w.out.C > partial {
			break
		}
		for outParts := 1; outParts <= matrix.Panels(w.out.C, matrix.TileCols); outParts *= 2 {
			for srcParts := 1; srcParts <= w.src.C/winogradChannels; srcParts *= 2 {
				p := *w
				p.perChunk = (w.n + chunks - 1) / chunks
				p.chunks = (w.n + p.perChunk - 1) / p.perChunk
				p.outPart = work.RoundUp((w.out.C+outParts-1)/outParts, matrix.TileCols)
				p.srcPart = work.RoundUp((w.src.C+srcParts-1)/srcParts, winogradChannels)
				p.turn = max(1, min(work.Limit.PixelTerms, work.Limit.WinogradTurn/(w.points*(p.srcPart+p.outPart)), p.perChunk*w.grid[0]*w.grid[1]))
				if best.chunks == 0 || p.better(&best, wanted) {
					best = p
				}
			}
		}
	}
	*w = best
	for i := range w.turn {
		w.aOff, w.bOff = append(w.aOff, int32(i*oddPitch(w.srcPart))), append(w.bOff, int32(i*oddPitch(w.outPart)))
	}
}

// better reports whether w is preferred to p: it has more tasks, up to the
// wanted number, or as many and costs less.
func (w *WinogradWeight) better(p *WinogradWeight, wanted int) bool {
	if a, b := min(w.Tasks(), wanted), min(p.Tasks(), wanted); a != b {
		return a > b
	}
	return w.Cost() < p.Cost()
}

func (w *WinogradWeight) outParts() int { return (w.out.C + w.outPart - 1) / w.outPart }
func (w *WinogradWeight) srcParts() int { return (w.src.C + w.srcPart - 1) / w.srcPart }
func (w *WinogradWeight) blocks() int   { return w.outParts() * w.srcParts() }

// Stage implements [Plan].
func (w *WinogradWeight) Stage() string { return weightStage }

// NeedsDense implements [WeightPlan].
func (w *WinogradWeight) NeedsDense() (x, dy bool) { return false, false }

// NeedsSlack implements [WeightPlan].
func (w *WinogradWeight) NeedsSlack() (x, dy bool) { return false, false }

// SetPitch implements [WeightPlan].
func (w *WinogradWeight) SetPitch(x, dy int) {
	w.src.Pitch, w.out.Pitch = x, dy
	w.xTiles = newTileReader(&w.Input, w.src, w.grid, w.M, w.pad)
	w.dyTiles = newTileReader(&w.OutputGrad, w.out, w.grid, w.M, [2]int{})
}

// Tasks implements [Plan]: a task computes a block of weights for a chunk of
// images.
func (w *WinogradWeight) Tasks() int { return w.chunks * w.blocks() }

// Scratch implements [Plan].
func (w *WinogradWeight) Scratch() int {
	if w.chunks == 1 {
		return w.turnScratch() + w.sumSize() + w.storeScratch()
	}
	return w.turnScratch()
}

// PartialSize implements [WeightPlan].
func (w *WinogradWeight) PartialSize() int {
	if w.chunks == 1 {
		return 0
	}
	return w.Tasks() * w.sumSize()
}

// Run implements [WeightPlan].
func (w *WinogradWeight) Run(task int, dst, x, dy, scratch []float32) {
	if w.chunks > 1 {
		w.accumulate(task/w.blocks(), w.block(task%w.blocks()), dst[task*w.sumSize():], scratch, x, dy)
		return
	}
	b := w.block(task)
	sum, scratch := scratch[:w.sumSize()], scratch[w.sumSize():]
	w.accumulate(0, b, sum, scratch, x, dy)
	for from := b.src; from < b.srcEnd; from += storeChannels {
		w.store(dst, b, sum, scratch, from, min(from+storeChannels, b.srcEnd))
	}
}

// storeParts is how many tasks share the sums of a block of weights.
func (w *WinogradWeight) storeParts() int { return (w.srcPart + storeChannels - 1) / storeChannels }

// SumTasks implements [WeightPlan].
func (w *WinogradWeight) SumTasks() int { return w.blocks() * w.storeParts() }

// SumScratch implements [WeightPlan].
func (w *WinogradWeight) SumScratch() int { return w.storeScratch() }

// Sum implements [WeightPlan].
func (w *WinogradWeight) Sum(task int, dst, partial, scratch []float32) {
	i := task / w.storeParts()
	b := w.block(i)
	from := b.src + task%w.storeParts()*storeChannels
	if to := min(from+storeChannels, b.srcEnd); from < to {
		w.addUp(partial, i, b, from, to)
		w.store(dst, b, partial[i*w.sumSize():], scratch, from, to)
	}
}

// Distances from point to point in the operands of a turn and in the sums.
func (w *WinogradWeight) sourcePitch() int { return oddPitch(w.turn * oddPitch(w.srcPart)) }
func (w *WinogradWeight) outPitch() int    { return oddPitch(w.turn * oddPitch(w.outPart)) }
func (w *WinogradWeight) sumPitch() int    { return oddPitch(w.srcPart * w.outPart) }

// sumSize is the size of the sums of a block of weights: [point][source
// channel][output channel].
func (w *WinogradWeight) sumSize() int { return w.points * w.sumPitch() }

// A weightBlock is a range of channels of the source and of the output.
type weightBlock struct{ src, srcEnd, out, outEnd int }

func (w *WinogradWeight) block(i int) weightBlock {
	src, out := i%w.srcParts()*w.srcPart, i/w.srcParts()*w.outPart
	return weightBlock{src, min(src+w.srcPart, w.src.C), out, min(out+w.outPart, w.out.C)}
}

// turnScratch is the memory that accumulate needs.
func (w *WinogradWeight) turnScratch() int {
	return w.points*(w.sourcePitch()+w.outPitch()) + max(w.xTiles.scratch(), w.dyTiles.scratch()) + work.SlackFloats
}

// accumulate computes the sums of a block of weights over a chunk of images.
func (w *WinogradWeight) accumulate(chunk int, b weightBlock, sum, scratch, x, dy []float32) {
	source, out := scratch, scratch[w.points*w.sourcePitch():]
	frame := out[w.points*w.outPitch():]
	xTiles, dyTiles := w.xTiles, w.dyTiles
	xTiles.im.C, dyTiles.im.C = b.srcEnd-b.src, b.outEnd-b.out
	x, dy = x[b.src:], dy[b.out:]
	perImage := w.grid[0] * w.grid[1]
	first := chunk * w.perChunk * perImage
	end := min((chunk+1)*w.perChunk, w.n) * perImage
	for from := first; from < end; from += w.turn {
		tiles := min(w.turn, end-from)
		xTiles.read(source, oddPitch(w.srcPart), w.sourcePitch(), x, from, from+tiles, frame)
		dyTiles.read(out, oddPitch(w.outPart), w.outPitch(), dy, from, from+tiles, frame)
		w.multiply(xTiles.im.C, dyTiles.im.C, tiles, sum, source, out, from > first)
	}
}

// multiply adds the outer products of a turn's tiles at all points.
func (w *WinogradWeight) multiply(srcChannels, outChannels, tiles int, sum, source, out []float32, accumulate bool) {
	args := matrix.OuterArgs{
		AOff: &w.aOff[0], BOff: &w.bOff[0], B1: 8, K: tiles, LdC: w.outPart, Rows: srcChannels, Accumulate: accumulate,
	}
	for p := range w.points {
		args.A = &source[p*w.sourcePitch()]
		prefetch := gemm.Prefetch{gemm.Upcoming(sum, (p+1)*w.sumPitch(), w.srcPart*w.outPart)}
		for column := 0; column < outChannels; column += matrix.TileCols {
			args.Cols = min(matrix.TileCols, outChannels-column)
			args.B, args.C = &out[p*w.outPitch()+column], &sum[p*w.sumPitch()+column]
			prefetch.Attach(&args)
			matrix.Outer(&args)
		}
	}
}

// storeChannels is how many source channels are turned to weights at a time.
const storeChannels = 8

// storeScratch is the memory that store needs.
func (w *WinogradWeight) storeScratch() int {
	return storeChannels * w.R * w.R * oddPitch(w.outPart)
}

// store transforms the sums of a block for the source channels from ≤ c < to,
// at most storeChannels of them, to the gradient of their weights in O×C×R×R.
func (w *WinogradWeight) store(dst []float32, b weightBlock, sum, taps []float32, from, to int) {
	n, out, area, pitch := to-from, b.outEnd-b.out, w.R*w.R, oddPitch(w.outPart)
	// Row ci·area+tap of taps has the weights of all output channels.
	args := winograd.TransformArgs{SrcRow: w.N * w.sumPitch(), SrcCol: w.sumPitch(), DstRow: w.R * pitch, DstCol: pitch, N: out}
	for ci := range n {
		args.Src, args.Dst = &sum[(from-b.src+ci)*w.outPart], &taps[ci*area*pitch]
		w.KernelGrad.Apply(&args)
	}
	// A few output channels at a time: of more, what is written would not stay in the
	// first-level cache, in which their weights lie in few of the sets.
	const channels = 8
	ldDst := w.src.C * area
	for o := 0; o < out; o += channels {
		matrix.Transpose2D(dst[(b.out+o)*ldDst+from*area:], taps[o:], area*n, min(channels, out-o), ldDst, pitch)
	}
}

// addUp adds the sums of the source channels from ≤ c < to of a block in all
// chunks to those of the first chunk.
func (w *WinogradWeight) addUp(partial []float32, block int, b weightBlock, from, to int) {
	at := func(chunk, point int) []float32 {
		start := (chunk*w.blocks()+block)*w.sumSize() + point*w.sumPitch()
		return partial[start+(from-b.src)*w.outPart:][:(to-from)*w.outPart]
	}
	for p := range w.points {
		for chunk := 1; chunk < w.chunks; chunk++ {
			vec.Add(at(0, p), at(0, p), at(chunk, p))
		}
	}
}
