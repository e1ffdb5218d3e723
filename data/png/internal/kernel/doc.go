// Package kernel has the innermost loops of package png: the five filters of PNG
// (section 9 of the standard), undone a row at a time, and the separation of red, green
// and blue.
//
// What the filters of a pixel add up depends on the pixel to its left, so most of them go
// from pixel to pixel, with the bytes of one as lanes. What counts is the number of
// instructions from one pixel to the next:
//
//   - Average adds (a+b)/2, rounded down, where vector instructions round up. With the
//     complements a' and b' of a and b, the complement of x + (a+b)/2 is the mean of a'
//     and b' rounded up, less x: two instructions.
//   - Paeth takes that of a, b and c which is closest to a+b−c. With t = 3c−a−b that is the
//     lesser of a and b if t is not below the greater one, the greater one if t is not
//     above the lesser, else c: five instructions. This form is Fabian Giesen's.
//
// # Assembly
//
// The functions named in the tests are AVX2 assembly on amd64 and NEON assembly on arm64,
// as package internal/isa says, and plain Go, their twins, elsewhere, for rows that are too
// short, and as the oracle of the tests; all give the same bytes.
package kernel
