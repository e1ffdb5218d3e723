package conv

import (
	"github.com/strideml/stride/engine/cpu/internal/kernel/matrix"
	"github.com/strideml/stride/engine/cpu/internal/work"
)

// In bfloat16 (Problem.BF16) a task rounds the pixels that it reads while it copies them to its
// frame: the channels of a group become pairs, the last one with a zero if their number is odd. Weights
// are rounded when they are packed, for each tap in pairs of the same channels. Sums, biases and all that
// follows are float32, and so are the images in memory.

// gathered reports whether the frame has no other pixels than those of the grid: of a 1×1 convolution with a
// stride in bfloat16.
func (g *geometry) gathered() bool {
	return g.pairs && !g.borders && !g.planar && len(g.phases) == 1 && len(g.phases[0].taps) == 1 && g.phases[0].taps[0] == tap{}
}

// pairPitch is the distance between the pixels of a frame of pairs. Pixels a multiple of 4 KB apart would all lie in one
// set of the first-level cache.
func (g *geometry) pairPitch() int {
	n := g.groups * g.in()
	if n%1024 == 0 {
		n += matrix.TileCols
	}
	return n
}

// fillPairs is fillFrame for pairs.
func (g *geometry) fillPairs(dst, source []float32, from, count, y0 int) {
	rows, pitch := g.frameRows(g.rows), g.sourcePitch()
	for i := range count {
		frame := dst[i*rows*g.frame.width*pitch:]
		y := y0*g.srcStep[0] - g.frame.top
		image := source[(from+i)*g.source.Size():]
		for r := range rows {
			row := frame[r*g.frame.width*pitch:][:g.frame.width*pitch]
			switch at := y + r; {
			case g.gathered():
				if at = (y0 + r) * g.srcStep[0]; at < g.source.H {
					g.roundRow(row, image[at*g.source.W*g.source.Pitch:], g.frame.width, g.source.Pitch*g.srcStep[1])
				}
			case at < 0 || at >= g.source.H:
				clear(row)
			default:
				left := g.frame.left
				keep := min(g.frame.width-left, g.source.W)
				clear(row[:left*pitch])
				g.roundRow(row[left*pitch:], image[at*g.source.W*g.source.Pitch:], keep, g.source.Pitch)
				clear(row[(left+keep)*pitch:])
			}
		}
	}
}

// roundRow rounds a number of pixels that are step floats apart.
func (g *geometry) roundRow(dst, src []float32, pixels, step int) {
	if g.groups == 1 {
		roundPixels(dst, src, pixels, g.source.C, step, g.sourcePitch())
		return
	}
	n := g.source.C / g.groups
	for i := range pixels {
		for gr := range g.groups {
			matrix.Round(dst[i*g.sourcePitch()+gr*g.in():], src[i*step+gr*n:][:n])
		}
	}
}

// roundPixels rounds pixels of some channels, step floats apart, to pixels of pairs that are pitch apart.
func roundPixels(dst, src []float32, pixels, channels, step, pitch int) {
	if channels == step && channels == 2*pitch {
		matrix.Round(dst, src[:pixels*channels])
		return
	}
	for i := range pixels {
		matrix.Round(dst[i*pitch:], src[i*step:][:channels])
	}
}

// noWeights are the partners of the last one of an odd number of rows of weights.
var noWeights [matrix.TileCols]float32

// packPairs packs the weights of one tap in pairs of source channels, in of them, whose rows are step floats
// apart.
func packPairs(dst, rows []float32, in, step int) {
	const nr = matrix.TileCols
	for ci := 0; ci < in; ci += 2 {
		odd := noWeights[:]
		if ci+1 < in {
			odd = rows[(ci+1)*step:]
		}
		matrix.RoundRows(dst[ci/2*nr:], rows[ci*step:][:nr], odd)
	}
}

// callPixels is how many pixels a weight gradient sums in one call of the kernel.
func (g *WeightGradient) callPixels() int {
	if g.pixelPairs {
		return 2 * work.Limit.PixelTerms
	}
	return work.Limit.PixelTerms
}

// roundPanels is copyPanels in pairs of pixels. The partner of a last one is zero.
func (g *WeightGradient) roundPanels(dst, dy []float32, k, terms, from, to int) {
	const nr = matrix.TileCols
	off := g.bOff[k : k+terms]
	for panel := from; panel < to; panel++ {
		cols := min(nr, g.out.C-panel*nr)
		rows := dst[(panel-from)*work.Limit.PixelTerms*nr:]
		for i := 0; i < terms; i += 2 {
			odd := noWeights[:]
			if i+1 < terms {
				odd = dy[int(off[i+1])+panel*nr:]
			}
			matrix.RoundRows(rows[i/2*nr:], dy[int(off[i])+panel*nr:][:cols], odd)
		}
	}
}

// roundRuns is copyRuns in pairs of pixels.
func (g *WeightGradient) roundRuns(dst, x []float32, k, terms int) {
	off := g.aOff[k : k+terms]
	for i := 0; i < terms; i += 2 {
		to, even := dst[g.packedA[i/2]:], x[off[i]:][:g.run]
		if i+1 < terms {
			matrix.RoundRows(to, even, x[off[i+1]:])
		} else {
			matrix.RoundRows(to, even, g.zeros)
		}
	}
}
