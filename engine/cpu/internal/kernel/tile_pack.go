package kernel

// Filter is the shape of a convolution's weights in the order O×I×H×W. For a
// grouped convolution it is the shape of one group.
type Filter struct {
	Out, In, Height, Width int
}

// taps is the number of spatial positions of the filter.
func (f Filter) taps() int { return f.Height * f.Width }

// Panels returns the number of panels of nr columns that n columns need.
func Panels(n, nr int) int { return (n + nr - 1) / nr }

// PackOIHW packs convolution weights w (O×I×H×W) for the forward pass:
//
//	dst[panel][h][w][i][lane] = w[panel·nr+lane][i][h][w]
//
// with zeros in the lanes beyond the last output channel. So a tap is In
// contiguous rows of a panel, and a kernel row Width·In. dst is the whole packed
// array, Panels(Out, nr)·H·W·I·nr floats, of which the panels from ≤ panel < to are
// written: workers can share the job.
func PackOIHW(dst, w []float32, f Filter, nr, from, to int) {
	taps, size := f.taps(), f.In*f.taps()
	if taps == 1 {
		PackTransposed(dst, w, f.In, f.Out, f.In, nr, from, to)
		return
	}
	var rows packRows
	for p := from; p < to; p++ {
		panel := dst[p*size*nr:][:size*nr]
		lanes := min(nr, f.Out-p*nr)
		filters := w[p*nr*size:]
		for t := 0; t < size; t += maxPackRows {
			n := min(maxPackRows, size-t)
			rows.gather(filters[t:], lanes, n, nr, size)
			for i := range n {
				in, tap := (t+i)/taps, (t+i)%taps
				rows.copy(panel[(tap*f.In+in)*nr:], i, nr)
			}
		}
	}
}

// PackOIHWFlipped packs convolution weights w (O×I×H×W) for the gradient with
// respect to the input, which is a convolution of the output's gradient with the
// filters turned by 180° and the roles of the channels exchanged:
//
//	dst[panel][h][w][o][lane] = w[o][panel·nr+lane][H−1−h][W−1−w]
//
// with zeros in the lanes beyond the last input channel. dst is the whole packed
// array, Panels(In, nr)·H·W·O·nr floats; the panels from ≤ panel < to are written.
func PackOIHWFlipped(dst, w []float32, f Filter, nr, from, to int) {
	taps, size := f.taps(), f.Out*f.taps()
	if taps == 1 {
		PackRowMajor(dst, w, f.Out, f.In, f.In, nr, from, to)
		return
	}
	var rows packRows
	for p := from; p < to; p++ {
		panel := dst[p*size*nr:][:size*nr]
		lanes := min(nr, f.In-p*nr)
		for o := range f.Out {
			filters := w[(o*f.In+p*nr)*taps:]
			for t := 0; t < taps; t += maxPackRows {
				n := min(maxPackRows, taps-t)
				rows.gather(filters[t:], lanes, n, nr, taps)
				for i := range n {
					rows.copy(panel[((taps-1-t-i)*f.Out+o)*nr:], i, nr)
				}
			}
		}
	}
}

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

// packRows holds some rows of a panel on their way to their places.
type packRows [maxPackRows * TileCols]float32

// maxPackRows is the number of rows in packRows: 4 KiB of them stay in the cache.
const maxPackRows = 64

// gather fills n rows with the columns of a lanes×n matrix, zeros in the lanes
// beyond: row t, lane l is src[l·ld+t].
func (r *packRows) gather(src []float32, lanes, n, nr, ld int) {
	if lanes < nr {
		clear(r[:n*nr])
	}
	Transpose2D(r[:], src, lanes, n, nr, ld)
}

// copy copies row i to dst.
func (r *packRows) copy(dst []float32, i, nr int) {
	if nr == TileCols {
		*(*[TileCols]float32)(dst) = [TileCols]float32(r[i*TileCols:])
	} else {
		*(*[NarrowCols]float32)(dst) = [NarrowCols]float32(r[i*NarrowCols:])
	}
}

// clearLane zeroes one lane of a panel.
func clearLane(panel []float32, nr int) {
	for i := 0; i < len(panel); i += nr {
		panel[i] = 0
	}
}
