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
// The tiles go through the transforms and the products in turns of about as
// many as fit the cache.
type winogradWeight struct {
	*kernel.WinogradTransforms
	n        int
	src, out image
	pad      [2]int
	grid     [2]int // tiles of an image
	points   int
	images   int     // of a turn
	parts    int     // tasks that share the columns of a point
	aOff     []int32 // of the tiles of a turn: rows of source points
	bOff     []int32 // and of points of dy
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
	outerCost = 1.2  // of eight multiply-adds in direct outer products
	lastCost  = 20.0 // of turning eight sums at a point to weights
)

// cost estimates the cost for one image.
func (w *winogradWeight) cost() float64 {
	tiles, points := float64(w.grid[0]*w.grid[1]), float64(w.points)
	sums := points * float64(w.src.c*kernel.Panels(w.out.c, kernel.TileCols)*kernel.TileCols) / 8
	transforms := tiles * (2*tileCost + transformCost*points*float64(w.src.c+w.out.c)/8)
	return productCost*tiles*sums + transforms + lastCost*sums/float64(w.n) + streamCost*sums/float64(w.images)
}

func (w *winogradWeight) plan() {
	perImage := w.grid[0] * w.grid[1]
	fit := limit.winogradTurn / (w.points * perImage * (w.src.c + w.out.c))
	w.images = min(w.n, max(1, fit, limit.pixelTerms/perImage))
	turns := (w.n + w.images - 1) / w.images
	w.images = (w.n + turns - 1) / turns
	panels := kernel.Panels(w.out.c, kernel.TileCols)
	fmas := w.images * perImage * w.points * w.src.c * w.out.c
	w.parts = max(1, min(panels, 4*fmas/limit.taskFMAs/w.points))
	for i := range w.images * perImage {
		w.aOff, w.bOff = append(w.aOff, int32(i*channelPitch(w.src.c))), append(w.bOff, int32(i*channelPitch(w.out.c)))
	}
}

// channelPitch is the distance from tile to tile at a point: like pointPitch,
// an odd number of cache lines.
func channelPitch(channels int) int { return pointPitch(channels) }

func (w *winogradWeight) tiles() int { return w.images * w.grid[0] * w.grid[1] }

// Distances from point to point, and sizes of the points of a turn.
func (w *winogradWeight) sourcePitch() int { return pointPitch(w.tiles() * channelPitch(w.src.c)) }
func (w *winogradWeight) sourceSize() int  { return w.points * w.sourcePitch() }
func (w *winogradWeight) outPitch() int    { return pointPitch(w.tiles() * channelPitch(w.out.c)) }
func (w *winogradWeight) outSize() int     { return w.points * w.outPitch() }
func (w *winogradWeight) sumPitch() int    { return pointPitch(w.src.c * w.out.c) }
func (w *winogradWeight) sumSize() int     { return w.points * w.sumPitch() }

// transform computes the points of one row of tiles of x and of dy, in place
// row of a turn.
func (w *winogradWeight) transform(image, y, row int, source, out, patch, x, dy []float32) {
	for tx := range w.grid[1] {
		t := row*w.grid[1] + tx
		readTile(&w.Input, source[t*channelPitch(w.src.c):], w.sourcePitch(),
			w.src, x[image*w.src.size():], y*w.M-w.pad[0], tx*w.M-w.pad[1], patch)
		readTile(&w.OutputGrad, out[t*channelPitch(w.out.c):], w.outPitch(),
			w.out, dy[image*w.out.size():], y*w.M, tx*w.M, patch)
	}
}

// multiply adds the outer products of the first tiles of a turn at one point,
// for one part of the output channels. sum is [point][source channel][output
// channel].
func (w *winogradWeight) multiply(point, part, tiles int, sum, source, out []float32, accumulate bool) {
	panels := kernel.Panels(w.out.c, kernel.TileCols)
	source, out = source[point*w.sourcePitch():], out[point*w.outPitch():]
	sum = sum[point*w.sumPitch():]
	args := kernel.OuterArgs{B1: 8, C1: 8, LdC: w.out.c, Rows: w.src.c}
	for k := 0; k < tiles; k += limit.pixelTerms {
		args.K, args.Accumulate = min(limit.pixelTerms, tiles-k), accumulate || k > 0
		args.A, args.AOff, args.BOff = &source[0], &w.aOff[k], &w.bOff[k]
		for panel := part * panels / w.parts; panel < (part+1)*panels/w.parts; panel++ {
			column := panel * kernel.TileCols
			args.Cols = min(kernel.TileCols, w.out.c-column)
			args.B, args.C = &out[column], &sum[column]
			kernel.Outer(&args)
		}
	}
}

// storeChannels is how many source channels a task of the last step takes.
const storeChannels = 8

// store transforms the sums of the source channels from ≤ c < to, at most
// storeChannels, to the gradient of their weights (O×C×R×R). It reads all
// output channels of a point at a time: the points lie far apart.
func (w *winogradWeight) store(dst, sum, scratch []float32, from, to int) {
	n, out, area := to-from, w.out.c, w.R*w.R
	taps, turned := scratch[:area*n*out], scratch[area*n*out:2*area*n*out]
	args := kernel.TransformArgs{SrcRow: w.N * w.sumPitch(), SrcCol: w.sumPitch(), DstRow: w.R * n * out, DstCol: n * out, N: out}
	for ci := range n {
		args.Src, args.Dst = &sum[(from+ci)*out], &taps[ci*out]
		w.KernelGrad.Apply(&args)
	}
	kernel.Transpose2D(turned, taps, area*n, out, area*n, out)
	for o := range out {
		interleave(dst[(o*w.src.c+from)*area:][:area*n], turned[o*area*n:], n, area)
	}
}

// addWinogradWeight adds the steps that carry a plan out.
func (c *compiler) addWinogradWeight(n *graph.Node, w *winogradWeight, x, dy *value) {
	w.src.pitch, w.out.pitch = x.distance(), dy.distance()
	// What kernels read beyond the end is in the arena's slack.
	source, out := c.alloc(w.sourceSize()), c.alloc(w.outSize())
	sum := c.alloc(w.sumSize())
	turns := (w.n + w.images - 1) / w.images
	for first := 0; first < w.n; first += w.images {
		images := min(w.images, w.n-first)
		c.add(step{
			name: "winograd points", node: n, tasks: images * w.grid[0], scratch: w.points * patchChannels,
			reads: bufs(x.buf, dy.buf), writes: bufs(source, out),
			run: func(task int, scratch []float32) {
				image, y := first+task/w.grid[0], task%w.grid[0]
				w.transform(image, y, task, source.data, out.data, scratch, x.data(), dy.data())
			},
		})
		c.add(step{
			name: "weight gradient", algorithm: winogradName(w.WinogradTransforms), turns: turns, node: n, tasks: w.points * w.parts,
			reads: bufs(source, out), writes: bufs(sum),
			run: func(task int, _ []float32) {
				w.multiply(task/w.parts, task%w.parts, images*w.grid[0]*w.grid[1], sum.data, source.data, out.data, first > 0)
			},
		})
	}
	grad := c.define(n, plain)
	g := grad.buf
	tasks := (w.src.c + storeChannels - 1) / storeChannels
	c.add(step{
		name: "weight gradient sum", node: n, tasks: tasks, reads: bufs(sum), writes: bufs(g),
		scratch: 2 * storeChannels * w.R * w.R * w.out.c,
		run: func(task int, scratch []float32) {
			w.store(g.data, sum.data, scratch, task*storeChannels, min((task+1)*storeChannels, w.src.c))
		},
	})
	c.completed(grad)
}
