package matrix

import "github.com/strideml/stride/internal/isa"

// Transpose2D transposes a rows×cols matrix:
//
//	dst[j·ldDst+i] = src[i·ldSrc+j]     0 ≤ i < rows, 0 ≤ j < cols
//
// ldSrc ≥ cols and ldDst ≥ rows are the distances from row to row in src and dst.
// Nothing else of dst is written. With one image's channels as rows and its
// pixels as columns it turns NCHW into NHWC, and the other way round.
func Transpose2D(dst, src []float32, rows, cols, ldDst, ldSrc int) {
	if rows <= 0 || cols <= 0 {
		return
	}
	// The slices are checked once, for the assembly's sake.
	dst = dst[:(cols-1)*ldDst+rows]
	src = src[:(rows-1)*ldSrc+cols]
	if rows == 3 && ldDst == 3 {
		done := 0
		if isa.UseAVX512 && cols >= 2*block {
			done = cols / (2 * block) * 2 * block
			interleave3AVX512(&dst[0], &src[0], &src[ldSrc], &src[2*ldSrc], done/(2*block))
		}
		interleave3(dst[3*done:], src[done:cols], src[ldSrc:][done:cols], src[2*ldSrc:][done:])
		return
	}
	if !isa.UseSIMD || rows < block || cols < block {
		transposeGeneric(dst, src, rows, cols, ldDst, ldSrc)
		return
	}
	// Up to 7 rows and columns at the edges are left to the twin.
	i := 0
	for ; i+block <= rows; i += block {
		transposeSIMD(&dst[i], &src[i*ldSrc], cols/block, ldDst, ldSrc)
	}
	if done := cols / block * block; done < cols {
		transposeGeneric(dst[done*ldDst:], src[done:], i, cols-done, ldDst, ldSrc)
	}
	if i < rows {
		transposeGeneric(dst[i:], src[i*ldSrc:], rows-i, cols, ldDst, ldSrc)
	}
}

// interleave3 transposes three rows to dst, one column after the other: the
// colours of an image's pixels, of which the assembly would fill three lanes.
func interleave3(dst, a, b, c []float32) {
	const n = 4 // columns at a time, without a check for each
	for len(a) >= n && len(b) >= n && len(c) >= n && len(dst) >= 3*n {
		d, x, y, z := (*[3 * n]float32)(dst), (*[n]float32)(a), (*[n]float32)(b), (*[n]float32)(c)
		d[0], d[1], d[2] = x[0], y[0], z[0]
		d[3], d[4], d[5] = x[1], y[1], z[1]
		d[6], d[7], d[8] = x[2], y[2], z[2]
		d[9], d[10], d[11] = x[3], y[3], z[3]
		dst, a, b, c = dst[3*n:], a[n:], b[n:], c[n:]
	}
	for i := range a {
		dst[3*i], dst[3*i+1], dst[3*i+2] = a[i], b[i], c[i]
	}
}

// block is the edge of the square that the assembly transposes in registers and
// that the twin walks for the sake of the caches.
const block = 8

// transposeGeneric is the twin of [Transpose2D].
func transposeGeneric(dst, src []float32, rows, cols, ldDst, ldSrc int) {
	for i0 := 0; i0 < rows; i0 += block {
		i1 := min(i0+block, rows)
		for j := range cols {
			for i := i0; i < i1; i++ {
				dst[j*ldDst+i] = src[i*ldSrc+j]
			}
		}
	}
}

// The assembly.

// transposeSIMD transposes 8 rows of src of 8·blocks columns into 8·blocks rows of dst
// of 8 columns. ldDst and ldSrc count floats.
//
//go:noescape
func transposeSIMD(dst, src *float32, blocks, ldDst, ldSrc int)

// interleave3AVX512 is interleave3 for 16·blocks columns.
//
//go:noescape
func interleave3AVX512(dst, a, b, c *float32, blocks int)
