package lower

import (
	"slices"

	"github.com/strideml/stride/engine/xla/internal/stablehlo"
	"github.com/strideml/stride/graph"
)

func gather(b *builder, op graph.GatherOp, _ *graph.Node, in []value) value {
	return b.take(in[0], op.Axis, op.Indices)
}

// gatherGrad adds up what each element was copied to. Where an element was copied more
// than mostTaps times it scatters, whose order is fixed on GPUs only if XLA compiles
// deterministic operations.
func gatherGrad(b *builder, op graph.GatherGradOp, y *graph.Node, in []value) value {
	axis, dy := op.Gather.Axis, in[0]
	copies := make([][]graph.ResizeTerm, op.Size)
	most := 0
	for i, k := range op.Gather.Indices {
		copies[k] = append(copies[k], graph.ResizeTerm{Index: i, Weight: 1})
		most = max(most, len(copies[k]))
	}
	if most <= mostTaps {
		return b.weighted(dy, axis, copies)
	}
	indices := b.Ints(stablehlo.Of(stablehlo.I32, len(op.Gather.Indices)), op.Gather.Indices)
	zeros := b.Fill(stablehlo.Of(stablehlo.F32, y.Shape()...), 0)
	return b.Scatter(zeros, indices, dy, (*stablehlo.Builder).Add, stablehlo.ScatterSpec{
		UpdateWindowDims: axesBut(axis, dy.Type.Rank()), InsertedWindowDims: []int{axis}, ScatterDimsToOperandDims: []int{axis},
		IndexVectorDim: 1, Sorted: slices.IsSorted(op.Gather.Indices),
	})
}

// axesBut lists the axes of a rank without one.
func axesBut(axis, rank int) []int {
	axes := make([]int, 0, rank)
	for a := range rank {
		if a != axis {
			axes = append(axes, a)
		}
	}
	return axes
}

// take returns the elements with the given indices along an axis: as a slice, or as
// repetitions of the elements of a slice, where the indices are such, which XLA does
// faster than a gather.
func (b *builder) take(x value, axis int, indices []int) value {
	shape := slices.Clone(x.Shape())
	shape[axis] = len(indices)
	once, times := repetitions(indices)
	if start, step, ok := progression(once); ok {
		y := b.takeSteps(x, axis, start, step, len(once))
		if times == 1 {
			return y
		}
		spread := slices.Insert(slices.Clone(y.Shape()), axis+1, times)
		return b.Reshape(b.BroadcastInDim(y, spread, axesBut(axis+1, len(spread))), shape...)
	}
	sizes := slices.Clone(x.Shape())
	sizes[axis] = 1
	return b.Gather(x, b.Ints(stablehlo.Of(stablehlo.I32, len(indices)), indices), shape, stablehlo.GatherSpec{
		OffsetDims: axesBut(axis, x.Type.Rank()), CollapsedSliceDims: []int{axis}, StartIndexMap: []int{axis},
		IndexVectorDim: 1, SliceSizes: sizes, Sorted: slices.IsSorted(indices),
	})
}

// takeSteps returns count elements along an axis, beginning with start, in steps that
// may be negative.
func (b *builder) takeSteps(x value, axis, start, step, count int) value {
	last := start + (count-1)*step
	if step < 0 {
		return b.Reverse(b.sliceAxis(x, axis, last, start+1, -step), axis)
	}
	return b.sliceAxis(x, axis, start, last+1, step)
}

// progression reports whether indices are start, start+step, …, with a step that is not
// 0.
func progression(indices []int) (start, step int, ok bool) {
	if len(indices) == 0 {
		return 0, 0, false
	}
	if start, step = indices[0], 1; len(indices) > 1 {
		step = indices[1] - start
	}
	for i, k := range indices {
		if k != start+i*step {
			return 0, 0, false
		}
	}
	return start, step, step != 0
}

// repetitions returns the indices once each if all are there times times, one after
// the other.
func repetitions(indices []int) (once []int, times int) {
	times = 1
	for times < len(indices) && indices[times] == indices[0] {
		times++
	}
	for i, k := range indices {
		if len(indices)%times != 0 || k != indices[i/times*times] {
			return indices, 1
		}
		if i%times == 0 {
			once = append(once, k)
		}
	}
	return once, times
}
