package cpu

import (
	"github.com/strideml/stride/engine/cpu/internal/kernel"
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
	images := max(1, grain(1<<14)/size)
	pieces, chunk := 1, pixels
	if images == 1 && n < limit.minimalTasks { // a large image
		pieces, chunk = split(pixels, max(1, (1<<15)/ch), 8)
	}
	c.add(step{
		name: "layout", node: from.node, tasks: (n + images - 1) / images * pieces, reads: bufs(src), writes: bufs(dst),
		run: func(task int, _ []float32) {
			lo, hi := chunkRange(task/pieces, images, n)
			p0, p1 := chunkRange(task%pieces, chunk, pixels)
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
	box := newBox(shape, dst.strides, src.strides)
	outer, inner := 1, box.innerSize()
	if len(box.size) > 0 {
		outer = box.size[0]
	}
	tasks, chunk := split(outer, max(1, (1<<14)/max(1, inner)), 1)
	db, do, sb, so := dst.buf, dst.offset, src.buf, src.offset
	c.add(step{
		name: name, node: node, tasks: tasks, reads: bufs(sb), writes: bufs(db),
		run: func(task int, _ []float32) {
			lo, hi := chunkRange(task, chunk, outer)
			box.copy(db.data[do:], sb.data[so:], lo, hi)
		},
	})
}

// A box is a nest of loops over two strided arrays, the outermost first,
// sorted by the destination's strides, with neighbouring loops merged where
// both arrays allow it.
type box struct {
	size, dst, src []int
}

func newBox(shape tensor.Shape, dst, src []int) box {
	var b box
	for i, n := range shape {
		if n == 1 {
			continue
		}
		at := len(b.size)
		for at > 0 && b.dst[at-1] < dst[i] {
			at--
		}
		b.size = append(b.size[:at], append([]int{n}, b.size[at:]...)...)
		b.dst = append(b.dst[:at], append([]int{dst[i]}, b.dst[at:]...)...)
		b.src = append(b.src[:at], append([]int{src[i]}, b.src[at:]...)...)
	}
	for i := len(b.size) - 2; i >= 1; i-- { // the outermost loop stays, for tasks
		if b.dst[i] == b.dst[i+1]*b.size[i+1] && b.src[i] == b.src[i+1]*b.size[i+1] {
			b.size[i+1] *= b.size[i]
			b.remove(i)
		}
	}
	return b
}

func (b *box) remove(i int) {
	b.size = append(b.size[:i], b.size[i+1:]...)
	b.dst = append(b.dst[:i], b.dst[i+1:]...)
	b.src = append(b.src[:i], b.src[i+1:]...)
}

func (b *box) innerSize() int {
	n := 1
	for _, s := range b.size[min(1, len(b.size)):] {
		n *= s
	}
	return n
}

// copy copies the part lo ≤ i < hi of the outermost loop.
func (b *box) copy(dst, src []float32, lo, hi int) {
	if len(b.size) == 0 {
		dst[0] = src[0]
		return
	}
	if len(b.size) == 1 {
		copyRun(dst[lo*b.dst[0]:], src[lo*b.src[0]:], hi-lo, b.dst[0], b.src[0])
		return
	}
	for i := lo; i < hi; i++ {
		b.nest(1, dst[i*b.dst[0]:], src[i*b.src[0]:])
	}
}

func (b *box) nest(axis int, dst, src []float32) {
	n, ds, ss := b.size[axis], b.dst[axis], b.src[axis]
	if axis == len(b.size)-1 {
		copyRun(dst, src, n, ds, ss)
		return
	}
	for i := range n {
		b.nest(axis+1, dst[i*ds:], src[i*ss:])
	}
}

// copyRun copies n elements at the given distances.
func copyRun(dst, src []float32, n, ds, ss int) {
	switch {
	case ds == 1 && ss == 1:
		copy(dst[:n], src[:n])
	case ds == 1 && ss == 0:
		kernel.Fill(dst[:n], src[0])
	default:
		for i := range n {
			dst[i*ds] = src[i*ss]
		}
	}
}
