package lower

import (
	"github.com/strideml/stride/engine/cpu/internal/exec"
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/engine/cpu/internal/kernel/matrix"
	"github.com/strideml/stride/engine/cpu/internal/strided"
	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/tensor"
)

// Copies write a value in another layout, to the arena, or to its place in a
// concatenation.
var copies = operator{lower: lowerCopy}

// lowerCopy adds the step that copies, by the fastest way for the two layouts.
func lowerCopy(c *Lowerer, o *ir.Op) {
	from, to := o.Args[0], o.Out()
	switch {
	case to.Base != nil:
		c.copyBox("concat", c.region(to), c.region(from), from.Shape)
	case from.Type == ir.Uint8:
		c.copyBox("layout", c.region(to), c.region(from), from.Shape)
	case from.Dense() && from.Has(to.Layout):
		src, dst := c.at(from), c.at(to)
		c.addSplit(exec.Step{Name: "copy", Reads: []*exec.Buffer{src.buf}, Writes: []*exec.Buffer{dst.buf}}, from.Shape.Size(), 1<<15, 1,
			func(lo, hi int) { copy(dst.data()[lo:hi], src.data()[lo:hi]) })
	case from.Layout == to.Layout:
		c.copyBox("layout", c.region(to), c.region(from), from.Shape)
	default:
		lowerLayout(c, from, to)
	}
}

// lowerLayout converts an image from row-major to NHWC or the other way round.
func lowerLayout(c *Lowerer, from, to *ir.Value) {
	n, ch, pixels := from.Shape[0], from.Shape[1], from.Shape[2]*from.Shape[3]
	size := ch * pixels
	src, dst := c.at(from), c.at(to)
	rows, cols, distance := ch, pixels, pixels // of the matrix that is transposed
	if from.Layout == ir.NHWC {
		rows, cols, distance = pixels, ch, from.PixelPitch()
	}
	images := max(1, work.Grain(1<<14)/size)
	pieces, chunk := 1, pixels
	if images == 1 && n < work.Limit.MinimalTasks { // a large image
		pieces, chunk = work.Split(pixels, max(1, (1<<15)/ch), 8)
	}
	c.add(exec.Step{
		Name: "layout", Node: from.Node, Tasks: (n + images - 1) / images * pieces, Reads: []*exec.Buffer{src.buf}, Writes: []*exec.Buffer{dst.buf},
		Run: func(task int, _ []float32) {
			lo, hi := work.ChunkRange(task/pieces, images, n)
			p0, p1 := work.ChunkRange(task%pieces, chunk, pixels)
			for i := lo; i < hi; i++ {
				s, d := src.data()[i*rows*distance:], dst.data()[i*size:]
				if from.Layout == ir.Plain {
					matrix.Transpose2D(d[p0*ch:], s[p0:], rows, p1-p0, rows, distance)
				} else {
					matrix.Transpose2D(d[p0:], s[p0*distance:], p1-p0, cols, rows, distance)
				}
			}
		},
	})
}

// A region is where the elements of a value lie: a buffer, the offset of the first
// element, and the distance between neighbours along each axis.
type region struct {
	memory
	strides []int
	of      ir.Type
}

func (c *Lowerer) region(v *ir.Value) region { return region{c.at(v), v.Strides(), v.Type} }

// copyBox adds a step that copies a box of elements of the given shape from src to
// dst, which have the same type.
func (c *Lowerer) copyBox(name string, dst, src region, shape tensor.Shape) {
	box := strided.NewBox(shape, dst.strides, src.strides)
	c.addSplit(exec.Step{Name: name, Reads: []*exec.Buffer{src.buf}, Writes: []*exec.Buffer{dst.buf}},
		box.Outer(), max(1, (1<<14)/max(1, box.InnerSize())), 1, func(lo, hi int) {
			if src.of == ir.Uint8 {
				box.CopyBytes(dst.bytes(), src.bytes(), lo, hi)
			} else {
				box.Copy(dst.data(), src.data(), lo, hi)
			}
		})
}
