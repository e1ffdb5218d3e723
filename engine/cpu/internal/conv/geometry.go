package conv

import (
	"github.com/strideml/stride/engine/cpu/internal/gemm"
	"github.com/strideml/stride/engine/cpu/internal/kernel/matrix"
	"github.com/strideml/stride/engine/cpu/internal/strided"
)

// A convolution and its gradient with respect to the input are both sums over
// taps: each output pixel adds up, for every kernel position ("tap") that
// reaches it, the source pixel at a fixed distance times a matrix
// (source channels × output channels) of that tap. geometry says which taps
// there are and where their pixels lie in NHWC.
//
// The output is divided into phases, grids of pixels that see the same taps.
// A convolution has one phase. The gradient of one with stride s has s×s: the
// pixel rows with h mod s = r are reached only by every s-th kernel row.
type geometry struct {
	n                int
	source, out      strided.Image
	groups           int
	srcStep, outStep [2]int // distance between grid neighbours in source and output
	phases           []phase
	gridMax          int // grid rows of the largest phase

	frame   frame
	borders bool // taps reach beyond the source
	padded  bool // they do, or the source is planar or rounded: blocks are copied to a frame
	planar  bool // the source is row-major, N×C×H×W
	pairs   bool // the frame has pairs of bfloat16, in bf16.go
	rows    int  // grid rows in a block of one image, or all of them
	images  int  // images in a block; 1 unless rows is all
}

// A frame is the zero-padded source that tasks copy into scratch memory.
type frame struct {
	step      [2]int // distance between grid neighbours
	top, left int    // padding before
	rowsPlus  int    // rows beyond step·(grid rows − 1)
	width     int    // pixels of a row
}

// A tap is one kernel position: ky, kx in the weights, and the source pixel
// relative to the grid position.
type tap struct{ ky, kx, dy, dx int }

type phase struct {
	first [2]int // output pixel of grid position (0,0)
	grid  [2]int // grid rows and columns
	taps  []tap
	aOff  []int32 // of each pixel of a block, in the source
	cOff  []int32 // and in the output
	add   []int32 // and in what is added to the output, if anything is

	// Of direct sums.
	blocks []sumBlock // for one group, at offset 0
	packed int        // where its weights start
	depth  int        // terms of a sum: taps × source channels of a group
}

