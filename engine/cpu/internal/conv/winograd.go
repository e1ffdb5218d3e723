package conv

import (
	"fmt"

	"github.com/strideml/stride/engine/cpu/internal/gemm"
	"github.com/strideml/stride/engine/cpu/internal/kernel/matrix"
	"github.com/strideml/stride/engine/cpu/internal/kernel/winograd"
	"github.com/strideml/stride/engine/cpu/internal/strided"
	"github.com/strideml/stride/engine/cpu/internal/work"
)

// Winograd computes the output or the input gradient of a convolution with
// stride 1 by Winograd's algorithm: the output is cut into
// tiles of m×m pixels, and a tile's n×n source pixels are transformed to n×n
// points, at each of which the sum over channels is a matrix product of
// tiles × source channels with source × output channels (package matrices has
// the formula). F(4×4, 3×3) multiplies a quarter as often as the direct sum.
//
// Tasks are blocks of tiles, which go through all three stages while their
// points are in the cache. Where there are few tiles and many channels, the
// points of all tiles come first, as a step of their own, and tasks are
// blocks of tiles × parts of the output channels.
type Winograd struct {
	*winograd.Transforms
	n          int
	src, out   strided.Image
	pad        [2]int
	transposed bool   // input gradient: the weights have source and output channels the other way round
	grid       [2]int // tiles of an image
	points     int    // N×N
	panels     int    // of output channels
	rows       int    // tile rows in a block of one image, or all of them
	images     int    // images in a block; 1 unless rows is all
	parts      int    // tasks that share a block; the points come first if there are several
	group      int    // panels whose results are kept at a time
	aOff       []int32
	cOff       []int32
	zero       int32
	kept       bool       // Problem.Kept
	streamed   bool       // tasks pack the weights of their panels themselves
	reader     tileReader // of the source
}

func newWinograd(p Problem, t *winograd.Transforms) *Winograd {
	w := &Winograd{
		Transforms: t, n: p.X[0], src: strided.ImageOf(p.X), out: strided.ImageOf(p.Y), pad: p.Op.Pad,
		points: t.N * t.N, transposed: p.Kind == InputGrad, kept: p.Kept,
	}
	if w.transposed {
		w.src, w.out = w.out, w.src
		w.pad = [2]int{p.W[2] - 1 - w.pad[0], p.W[3] - 1 - w.pad[1]}
	}
	w.grid = [2]int{(w.out.H + t.M - 1) / t.M, (w.out.W + t.M - 1) / t.M}
	w.panels = matrix.Panels(w.out.C, matrix.TileCols)
	w.plan()
	w.SetPitch(w.src.Pitch, w.out.Pitch)
	return w
}

// winogradTransforms returns the algorithms that apply to a problem.
func winogradTransforms(p Problem) []*winograd.Transforms {
	op, w, one := p.Op, p.W, [2]int{1, 1}
	if op.Groups != 1 || op.Stride != one || op.Dilation != one || w[2] != w[3] ||
		op.Pad[0] >= w[2] || op.Pad[1] >= w[3] || w[0]%winogradChannels != 0 || w[1]%winogradChannels != 0 {
		return nil
	}
	switch w[2] {
	case 3:
		return []*winograd.Transforms{winograd.F43, winograd.F33, winograd.F23}
	case 5:
		return []*winograd.Transforms{winograd.F35, winograd.F25}
	}
	return nil
}

// winogradChannels divides the numbers of channels that the transforms take.
const winogradChannels = 8

// winogradName names an algorithm in profiles and tuning files.
func winogradName(t *winograd.Transforms) string {
	return fmt.Sprintf("Winograd F(%d×%d, %d×%d)", t.M, t.M, t.R, t.R)
}

// Algorithm implements [Plan].
func (w *Winograd) Algorithm() string { return winogradName(w.Transforms) }

// Cost implements [Plan].
func (w *Winograd) Cost() float64 {
	tiles := float64(w.grid[0] * w.grid[1])
	columns := float64(w.panels * matrix.TileCols)
	products := productCost * tiles * float64(w.points*w.src.C) * columns / 8
	transforms := tiles * (2*tileCost + transformCost*float64(w.points*(w.src.C+w.out.C))/8)
	perBlock := float64(w.tiles()) / tiles // images of a block
	perWeight := streamCost
	if w.kept {
		perWeight = keptCost
	}
	stream := perWeight * float64(w.points*w.src.C) * columns / 8 / perBlock
	return products + transforms + stream
}

// Stage implements [Plan].
func (w *Winograd) Stage() string { return correlationStage }

