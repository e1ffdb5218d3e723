package kernel

// The functions of this file work element by element on slices of one length,
// len(dst); longer inputs are cut, shorter ones panic. dst may be the same slice
// as an input but must not overlap one in any other way.
//
// An element's result depends on nothing but its own operands: not on its place
// in the slice, nor on how the work is cut into calls. Errors are in units in the
// last place (ulp) of the result. In brackets stands the worst that was measured,
// in assembly and twin, over every float32 (every 7th for the twin) where the
// function is neither trivial nor out of range.

// Neg computes dst = -x.
func Neg(dst, x []float32) { neg(dst, x[:len(dst)]) }

// Sqrt computes dst = √x, correctly rounded; NaN where x is negative.
func Sqrt(dst, x []float32) { sqrt(dst, x[:len(dst)]) }

// ReLU computes dst = max(0, x); a NaN stays a NaN, as in PyTorch.
func ReLU(dst, x []float32) { relu(dst, x[:len(dst)]) }

// ReLU6 computes dst = min(max(0, x), 6); a NaN stays a NaN, as in PyTorch.
func ReLU6(dst, x []float32) { relu6(dst, x[:len(dst)]) }

// Exp computes dst = eˣ with an error of at most 1 ulp (0.90, 0.98), also where
// the result is a denormal number. It is +Inf from x = 88.72284 on, 0 below
// x = −103.9721, and NaN for NaN.
func Exp(dst, x []float32) { exp(dst, x[:len(dst)]) }

// Log computes the natural logarithm of x with an error of at most 1 ulp
// (0.92, 0.93), denormal numbers included. It is −Inf for ±0, +Inf for +Inf and NaN where x is
// negative or NaN.
func Log(dst, x []float32) { log(dst, x[:len(dst)]) }

// Sigmoid computes dst = 1/(1+e⁻ˣ) with an error of at most 2.5 ulp (2.41, 2.41),
// down to the denormal results below x = −87.3. It is 0 for −Inf, 1 for +Inf and
// NaN for NaN.
func Sigmoid(dst, x []float32) { sigmoid(dst, x[:len(dst)]) }

// Tanh computes the hyperbolic tangent of x with an error of at most 1.5 ulp
// (1.37, 1.32), for small x too. It is ±1 for ±Inf, ±0 for ±0 and NaN for NaN.
func Tanh(dst, x []float32) { tanh(dst, x[:len(dst)]) }

// Add computes dst = a + b.
func Add(dst, a, b []float32) { add(dst, a[:len(dst)], b[:len(dst)]) }

// Sub computes dst = a − b.
func Sub(dst, a, b []float32) { sub(dst, a[:len(dst)], b[:len(dst)]) }

// Mul computes dst = a·b.
func Mul(dst, a, b []float32) { mul(dst, a[:len(dst)], b[:len(dst)]) }

// Div computes dst = a/b, correctly rounded.
func Div(dst, a, b []float32) { div(dst, a[:len(dst)], b[:len(dst)]) }

// Equal computes 1 where a = b and 0 elsewhere, also where one is NaN.
func Equal(dst, a, b []float32) { equal(dst, a[:len(dst)], b[:len(dst)]) }

// AddS computes dst = a + s.
func AddS(dst, a []float32, s float32) { addS(dst, a[:len(dst)], s) }

// SubS computes dst = a − s.
func SubS(dst, a []float32, s float32) { subS(dst, a[:len(dst)], s) }

// RsubS computes dst = s − a.
func RsubS(dst, a []float32, s float32) { rsubS(dst, a[:len(dst)], s) }

// MulS computes dst = a·s.
func MulS(dst, a []float32, s float32) { mulS(dst, a[:len(dst)], s) }

// DivS computes dst = a/s, correctly rounded.
func DivS(dst, a []float32, s float32) { divS(dst, a[:len(dst)], s) }

// RdivS computes dst = s/a, correctly rounded.
func RdivS(dst, a []float32, s float32) { rdivS(dst, a[:len(dst)], s) }

// EqualS computes 1 where a = s and 0 elsewhere.
func EqualS(dst, a []float32, s float32) { equalS(dst, a[:len(dst)], s) }

// ReLUGrad computes the gradient of [ReLU] from its output y: dst = dy where
// y > 0 and 0 elsewhere.
func ReLUGrad(dst, y, dy []float32) { reluGrad(dst, y[:len(dst)], dy[:len(dst)]) }

// ReLU6Grad computes the gradient of [ReLU6] from its output y: dst = dy where
// 0 < y < 6 and 0 elsewhere.
func ReLU6Grad(dst, y, dy []float32) { relu6Grad(dst, y[:len(dst)], dy[:len(dst)]) }

// SigmoidGrad computes the gradient of [Sigmoid] from its output y:
// dst = (dy·y)·(1−y).
func SigmoidGrad(dst, y, dy []float32) { sigmoidGrad(dst, y[:len(dst)], dy[:len(dst)]) }

// TanhGrad computes the gradient of [Tanh] from its output y: dst = dy·(1−y²).
func TanhGrad(dst, y, dy []float32) { tanhGrad(dst, y[:len(dst)], dy[:len(dst)]) }

// Fill sets every element of dst to v.
func Fill(dst []float32, v float32) { fill(dst, v) }

// Dropout computes dst = x/(1−p) where the element is kept and 0 where it is
// dropped. Element i of the slice is element start+i (modulo 2³²) of the stream
// that key and step name; with k = key XOR mix64(step) it is kept if the upper 24
// bits of
//
//	mix32(mix32((start+i) XOR low32(k)) + high32(k))
//
// are at least ⌊p·2²⁴⌋, where mix64 and mix32 are the finalisers that graph.DropoutBits
// names. p is at least 0 and below 1. The backward pass is the same call on dy.
func Dropout(dst, x []float32, p float32, key, step uint64, start uint32) {
	k := key ^ mix64(step)
	dropout(dst, x[:len(dst)], 1/(1-p), uint32(p*(1<<24)), k, start)
}
