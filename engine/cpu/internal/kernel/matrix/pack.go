package matrix

// Panels returns the number of panels of nr columns that n columns need.
func Panels(n, nr int) int { return (n + nr - 1) / nr }

// PackRowMajor packs the right operand b of a product, k×n and row-major with
// ldb floats from row to row:
//
//	dst[panel][t][lane] = b[t][panel·nr+lane]
//
// with zeros in the lanes beyond column n. dst is the whole packed array,
// Panels(n, nr)·k·nr floats; the panels from ≤ panel < to are written.
func PackRowMajor(dst, b []float32, k, n, ldb, nr, from, to int) {
	for p := from; p < to; p++ {
		panel := dst[p*k*nr:][:k*nr]
		lanes := min(nr, n-p*nr)
		for t := range k {
			row := panel[t*nr:][:nr]
			copy(row, b[t*ldb+p*nr:][:lanes])
			clear(row[lanes:])
		}
	}
}

// PackTransposed packs the right operand of a product given transposed, as a
// row-major n×k matrix with ldb floats from row to row (the weights of a linear
// layer in PyTorch's order, outputs × inputs):
//
//	dst[panel][t][lane] = b[panel·nr+lane][t]
//
// with zeros in the lanes beyond row n of b. dst is the whole packed array,
// Panels(n, nr)·k·nr floats; the panels from ≤ panel < to are written.
func PackTransposed(dst, b []float32, k, n, ldb, nr, from, to int) {
	for p := from; p < to; p++ {
		panel := dst[p*k*nr:][:k*nr]
		lanes := min(nr, n-p*nr)
		Transpose2D(panel, b[p*nr*ldb:], lanes, k, nr, ldb)
		for lane := lanes; lane < nr; lane++ {
			clearLane(panel[lane:], nr)
		}
	}
}

// clearLane zeroes one lane of a panel.
func clearLane(panel []float32, nr int) {
	for i := 0; i < len(panel); i += nr {
		panel[i] = 0
	}
}
