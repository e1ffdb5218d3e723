// Package matrix has the kernels of the CPU engine that compute matrix products; see
// package kernel for what all kernels have in common.
//
//	tile.go        rows that lie anywhere in memory times a packed panel: convolution
//	               over NHWC without an im2col copy, and matrix products
//	row.go         one row, many panels
//	outer.go       sums of outer products: gradients of weights
//	pairs.go       the same for bfloat16, in pairs of terms: half the bytes, twice the speed
//	round.go       float32 to bfloat16
//	pack.go        panels for tile.go
//	transpose.go   NCHW to NHWC and back
//	peak.go        the speed limit that the others are measured against
package matrix
