package lower

import (
	"github.com/strideml/stride/engine/cpu/internal/kernel/vec"
	"github.com/strideml/stride/graph"
)

// unaryKernels compute dst = f(x); a and b are the operator's parameters.
var unaryKernels = [...]func(dst, x []float32, a, b float32){
	graph.KindNeg:         plain(vec.Neg),
	graph.KindExp:         plain(vec.Exp),
	graph.KindLog:         plain(vec.Log),
	graph.KindSqrt:        plain(vec.Sqrt),
	graph.KindReLU:        plain(vec.ReLU),
	graph.KindSigmoid:     plain(vec.Sigmoid),
	graph.KindTanh:        plain(vec.Tanh),
	graph.KindReLU6:       plain(vec.ReLU6),
	graph.KindLeakyReLU:   with(vec.LeakyReLU),
	graph.KindELU:         with(vec.ELU),
	graph.KindSoftplus:    vec.Softplus,
	graph.KindSiLU:        plain(vec.SiLU),
	graph.KindHardSigmoid: plain(vec.HardSigmoid),
	graph.KindHardSwish:   plain(vec.HardSwish),
	graph.KindGELU:        plain(vec.GELU),
	graph.KindGELUTanh:    plain(vec.GELUTanh),
	graph.KindErf:         plain(vec.Erf),
	graph.KindAbs:         plain(vec.Abs),
	graph.KindPow:         with(vec.Pow),
	graph.KindClip:        vec.Clip,
	graph.KindFloor:       plain(vec.Floor),
	graph.KindCeil:        plain(vec.Ceil),
	graph.KindRound:       plain(vec.Round),
	graph.KindSign:        plain(vec.Sign),
	graph.KindSin:         plain(vec.Sin),
	graph.KindCos:         plain(vec.Cos),
}

// unaryGradKernels compute the derivative times dy; v is the function's result
// or its argument, as graph.UnaryGradOp says.
var unaryGradKernels = [...]func(dst, v, dy []float32, a, b float32){
	graph.KindReLU:        plainGrad(vec.ReLUGrad),
	graph.KindSigmoid:     plainGrad(vec.SigmoidGrad),
	graph.KindTanh:        plainGrad(vec.TanhGrad),
	graph.KindReLU6:       plainGrad(vec.ReLU6Grad),
	graph.KindLeakyReLU:   withGrad(vec.LeakyReLUGrad),
	graph.KindELU:         withGrad(vec.ELUGrad),
	graph.KindSoftplus:    vec.SoftplusGrad,
	graph.KindSiLU:        plainGrad(vec.SiLUGrad),
	graph.KindHardSigmoid: plainGrad(vec.HardSigmoidGrad),
	graph.KindHardSwish:   plainGrad(vec.HardSwishGrad),
	graph.KindGELU:        plainGrad(vec.GELUGrad),
	graph.KindGELUTanh:    plainGrad(vec.GELUTanhGrad),
	graph.KindAbs:         plainGrad(vec.AbsGrad),
	graph.KindClip:        vec.ClipGrad,
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
