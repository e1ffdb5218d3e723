package lower

import (
	"github.com/strideml/stride/engine/cpu/internal/kernel"
	"github.com/strideml/stride/graph"
)

// unaryKernels compute dst = f(x); a and b are the operator's parameters.
var unaryKernels = [...]func(dst, x []float32, a, b float32){
	graph.KindNeg:         plain(kernel.Neg),
	graph.KindExp:         plain(kernel.Exp),
	graph.KindLog:         plain(kernel.Log),
	graph.KindSqrt:        plain(kernel.Sqrt),
	graph.KindReLU:        plain(kernel.ReLU),
	graph.KindSigmoid:     plain(kernel.Sigmoid),
	graph.KindTanh:        plain(kernel.Tanh),
	graph.KindReLU6:       plain(kernel.ReLU6),
	graph.KindLeakyReLU:   with(kernel.LeakyReLU),
	graph.KindELU:         with(kernel.ELU),
	graph.KindSoftplus:    kernel.Softplus,
	graph.KindSiLU:        plain(kernel.SiLU),
	graph.KindHardSigmoid: plain(kernel.HardSigmoid),
	graph.KindHardSwish:   plain(kernel.HardSwish),
	graph.KindGELU:        plain(kernel.GELU),
	graph.KindGELUTanh:    plain(kernel.GELUTanh),
	graph.KindErf:         plain(kernel.Erf),
	graph.KindAbs:         plain(kernel.Abs),
	graph.KindPow:         with(kernel.Pow),
	graph.KindClip:        kernel.Clip,
}

// unaryGradKernels compute the derivative times dy; v is the function's result
// or its argument, as graph.UnaryGradOp says.
var unaryGradKernels = [...]func(dst, v, dy []float32, a, b float32){
	graph.KindReLU:        plainGrad(kernel.ReLUGrad),
	graph.KindSigmoid:     plainGrad(kernel.SigmoidGrad),
	graph.KindTanh:        plainGrad(kernel.TanhGrad),
	graph.KindReLU6:       plainGrad(kernel.ReLU6Grad),
	graph.KindLeakyReLU:   withGrad(kernel.LeakyReLUGrad),
	graph.KindELU:         withGrad(kernel.ELUGrad),
	graph.KindSoftplus:    kernel.SoftplusGrad,
	graph.KindSiLU:        plainGrad(kernel.SiLUGrad),
	graph.KindHardSigmoid: plainGrad(kernel.HardSigmoidGrad),
	graph.KindHardSwish:   plainGrad(kernel.HardSwishGrad),
	graph.KindGELU:        plainGrad(kernel.GELUGrad),
	graph.KindGELUTanh:    plainGrad(kernel.GELUTanhGrad),
	graph.KindAbs:         plainGrad(kernel.AbsGrad),
	graph.KindClip:        kernel.ClipGrad,
}

// plain makes an entry of a kernel without parameters.
func plain(f func(dst, x []float32)) func(dst, x []float32, a, b float32) {
	return func(dst, x []float32, _, _ float32) { f(dst, x) }
}

// with makes an entry of a kernel with one parameter.
func with(f func(dst, x []float32, a float32)) func(dst, x []float32, a, b float32) {
	return func(dst, x []float32, a, _ float32) { f(dst, x, a) }
}

// plainGrad is plain for derivatives.
func plainGrad(f func(dst, v, dy []float32)) func(dst, v, dy []float32, a, b float32) {
	return func(dst, v, dy []float32, _, _ float32) { f(dst, v, dy) }
}

// withGrad is with for derivatives.
func withGrad(f func(dst, v, dy []float32, a float32)) func(dst, v, dy []float32, a, b float32) {
	return func(dst, v, dy []float32, a, _ float32) { f(dst, v, dy, a) }
}
