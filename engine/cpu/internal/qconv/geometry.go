package qconv

import (
	"github.com/strideml/stride/engine/cpu/internal/strided"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// A geometry is what all plans know of a convolution: its images, and the frame with padding that blocks of
// the source are copied to.
type geometry struct {
	n           int
	source, out strided.Image // their sizes count bytes, or floats of a float result
	kernel      [2]int
	op          graph.Conv2DOp

	framed    bool // sources have padding
	top, left int  // rows and columns of the frame before the first pixel
	width     int  // pixels of a row of the frame, or of the source

	images, rows int // of a block: some rows of one image, or all of some images
}

func newGeometry(op graph.Conv2DOp, x, w, y tensor.Shape) geometry {
	g := geometry{n: x[0], source: strided.ImageOf(x), out: strided.ImageOf(y), kernel: [2]int{w[2], w[3]}, op: op}
	g.width = g.source.W
	var end [2]int // of what the windows cover, from the first pixel
	for i, size := range [2]int{g.out.H, g.out.W} {
		end[i] = (size-1)*op.Stride[i] + (g.kernel[i]-1)*op.Dilation[i] + 1 - op.Pad[i]
	}
	g.framed = op.Pad != [2]int{} || end[0] > g.source.H || end[1] > g.source.W
	if g.framed {
		g.top, g.left = op.Pad[0], op.Pad[1]
		g.width = g.left + end[1]
	}
	return g
}

// pixelStep is the distance between neighbours along a row of what sums are taken of.
func (g *geometry) pixelStep() int {
	if g.framed {
		return g.source.C
	}
	return g.source.Pitch
}

// frameRows is the number of rows of the frame under some rows of the result.
func (g *geometry) frameRows(rows int) int {
	return (rows-1)*g.op.Stride[0] + (g.kernel[0]-1)*g.op.Dilation[0] + 1
}

// frameSize is the size in bytes of the frame under some rows of the result of one image, 0 if there is
// none.
func (g *geometry) frameSize(rows int) int {
	if !g.framed {
		return 0
	}
	return g.frameRows(rows) * g.width * g.source.C
}

func (g *geometry) imageBlocks() int { return (g.n + g.images - 1) / g.images }
func (g *geometry) rowBlocks() int   { return (g.out.H + g.rows - 1) / g.rows }

// block returns the first image and row of a block, and how many it has.
func (g *geometry) block(i int) (image, images, y, rows int) {
	image, y = i/g.rowBlocks()*g.images, i%g.rowBlocks()*g.rows
	return image, min(g.images, g.n-image), y, min(g.rows, g.out.H-y)
}

// sourceOf returns the source of a block: the frame in scratch memory, which it fills, or what begins with the
// block's first window.
func (g *geometry) sourceOf(scratch, source []byte, zero byte, image, images, y int) []byte {
	if !g.framed {
		return source[image*g.source.Size()+y*g.op.Stride[0]*g.width*g.source.Pitch:]
	}
	rows, size := g.frameRows(g.rows), g.width*g.source.C
	y = y*g.op.Stride[0] - g.top
	keep := max(0, min(g.width-g.left, g.source.W))
	for i := range images {
		from := source[(image+i)*g.source.Size():]
		for r := range rows {
			row := scratch[(i*rows+r)*size:][:size]
			if y+r < 0 || y+r >= g.source.H {
				fill(row, zero)
				continue
			}
			fill(row[:g.left*g.source.C], zero)
			g.copyPixels(row[g.left*g.source.C:][:keep*g.source.C], from[(y+r)*g.source.W*g.source.Pitch:])
			fill(row[(g.left+keep)*g.source.C:], zero)
		}
	}
	return scratch
}

// copyPixels copies pixels of the source to dst, where they are side by side.
func (g *geometry) copyPixels(dst, src []byte) {
	if g.source.Pitch == g.source.C {
		copy(dst, src)
		return
	}
	for at := 0; at < len(dst); at += g.source.C {
		copy(dst[at:][:g.source.C], src[at/g.source.C*g.source.Pitch:])
	}
}

func fill(row []byte, v byte) {
	if len(row) == 0 {
		return
	}
	row[0] = v
	for n := 1; n < len(row); n *= 2 {
		copy(row[n:], row[:n])
	}
}
