package quantized

import "unsafe"

const (
	quad     = 4 // terms that lie side by side for a column: those of one instruction
	sumsSize = 4 // bytes of the sum of a column
)

// Quads returns the number of groups of four terms that a run has.
func Quads(run int) int { return (run + quad - 1) / quad }

// Panels returns the number of panels that so many columns need.
func Panels(cols int) int { return (cols + PanelCols - 1) / PanelCols }

// panelSize is the size of a panel of the given width in bytes: the sums of its columns, then the weights.
func panelSize(width, segs, run int) int { return width * (sumsSize + segs*Quads(run)*quad) }

// PackedSize returns the size of packed weights in bytes, at most: [Pack] needs so many.
// Panel p starts at p times [PanelStep].
func PackedSize(cols, segs, run int) int {
	full := cols / PanelCols
	size := full * panelSize(PanelCols, segs, run)
	switch rest := cols % PanelCols; {
	case rest > NarrowCols:
		size += panelSize(PanelCols, segs, run)
	case rest > 0:
		size += panelSize(NarrowCols, segs, run)
	}
	return size
}

// PanelStep returns the distance in bytes from one panel to the next.
func PanelStep(segs, run int) int { return panelSize(PanelCols, segs, run) }

// Columns returns cols rounded up to the width of the panels that they fill: the length of Bias and Scale of all panels.
func Columns(cols int) int { return (cols + NarrowCols - 1) / NarrowCols * NarrowCols }

// Pack packs the panels from ≤ p < to of weights w[cols][segs][run] for [Tile]: for a convolution with weights
// OIHW they are first brought into the order OHWI, and a segment is a row of the kernel, or one pixel
// of it. With W the width of the panel, it starts with
//
//	W int32    the sum of the weights of each column
//	int8       [segs][Quads(run)][W][4]: four terms of each column side by side
//
// with zeros in place of columns and terms that do not exist. dst must start at a multiple of 4 bytes, better of 64.
func Pack(dst, w []int8, cols, segs, run, from, to int) {
	quads := Quads(run)
	for p := from; p < to; p++ {
		panel := dst[p*PanelStep(segs, run):]
		n := min(cols-p*PanelCols, PanelCols)
		width := PanelCols
		if n <= NarrowCols {
			width = NarrowCols
		}
		panel = panel[:panelSize(width, segs, run)]
		clear(panel)
		sums := Sums(panel, width)
		panel = panel[sumsSize*width:]
		for j := range n {
			column := w[(p*PanelCols+j)*segs*run:][:segs*run]
			for s := range segs {
				for t, x := range column[s*run:][:run] {
					panel[((s*quads+t/quad)*width+j)*quad+t%quad] = x
					sums[j] += int32(x)
				}
			}
		}
	}
}

// Sums returns the sums of the first n columns of the panel that packed begins with.
func Sums(packed []int8, n int) []int32 {
	_ = packed[sumsSize*n-1]
	return unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(packed))), n)
}

// FoldBias computes the Bias of [TileArgs] for all panels, that is dst[j] = bias[j] − zero·(the sum of column j), and
// zeros up to len(dst) = Columns(cols): with it, sums over elements are those over elements minus the zero point of A. bias may be nil.
func FoldBias(dst, bias []int32, packed []int8, cols, segs, run int, zero int32) {
	clear(dst[:Columns(cols)])
	for j := range cols {
		if j%PanelCols == 0 && j > 0 {
			packed = packed[PanelStep(segs, run):]
		}
		if bias != nil {
			dst[j] = bias[j]
		}
		dst[j] -= zero * Sums(packed, j%PanelCols+1)[j%PanelCols]
	}
}