// NeedsDense implements [ImagePlan].
func (w *Winograd) NeedsDense() bool { return false }

// SetPitch implements [ImagePlan].
func (w *Winograd) SetPitch(source, out int) {
	w.src.Pitch, w.out.Pitch = source, out
	w.reader = newTileReader(&w.Input, w.src, w.grid, w.M, w.pad)
}

// Scattered implements [ImagePlan].
func (w *Winograd) Scattered() bool { return w.parts > 1 }

// Clips implements [ImagePlan].
func (w *Winograd) Clips() gemm.Clip { return gemm.ClipReLU }

// Bias implements [ImagePlan]: a bias is used as it is.
func (w *Winograd) Bias() gemm.Bias { return gemm.Bias{} }

// tiles is the number of tiles in a block.
func (w *Winograd) tiles() int { return w.images * w.rows * w.grid[1] }

func (w *Winograd) rowBlocks() int { return (w.grid[0] + w.rows - 1) / w.rows }

func (w *Winograd) blocks() int { return (w.n + w.images - 1) / w.images * w.rowBlocks() }

// plan cuts the work into tasks.
func (w *Winograd) plan() {
	perImage := w.grid[0] * w.grid[1]
	w.rows, w.images, w.parts = w.grid[0], 1, 1
	if perImage > work.Limit.WinogradTiles {
		w.rows = max(1, work.Limit.WinogradTiles/w.grid[1])
	} else {
		w.images = max(1, min(work.Limit.WinogradTiles/perImage, w.n))
		blocks := w.blocks()
		if blocks > 2 {
			blocks = work.RoundUp(blocks, 4) // a few threads share them evenly
		}
		w.images = (w.n + blocks - 1) / blocks
	}
	if w.PackedSize() <= work.Limit.WinogradShared {
		for (w.images > 1 || w.rows > 1) && w.blocks() < work.Limit.MinimalTasks {
			if w.images > 1 { // a block of several images has all of their rows
				w.images = (w.images + 1) / 2
			} else {
				w.rows = (w.rows + 1) / 2
			}
		}
	}
	if blocks := w.blocks(); blocks < work.Limit.MinimalTasks/2 {
		w.parts = max(1, min(w.panels, (work.Limit.MinimalTasks+blocks-1)/blocks))
	}
	w.planGroups()
}

// planGroups chooses how many panels a task computes before it stores their results.
func (w *Winograd) planGroups() {
	w.group = max(1, min(work.Limit.WinogradFloats/(w.points*w.tiles()*matrix.TileCols), (w.panels+w.parts-1)/w.parts))
	w.aOff, w.cOff = nil, nil
	for i := range w.tiles() {
		w.aOff, w.cOff = append(w.aOff, int32(i*w.src.C)), append(w.cOff, int32(i*w.groupChannels()))
	}
}

// CanStream implements [Streamer]: few blocks share the weights, so that one task can
// compute a panel of all of them.
func (w *Winograd) CanStream() bool { return w.parts > 1 }

// Stream implements [Streamer].
func (w *Winograd) Stream() {
	w.streamed = true
	w.parts = max(w.parts, min(w.panels, work.Limit.MinimalTasks))
	w.planGroups()
}

// groupChannels is the number of output channels in a group.
func (w *Winograd) groupChannels() int { return min(w.group*matrix.TileCols, w.out.C) }

// The points of a block in scratch or in a buffer, the products of a group,
// and what reading and storing tiles needs.
func (w *Winograd) sourcePitch() int { return oddPitch(w.tiles() * w.src.C) }
func (w *Winograd) sourceSize() int  { return w.points * w.sourcePitch() }
func (w *Winograd) groupPitch() int  { return oddPitch(w.tiles() * w.groupChannels()) }
func (w *Winograd) groupSize() int   { return w.points * w.groupPitch() }
func (w *Winograd) patchSize() int {
	return work.RoundUp(max(w.reader.scratch(), w.M*w.M*w.groupChannels()), work.AlignFloats)
}

// Scratch implements [Plan].
func (w *Winograd) Scratch() int {
	size := w.groupSize() + w.patchSize() + work.SlackFloats
	if w.streamed {
		size = w.blocks()*w.groupSize() + w.patchSize() + w.panelSize() + w.PackScratch() + work.SlackFloats
	} else if w.parts == 1 {
		size += w.sourceSize()
	}
	return work.RoundUp(size, work.AlignFloats)
}

