// Package matrices makes the matrices of Winograd's minimal filtering
// algorithms F(m×m, r×r): m×m outputs of a cross-correlation with an r×r
// kernel from one product for each of n×n points, n = m+r−1,
//
//	Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A
//
// for a kernel g and the n×n input pixels d (Lavin and Gray, Fast Algorithms
// for Convolutional Neural Networks, 2016, equation 8). Sums over channels
// are taken between the brackets, where they are matrix products.
//
// The matrices interpolate polynomials at points, of which the last is
// infinity. The others are 0, ±1 for four points, 0, ±3/4, 2 for five,
// 0, ±1/√2, ±√2 for six, and ±5/16, ±13/16, ±7/4 for seven, which were searched
// for small rounding errors: that of six points is about half of what
// 0, ±1, ±2 gives.
//
// The adjoint gives gradients: dg = Gᵀ [Σ (Bᵀ d B) ⊙ (A dY Aᵀ)] G.
package matrices
