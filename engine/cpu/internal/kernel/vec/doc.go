// Package vec has the kernels of the CPU engine that go through vectors, rows and
// windows; see package kernel for what all kernels have in common.
//
//	arithmetic.go, scalar.go  elementwise + − × ÷ …, with a tensor or a number
//	relu.go, exp.go, silu.go, elu.go, gelu.go    activations and their gradients
//	pow.go         powers
//	dropout.go     dropout
//	columns.go, sum.go        sums of columns, of everything
//	batchnorm.go   batch normalisation, its moments and gradients
//	softmax.go     softmax, its logarithm, cross-entropy
//	layernorm.go   layer normalization and its gradients
//	maxpool.go, avgpool.go    pooling and its gradients
//	depthwise.go   depthwise convolution and its gradients
//
// # Elementwise kernels
//
// They work element by element on slices of one length, len(dst); longer inputs are
// cut, shorter ones panic. dst may be the same slice as an input but must not overlap
// one in any other way. An element's result depends on nothing but its own operands:
// not on its place in the slice, nor on how the work is cut into calls.
//
// Errors are in units in the last place (ulp) of the result. In brackets stands the
// worst that was measured, in assembly and twin, over every float32 (every 7th for the
// twin, every 29th in silu.go, elu.go and gelu.go) where the function is neither
// trivial nor out of range.
package vec
