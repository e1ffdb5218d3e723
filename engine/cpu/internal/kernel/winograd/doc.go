// Package winograd has the kernels of the CPU engine that transform the images,
// weights and gradients of Winograd's convolutions. The products between the
// transforms are those of package matrix, the coefficients are made by package
// matrices. See package kernel for what all kernels have in common.
package winograd
