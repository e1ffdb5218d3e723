package cpu

import (
	"fmt"

	"github.com/strideml/stride/engine/cpu/internal/kernel"
	"github.com/strideml/stride/graph"
)

// A winograd is the plan of a convolution with stride 1, or of its gradient
// with respect to the input, by Winograd's algorithm: the output is cut into
// tiles of m×m pixels, and a tile's n×n source pixels are transformed to n×n
// points, at each of which the sum over channels is a matrix product of
// tiles × source channels with source × output channels (package winograd has
// the formula). F(4×4, 3×3) multiplies a quarter as often as the direct sum.
//
// Tasks are blocks of tiles, which go through all three stages while their
// points are in the cache. Where there are few tiles and many channels, the
// points of all tiles come first, as a step of their own, and tasks are
// blocks of tiles × parts of the output channels.
type winograd struct {
	*kernel.WinogradTransforms
	n        int
	src, out image
	pad      [2]int
	grid     [2]int // tiles of an image
	points   int    // N×N
	panels   int    // of output channels
	rows     int    // tile rows in a block of one image, or all of them
	images   int    // images in a block; 1 unless rows is all
	parts    int    // tasks that share a block; the points come first if there are several
	group    int    // panels whose results are kept at a time
	aOff     []int32
	cOff     []int32
	zero     int32
	reader   tileReader // of the source
}

// winograds returns the plans of an output or an input gradient.
func (v convolution) winograds() (plans []*winograd) {
	source, out, pad := nhwcImage(v.x), nhwcImage(v.y), v.op.Pad
	if v.kind == convolutionInputGrad {
		source, out, pad = out, source, [2]int{v.w[2] - 1 - v.op.Pad[0], v.w[3] - 1 - v.op.Pad[1]}
	}
	for _, t := range v.winogradTransforms() {
		p := &winograd{
			WinogradTransforms: t, n: v.x[0], src: source, out: out, pad: pad, points: t.N * t.N,
			grid: [2]int{(out.h + t.M - 1) / t.M, (out.w + t.M - 1) / t.M}, panels: kernel.Panels(out.c, kernel.TileCols),
		}
		p.plan()
		plans = append(plans, p)
	}
	return plans
}

// winogradTransforms returns the algorithms that apply.
func (v convolution) winogradTransforms() []*kernel.WinogradTransforms {
	op, w, one := v.op, v.w, [2]int{1, 1}
	if op.Groups != 1 || op.Stride != one || op.Dilation != one || w[2] != w[3] ||
		op.Pad[0] >= w[2] || op.Pad[1] >= w[3] || w[0]%winogradChannels != 0 || w[1]%winogradChannels != 0 {
		return nil
	}
	switch w[2] {
	case 3:
		return []*kernel.WinogradTransforms{kernel.WinogradF43, kernel.WinogradF33, kernel.WinogradF23}
	case 5:
		return []*kernel.WinogradTransforms{kernel.WinogradF35, kernel.WinogradF25}
	}
	return nil
}

// winogradChannels divides the numbers of channels that the transforms take.
const winogradChannels = 8

// Costs of the stages of Winograd's algorithm, measured; the unit is the time
// of a vector of eight multiply-adds in a direct sum.
const (
	transformCost = 8.0   // of a point of a tile for eight channels
	tileCost      = 300.0 // of a tile, whatever its channels
	productCost   = 1.05  // of eight products at a point
	streamCost    = 3.0   // of eight weights from the third-level cache
)

// cost estimates the cost for one image, in the unit of the constants.
func (w *winograd) cost() float64 {
	tiles := float64(w.grid[0] * w.grid[1])
	columns := float64(w.panels * kernel.TileCols)
	products := productCost * tiles * float64(w.points*w.src.c) * columns / 8
	transforms := tiles * (2*tileCost + transformCost*float64(w.points*(w.src.c+w.out.c))/8)
	perBlock := float64(w.tiles()) / tiles // images of a block
	stream := streamCost * float64(w.points*w.src.c) * columns / 8 / perBlock
	return products + transforms + stream
}

// tiles is the number of tiles in a block.
func (w *winograd) tiles() int { return w.images * w.rows * w.grid[1] }

