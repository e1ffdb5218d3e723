package lower

import (
	"math"
	"slices"

	"github.com/strideml/stride/engine/cpu/internal/exec"
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/engine/cpu/internal/kernel/vec"
	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/graph"
)

// Sums, means and maxima over axes. The sums pass splits sums over everything but
// the channels into partial sums and totals.
var reduce = operator{work: "sums", layout: layoutReduce, lower: lowerReduce}

// IsColumnSum reports whether an operation sums over everything but the channels.
func IsColumnSum(o *ir.Op) bool {
	op, ok := o.Do.(graph.ReduceOp)
	if !ok || !adds(op) {
		return false
	}
	switch len(o.Args[0].Shape) {
	case 2:
		return slices.Equal(op.Axes, []int{0})
	case 4:
		return slices.Equal(op.Axes, []int{0, 2, 3})
	}
	return false
}

// adds reports whether an operator adds up elements.
func adds(op graph.ReduceOp) bool { return op.Func == graph.KindSum || op.Func == graph.KindMean }

// isTotal reports whether an operation sums all elements.
func isTotal(o *ir.Op) bool {
	op := o.Do.(graph.ReduceOp)
	return adds(op) && len(op.Axes) == len(o.Args[0].Shape)
}

// isImageSum reports whether an operation sums over the pixels of each image.
func isImageSum(o *ir.Op) bool {
	op := o.Do.(graph.ReduceOp)
	return adds(op) && o.Args[0].Image() && slices.Equal(op.Axes, []int{2, 3})
}

// isRowSum reports whether an operation sums over all axes but the first and the last one.
func isRowSum(o *ir.Op) bool {
	op, axes := o.Do.(graph.ReduceOp), []int{}
	for i := 1; i < len(o.Args[0].Shape)-1; i++ {
		axes = append(axes, i)
	}
	return adds(op) && len(axes) > 0 && slices.Equal(op.Axes, axes)
}

func layoutReduce(l *Layouts, o *ir.Op) {
	switch {
	case IsColumnSum(o):
		l.Rows(o, 0)
	case isImageSum(o):
		l.Dense(o, 0)
	case isRowSum(o) && !l.onlyImage(o.Args[0]):
		l.Plain(o, 0)
	default:
		l.Any(o, 0)
	}
	l.MakePlain(o)
}

func lowerReduce(c *Lowerer, o *ir.Op) {
	switch {
	case isTotal(o):
		lowerTotal(c, o)
	case isImageSum(o), isRowSum(o) && o.Args[0].Layout == ir.Plain:
		lowerImageSums(c, o)
	default:
		lowerStridedReduce(c, o)
	}
}

// lowerTotal sums all elements: first chunks, in parallel, then their sums.
func lowerTotal(c *Lowerer, o *ir.Op) {
	x, size := c.at(o.Args[0]), o.Args[0].Shape.Size()
	tasks, chunk := work.Split(size, 1<<14, 1)
	c.noteOrder("sum", tasks, o.Args[0].Layout) // elements are added up as they lie
	partial := c.alloc(tasks)
	c.add(exec.Step{
		Name: "sum", Tasks: tasks, Reads: []*exec.Buffer{x.buf}, Writes: []*exec.Buffer{partial},
		Run: func(task int, _ []float32) {
			lo, hi := work.ChunkRange(task, chunk, size)
			partial.Data[task] = vec.Sum(x.data()[lo:hi])
		},
	})
	out, count := c.at(o.Out()), float64(size)
	if o.Do.(graph.ReduceOp).Func == graph.KindSum {
		count = 1
	}
	c.add(exec.Step{
		Name: "total", Tasks: 1, Reads: []*exec.Buffer{partial}, Writes: []*exec.Buffer{out.buf},
		Run: func(int, []float32) {
			var sum float64
			for _, v := range partial.Data[:tasks] {
				sum += float64(v)
			}
			out.data()[0] = float32(sum / count)
		},
	})
}

