// Package gemm plans matrix products: how they are cut into tasks, and in which
// blocks a task calls the kernels.
//
//   - [Product] multiplies row-major A by B, whose columns are packed into panels
//     of 16 or 8, as in a linear layer. [Packer] is what makes a packed operand.
//   - [Outer] computes Aᵀ·B of two unpacked operands as a sum of outer products,
//     as in the gradient of a linear layer's weights.
//   - [Batch] computes many products of the same size, as in attention.
//
// The plans of convolutions use the same panels, [Bias], [Clip] and [Prefetch].
package gemm