// A blockRange is what a block covers: tile rows y0 ≤ y < y1 of the images
// image0 ≤ i < image1.
type blockRange struct{ image0, image1, y0, y1 int }

// tiles is the number of its tiles, given those of a row.
func (b blockRange) tiles(perRow int) int { return (b.image1 - b.image0) * (b.y1 - b.y0) * perRow }

func (w *Winograd) block(i int) blockRange {
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
func (w *Winograd) eachTile(b blockRange, f func(t, image, y, x int)) {
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
func (w *Winograd) transform(b blockRange, dst, scratch, src []float32) {
	first := (b.image0*w.grid[0] + b.y0) * w.grid[1]
	w.reader.read(dst, w.src.C, w.sourcePitch(), src, first, first+b.tiles(w.grid[1]), scratch)
}

// multiply computes, for some panels of packed weights, the products at all points of a
// block of some tiles. The first panel is number from of all.
func (w *Winograd) multiply(dst, points, packed []float32, tiles, from, panels int) {
	args := matrix.TileArgs{AOff: &w.aOff[0], COff: &w.cOff[0], SegOff: &w.zero, Segs: 1, Rows: tiles}
	in := w.src.C
	for p := range w.points {
		for panel := range panels {
			args.Cols = min(matrix.TileCols, w.out.C-(from+panel)*matrix.TileCols)
			args.C = &dst[p*w.groupPitch()+panel*matrix.TileCols]
			for k := 0; k < in; k += work.Limit.BlockTerms {
				args.Run, args.Accumulate = min(work.Limit.BlockTerms, in-k), k > 0
				args.A = &points[p*w.sourcePitch()+k]
				args.B = &packed[(panel*w.points+p)*w.packedPitch()+k*matrix.TileCols]
				matrix.Tile(&args)
			}
		}
	}
}

// store transforms the products of the panels from ≤ p < to back to pixels.
func (w *Winograd) store(b blockRange, dst, products, patch, bias []float32, from, to int, relu bool) {
	first := from * matrix.TileCols
	channels := min(to*matrix.TileCols, w.out.C) - first
	pitch, width := w.groupPitch(), w.groupChannels()
	row := w.out.W * w.out.Pitch
	w.eachTile(b, func(t, image, y, x int) {
		args := winograd.TransformArgs{
			Src: &products[t*width], SrcRow: w.N * pitch, SrcCol: pitch, N: channels, ReLU: relu,
		}
		if bias != nil {
			args.Bias = &bias[first]
		}
		at := image*w.out.Size() + y*w.M*row + x*w.M*w.out.Pitch + first
		h, v := min(w.M, w.out.H-y*w.M), min(w.M, w.out.W-x*w.M)
		if h == w.M && v == w.M {
			args.Dst, args.DstRow, args.DstCol = &dst[at], row, w.out.Pitch
			w.Output.Apply(&args)
			return
		}
		args.Dst, args.DstRow, args.DstCol = &patch[0], w.M*channels, channels
		w.Output.Apply(&args)
		for i := range h {
			for j := range v {
				copy(dst[at+i*row+j*w.out.Pitch:][:channels], patch[(i*w.M+j)*channels:])
			}
		}
	})
}

// PointsSize implements [ImagePlan].
func (w *Winograd) PointsSize() int {
	if w.parts == 1 { // tasks compute their own points
		return 0
	}
	return w.blocks() * w.sourceSize()
}

// PointsTasks implements [ImagePlan]: a task transforms a row of tiles of a block.
func (w *Winograd) PointsTasks() int { return w.blocks() * w.images * w.rows }

// PointsScratch implements [ImagePlan].
func (w *Winograd) PointsScratch() int { return w.patchSize() }

// Points implements [ImagePlan].
func (w *Winograd) Points(task int, dst, source, scratch []float32) {
	rows := w.images * w.rows // of tiles in a block
	block, row := task/rows, task%rows
	w.transform(w.block(block).row(row), dst[block*w.sourceSize()+row*w.grid[1]*w.src.C:], scratch, source)
}

// Tasks implements [Plan]: a task computes one block, or a range of its panels; if the
// weights are streamed, a range of the panels of all blocks.
func (w *Winograd) Tasks() int {
	if w.streamed {
		return w.parts
	}
	return w.blocks() * w.parts
}

// Run implements [ImagePlan].
func (w *Winograd) Run(task int, o Operands, scratch []float32) (lo, hi int) {
	if w.streamed {
		w.runStreamed(task, o, scratch)
		return 0, w.n * w.out.Elements()
	}
	// All blocks of one part first: they share its weights.
	i, part := task%w.blocks(), task/w.blocks()
	b := w.block(i)
	patch, products := scratch[:w.patchSize()], scratch[w.patchSize():][:w.groupSize()]
	var points []float32
	if w.parts == 1 {
		points = scratch[w.patchSize()+w.groupSize():]
		w.transform(b, points, patch, o.Source)
	} else {
		points = o.Points[i*w.sourceSize():]
	}
	tiles := b.tiles(w.grid[1])
	end := (part + 1) * w.panels / w.parts
	for from := part * w.panels / w.parts; from < end; from += w.group {
		to := min(from+w.group, end)
		w.multiply(products, points, o.Packed[from*w.panelSize():], tiles, from, to-from)
		w.store(b, o.Out, products, patch, o.Bias, from, to, o.Clip == gemm.ClipReLU)
	}
	row := w.out.W * w.out.C
	return b.image0*w.out.Elements() + b.y0*w.M*row, (b.image1-1)*w.out.Elements() + min(b.y1*w.M, w.out.H)*row
}

// runStreamed computes a range of the panels of all blocks. A panel is packed where it is
// used, in scratch memory: its transformed weights, several times as many as the weights
// themselves, never leave the cache.
func (w *Winograd) runStreamed(part int, o Operands, scratch []float32) {
	take := func(size int) (piece []float32) {
		piece, scratch = scratch[:size], scratch[size:]
		return piece
	}
	products, packed := take(w.blocks()*w.groupSize()), take(w.panelSize())
	patch, rows := take(w.patchSize()), take(w.PackScratch())
	end := (part + 1) * w.panels / w.parts
	for from := part * w.panels / w.parts; from < end; from += w.group {
		to := min(from+w.group, end)
		for panel := from; panel < to; panel++ {
			w.packPanel(packed, o.Packed, rows, panel)
			for i := range w.blocks() {
				dst := products[i*w.groupSize()+(panel-from)*matrix.TileCols:]
				w.multiply(dst, o.Points[i*w.sourceSize():], packed, w.block(i).tiles(w.grid[1]), panel, 1)
			}
		}
		for i := range w.blocks() {
			w.store(w.block(i), o.Out, products[i*w.groupSize():], patch, o.Bias, from, to, o.Clip == gemm.ClipReLU)
		}
	}
}

// panelSize is the size of the transformed weights of a panel.
func (w *Winograd) panelSize() int { return w.points * w.packedPitch() }

// packedPitch is the distance from point to point in the transformed weights.
func (w *Winograd) packedPitch() int { return oddPitch(w.src.C * matrix.TileCols) }

// PackedSize implements [gemm.Packer]. Transformed weights are
// [panel][point][source channel][16].
func (w *Winograd) PackedSize() int { return w.panels * w.panelSize() }

// PackTasks implements [gemm.Packer]: a task packs one panel.
func (w *Winograd) PackTasks() int { return w.panels }

// PackScratch implements [gemm.Packer].
func (w *Winograd) PackScratch() int { return w.src.C * w.R * w.R * matrix.TileCols }

// Form implements [gemm.Packer].
func (w *Winograd) Form() string {
	return fmt.Sprintf("Winograd %d×%d, %d→%d, transposed %v, panels of %d", w.M, w.R, w.src.C, w.out.C, w.transposed, matrix.TileCols)
}

// Pack implements [gemm.Packer].
func (w *Winograd) Pack(dst, weights, scratch []float32, task int) {
	w.packPanel(dst[task*w.panelSize():], weights, scratch, task)
}

// packPanel transforms the weights (O×C×R×R) of one panel to points. The input gradient
// needs kernels turned by 180°.
func (w *Winograd) packPanel(dst, weights, scratch []float32, panel int) {
	const nr = matrix.TileCols
	in, area := w.src.C, w.R*w.R
	rows := scratch[:in*area*nr] // row ci·area+tap has the weights of all lanes
	packLanes(rows, weights, in, w.out.C, area, panel, nr, w.transposed)
	pitch := w.packedPitch()
	args := winograd.TransformArgs{SrcRow: w.R * nr, SrcCol: nr, DstRow: w.N * pitch, DstCol: pitch, N: nr}
	start := 0
	if w.transposed {
		start, args.SrcRow, args.SrcCol = (area-1)*nr, -args.SrcRow, -args.SrcCol
	}
	for ci := range in {
		args.Src, args.Dst = &rows[ci*area*nr+start], &dst[ci*nr]
		w.Kernel.Apply(&args)
	}
}