func (w *winograd) rowBlocks() int { return (w.grid[0] + w.rows - 1) / w.rows }

func (w *winograd) blocks() int { return (w.n + w.images - 1) / w.images * w.rowBlocks() }

// plan cuts the work into tasks.
func (w *winograd) plan() {
	perImage := w.grid[0] * w.grid[1]
	w.rows, w.images, w.parts = w.grid[0], 1, 1
	if perImage > limit.winogradTiles {
		w.rows = max(1, limit.winogradTiles/w.grid[1])
	} else {
		w.images = max(1, min(limit.winogradTiles/perImage, w.n))
		blocks := w.blocks()
		if blocks > 2 {
			blocks = roundUp(blocks, 4) // a few threads share them evenly
		}
		w.images = (w.n + blocks - 1) / blocks
	}
	if w.packedSize() <= limit.winogradShared {
		for (w.images > 1 || w.rows > 1) && w.blocks() < limit.minimalTasks {
			if w.images > 1 { // a block of several images has all of their rows
				w.images = (w.images + 1) / 2
			} else {
				w.rows = (w.rows + 1) / 2
			}
		}
	}
	if blocks := w.blocks(); blocks < limit.minimalTasks/2 {
		w.parts = max(1, min(w.panels, (limit.minimalTasks+blocks-1)/blocks))
	}
	w.group = max(1, min(limit.winogradFloats/(w.points*w.tiles()*kernel.TileCols), (w.panels+w.parts-1)/w.parts))
	for i := range w.tiles() {
		w.aOff, w.cOff = append(w.aOff, int32(i*w.src.c)), append(w.cOff, int32(i*w.groupChannels()))
	}
}

// groupChannels is the number of output channels in a group.
func (w *winograd) groupChannels() int { return min(w.group*kernel.TileCols, w.out.c) }

// pointPitch is the distance from point to point where each has the given
// number of elements: an odd number of cache lines, lest all points of a tile
// lie in the same set of the cache.
func pointPitch(size int) int {
	lines := (size + alignFloats - 1) / alignFloats
	return (lines | 1) * alignFloats
}

// The points of a block in scratch or in a buffer, the products of a group,
// and what reading and storing tiles needs.
func (w *winograd) sourcePitch() int { return pointPitch(w.tiles() * w.src.c) }
func (w *winograd) sourceSize() int  { return w.points * w.sourcePitch() }
func (w *winograd) groupPitch() int  { return pointPitch(w.tiles() * w.groupChannels()) }
func (w *winograd) groupSize() int   { return w.points * w.groupPitch() }
func (w *winograd) patchSize() int {
	return roundUp(max(w.reader.scratch(), w.M*w.M*w.groupChannels()), alignFloats)
}

func (w *winograd) scratch() int {
	size := w.groupSize() + w.patchSize() + slackFloats
	if w.parts == 1 {
		size += w.sourceSize()
	}
	return roundUp(size, alignFloats)
}

// A blockRange is what a block covers: tile rows y0 ≤ y < y1 of the images
// image0 ≤ i < image1.
type blockRange struct{ image0, image1, y0, y1 int }

// tiles is the number of its tiles, given those of a row.
func (b blockRange) tiles(perRow int) int { return (b.image1 - b.image0) * (b.y1 - b.y0) * perRow }

func (w *winograd) block(i int) blockRange {
	image, y := i/w.rowBlocks()*w.images, i%w.rowBlocks()*w.rows
	return blockRange{image, min(image+w.images, w.n), y, min(y+w.rows, w.grid[0])}
}

// row returns one row of the tiles of a block, or nothing if there are fewer.
func (b blockRange) row(i int) blockRange {
	rows := b.y1 - b.y0
	image, y := b.image0+i/rows, b.y0+i%rows
	return blockRange{image, min(image+1, b.image1), y, y + 1}
}

// eachTile calls f with the number of each tile in the block, its image and
// its place in the grid.
func (w *winograd) eachTile(b blockRange, f func(t, image, y, x int)) {
	t := 0
	for image := b.image0; image < b.image1; image++ {
		for y := b.y0; y < b.y1; y++ {
			for x := range w.grid[1] {
				f(t, image, y, x)
				t++
			}
		}
	}
}

