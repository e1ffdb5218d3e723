package kernel

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
	transpose(dst, src, rows, cols, ldDst, ldSrc)
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
