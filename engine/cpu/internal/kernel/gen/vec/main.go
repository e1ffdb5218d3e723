// Command vec writes the AVX2+FMA assembly of the elementwise, reduction, row,
// pooling and depthwise convolution kernels, package vec, and AVX-512 forms of depthwise
// convolution, sigmoid and SiLU. It is run by go generate there.
//
// # How the kernels work
//
// Nearly every kernel is a loop over a row of floats, eight at a time. The helper
// [overRow] emits that loop once for whole vectors and once for the tail of up to
// seven floats; the kernel gives only the body. In the tail, loads are masked, so
// that nothing beyond the row is read, and the store is cut into pieces of 4, 2
// and 1 floats, because masked stores are slow on AMD processors. The arithmetic
// is the same in both: an element gets the same bits wherever it lies. Functions
// of a long chain of instructions are computed for two or three vectors in step, see
// [weave].
//
// The files: lanes.go names the vector instructions in the order of mathematics,
// row.go has the loop and its tail, math.go the transcendental functions,
// elementwise.go, activation.go, reduce.go, rows.go, layernorm.go, pool.go and
// depthwise.go the kernels, avx512*.go those with AVX-512.
package main

import (
	. "github.com/mmcloughlin/avo/build"
)

func main() {
	ConstraintExpr("amd64,!noasm")
	unaryKernels()
	ternaryKernels()
	binaryKernels()
	scalarKernels()
	activationKernels()
	sigmoidsAVX512()
	fillKernel()
	dropoutKernel()
	sumKernel()
	columnKernels()
	momentsKernel()
	rowKernels()
	softmaxKernels()
	layerNormKernels()
	poolKernels()
	depthwiseKernels()
	Generate()
}
