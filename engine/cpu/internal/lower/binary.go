package lower

import (
	"github.com/strideml/stride/engine/cpu/internal/kernel/vec"
	"github.com/strideml/stride/graph"
)

var binaryKernels = [...]func(dst, a, b []float32){
	graph.KindAdd: vec.Add, graph.KindSub: vec.Sub, graph.KindMul: vec.Mul, graph.KindDiv: vec.Div,
	graph.KindEqual: vec.Equal, graph.KindMinimum: vec.Min, graph.KindMaximum: vec.Max,
}

// scalarFirstKernels compute s∘a, scalarSecondKernels a∘s.
var scalarFirstKernels = [...]func(dst, a []float32, s float32){
	graph.KindAdd: vec.AddS, graph.KindSub: vec.RsubS, graph.KindMul: vec.MulS, graph.KindDiv: vec.RdivS,
	graph.KindEqual: vec.EqualS, graph.KindMinimum: vec.MinS, graph.KindMaximum: vec.MaxS,
}

var scalarSecondKernels = [...]func(dst, a []float32, s float32){
	graph.KindAdd: vec.AddS, graph.KindSub: vec.SubS, graph.KindMul: vec.MulS, graph.KindDiv: vec.DivS,
	graph.KindEqual: vec.EqualS, graph.KindMinimum: vec.MinS, graph.KindMaximum: vec.MaxS,
}
