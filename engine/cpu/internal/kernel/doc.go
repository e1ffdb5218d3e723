// Package kernel has no code: it says what the innermost loops of the CPU engine have
// in common, the few functions in which a program spends nearly all its time. They are
// in the packages below it:
//
//	matrix      register tiles of matrix products, for convolution over NHWC without an
//	            im2col copy too; sums of outer products; packing; transposing
//	winograd    transforms of Winograd's convolutions
//	vec         everything else: elementwise functions, sums, rows, pooling, depthwise
//	            convolution
//	quantized   the kernels on integers of 8 bits
//	gen         the programs that write the assembly, a module of its own, also
//	            that of data/jpeg/internal/kernel, data/png/internal/kernel and data/raster/internal/resample
//
// Package internal/isa chooses the instruction set, package internal/kerneltest is what the
// tests share; the kernels of package data use both too.
//
// # One function, one kernel
//
// Every kernel exists as AVX2+FMA assembly for amd64, as NEON assembly for arm64, and
// as plain Go, its twin, which runs on other platforms and is the oracle of the tests.
// One Go function is all three: it cuts its slices to their lengths, calls the
// assembly if package isa says so, and otherwise goes on with the twin. At the end of
// each file its assembly functions are declared, once for all architectures (noasm.s
// says why that works). The ending of such a name says where the function exists:
//
//	SIMD    amd64 (AVX2) and arm64 (NEON)
//	AVX2    amd64 only
//	AVX512  amd64 only, and only on CPUs with AVX-512; those that are called if isa.UseBF16
//	        is set need AVX512_BF16 too
//
// Package quantized has forms that need instructions for dot products of bytes beside these.
//
// Which of them runs is decided once at program start, by package isa. With the build
// tag noasm, there is no assembly. generate.go of each package runs the programs that
// write its assembly. A test of each package, TestTwins, compares all its kernels with
// their twins, and TestSource checks that none is missing.
//
// # Same bits
//
// Each element of a result is one chain of multiply-adds in the order of the
// terms. It does not depend on which rows share a call, so that any split of
// the rows among threads gives the same bits. It does depend on the instruction
// set: assembly rounds once per multiply-add, the twins twice (on amd64; on arm64
// the compiler may fuse the two operations). AVX2 and AVX-512 have the same bits. Sums of
// bfloat16 have the same bits everywhere, see matrix/pairs.go, and so has package quantized.
//
// # Caveats
//
// These packages trust their callers: arguments of the matrix kernels are raw
// pointers, and nothing is checked. Assembly cannot be preempted, so one call
// should stay under about 200 µs (20 million floating-point operations).
package kernel
