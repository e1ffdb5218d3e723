// Package isa chooses the instruction set of the kernels, once at program start: the
// best that the CPU has, or the one that the environment variable [EnvKernels] names.
//
// Kernels look at the flags UseSIMD, UseAVX2, UseAVX512 and UseBF16, and at those of dot products of bytes,
// UseAVX512VNNI, UseAVXVNNI and UseDotProd. Where an architecture has
// no such assembly, or with the build tag noasm, a flag is a constant, false, and the
// compiler drops the calls of assembly.
package isa
