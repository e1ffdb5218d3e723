package lower

import (
	"math"

	"github.com/strideml/stride/engine/xla/internal/stablehlo"
	"github.com/strideml/stride/graph"
)

// dropout computes graph.DropoutBits of each element in integers, so that the same
// elements are dropped as by other engines.
func dropout(b *builder, op graph.DropoutOp, y *graph.Node, in []value) value {
	x, step := in[0], in[1]
	u64, u32 := stablehlo.Scalar(stablehlo.U64), stablehlo.Of(stablehlo.U32, y.Shape().Size())
	part := func(i int) value { // of the step's number
		v := b.Slice(step, []int{i}, []int{i + 1}, nil)
		return b.Convert(b.Reshape(v), stablehlo.U64)
	}
	number := b.Or(b.ShiftLeft(part(0), 24), part(1))
	key := b.Xor(b.FillU64(u64, op.Key), b.mix64(number))
	low := b.Convert(b.And(key, b.FillU64(u64, math.MaxUint32)), stablehlo.U32)
	high := b.Convert(b.ShiftRight(key, 32), stablehlo.U32)
	spread := func(v value) value { return b.BroadcastInDim(v, u32.Shape, nil) }

	index := b.Iota(u32, 0)
	if step.Shape()[0] > 2 {
		first := b.Convert(part(2), stablehlo.U32)
		perSample := b.Fill(first.Type, float64(graph.DropoutStart(y.Shape(), 1)))
		index = b.Add(index, spread(b.Mul(first, perSample)))
	}
	bits := b.mix32(b.Xor(index, spread(low)))
	bits = b.mix32(b.Add(bits, spread(high)))
	threshold := b.Fill(u32, math.Floor(float64(op.P)*(1<<24)))
	keep := b.Reshape(b.Compare(stablehlo.GE, b.ShiftRight(bits, 8), threshold), y.Shape()...)
	return b.where(keep, b.times(x, 1/(1-float64(op.P))), 0)
}

// mix32 and mix64 are the hash functions of graph.DropoutBits.

func (b *builder) mix32(x value) value {
	x = b.Xor(x, b.ShiftRight(x, 16))
	x = b.Mul(x, b.Fill(x.Type, 0x7feb352d))
	x = b.Xor(x, b.ShiftRight(x, 15))
	x = b.Mul(x, b.Fill(x.Type, 0x846ca68b))
	return b.Xor(x, b.ShiftRight(x, 16))
}

func (b *builder) mix64(x value) value {
	constant := func(v uint64) value { return b.FillU64(x.Type, v) }
	x = b.Add(x, constant(0x9e3779b97f4a7c15))
	x = b.Mul(b.Xor(x, b.ShiftRight(x, 30)), constant(0xbf58476d1ce4e5b9))
	x = b.Mul(b.Xor(x, b.ShiftRight(x, 27)), constant(0x94d049bb133111eb))
	return b.Xor(x, b.ShiftRight(x, 31))
}