// lowerImageSums sums over the pixels of each image, or over all axes but the first and
// the last one.
func lowerImageSums(c *Lowerer, o *ir.Op) {
	shape := o.Args[0].Shape
	x, out := c.at(o.Args[0]), c.at(o.Out())
	ch := shape[len(shape)-1]
	if isImageSum(o) {
		ch = shape[1]
	}
	images, pixels := shape[0], shape.Size()/shape[0]/ch
	scale := meanScale(o.Node)
	perTask := max(1, (1<<13)/(ch*pixels))
	parts, chunk := 1, ch // of the channels
	if images < work.Limit.MinimalTasks && ch*pixels >= work.Grain(1<<14) && vec.ColumnsApart(pixels, ch) {
		perTask = 1
		parts, chunk = work.Split(ch, (ch+3)/4, work.AlignFloats)
	}
	c.addSplit(exec.Step{Name: "image sums", Reads: []*exec.Buffer{x.buf}, Writes: []*exec.Buffer{out.buf}},
		images*parts, perTask, 1, func(lo, hi int) {
			for i := lo; i < hi; i++ {
				from, to := work.ChunkRange(i%parts, chunk, ch)
				dst, image := out.data()[i/parts*ch+from:i/parts*ch+to], x.data()[i/parts*ch*pixels:][:ch*pixels]
				clear(dst)
				if parts == 1 {
					vec.AddRows(dst, image, pixels, ch, ch)
				} else {
					vec.AddRowsColumns(dst, image, pixels, ch, ch, from, to)
				}
				if scale != 1 {
					vec.MulS(dst, dst, scale)
				}
			}
		})
}

// lowerStridedReduce reduces line by line, for any axes and layout.
func lowerStridedReduce(c *Lowerer, o *ir.Op) {
	op, s := o.Do.(graph.ReduceOp), linesOf(o.Args[0], o.Do.(graph.ReduceOp).Axes...)
	x, out, count := c.at(o.Args[0]), c.at(o.Out()), s.inner.Size()
	c.addLines("reduce", x, out, s, func(element, start int) {
		if op.Func == graph.KindMax {
			best := float32(math.Inf(-1))
			for j := range count {
				if e := x.data()[start+position(j, s.inner, s.innerSteps)]; e > best || e != e {
					best = e
				}
				if best != best {
					break
				}
			}
			out.data()[element] = best
			return
		}
		if op.Func == graph.KindProd {
			product := 1.0
			for j := range count {
				product *= float64(x.data()[start+position(j, s.inner, s.innerSteps)])
			}
			out.data()[element] = float32(product)
			return
		}
		sum := 0.0
		for j := range count {
			sum += float64(x.data()[start+position(j, s.inner, s.innerSteps)])
		}
		if op.Func == graph.KindMean {
			sum /= float64(count)
		}
		out.data()[element] = float32(sum)
	})
}

// prodGrad multiplies the elements after and before each one, so that zeros divide
// nothing.
var prodGrad = operator{work: "sums", layout: (*Layouts).AllPlain, lower: func(c *Lowerer, o *ir.Op) {
	s := linesOf(o.Args[0], o.Do.(graph.ProdGradOp).Axes...)
	x, dy, out, count := c.at(o.Args[0]), c.at(o.Args[1]), c.at(o.Out()), s.inner.Size()
	c.addSplit(exec.Step{Name: "product gradient", Reads: []*exec.Buffer{x.buf, dy.buf}, Writes: []*exec.Buffer{out.buf}},
		s.outer.Size(), max(1, (1<<12)/count), 1, func(lo, hi int) {
			for line := lo; line < hi; line++ {
				start := position(line, s.outer, s.outerStrides)
				after := dy.data()[line]
				for j := count - 1; j >= 0; j-- {
					at := start + position(j, s.inner, s.innerSteps)
					out.data()[at] = after
					after *= x.data()[at]
				}
				before := float32(1)
				for j := range count {
					at := start + position(j, s.inner, s.innerSteps)
					out.data()[at] *= before
					before *= x.data()[at]
				}
			}
		})
}}
