// Package resample has the innermost loops of resizing: each new sample is a weighted sum
// of old ones, of a column of them or of a row.
//
// Weights have 22 fractional bits, as in Pillow, and sums are exact, so that all instruction
// sets give the same bytes. Assembly computes 32 samples at a time, which lie side by side:
// columns as they are, rows after 32 of them have been transposed.
package resample
