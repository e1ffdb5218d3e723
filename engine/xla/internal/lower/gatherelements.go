package lower

import (
	"math"

	"github.com/strideml/stride/engine/xla/internal/stablehlo"
	"github.com/strideml/stride/graph"
)

// folded returns x as outer×n×inner, where n is the size of an axis.
func (b *builder) folded(x value, axis int) value {
	outer := 1
	for _, size := range x.Shape()[:axis] {
		outer *= size
	}
	n := x.Shape()[axis]
	return b.Reshape(x, outer, n, x.Type.Size()/(outer*n))
}

// positions returns the position in a tensor outer×n×inner of the element that each
// index, outer×k×inner, chooses: outer×k×inner×3. Where there is no such element, valid
// is false and the index missing takes its place.
func (b *builder) positions(indices value, n int, missing float64) (positions, valid value) {
	whole := b.Compare(stablehlo.EQ, b.Floor(indices), indices)
	within := b.And(b.Compare(stablehlo.GE, indices, b.fill(indices, 0)), b.Compare(stablehlo.LT, indices, b.fill(indices, float64(n))))
	valid = b.And(whole, within)
	integers := indices.Type.With(stablehlo.I32)
	chosen := b.Convert(b.Select(valid, indices, b.fill(indices, missing)), stablehlo.I32)
	vector := append(append([]int{}, indices.Shape()...), 1)
	return b.Concatenate(3,
		b.Reshape(b.Iota(integers, 0), vector...), b.Reshape(chosen, vector...), b.Reshape(b.Iota(integers, 2), vector...)), valid
}

func gatherElements(b *builder, op graph.GatherElementsOp, y *graph.Node, in []value) value {
	x, indices := b.folded(in[0], op.Axis), b.folded(in[1], op.Axis)
	at, valid := b.positions(indices, x.Shape()[1], 0)
	taken := b.Gather(x, at, indices.Shape(), stablehlo.GatherSpec{
		CollapsedSliceDims: []int{0, 1, 2}, StartIndexMap: []int{0, 1, 2}, IndexVectorDim: 3, SliceSizes: []int{1, 1, 1},
	})
	return b.Reshape(b.Select(valid, taken, b.fill(taken, math.NaN())), y.Shape()...)
}

// mostComparisons is how many pairs of an element and an index the derivative of
// GatherElements compares; where there are more, it scatters.
const mostComparisons = 1 << 22

// gatherElementsGrad adds up, for each element, dy where its index is the element's,
// which has a fixed order on all devices. Comparing all pairs takes too long for many
// indices of long lines: then it scatters, whose order is fixed on GPUs only if XLA
// compiles deterministic operations.
func gatherElementsGrad(b *builder, op graph.GatherElementsGradOp, y *graph.Node, in []value) value {
	indices, dy := b.folded(in[0], op.Axis), b.folded(in[1], op.Axis)
	outer, k, inner := dy.Shape()[0], dy.Shape()[1], dy.Shape()[2]
	var dx value
	if op.Size*dy.Type.Size() <= mostComparisons {
		pairs := []int{outer, op.Size, k, inner}
		spread := func(v value) value { return b.BroadcastInDim(v, pairs, []int{0, 2, 3}) }
		element := b.Iota(stablehlo.Of(stablehlo.F32, pairs...), 1)
		chosen := b.Compare(stablehlo.EQ, spread(indices), element)
		dx = b.sum(b.Select(chosen, spread(dy), b.fill(element, 0)), 2)
	} else {
		at, _ := b.positions(indices, op.Size, -1) // outside, which a scatter leaves out
		zeros := b.Fill(stablehlo.Of(stablehlo.F32, outer, op.Size, inner), 0)
		dx = b.Scatter(zeros, at, dy, (*stablehlo.Builder).Add, stablehlo.ScatterSpec{
			InsertedWindowDims: []int{0, 1, 2}, ScatterDimsToOperandDims: []int{0, 1, 2}, IndexVectorDim: 3,
		})
	}
	return b.Reshape(dx, y.Shape()...)
}
