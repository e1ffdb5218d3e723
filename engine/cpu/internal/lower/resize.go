package lower

import (
	"github.com/strideml/stride/engine/cpu/internal/exec"
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/engine/cpu/internal/kernel/vec"
	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/graph"
)

// Resizing and its gradient are weighted sums along both axes, in NHWC: a row of the
// result is first summed up over the rows of the argument, then over its pixels.
var (
	resize2D = operator{work: "resizing", layout: layoutResize, ability: ranges, lower: func(c *Lowerer, o *ir.Op) {
		op, s := o.Do.(graph.Resize2DOp), o.Args[0].Shape
		lowerResize(c, o, weightsOf(op.Terms(0, s[2])), weightsOf(op.Terms(1, s[3])))
	}}
	resize2DGrad = operator{work: "resizing", layout: layoutResize, ability: ranges, lower: func(c *Lowerer, o *ir.Op) {
		op, s := o.Do.(graph.Resize2DGradOp).Resize, o.Out().Shape
		lowerResize(c, o, transposedWeights(op.Terms(0, s[2]), s[2]), transposedWeights(op.Terms(1, s[3]), s[3]))
	}}
)

func layoutResize(l *Layouts, o *ir.Op) {
	l.Dense(o, 0)
	l.MakeDense(o)
}

// A weighted element of an axis.
type weighted struct {
	index  int
	weight float32
}

// weightsOf rounds the weights of each element of the result.
func weightsOf(terms [][]graph.ResizeTerm) [][]weighted {
	list := make([][]weighted, len(terms))
	for i, t := range terms {
		for _, e := range t {
			list[i] = append(list[i], weighted{e.Index, float32(e.Weight)})
		}
	}
	return list
}

// transposedWeights returns, for each of n elements of the image, those of the result
// that it goes into.
func transposedWeights(terms [][]graph.ResizeTerm, n int) [][]weighted {
	list := make([][]weighted, n)
	for i, t := range terms {
		for _, e := range t {
			list[e.Index] = append(list[e.Index], weighted{i, float32(e.Weight)})
		}
	}
	return list
}

// lowerResize computes the rows of the result by the given sums of rows and of pixels.
func lowerResize(c *Lowerer, o *ir.Op, rows, columns [][]weighted) {
	x, y := o.Args[0].Shape, o.Out().Shape
	ch, from, to := x[1], x[3]*x[1], y[3]*y[1] // floats of a row of the argument and of the result
	src, dst := c.at(o.Args[0]), c.at(o.Out())
	n := y[0] * y[2]
	tasks, chunk := work.Split(n, max(1, (1<<13)/to), 1)
	s := exec.Step{Name: "resize", Tasks: tasks, Scratch: from, Reads: []*exec.Buffer{src.buf}}
	c.addPool(o, s, func(task int, scratch []float32) (int, int) {
		lo, hi := work.ChunkRange(task, chunk, n)
		for i := lo; i < hi; i++ {
			image, terms, out := src.data()[i/y[2]*x[2]*from:], rows[i%y[2]], dst.data()[i*to:][:to]
			row := scratch[:from]
			if len(terms) == 1 && terms[0].weight == 1 {
				row = image[terms[0].index*from:][:from]
			} else {
				weightedSum(row, image, terms, from)
			}
			for j, terms := range columns {
				weightedSum(out[j*ch:][:ch], row, terms, ch)
			}
		}
		return lo * to, hi * to
	})
}

// first is the tap of a window of one element.
var first = []int32{0}

// weightedSum makes dst the sum of pieces of src, which have size floats, times their
// weights.
func weightedSum(dst, src []float32, terms []weighted, size int) {
	if len(terms) == 0 {
		clear(dst)
		return
	}
	for i, t := range terms {
		piece := src[t.index*size:][:size]
		switch {
		case i > 0:
			vec.SumPoolGradRow(dst, piece, first, 1, size, size, t.weight)
		case t.weight == 1:
			copy(dst, piece)
		default:
			vec.MulS(dst, piece, t.weight)
		}
	}
}
