package lower

import (
	"github.com/strideml/stride/engine/cpu/internal/kernel/vec"
	"github.com/strideml/stride/graph"
)

var binaryKernels = [...]func(dst, a, b []float32){
	graph.KindAdd: vec.Add, graph.KindSub: vec.Sub, graph.KindMul: vec.Mul, graph.KindDiv: vec.Div,
	graph.KindEqual: vec.Equal, graph.KindMinimum: vec.Min, graph.KindMaximum: vec.Max,
	graph.KindLess: vec.Less, graph.KindLessEqual: vec.LessEqual, graph.KindPower: vec.Power,
	graph.KindMod: vec.Mod, graph.KindFMod: vec.FMod,
}

// scalarFirstKernels compute s∘a, scalarSecondKernels a∘s. A function that lacks one
// takes the scalar as a vector of equal elements.
var scalarFirstKernels = [len(binaryKernels)]func(dst, a []float32, s float32){
	graph.KindAdd: vec.AddS, graph.KindSub: vec.RsubS, graph.KindMul: vec.MulS, graph.KindDiv: vec.RdivS,
	graph.KindEqual: vec.EqualS, graph.KindMinimum: vec.MinS, graph.KindMaximum: vec.MaxS,
	graph.KindLess: vec.GreaterS, graph.KindLessEqual: vec.GreaterEqualS,
}

var scalarSecondKernels = [len(binaryKernels)]func(dst, a []float32, s float32){
	graph.KindAdd: vec.AddS, graph.KindSub: vec.SubS, graph.KindMul: vec.MulS, graph.KindDiv: vec.DivS,
	graph.KindEqual: vec.EqualS, graph.KindMinimum: vec.MinS, graph.KindMaximum: vec.MaxS,
	graph.KindLess: vec.LessS, graph.KindLessEqual: vec.LessEqualS, graph.KindPower: vec.Pow,
}

// takesScalar reports whether there is a kernel of an operator that takes its argument
// number i as a scalar, if the others are vectors.
func takesScalar(op graph.Op, i int) bool {
	b, ok := op.(graph.BinaryOp)
	if !ok {
		return false
	}
	if i == 0 {
		return scalarFirstKernels[b.Func] != nil
	}
	return scalarSecondKernels[b.Func] != nil
}