// transform computes the points of a block.
func (w *winograd) transform(b blockRange, dst, scratch, src []float32) {
	first := (b.image0*w.grid[0] + b.y0) * w.grid[1]
	w.reader.read(dst, w.src.c, w.sourcePitch(), src, first, first+b.tiles(w.grid[1]), scratch)
}

// multiply computes, for the panels from ≤ p < to, the products at all points
// of a block of some tiles.
func (w *winograd) multiply(dst, points, packed []float32, tiles, from, to int) {
	args := kernel.TileArgs{AOff: &w.aOff[0], COff: &w.cOff[0], SegOff: &w.zero, Segs: 1, Rows: tiles}
	in := w.src.c
	for p := range w.points {
		for panel := from; panel < to; panel++ {
			args.Cols = min(kernel.TileCols, w.out.c-panel*kernel.TileCols)
			args.C = &dst[p*w.groupPitch()+(panel-from)*kernel.TileCols]
			for k := 0; k < in; k += limit.blockTerms {
				args.Run, args.Accumulate = min(limit.blockTerms, in-k), k > 0
				args.A = &points[p*w.sourcePitch()+k]
				args.B = &packed[(panel*w.points+p)*w.packedPitch()+k*kernel.TileCols]
				kernel.Tile(&args)
			}
		}
	}
}

// store transforms the products of the panels from ≤ p < to back to pixels.
func (w *winograd) store(b blockRange, dst, products, patch, bias []float32, from, to int, relu bool) {
	first := from * kernel.TileCols
	channels := min(to*kernel.TileCols, w.out.c) - first
	pitch, width := w.groupPitch(), w.groupChannels()
	row := w.out.w * w.out.pitch
	w.eachTile(b, func(t, image, y, x int) {
		args := kernel.TransformArgs{
			Src: &products[t*width], SrcRow: w.N * pitch, SrcCol: pitch, N: channels, ReLU: relu,
		}
		if bias != nil {
			args.Bias = &bias[first]
		}
		at := image*w.out.size() + y*w.M*row + x*w.M*w.out.pitch + first
		h, v := min(w.M, w.out.h-y*w.M), min(w.M, w.out.w-x*w.M)
		if h == w.M && v == w.M {
			args.Dst, args.DstRow, args.DstCol = &dst[at], row, w.out.pitch
			w.Output.Apply(&args)
			return
		}
		args.Dst, args.DstRow, args.DstCol = &patch[0], w.M*channels, channels
		w.Output.Apply(&args)
		for i := range h {
			for j := range v {
				copy(dst[at+i*row+j*w.out.pitch:][:channels], patch[(i*w.M+j)*channels:])
			}
		}
	})
}

// run computes a task and returns the range of the output that its block
// covers. points are those of all blocks, or nil if the task is to compute
// its own.
func (w *winograd) run(task int, scratch, src, points, packed, bias, dst []float32, relu bool) (lo, hi int) {
	// All blocks of one part first: they share its weights.
	i, part := task%w.blocks(), task/w.blocks()
	b := w.block(i)
	patch, products := scratch[:w.patchSize()], scratch[w.patchSize():][:w.groupSize()]
	if points == nil {
		points = scratch[w.patchSize()+w.groupSize():]
		w.transform(b, points, patch, src)
	} else {
		points = points[i*w.sourceSize():]
	}
	tiles := b.tiles(w.grid[1])
	end := (part + 1) * w.panels / w.parts
	for from := part * w.panels / w.parts; from < end; from += w.group {
		to := min(from+w.group, end)
		w.multiply(products, points, packed, tiles, from, to)
		w.store(b, dst, products, patch, bias, from, to, relu)
	}
	row := w.out.w * w.out.c
	return b.image0*w.out.elements() + b.y0*w.M*row, (b.image1-1)*w.out.elements() + min(b.y1*w.M, w.out.h)*row
}

// packedPitch is the distance from point to point in the transformed weights.
func (w *winograd) packedPitch() int { return pointPitch(w.src.c * kernel.TileCols) }

// packedSize is the size of the transformed weights: [panel][point][source
// channel][16].
func (w *winograd) packedSize() int { return w.panels * w.points * w.packedPitch() }

