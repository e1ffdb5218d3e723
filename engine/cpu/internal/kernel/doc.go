// Package kernel holds the innermost loops of the CPU engine: the few
// functions in which a program spends nearly all its time.
//
// Every kernel exists three times: as AVX2+FMA assembly for amd64 and as NEON
// assembly for arm64, written by the generator programs under gen/, and as a pure
// Go twin that computes the same thing on other platforms and is the oracle of the
// tests. [Tile] and [Outer] have an AVX-512 form beside. Which of them runs is
// decided once at program start (see [ISA] and [EnvKernels]).
//
// # Matrix kernels (files tile_*)
//
//   - [Tile] and [TileNarrow] multiply rows that lie anywhere in memory by a
//     packed panel of 16 or 8 columns. A table of row offsets and a table of
//     segment offsets make the same kernel a convolution over NHWC (a row is an
//     output pixel, a segment a kernel row or tap), a 1×1 convolution or a plain
//     matrix product, with no im2col copy.
//   - [Outer] sums outer products of two unpacked operands: the gradient of
//     convolution and linear weights.
//   - [PackRowMajor] and [PackTransposed] build the panels; [Transpose2D]
//     converts between NCHW and NHWC.
//   - [PeakFMA] is the speed limit that the others are measured against.
//
// The elementwise, reduction and activation kernels are in the files vec_*, the
// pooling kernels in pool_*, those of depthwise convolution in depthwise_*.
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
