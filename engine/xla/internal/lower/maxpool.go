package lower

import (
	"math"

	"github.com/strideml/stride/engine/xla/internal/stablehlo"
	"github.com/strideml/stride/graph"
)

func maxPool2D(b *builder, op graph.MaxPool2DOp, y *graph.Node, in []value) value {
	p := poolingOf(op.Pool, in[0].Shape(), y.Shape())
	start := b.Fill(stablehlo.Scalar(in[0].Type.Element), math.Inf(-1))
	return p.reduce(b, in[0], start, (*stablehlo.Builder).Max)
}

// unrolledArea is the size of windows up to which the gradient of max pooling has
// operations for each of their elements, which XLA fuses into two passes over memory.
// For larger windows it has loops.
const unrolledArea = 32

// maxPool2DGrad finds out which element of each window is the greatest, and then adds
// up, for each element of the windows in turn, the dy of the windows that chose it.
// StableHLO's select_and_scatter knows no dilation and becomes atomic additions on GPUs,
// in an order that depends on timing.
func maxPool2DGrad(b *builder, op graph.MaxPool2DGradOp, _ *graph.Node, in []value) value {
	x, dy := in[0], in[1]
	p := poolingOf(op.Pool, x.Shape(), dy.Shape())
	if p.area() > unrolledArea {
		return p.loopedMaxGrad(b, x, dy)
	}
	framed := p.framed(b, x, math.Inf(-1))
	index := stablehlo.Of(stablehlo.U8, dy.Shape()...)
	c := b.noChoice(dy, index, 255)
	p.eachElement(func(k, row, column int) {
		start := []int{0, 0, row * p.Dilation[0], column * p.Dilation[1]}
		end := []int{x.Shape()[0], x.Shape()[1], start[2] + p.spread(0), start[3] + p.spread(1)}
		v := p.everyStride(b, b.Slice(framed, start, end, nil))
		t := stablehlo.Scalar(stablehlo.I32)
		inside := p.inside(b, [2]value{b.Fill(t, float64(start[2])), b.Fill(t, float64(start[3]))})
		c = c.next(b, v, b.Fill(index, float64(k)), inside)
	})
	// Without it, XLA may find out the choice again for each term of the sum.
	choices := b.Barrier(c.index)
	var dx value
	p.eachElement(func(k, row, column int) {
		chosen := b.Compare(stablehlo.EQ, choices, b.Fill(index, float64(k)))
		part := p.place(b, b.where(chosen, dy, 0), row, column)
		if k > 0 {
			part = b.Add(dx, part)
		}
		dx = part
	})
	return dx
}

// eachElement calls visit for the elements of a window in row-major order.
func (p pooling) eachElement(visit func(k, row, column int)) {
	for k := range p.area() {
		visit(k, k/p.Kernel[1], k%p.Kernel[1])
	}
}

// A choice is, for each window, the greatest element so far, the first of several, and
// its number in the window: none as long as all elements were padding.
type choice struct {
	best, index value
	none        float64
}

// noChoice is the choice before the first elements, for windows with the shape of dy.
func (b *builder) noChoice(dy value, index stablehlo.Type, none float64) choice {
	return choice{b.Fill(dy.Type, math.Inf(-1)), b.Fill(index, none), none}
}

// next compares the next element v of each window, number k, where it is inside of the
// image; nil means everywhere. NaN is greater than all others.
func (c choice) next(b *builder, v, k value, inside *value) choice {
	// v > best, or v is NaN and best is not, or there is none yet.
	better := b.And(b.Not(b.Compare(stablehlo.LE, v, c.best)), b.Not(b.isNaN(c.best)))
	better = b.Or(better, b.Compare(stablehlo.EQ, c.index, b.fill(c.index, c.none)))
	if inside != nil {
		better = b.And(better, *inside)
	}
	return choice{b.Select(better, v, c.best), b.Select(better, k, c.index), c.none}
}

// loopedMaxGrad is maxPool2DGrad with loops over the elements of the windows.
func (p pooling) loopedMaxGrad(b *builder, x, dy value) value {
	framed := p.framed(b, x, math.Inf(-1))
	number := stablehlo.Scalar(stablehlo.I32)
	index := stablehlo.Of(stablehlo.I32, dy.Shape()...)
	part := p.sizes(p.spread(0), p.spread(1))
	// start returns where the part of the frame with the windows' k-th elements begins.
	start := func(b *builder, k value) []value {
		columns := b.Fill(number, float64(p.Kernel[1]))
		row := b.Mul(b.Div(k, columns), b.Fill(number, float64(p.Dilation[0])))
		column := b.Mul(b.Rem(k, columns), b.Fill(number, float64(p.Dilation[1])))
		zero := b.Fill(number, 0)
		return []value{zero, zero, row, column}
	}
	loop := func(values []value, body func(b *builder, k value, args []value) []value) []value {
		values = append([]value{b.Fill(number, 0)}, values...)
		return b.While(values, func(s *stablehlo.Builder, args []value) value {
			return s.Compare(stablehlo.LT, args[0], s.Fill(number, float64(p.area())))
		}, func(s *stablehlo.Builder, args []value) []value {
			inner := &builder{Builder: s, options: b.options}
			next := s.Add(args[0], s.Fill(number, 1))
			return append([]value{next}, body(inner, args[0], args[1:])...)
		})[1:]
	}

	first := b.noChoice(dy, index, -1)
	chosen := loop([]value{first.best, first.index}, func(b *builder, k value, args []value) []value {
		at := start(b, k)
		v := p.everyStride(b, b.DynamicSlice(framed, at, part))
		c := choice{args[0], args[1], first.none}.next(b, v, b.broadcast(k, index.Shape), p.inside(b, [2]value{at[2], at[3]}))
		return []value{c.best, c.index}
	})[1]
	zeros := b.Fill(framed.Type, 0)
	sums := loop([]value{zeros}, func(b *builder, k value, args []value) []value {
		at := start(b, k)
		hit := b.where(b.Compare(stablehlo.EQ, chosen, b.broadcast(k, index.Shape)), dy, 0)
		zero := b.Fill(stablehlo.Scalar(dy.Type.Element), 0)
		spread := b.Pad(hit, zero, edges([2]int{}), edges([2]int{}), edges([2]int{p.Stride[0] - 1, p.Stride[1] - 1}))
		sum := b.Add(b.DynamicSlice(args[0], at, part), spread)
		return []value{b.DynamicUpdateSlice(args[0], sum, at)}
	})
	return p.unframed(b, sums[0])
}
