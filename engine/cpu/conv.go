package cpu

import (
	"github.com/strideml/stride/engine/cpu/internal/kernel"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// A convolution and its gradient with respect to the input are both sums over
// taps: each output pixel adds up, for every kernel position ("tap") that
// reaches it, the source pixel at a fixed distance times a matrix
// (source channels × output channels) of that tap. correlation is the plan of
// such a sum in NHWC.
//
// The output is divided into phases, grids of pixels that see the same taps.
// A convolution has one phase. The gradient of one with stride s has s×s: the
// pixel rows with h mod s = r are reached only by every s-th kernel row.
type correlation struct {
	n                int
	src, out         image
	groups           int
	srcStep, outStep [2]int // distance between grid neighbours in source and output
	phases           []phase

	frame   frame
	rows    int // grid rows in a block of one image, or all of them
	images  int // images in a block; 1 unless rows is all
	padded  bool
	nr      int // columns of a weight panel
	panels  int // panels of a group
	packed  int // floats of all packed weights
	split   int // panel groups that are tasks of their own
	gridMax int // grid rows of the largest phase
}

// image is the shape of one N×H×W×C image. Its pixels are pitch floats apart:
// c, or more where it is a part of a larger image's channels.
type image struct{ h, w, c, pitch int }

// size is the distance from image to image in floats, elements the number of
// elements of one.
func (im image) size() int     { return im.h * im.w * im.pitch }
func (im image) elements() int { return im.h * im.w * im.c }

func nhwcImage(s tensor.Shape) image { return image{s[2], s[3], s[1], s[1]} }

// surround copies some channels of h×w pixels from row y and column x on, with
// zeros where they lie outside the image.
func (im image) surround(dst, pixels []float32, channels, y, x, h, w int) {
	left := min(max(0, -x), w)
	keep := max(0, min(w-left, im.w-max(0, x)))
	for i := range h {
		row := dst[i*w*channels:][:w*channels]
		if y+i < 0 || y+i >= im.h || keep == 0 {
			clear(row)
			continue
		}
		clear(row[:left*channels])
		copyPixels(row[left*channels:][:keep*channels], pixels[((y+i)*im.w+max(0, x))*im.pitch:], channels, im.pitch)
		clear(row[(left+keep)*channels:])
	}
}

// copyPixels copies pixels of some channels, pitch apart, side by side.
func copyPixels(dst, src []float32, channels, pitch int) {
	if channels != tileChannels || channels == pitch {
		gatherRows(dst, src, 0, channels, pitch)
		return
	}
	for i := 0; i < len(dst); i += tileChannels {
		*(*[tileChannels]float32)(dst[i:]) = [tileChannels]float32(src[i/tileChannels*pitch:])
	}
}

// frame is the zero-padded source that tasks copy into scratch memory.
type frame struct {
	top, left int // padding before
	rowsPlus  int // rows beyond srcStep·(grid rows − 1)
	width     int // pixels of a row
}

// A tap is one kernel position: ky, kx in the weights, and the source pixel
// relative to the grid position.
type tap struct{ ky, kx, dy, dx int }

type phase struct {
	first  [2]int // output pixel of grid position (0,0)
	grid   [2]int // grid rows and columns
	taps   []tap
	blocks []sumBlock // for one group, at offset 0
	packed int        // where its weights start
	depth  int        // terms of a sum: taps × source channels of a group
	aOff   []int32    // of each pixel of a block, in the source
	cOff   []int32    // and in the output
}

// A sumBlock is a part of a sum whose weights fit easily into the second-level
// cache.
type sumBlock struct {
	segments []int32
	run      int
	start    int // first term
}

const correlationStep = "correlation"

// newCorrelation plans the convolution op of images x to images y.
func newCorrelation(op graph.Conv2DOp, x, w, y tensor.Shape) *correlation {
	c := &correlation{
		n: x[0], src: nhwcImage(x), out: nhwcImage(y), groups: op.Groups,
		srcStep: op.Stride, outStep: [2]int{1, 1},
	}
	c.phases = crossed(axisPhases(op, x, w, y, false))
	c.plan()
	return c
}

// newInputGradient plans the gradient of op with respect to x, from dy.
func newInputGradient(op graph.Conv2DOp, x, w, y tensor.Shape) *correlation {
	c := &correlation{
		n: x[0], src: nhwcImage(y), out: nhwcImage(x), groups: op.Groups,
		srcStep: [2]int{1, 1}, outStep: op.Stride,
	}
	c.phases = crossed(axisPhases(op, x, w, y, true))
	c.plan()
	return c
}

// crossed combines the phases of both axes.
func crossed(axes [2][]axisPhase) (phases []phase) {
	for _, v := range axes[0] {
		for _, h := range axes[1] {
			p := phase{first: [2]int{v.first, h.first}, grid: [2]int{v.count, h.count}}
			for _, y := range v.taps {
				for _, x := range h.taps {
					p.taps = append(p.taps, tap{y.k, x.k, y.at, x.at})
				}
			}
			phases = append(phases, p)
		}
	}
	return phases
}

// plan derives everything else from the geometry.
func (c *correlation) plan() {
	c.planFrame()
	c.planPanels()
	c.planBlocks()
	c.planMemory()
}

// place adapts the plan to the distances between the pixels of source and
// output.
func (c *correlation) place(src, out int) {
	if src != c.src.pitch || out != c.out.pitch {
		c.src.pitch, c.out.pitch = src, out
		c.planMemory()
	}
}

// planMemory derives what depends on where pixels lie.
func (c *correlation) planMemory() {
	c.packed = 0
	for i := range c.phases {
		p := &c.phases[i]
		p.blocks, p.aOff, p.cOff = nil, nil, nil
		c.planSums(p)
		c.planOffsets(p)
	}
}

// sourcePitch is the distance between the pixels that sums are taken of: those
// of the frame are side by side.
func (c *correlation) sourcePitch() int {
	if c.padded {
		return c.src.c
	}
	return c.src.pitch
}

// planFrame finds the padding that all taps of all phases need.
func (c *correlation) planFrame() {
	var low, high [2]int // reach of the taps around srcStep·grid position
	var end [2]int       // and the end of what is read
	for _, p := range c.phases {
		c.gridMax = max(c.gridMax, p.grid[0])
		for _, t := range p.taps {
			for i, d := range [2]int{t.dy, t.dx} {
				low[i] = min(low[i], d)
				high[i] = max(high[i], d)
				end[i] = max(end[i], (p.grid[i]-1)*c.srcStep[i]+d+1)
			}
		}
	}
	c.padded = low != [2]int{} || end[0] > c.src.h || end[1] > c.src.w
	c.frame = frame{width: c.src.w}
	if c.padded {
		c.frame = frame{top: -low[0], left: -low[1], rowsPlus: high[0] - low[0] + 1, width: end[1] - low[1]}
	}
}

// planPanels chooses the panel width: narrow ones waste less where there are
// few output channels.
func (c *correlation) planPanels() {
	out := c.out.c / c.groups
	c.nr = kernel.TileCols
	if out <= kernel.NarrowCols {
		c.nr = kernel.NarrowCols
	}
	c.panels = kernel.Panels(out, c.nr)
}

// frameRows is the number of frame rows under a number of grid rows.
func (c *correlation) frameRows(grid int) int { return (grid-1)*c.srcStep[0] + c.frame.rowsPlus }

func (c *correlation) frameSize(grid int) int {
	if !c.padded {
		return 0
	}
	return c.frameRows(grid) * c.frame.width * c.src.c
}

func (c *correlation) rowBlocks() int { return (c.gridMax + c.rows - 1) / c.rows }

func (c *correlation) blocks() int {
	return (c.n + c.images - 1) / c.images * c.rowBlocks()
}

// planSums cuts the sum of a phase into blocks of contiguous runs.
func (c *correlation) planSums(p *phase) {
	in := c.src.c / c.groups
	p.depth = len(p.taps) * in
	p.packed = c.packed
	c.packed += c.groups * c.panels * p.depth * c.nr

	type segment struct{ at, n int }
	var segs []segment
	for _, t := range p.taps {
		at := ((t.dy+c.frame.top)*c.frame.width + t.dx + c.frame.left) * c.sourcePitch()
		if k := len(segs) - 1; c.groups == 1 && k >= 0 && segs[k].at+segs[k].n == at && segs[k].n+in <= limit.blockTerms {
			segs[k].n += in // neighbours along a row are one run
			continue
		}
		segs = append(segs, segment{at, in})
	}
	start := 0
	for _, s := range segs {
		for s.n > 0 {
			n := min(s.n, limit.blockTerms)
			k := len(p.blocks) - 1
			if k >= 0 && p.blocks[k].run == n && (len(p.blocks[k].segments)+1)*n <= limit.blockTerms {
				p.blocks[k].segments = append(p.blocks[k].segments, int32(s.at))
			} else {
				p.blocks = append(p.blocks, sumBlock{[]int32{int32(s.at)}, n, start})
			}
			start += n
			s.at, s.n = s.at+n, s.n-n
		}
	}
}

// planOffsets tabulates where the pixels of a block lie.
func (c *correlation) planOffsets(p *phase) {
	source := c.src.size()
	if c.padded {
		source = c.frameSize(c.rows)
	}
	for i := range c.images {
		for y := range min(c.rows, p.grid[0]) {
			for x := range p.grid[1] {
				a := i*source + (y*c.srcStep[0]*c.frame.width+x*c.srcStep[1])*c.sourcePitch()
				o := i*c.out.size() + ((y*c.outStep[0]+p.first[0])*c.out.w+x*c.outStep[1]+p.first[1])*c.out.pitch
				p.aOff, p.cOff = append(p.aOff, int32(a)), append(p.cOff, int32(o))
			}
		}
	}
}

// fill copies frame rows of the images from ≤ i < from+count, starting under
// grid row y0, into scratch.
func (c *correlation) fill(dst, src []float32, from, count, y0 int) {
	rows := c.frameRows(c.rows)
	for i := range count {
		frame := dst[i*rows*c.frame.width*c.src.c:]
		c.src.surround(frame, src[(from+i)*c.src.size():], c.src.c, y0*c.srcStep[0]-c.frame.top, -c.frame.left, rows, c.frame.width)
	}
}

// run computes one block, or a range of its panels, and returns the range of
// the output's elements that the block covers.
func (c *correlation) run(task int, scratch, src, packed, bias, dst []float32, clip clip) (lo, hi int) {
	block, part := task/c.split, task%c.split
	image0, y0 := block/c.rowBlocks()*c.images, block%c.rowBlocks()*c.rows
	count, rows := min(c.images, c.n-image0), min(c.rows, c.gridMax-y0)
	source := scratch
	if c.padded {
		c.fill(scratch, src, image0, count, y0)
	} else {
		source = src[image0*c.src.size()+y0*c.srcStep[0]*c.src.w*c.src.pitch:]
	}
	first := (image0*c.out.h + y0*c.outStep[0]) * c.out.w // pixel of the output
	outAt := first * c.out.pitch
	from, to := part*c.panels/c.split, (part+1)*c.panels/c.split
	for i := range c.phases {
		p := &c.phases[i]
		pixels := max(0, min(rows, p.grid[0]-y0)) * p.grid[1]
		if count > 1 {
			pixels = count * p.grid[0] * p.grid[1]
		}
		if pixels == 0 {
			continue
		}
		c.runPhase(p, source, packed[p.packed:], bias, dst[outAt:], pixels, from, to, clip)
	}
	if c.rows < c.gridMax {
		return first * c.out.c, (first + min(rows*c.outStep[0], c.out.h-y0*c.outStep[0])*c.out.w) * c.out.c
	}
	return first * c.out.c, first*c.out.c + count*c.out.elements()
}

// farFloats is the size from which a result is taken to lie in memory: the cores'
// own caches, and their share of the third level, are full of other things.
const farFloats = 2 << 20

func (c *correlation) runPhase(p *phase, source, packed, bias, dst []float32, pixels, from, to int, clip clip) {
	in, out := c.src.c/c.groups, c.out.c/c.groups
	if p.depth == 0 { // no tap reaches these pixels
		for _, o := range p.cOff[:pixels] {
			clear(dst[o:][:c.out.c])
		}
		return
	}
	args := kernel.TileArgs{AOff: &p.aOff[0], COff: &p.cOff[0], Rows: pixels, NonTemporal: c.n*c.out.size() > farFloats}
	for g := range c.groups {
		args.A = &source[g*in]
		for panel := from; panel < to; panel++ {
			column := panel * c.nr
			args.C = &dst[g*out+column]
			args.Cols = min(c.nr, out-column)
			weights := packed[(g*c.panels+panel)*p.depth*c.nr:]
			for k := range p.blocks {
				b := &p.blocks[k]
				args.SegOff, args.Segs, args.Run = &b.segments[0], len(b.segments), b.run
				args.B = &weights[b.start*c.nr]
				args.Accumulate = k > 0
				args.Bias = nil
				if k == 0 && bias != nil {
					args.Bias = &bias[(g*c.panels+panel)*c.nr]
				}
				last := k == len(p.blocks)-1
				args.ReLU, args.ReLU6 = last && clip != noClip, clip == clipReLU6
				tile(&args, c.nr)
			}
		}
	}
}

// pack writes the weights w (O×(C/groups)×Kh×Kw) of one panel of one group,
// for all phases: rows are terms, columns output channels. transposed takes
// the roles of O and C the other way round, as the input gradient needs.
func (c *correlation) pack(dst, w, scratch []float32, shape tensor.Shape, panelOfAll int, transposed bool) {
	g, panel := panelOfAll/c.panels, panelOfAll%c.panels
	in, out := c.src.c/c.groups, c.out.c/c.groups
	// In scratch, row ci·area+tap has the weights of all lanes.
	area := shape[2] * shape[3]
	rows := scratch[:in*area*c.nr]
	packLanes(rows, w[g*out*in*area:], in, out, area, panel, c.nr, transposed)
	for i := range c.phases {
		p := &c.phases[i]
		d := dst[p.packed+panelOfAll*p.depth*c.nr:][:p.depth*c.nr]
		for t, tp := range p.taps {
			at := (tp.ky*shape[3] + tp.kx) * c.nr
			for ci := range in {
				copy(d[(t*in+ci)*c.nr:][:c.nr], rows[ci*area*c.nr+at:])
			}
		}
	}
}

// addPackStep adds the step that packs weights, and returns the packed buffer. pack needs the given scratch memory. Weights that
// the program never assigns are packed again only after they have changed.
func (c *compiler) addPackStep(n *graph.Node, weights source, size, panels, scratch int, pack func(dst, w, scratch []float32, panel int)) *buffer {
	w := weights.buf
	b := c.alloc(size)
	s := step{
		name: "pack", node: n, reads: bufs(w), writes: bufs(b), tasks: 1, scratch: scratch,
		run: func(_ int, scratch []float32) {
			for i := range panels {
				pack(b.data, w.data, scratch, i)
			}
		},
	}
	if size > grain(1<<14) {
		s.tasks = panels
		s.run = func(task int, scratch []float32) { pack(b.data, w.data, scratch, task) }
	}
	s.pack = newPackState(weights.vars)
	b.persistent = s.pack != nil
	c.add(s)
	return b
}

// addWeightStep adds the step that packs convolution weights.
func (c *compiler) addWeightStep(n *graph.Node, weights source, shape tensor.Shape, co *correlation, transposed bool) *buffer {
	scratch := co.src.c / co.groups * shape[2] * shape[3] * co.nr
	return c.addPackStep(n, weights, co.packed, co.groups*co.panels, scratch, func(dst, w, scratch []float32, panel int) {
		co.pack(dst, w, scratch, shape, panel, transposed)
	})
}

// addBiasStep pads a bias of groups×per elements to whole panels.
func (c *compiler) addBiasStep(n *graph.Node, bias source, groups, per, nr int) *buffer {
	panels := kernel.Panels(per, nr)
	return c.addPackStep(n, bias, groups*panels*nr, groups*panels, 0, func(dst, b, _ []float32, panel int) {
		g, p := panel/panels, panel%panels
		row := dst[panel*nr:][:nr]
		k := copy(row, b[g*per+p*nr:(g+1)*per])
		clear(row[k:])
	})
}

// addCorrelation adds the step that carries out a correlation.
func (c *compiler) addCorrelation(n *graph.Node, co *correlation, src *value, packed, bias *buffer) {
	out := c.definePixels(n)
	co.place(src.distance(), out.distance())
	t := c.setTail(out)
	t.clips, t.scattered = clipReLU6, co.split > 1
	scratch := roundUp(co.images*co.frameSize(co.rows)+slackFloats, alignFloats)
	reads := bufs(src.buf, packed)
	if bias != nil {
		reads = append(reads, bias)
	}
	c.add(step{
		name: correlationStep, algorithm: co.algorithm(), node: n, tasks: co.blocks() * co.split, scratch: scratch,
		reads: reads, writes: bufs(out.buf),
		run: func(task int, scratch []float32) {
			var b []float32
			if bias != nil {
				b = bias.data
			}
			lo, hi := co.run(task, scratch, src.data(), packed.data, b, out.data(), t.clip)
			t.done(task, lo, hi, scratch)
		},
	})
}

// cost estimates the cost for one image, in vectors of eight multiply-adds.
func (c *correlation) cost() float64 {
	total := 0
	for _, p := range c.phases {
		total += p.grid[0] * p.grid[1] * p.depth
	}
	return float64(total*c.groups*c.panels*c.nr) / 8
}

// algorithm describes the plan in profiles.
func (c *correlation) algorithm() string {
	if len(c.phases) == 1 && len(c.phases[0].taps) == 1 && !c.padded {
		return "1×1 as GEMM"
	}
	if c.nr == kernel.NarrowCols {
		return "direct, narrow"
	}
	return "direct"
}

func (c *compiler) lowerConv(n *graph.Node, op graph.Conv2DOp) error {
	in := n.Inputs()
	var bias *source
	if len(in) == 3 {
		b := c.weights(in[2])
		bias = &b
	}
	return c.lowerConvolution(n, op, in[0], in[1].Shape(), c.weights(in[1]), bias)
}

// lowerConvolution computes the convolution of x with weights of the given
// shape and a bias, if it is not nil, into node n.
func (c *compiler) lowerConvolution(n *graph.Node, op graph.Conv2DOp, x *graph.Node, shape tensor.Shape, weights source, bias *source) error {
	if isDepthwise(op, x.Shape(), shape) {
		d := newDepthwise(op, x.Shape(), shape, n.Shape(), false)
		var b *buffer
		if bias != nil {
			b = bias.buf
		}
		c.addDepthwise(n, d, weights, c.in(x, nhwc), b)
		return nil
	}
	v := convolution{convolutionOutput, op, x.Shape(), shape, n.Shape()}
	co := newCorrelation(op, v.x, v.w, v.y)
	plans := []convolutionPlan{{co.algorithm(), co.cost(), true, func() {
		packed := c.addWeightStep(n, weights, shape, co, false)
		var b *buffer
		if bias != nil {
			b = c.addBiasStep(n, *bias, co.groups, co.out.c/co.groups, co.nr)
		}
		c.addCorrelation(n, co, c.pixels(x), packed, b)
	}}}
	for _, w := range v.winograds() {
		plans = append(plans, convolutionPlan{winogradName(w.WinogradTransforms), w.cost(), false, func() {
			c.addWinograd(n, w, c.pixels(x), weights, bias, false)
		}})
	}
	return c.choose(v, plans)
}

func (c *compiler) lowerConvInputGrad(n *graph.Node, op graph.Conv2DInputGradOp) error {
	w, dy := n.Inputs()[0], n.Inputs()[1]
	if isDepthwise(op.Conv, op.InputShape, w.Shape()) {
		c.lowerDepthwiseInputGrad(n, op)
		return nil
	}
	v := convolution{convolutionInputGrad, op.Conv, op.InputShape, w.Shape(), dy.Shape()}
	co := newInputGradient(v.op, v.x, v.w, v.y)
	plans := []convolutionPlan{{co.algorithm(), co.cost(), true, func() {
		packed := c.addWeightStep(n, c.weights(w), w.Shape(), co, true)
		c.addCorrelation(n, co, c.pixels(dy), packed, nil)
	}}}
	if s := newProductGradient(v.op, v.x, v.w, v.y); s != nil {
		plans = append(plans, convolutionPlan{productGradientName, s.cost(), true, func() {
			c.addProductGradient(n, s, w, c.in(dy, nhwc))
		}})
	}
	for _, p := range v.winograds() {
		plans = append(plans, convolutionPlan{winogradName(p.WinogradTransforms), p.cost(), false, func() {
			c.addWinograd(n, p, c.pixels(dy), c.weights(w), nil, true)
		}})
	}
	return c.choose(v, plans)
}

// tile calls the kernel for panels of nr columns. It is spelled out so that
// args stays on the stack.
func tile(args *kernel.TileArgs, nr int) {
	if nr == kernel.NarrowCols {
		kernel.TileNarrow(args)
	} else {
		kernel.Tile(args)
	}
}