// newGeometry returns the geometry of a problem, with whole images as blocks. That
// of a weight gradient is the one of the output.
func newGeometry(p Problem) geometry {
	g := geometry{
		n: p.X[0], source: strided.ImageOf(p.X), out: strided.ImageOf(p.Y), groups: p.Op.Groups,
		srcStep: p.Op.Stride, outStep: [2]int{1, 1},
	}
	if p.Kind == InputGrad {
		g.source, g.out = g.out, g.source
		g.srcStep, g.outStep = g.outStep, g.srcStep
	}
	g.phases = crossed(axisPhases(p))
	g.pairs = p.BF16 && p.Kind != WeightGrad
	for i := range g.phases {
		g.phases[i].depth = len(g.phases[i].taps) * g.in()
	}
	g.planFrame()
	g.rows, g.images = g.gridMax, 1
	return g
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

// planFrame finds the padding that all taps of all phases need.
func (g *geometry) planFrame() {
	var low, high [2]int // reach of the taps around srcStep·grid position
	var end [2]int       // and the end of what is read
	for _, p := range g.phases {
		g.gridMax = max(g.gridMax, p.grid[0])
		for _, t := range p.taps {
			for i, d := range [2]int{t.dy, t.dx} {
				low[i] = min(low[i], d)
				high[i] = max(high[i], d)
				end[i] = max(end[i], (p.grid[i]-1)*g.srcStep[i]+d+1)
			}
		}
	}
	g.borders = low != [2]int{} || end[0] > g.source.H || end[1] > g.source.W
	g.padded = g.planar || g.borders || g.pairs
	g.frame = frame{step: g.srcStep, width: g.source.W}
	switch {
	case g.gathered():
		g.frame = frame{step: [2]int{1, 1}, rowsPlus: 1, width: g.phases[0].grid[1]}
	case g.padded:
		g.frame = frame{step: g.srcStep, top: -low[0], left: -low[1], rowsPlus: high[0] - low[0] + 1, width: end[1] - low[1]}
	}
}

// in is the number of elements that a tap adds to a sum: the channels of a group or, in pairs, half
// as many, rounded up.
func (g *geometry) in() int {
	if n := g.source.C / g.groups; !g.pairs {
		return n
	} else {
		return (n + 1) / 2
	}
}

// sourcePitch is the distance between the pixels that sums are taken of: those
// of the frame are side by side.
func (g *geometry) sourcePitch() int {
	switch {
	case g.pairs:
		return g.pairPitch()
	case g.padded:
		return g.source.C
	}
	return g.source.Pitch
}

// offset is where the source pixel of a tap lies for grid position (0,0).
func (g *geometry) offset(t tap) int {
	return ((t.dy+g.frame.top)*g.frame.width + t.dx + g.frame.left) * g.sourcePitch()
}

// frameRows is the number of frame rows under a number of grid rows.
func (g *geometry) frameRows(grid int) int { return (grid-1)*g.frame.step[0] + g.frame.rowsPlus }

// frameSize is the size of the frame under a number of grid rows of an image; 0 if
// there is no frame.
func (g *geometry) frameSize(grid int) int {
	if !g.padded {
		return 0
	}
	return g.frameRows(grid) * g.frame.width * g.sourcePitch()
}

// planOffsets tabulates where the pixels of a block of a phase lie.
func (g *geometry) planOffsets(p *phase) {
	p.aOff, p.cOff = nil, nil
	source := g.source.Size()
	if g.padded {
		source = g.frameSize(g.rows)
	}
	for i := range g.images {
		for y := range min(g.rows, p.grid[0]) {
			for x := range p.grid[1] {
				a := i*source + (y*g.frame.step[0]*g.frame.width+x*g.frame.step[1])*g.sourcePitch()
				o := i*g.out.Size() + ((y*g.outStep[0]+p.first[0])*g.out.W+x*g.outStep[1]+p.first[1])*g.out.Pitch
				p.aOff, p.cOff = append(p.aOff, int32(a)), append(p.cOff, int32(o))
			}
		}
	}
}

// fillFrame copies frame rows of the images from ≤ i < from+count, starting under
// grid row y0, into scratch.
func (g *geometry) fillFrame(dst, source []float32, from, count, y0 int) {
	if g.pairs {
		g.fillPairs(dst, source, from, count, y0)
		return
	}
	rows := g.frameRows(g.rows)
	for i := range count {
		frame := dst[i*rows*g.frame.width*g.source.C:]
		if g.planar {
			g.fillPlanar(frame, source[(from+i)*g.source.Elements():], y0*g.srcStep[0]-g.frame.top, rows)
			continue
		}
		g.source.CopyPadded(frame, source[(from+i)*g.source.Size():], g.source.C, y0*g.srcStep[0]-g.frame.top, -g.frame.left, rows, g.frame.width)
	}
}

// fillPlanar copies rows from row y on of a row-major image to a frame.
func (g *geometry) fillPlanar(frame, image []float32, y, rows int) {
	im, left := g.source, g.frame.left
	keep := min(g.frame.width-left, im.W)
	for i := range rows {
		row := frame[i*g.frame.width*im.C:][:g.frame.width*im.C]
		if y+i < 0 || y+i >= im.H {
			clear(row)
			continue
		}
		clear(row[:left*im.C])
		matrix.Transpose2D(row[left*im.C:], image[(y+i)*im.W:], im.C, keep, im.C, im.H*im.W)
		clear(row[(left+keep)*im.C:])
	}
}

// sumsCost is the cost of all sums for one image. Output channels are rounded up
// to whole panels.
func (g *geometry) sumsCost() float64 {
	total := 0
	for _, p := range g.phases {
		total += p.grid[0] * p.grid[1] * p.depth
	}
	out := g.out.C / g.groups
	nr := g.panelWidth(out)
	return float64(total*g.groups*matrix.Panels(out, nr)*nr) / 8
}

// panelWidth is the width of the panels for a number of output channels.
func (g *geometry) panelWidth(out int) int {
	if g.pairs {
		return matrix.TileCols
	}
	return gemm.PanelWidth(out)
}
