// Package matrix has the kernels of the CPU engine that compute matrix products; see
// package kernel for what all kernels have in common.
//
//	tile.go        rows that lie anywhere in memory times a packed panel: convolution
//	               over NHWC without an im2col copy, and matrix products
//	outer.go       sums of outer products: gradients of weights
//	pack.go        panels for tile.go
//	transpose.go   NCHW to NHWC and back
//	peak.go        the speed limit that the others are measured against
package matrix
