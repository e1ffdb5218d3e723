// Package kernel holds the innermost loops of the CPU engine: the few
// functions in which a program spends nearly all its time.
//
// # One function, one kernel
//
// Every kernel exists as AVX2+FMA assembly for amd64, as NEON assembly for arm64, and
// as plain Go, its twin, which runs on other platforms and is the oracle of the tests.
// One Go function is all three: it cuts its slices to their lengths, calls the
// assembly if [ISA] says so, and otherwise goes on with the twin. At the end of each
// file its assembly functions are declared, once for all architectures (noasm.s says
// why that works). The ending of such a name says where the function exists:
//
//	SIMD    amd64 (AVX2) and arm64 (NEON)
//	AVX2    amd64 only
//	AVX512  amd64 only, and only on CPUs with AVX-512
//
// Which of them runs is decided once at program start, see [ISA] and [EnvKernels].
// With the build tag noasm, the package has no assembly. The assembly is written by the
// programs under gen/, a module of its own; generate.go runs them.
//
// # Which file has what
//
//	tile.go        rows that lie anywhere in memory times a packed panel: convolution
//	               over NHWC without an im2col copy, and matrix products
//	outer.go       sums of outer products: gradients of weights
//	pack.go        panels for tile.go
//	transpose.go   NCHW to NHWC and back
//	winograd.go    transforms of Winograd's convolutions
//	depthwise.go   depthwise convolution and its gradients
//	maxpool.go, avgpool.go    pooling and its gradients
//	batchnorm.go   batch normalisation, its moments and gradients
//	softmax.go     softmax, its logarithm, cross-entropy
//	columns.go, sum.go        sums of columns, of everything
//	arithmetic.go, scalar.go  elementwise + − × ÷ …, with a tensor or a number
//	relu.go, exp.go, silu.go, elu.go, gelu.go    activations and their gradients
//	pow.go         powers
//	dropout.go     dropout
//	peak.go        the speed limit that the others are measured against
//	cpu*.go        the choice of the instruction set
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
//
// # Same bits
//
// Each element of a result is one chain of multiply-adds in the order of the
// terms. It does not depend on which rows share a call, so that any split of
// the rows among threads gives the same bits. It does depend on the instruction
// set: assembly rounds once per multiply-add, the twins twice (on amd64; on arm64
// the compiler may fuse the two operations). AVX2 and AVX-512 have the same bits.
//
// # Caveats
//
// This package trusts its callers: arguments of the matrix kernels are raw
// pointers, and nothing is checked. Assembly cannot be preempted, so one call
// should stay under about 200 µs (20 million floating-point operations).
package kernel
