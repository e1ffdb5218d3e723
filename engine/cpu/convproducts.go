package cpu

import (
	"github.com/strideml/stride/engine/cpu/internal/kernel"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// productGradient is a second plan for the gradient of a convolution with
// respect to its input: multiply each pixel of dy by all weights, then let
// each pixel of dx add up the products that belong to it. The correlation of
// dy with the turned kernel multiplies zeros at every border and has only the
// channels of x as columns, where this has taps × channels; but it moves more
// memory. Small images of few channels gain.
type productGradient struct {
	x, y   image // of the input and of dy
	n      int
	kh, kw int
	run    int // floats of a kernel row
	panels int // of a kernel row
	pad    [2]int
	width  int // pixels in a row of products: those of dy and kw−1 of zeros on both sides
	images int // in a task
	aOff   []int32
	cOff   []int32
	zero   int32
	taps   []int32
}

const (
	// gatherCost is how many multiply-adds adding up one product costs.
	gatherCost = 8

	productGradientName = "product gradient"
)

// newProductGradient returns the plan, or nil if it does not apply.
func newProductGradient(op graph.Conv2DOp, x, w, y tensor.Shape) *productGradient {
	one := [2]int{1, 1}
	if op.Groups != 1 || op.Dilation != one || op.Stride != one || op.Pad[0] >= w[2] || op.Pad[1] >= w[3] {
		return nil
	}
	s := &productGradient{
		x: nhwcImage(x), y: nhwcImage(y), n: x[0], kh: w[2], kw: w[3], run: w[3] * x[1], pad: op.Pad,
		panels: kernel.Panels(w[3]*x[1], kernel.TileCols), width: y[3] + 2*(w[3]-1),
	}
	pixels := s.y.h * s.y.w
	if s.scratch() > 2*limit.frameFloats {
		return nil
	}
	s.images = max(1, min(limit.taskFMAs/4/(pixels*s.kh*s.run*s.y.c)+1, s.n/limit.minimalTasks))
	for i := range s.y.h {
		for j := range s.y.w {
			s.aOff = append(s.aOff, int32((i*s.y.w+j)*s.y.c))
			s.cOff = append(s.cOff, int32((i*s.width+s.kw-1+j)*s.run))
		}
	}
	// Row y of dx takes, from row y+pad−ky of dy, the products of kernel row
	// ky; pixel x there takes those of column kx from pixel x+pad−kx.
	for ky := range s.kh {
		for kx := range s.kw {
			at := ((ky*s.y.h-ky)*s.width+s.kw-1+s.pad[1]-kx)*s.run + kx*s.x.c
			s.taps = append(s.taps, int32(at))
		}
	}
	return s
}

// cost estimates the cost for one image, in vectors of eight multiply-adds.
func (s *productGradient) cost() float64 {
	return float64(s.y.h*s.y.w*s.kh*(s.panels*kernel.TileCols*s.y.c+s.run*gatherCost)) / 8
}

// scratch is the memory for the products of one image: for each kernel row, a
// grid of the pixels of dy with zeros at the left and right.
func (s *productGradient) scratch() int {
	return roundUp(s.kh*s.y.h*s.width*s.run+slackFloats, alignFloats)
}

// column returns the first column of a panel. The last panel overlaps the one
// before it rather than hang over the end: full panels are stored faster.
func (s *productGradient) column(panel int) int {
	return max(0, min(panel*kernel.TileCols, s.run-kernel.TileCols))
}

// pack writes one panel of the weights (O×C×Kh×Kw): for each kernel row a
// matrix of O × (Kw·C).
func (s *productGradient) pack(dst, w, _ []float32, panel int) {
	ky, column := panel/s.panels, s.column(panel%s.panels)
	d := dst[panel*s.y.c*kernel.TileCols:]
	in := s.x.c
	for o := range s.y.c {
		row := d[o*kernel.TileCols:][:kernel.TileCols]
		for lane := range row {
			row[lane] = 0
			if j := column + lane; j < s.run {
				row[lane] = w[((o*in+j%in)*s.kh+ky)*s.kw+j/in]
			}
		}
	}
}

// runImage computes dx of one image. scratch holds the products, with zeros
// at the sides.
func (s *productGradient) runImage(dx, dy, packed, scratch []float32) {
	args := kernel.TileArgs{AOff: &s.aOff[0], COff: &s.cOff[0], SegOff: &s.zero, Segs: 1, Rows: len(s.aOff)}
	for panel := range s.kh * s.panels {
		ky, column := panel/s.panels, s.column(panel%s.panels)
		args.Cols = min(kernel.TileCols, s.run-column)
		args.C = &scratch[ky*s.y.h*s.width*s.run+column]
		for k := 0; k < s.y.c; k += limit.blockTerms {
			args.Run, args.Accumulate = min(limit.blockTerms, s.y.c-k), k > 0
			args.A, args.B = &dy[k], &packed[(panel*s.y.c+k)*kernel.TileCols]
			kernel.Tile(&args)
		}
	}
	row := s.x.w * s.x.c
	for y := range s.x.h {
		// Kernel rows whose row of dy exists, the first of them as the base.
		lo := max(0, y+s.pad[0]-s.y.h+1)
		hi := min(s.kh, y+s.pad[0]+1)
		if lo >= hi {
			clear(dx[y*row : (y+1)*row])
			continue
		}
		base := (y + s.pad[0]) * s.width * s.run
		kernel.SumPoolRow(dx[y*row:(y+1)*row], scratch[base:], s.taps[lo*s.kw:hi*s.kw], s.x.w, s.run, s.x.c, 1)
	}
}

// clearSides zeroes the products beside the pixels of dy.
func (s *productGradient) clearSides(scratch []float32) {
	side := (s.kw - 1) * s.run
	for r := range s.kh * s.y.h {
		row := scratch[r*s.width*s.run:][:s.width*s.run]
		clear(row[:side])
		clear(row[len(row)-side:])
	}
}

// addProductGradient adds the steps that carry the plan out.
func (c *compiler) addProductGradient(n *graph.Node, s *productGradient, weights *graph.Node, dy *value) {
	packed := c.addPackStep(n, c.weights(weights), s.kh*s.panels*s.y.c*kernel.TileCols, s.kh*s.panels, 0, s.pack)
	out := c.define(n, nhwc)
	t := c.setTail(out)
	db, ob := dy.buf, out.buf
	c.add(step{
		name: "products", algorithm: productGradientName, node: n, tasks: (s.n + s.images - 1) / s.images, scratch: s.scratch(),
		reads: bufs(db, packed), writes: bufs(ob),
		run: func(task int, scratch []float32) {
			lo, hi := chunkRange(task, s.images, s.n)
			s.clearSides(scratch)
			for i := lo; i < hi; i++ {
				s.runImage(ob.data[i*s.x.size():(i+1)*s.x.size()], db.data[i*s.y.size():(i+1)*s.y.size()], packed.data, scratch)
			}
			t.done(task, lo*s.x.size(), hi*s.x.size(), scratch)
		},
	})
}
