package conv

import (
	"github.com/strideml/stride/engine/cpu/internal/kernel/matrix"
	"github.com/strideml/stride/engine/cpu/internal/work"
)

// packLanes gathers the weights of one panel of nr output channels: row
// ci·area+tap of dst has those of all lanes, zeros beyond the last channel.
// Weights are out×in×area, or in×out×area if transposed.
func packLanes(dst, w []float32, in, out, area, panel, nr int, transposed bool) {
	lanes := min(nr, out-panel*nr)
	if lanes < nr {
		clear(dst)
	}
	if !transposed {
		matrix.Transpose2D(dst, w[panel*nr*in*area:], lanes, in*area, nr, in*area)
		return
	}
	for ci := range in {
		matrix.Transpose2D(dst[ci*area*nr:], w[(ci*out+panel*nr)*area:], lanes, area, nr, area)
	}
}

// interleave turns area×in elements into in×area.
func interleave(dst, src []float32, in, area int) {
	if area == 1 {
		copy(dst, src)
		return
	}
	for t := range area {
		row := src[t*in:][:in]
		for ci, v := range row {
			dst[ci*area+t] = v
		}
	}
}

// copyLanes fills dst with rows of nr elements that lie pitch apart in src.
func copyLanes(dst, src []float32, nr, pitch int) {
	const lanes = matrix.TileCols
	if nr != lanes {
		for ; len(dst) > 0; dst = dst[nr:] {
			copy(dst[:nr], src)
			src = src[min(pitch, len(src)):]
		}
		return
	}
	for ; len(dst) >= lanes; dst = dst[lanes:] {
		*(*[lanes]float32)(dst) = [lanes]float32(src)
		src = src[min(pitch, len(src)):]
	}
}

// oddPitch is a distance between rows of the given size: an odd number of cache
// lines, lest elements at the same place in all rows lie in the same set of the
// cache.
func oddPitch(size int) int {
	lines := (size + work.AlignFloats - 1) / work.AlignFloats
	return (lines | 1) * work.AlignFloats
}

// crowded reports whether cache lines at this distance leave most of the 64
// sets of the first-level cache unused: they fall into 16 of them or fewer.
func crowded(distance int) bool { return distance%(4*work.AlignFloats) == 0 }
