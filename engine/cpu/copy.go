package cpu

import (
	"github.com/strideml/stride/engine/cpu/internal/kernel"
	"github.com/strideml/stride/engine/cpu/internal/strided"
	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// A region is a box of elements of a buffer: an offset and the distance
// between neighbours along each axis.
type region struct {
	buf     *buffer
	offset  int
	strides []int
}

func (v *value) region() region { return region{v.buf, v.offset, v.strides()} }

// convert copies a value into another layout of itself, plain or nhwc.
func (c *compiler) convert(to, from *value) {
	if from.layout == embedded && to.layout == nhwc {
		c.copyBox("layout", from.node, to.region(), from.region(), from.shape)
		return
	}
	n, ch, pixels := from.shape[0], from.shape[1], from.shape[2]*from.shape[3]
	size := ch * pixels
	src, dst := from.buf, to.buf
	rows, cols, distance := ch, pixels, pixels // of the matrix that is transposed
	if from.layout != plain {
		rows, cols, distance = pixels, ch, from.distance()
	}
	images := max(1, work.Grain(1<<14)/size)
	pieces, chunk := 1, pixels
	if images == 1 && n < work.Limit.MinimalTasks { // a large image
		pieces, chunk = work.Split(pixels, max(1, (1<<15)/ch), 8)
	}
	c.add(step{
		name: "layout", node: from.node, tasks: (n + images - 1) / images * pieces, reads: bufs(src), writes: bufs(dst),
		run: func(task int, _ []float32) {
			lo, hi := work.ChunkRange(task/pieces, images, n)
			p0, p1 := work.ChunkRange(task%pieces, chunk, pixels)
			for i := lo; i < hi; i++ {
				s, d := src.data[from.offset+i*rows*distance:], dst.data[i*size:]
				if from.layout == plain {
					kernel.Transpose2D(d[p0*ch:], s[p0:], rows, p1-p0, rows, distance)
				} else {
					kernel.Transpose2D(d[p0:], s[p0*distance:], p1-p0, cols, rows, distance)
				}
			}
		},
	})
}

// copyBox adds a step that copies a box of the given shape.
func (c *compiler) copyBox(name string, node *graph.Node, dst, src region, shape tensor.Shape) {
	box := strided.NewBox(shape, dst.strides, src.strides)
	outer, inner := box.Outer(), box.InnerSize()
	tasks, chunk := work.Split(outer, max(1, (1<<14)/max(1, inner)), 1)
	db, do, sb, so := dst.buf, dst.offset, src.buf, src.offset
	c.add(step{
		name: name, node: node, tasks: tasks, reads: bufs(sb), writes: bufs(db),
		run: func(task int, _ []float32) {
			lo, hi := work.ChunkRange(task, chunk, outer)
			box.Copy(db.data[do:], sb.data[so:], lo, hi)
		},
	})
}
