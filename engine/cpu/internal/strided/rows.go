package strided

// GatherRows copies elements of rows of n floats that are pitch floats apart
// in src, starting with element lo of all rows, to dst, where they are side by
// side. It fills dst.
func GatherRows(dst, src []float32, lo, n, pitch int) {
	if n == pitch {
		copy(dst, src[lo:])
		return
	}
	for row, j := lo/n, lo%n; len(dst) > 0; row, j = row+1, 0 {
		k := copy(dst, src[row*pitch+j:row*pitch+n])
		dst = dst[k:]
	}
}

// ScatterRows is the reverse of [GatherRows]: it copies all of src to elements
// from lo on of rows that are pitch floats apart in dst.
func ScatterRows(dst, src []float32, lo, n, pitch int) {
	if n == pitch {
		copy(dst[lo:], src)
		return
	}
	for row, j := lo/n, lo%n; len(src) > 0; row, j = row+1, 0 {
		k := copy(dst[row*pitch+j:row*pitch+n], src)
		src = src[k:]
	}
}
