package lower

import (
	"github.com/strideml/stride/engine/cpu/internal/kernel"
	"github.com/strideml/stride/graph"
)

var binaryKernels = [...]func(dst, a, b []float32){
	graph.KindAdd: kernel.Add, graph.KindSub: kernel.Sub, graph.KindMul: kernel.Mul, graph.KindDiv: kernel.Div,
	graph.KindEqual: kernel.Equal, graph.KindMinimum: kernel.Min, graph.KindMaximum: kernel.Max,
}

// scalarFirstKernels compute s∘a, scalarSecondKernels a∘s.
var scalarFirstKernels = [...]func(dst, a []float32, s float32){
	graph.KindAdd: kernel.AddS, graph.KindSub: kernel.RsubS, graph.KindMul: kernel.MulS, graph.KindDiv: kernel.RdivS,
	graph.KindEqual: kernel.EqualS, graph.KindMinimum: kernel.MinS, graph.KindMaximum: kernel.MaxS,
}

var scalarSecondKernels = [...]func(dst, a []float32, s float32){
	graph.KindAdd: kernel.AddS, graph.KindSub: kernel.SubS, graph.KindMul: kernel.MulS, graph.KindDiv: kernel.DivS,
	graph.KindEqual: kernel.EqualS, graph.KindMinimum: kernel.MinS, graph.KindMaximum: kernel.MaxS,
}
