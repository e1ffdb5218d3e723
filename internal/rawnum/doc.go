// Package rawnum turns arrays of numbers in model and array files into
// float32 slices.
//
// A [Kind] is an element type as files have it. [Read] decodes a run of such
// elements from a reader. The caller's count usually comes from a header that
// cannot be trusted, so Read allocates memory only as data arrives, unless
// the caller knows that enough data is there.
//
// Conversion rounds to the nearest float32, ties to even: integers beyond
// 2²⁴ and doubles lose digits, and doubles beyond the range become ±Inf.
package rawnum