// pack transforms the weights (O×C×R×R) of one panel. transposed takes the
// roles of O and C the other way round and turns the kernels, as the input
// gradient needs.
func (w *winograd) pack(dst, weights, scratch []float32, panel int, transposed bool) {
	const nr = kernel.TileCols
	in, area := w.src.c, w.R*w.R
	rows := scratch[:in*area*nr] // row ci·area+tap has the weights of all lanes
	packLanes(rows, weights, in, w.out.c, area, panel, nr, transposed)
	pitch := w.packedPitch()
	args := kernel.TransformArgs{SrcRow: w.R * nr, SrcCol: nr, DstRow: w.N * pitch, DstCol: pitch, N: nr}
	start := 0
	if transposed {
		start, args.SrcRow, args.SrcCol = (area-1)*nr, -args.SrcRow, -args.SrcCol
	}
	for ci := range in {
		args.Src, args.Dst = &rows[ci*area*nr+start], &dst[panel*w.points*pitch+ci*nr]
		w.Kernel.Apply(&args)
	}
}

// packLanes gathers the weights of one panel of nr output channels: row
// ci·area+tap of dst has those of all lanes, zeros beyond the last channel.
// Weights are out×in×area, or in×out×area if transposed.
func packLanes(dst, w []float32, in, out, area, panel, nr int, transposed bool) {
	lanes := min(nr, out-panel*nr)
	if lanes < nr {
		clear(dst)
	}
	if !transposed {
		kernel.Transpose2D(dst, w[panel*nr*in*area:], lanes, in*area, nr, in*area)
		return
	}
	for ci := range in {
		kernel.Transpose2D(dst[ci*area*nr:], w[(ci*out+panel*nr)*area:], lanes, area, nr, area)
	}
}

// winogradName names an algorithm in profiles.
func winogradName(w *kernel.WinogradTransforms) string {
	return fmt.Sprintf("Winograd F(%d×%d, %d×%d)", w.M, w.M, w.R, w.R)
}

// addWinograd adds the steps that carry a plan out. bias may be nil.
func (c *compiler) addWinograd(n *graph.Node, w *winograd, src *value, weights source, bias *source, transposed bool) {
	scratch := w.src.c * w.R * w.R * kernel.TileCols
	packed := c.addPackStep(n, weights, w.packedSize(), w.panels, scratch, func(dst, weights, scratch []float32, panel int) {
		w.pack(dst, weights, scratch, panel, transposed)
	})
	w.src.pitch = src.distance()
	w.reader = newTileReader(&w.Input, w.src, w.grid, w.M, w.pad)
	reads := bufs(src.buf, packed)
	var biasBuf *buffer
	if bias != nil {
		biasBuf = bias.buf
		reads = append(reads, biasBuf)
	}
	var points *buffer
	if w.parts > 1 {
		points = c.alloc(w.blocks() * w.sourceSize())
		rows := w.images * w.rows // of tiles in a block: a task each
		c.add(step{
			name: "winograd points", node: n, tasks: w.blocks() * rows, scratch: w.patchSize(), reads: bufs(src.buf), writes: bufs(points),
			run: func(task int, scratch []float32) {
				block, row := task/rows, task%rows
				b := w.block(block).row(row)
				w.transform(b, points.data[block*w.sourceSize()+row*w.grid[1]*w.src.c:], scratch, src.data())
			},
		})
		reads = append(reads, points)
	}
	out := c.definePixels(n)
	w.out.pitch = out.distance()
	t := c.setTail(out)
	t.clips, t.scattered = clipReLU, w.parts > 1
	c.add(step{
		name: correlationStep, algorithm: winogradName(w.WinogradTransforms), node: n, tasks: w.blocks() * w.parts, scratch: w.scratch(),
		reads: reads, writes: bufs(out.buf),
		run: func(task int, scratch []float32) {
			var b, p []float32
			if biasBuf != nil {
				b = biasBuf.data
			}
			if points != nil {
				p = points.data
			}
			lo, hi := w.run(task, scratch, src.data(), p, packed.data, b, out.data(), t.clip == clipReLU)
			t.done(task, lo, hi, scratch)
		},
	})
}
