package conv

import (
	"fmt"
	"github.com/strideml/stride/engine/cpu/internal/gemm"
	"github.com/strideml/stride/engine/cpu/internal/kernel/matrix"
	"github.com/strideml/stride/engine/cpu/internal/kernel/vec"
	"github.com/strideml/stride/engine/cpu/internal/strided"
	"github.com/strideml/stride/engine/cpu/internal/work"
)

// Col2im computes an input gradient as a matrix product followed by col2im: it
// multiplies each pixel of dy by all weights, then lets each pixel of dx add up
// the products that belong to it. [Direct] correlates dy with the rotated kernel
// instead: it multiplies zeros at every border and has only the channels of x as
// columns, where this has taps × channels; but this moves more memory. Small
// images of few channels gain.
type Col2im struct {
	noPoints
	x, y   strided.Image // of the input and of dy
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

// newCol2im returns the plan, or nil if it does not apply.
func newCol2im(p Problem) *Col2im {
	op, x, w, y, one := p.Op, p.X, p.W, p.Y, [2]int{1, 1}
	if op.Groups != 1 || op.Dilation != one || op.Stride != one || op.Pad[0] >= w[2] || op.Pad[1] >= w[3] {
		return nil
	}
	s := &Col2im{
		x: strided.ImageOf(x), y: strided.ImageOf(y), n: x[0], kh: w[2], kw: w[3], run: w[3] * x[1], pad: op.Pad,
		panels: matrix.Panels(w[3]*x[1], matrix.TileCols), width: y[3] + 2*(w[3]-1),
	}
	pixels := s.y.H * s.y.W
	if s.Scratch() > 2*work.Limit.FrameFloats {
		return nil
	}
	s.images = max(1, min(work.Limit.TaskFMAs/4/(pixels*s.kh*s.run*s.y.C)+1, s.n/work.Limit.MinimalTasks))
	for i := range s.y.H {
		for j := range s.y.W {
			s.aOff = append(s.aOff, int32((i*s.y.W+j)*s.y.C))
			s.cOff = append(s.cOff, int32((i*s.width+s.kw-1+j)*s.run))
		}
	}
	// Row y of dx takes, from row y+pad−ky of dy, the products of kernel row
	// ky; pixel x there takes those of column kx from pixel x+pad−kx.
	for ky := range s.kh {
		for kx := range s.kw {
			at := ((ky*s.y.H-ky)*s.width+s.kw-1+s.pad[1]-kx)*s.run + kx*s.x.C
			s.taps = append(s.taps, int32(at))
		}
	}
	return s
}

// Algorithm implements [Plan].
func (s *Col2im) Algorithm() string { return "product gradient" }

// Cost implements [Plan].
func (s *Col2im) Cost() float64 {
	return float64(s.y.H*s.y.W*s.kh*(s.panels*matrix.TileCols*s.y.C+s.run*col2imCost)) / 8
}

// Stage implements [Plan].
func (s *Col2im) Stage() string { return "products" }

// NeedsDense implements [ImagePlan].
func (s *Col2im) NeedsDense() bool { return true }

// SetPitch implements [ImagePlan]. It does nothing: images are dense.
func (s *Col2im) SetPitch(int, int) {}

// Scattered implements [ImagePlan].
func (s *Col2im) Scattered() bool { return false }

// Clips implements [ImagePlan].
func (s *Col2im) Clips() gemm.Clip { return gemm.NoClip }

// Bias implements [ImagePlan]. A gradient has no bias.
func (s *Col2im) Bias() gemm.Bias { return gemm.Bias{} }

// Scratch implements [Plan]. It is the memory for the products of one image: for
// each kernel row, a grid of the pixels of dy with zeros at the left and right.
func (s *Col2im) Scratch() int {
	return work.RoundUp(s.kh*s.y.H*s.width*s.run+work.SlackFloats, work.AlignFloats)
}

// column returns the first column of a panel. The last panel overlaps the one
// before it rather than hang over the end: full panels are stored faster.
func (s *Col2im) column(panel int) int {
	return max(0, min(panel*matrix.TileCols, s.run-matrix.TileCols))
}

// PackedSize implements [gemm.Packer].
func (s *Col2im) PackedSize() int { return s.PackTasks() * s.y.C * matrix.TileCols }

// PackTasks implements [gemm.Packer]: a task packs a panel of a kernel row.
func (s *Col2im) PackTasks() int { return s.kh * s.panels }

// PackScratch implements [gemm.Packer].
func (s *Col2im) PackScratch() int { return 0 }

// Form implements [gemm.Packer].
func (s *Col2im) Form() string {
	return fmt.Sprintf("product gradient, %d→%d, %d×%d, panels of %d", s.x.C, s.y.C, s.kh, s.kw, matrix.TileCols)
}

// Pack implements [gemm.Packer]. For each kernel row it writes a matrix of
// O × (Kw·C).
func (s *Col2im) Pack(dst, w, _ []float32, task int) {
	ky, column := task/s.panels, s.column(task%s.panels)
	d := dst[task*s.y.C*matrix.TileCols:]
	in := s.x.C
	for o := range s.y.C {
		row := d[o*matrix.TileCols:][:matrix.TileCols]
		for lane := range row {
			row[lane] = 0
			if j := column + lane; j < s.run {
				row[lane] = w[((o*in+j%in)*s.kh+ky)*s.kw+j/in]
			}
		}
	}
}

// Tasks implements [Plan]: a task computes some images.
func (s *Col2im) Tasks() int { return (s.n + s.images - 1) / s.images }

// Run implements [ImagePlan].
func (s *Col2im) Run(task int, o Operands, scratch []float32) (lo, hi int) {
	first, end := work.ChunkRange(task, s.images, s.n)
	s.clearSides(scratch)
	for i := first; i < end; i++ {
		s.runImage(o.Out[i*s.x.Size():(i+1)*s.x.Size()], o.Source[i*s.y.Size():(i+1)*s.y.Size()], o.Packed, scratch)
	}
	return first * s.x.Size(), end * s.x.Size()
}

// runImage computes dx of one image. scratch holds the products, with zeros
// at the sides.
func (s *Col2im) runImage(dx, dy, packed, scratch []float32) {
	args := matrix.TileArgs{AOff: &s.aOff[0], COff: &s.cOff[0], SegOff: &s.zero, Segs: 1, Rows: len(s.aOff)}
	for panel := range s.kh * s.panels {
		ky, column := panel/s.panels, s.column(panel%s.panels)
		args.Cols = min(matrix.TileCols, s.run-column)
		args.C = &scratch[ky*s.y.H*s.width*s.run+column]
		for k := 0; k < s.y.C; k += work.Limit.BlockTerms {
			args.Run, args.Accumulate = min(work.Limit.BlockTerms, s.y.C-k), k > 0
			args.A, args.B = &dy[k], &packed[(panel*s.y.C+k)*matrix.TileCols]
			matrix.Tile(&args)
		}
	}
	row := s.x.W * s.x.C
	for y := range s.x.H {
		// Kernel rows whose row of dy exists, the first of them as the base.
		lo := max(0, y+s.pad[0]-s.y.H+1)
		hi := min(s.kh, y+s.pad[0]+1)
		if lo >= hi {
			clear(dx[y*row : (y+1)*row])
			continue
		}
		base := (y + s.pad[0]) * s.width * s.run
		vec.SumPoolRow(dx[y*row:(y+1)*row], scratch[base:], s.taps[lo*s.kw:hi*s.kw], s.x.W, s.run, s.x.C, 1)
	}
}

// clearSides zeroes the products beside the pixels of dy.
func (s *Col2im) clearSides(scratch []float32) {
	side := (s.kw - 1) * s.run
	for r := range s.kh * s.y.H {
		row := scratch[r*s.width*s.run:][:s.width*s.run]
		clear(row[:side])
		clear(row[len(row)-side:])
	}
}
