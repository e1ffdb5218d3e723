package conv

import (
	"github.com/strideml/stride/engine/cpu/internal/kernel/winograd"
	"github.com/strideml/stride/engine/cpu/internal/strided"
	"github.com/strideml/stride/engine/cpu/internal/work"
)

// A tileReader transforms the tiles of images to points. Tiles are numbered
// row by row, from one image to the next. They may hang over the border of
// their image, beyond which there are zeros.
type tileReader struct {
	*winograd.Transform
	im     strided.Image
	grid   [2]int // tiles of an image
	step   int    // from tile to tile, in pixels
	pad    [2]int // zeros above and to the left of an image
	framed bool   // copy images, with zeros around them
}

// newTileReader decides how tiles at the border are read: where most of them
// are, as in small images, an image is copied as a whole.
func newTileReader(t *winograd.Transform, im strided.Image, grid [2]int, step int, pad [2]int) tileReader {
	r := tileReader{Transform: t, im: im, grid: grid, step: step, pad: pad}
	over := 0
	for y := range grid[0] {
		for x := range grid[1] {
			if !r.inside(y, x) {
				over++
			}
		}
	}
	h, w := r.frame(grid[0])
	r.framed = over*t.From()*t.From() > h*w && h*w*tileChannels <= work.Limit.FrameFloats
	return r
}

// tileChannels is how many channels are copied with zeros around them at a time:
// few enough for the cache.
const tileChannels = strided.BlockChannels

// scratch is the memory that read needs.
func (r *tileReader) scratch() int {
	if !r.framed {
		return r.From() * r.From() * tileChannels
	}
	h, w := r.frame(r.grid[0])
	return h * w * tileChannels
}

// frame is the size in pixels of rows of tiles with all that they reach.
func (r *tileReader) frame(rows int) (h, w int) {
	beyond := r.From() - r.step
	return rows*r.step + beyond, r.grid[1]*r.step + beyond
}

// inside reports whether a tile lies within its image.
func (r *tileReader) inside(y, x int) bool {
	n := r.From()
	y, x = y*r.step-r.pad[0], x*r.step-r.pad[1]
	return y >= 0 && x >= 0 && y+n <= r.im.H && x+n <= r.im.W
}

// read transforms the tiles from ≤ t < to. The points of a tile are pointPitch
// apart, those of successive tiles tilePitch.
func (r *tileReader) read(dst []float32, tilePitch, pointPitch int, pixels []float32, from, to int, scratch []float32) {
	args := winograd.TransformArgs{DstRow: r.To() * pointPitch, DstCol: pointPitch}
	perImage := r.grid[0] * r.grid[1]
	for at := from; at < to; {
		image := at / perImage
		start, end := at%perImage, min(to-image*perImage, perImage)
		r.readImage(args, dst[(at-from)*tilePitch:], tilePitch, pixels[image*r.im.Size():], start, end, scratch)
		at += end - start
	}
}

// readImage transforms some tiles of one image.
func (r *tileReader) readImage(args winograd.TransformArgs, dst []float32, tilePitch int, pixels []float32, from, to int, scratch []float32) {
	if !r.framed {
		for t := from; t < to; t++ {
			r.readTile(args, dst[(t-from)*tilePitch:], pixels, t/r.grid[1], t%r.grid[1], scratch)
		}
		return
	}
	y0 := from / r.grid[1]
	h, w := r.frame((to-1)/r.grid[1] + 1 - y0)
	for c := 0; c < r.im.C; c += tileChannels {
		args.N = min(tileChannels, r.im.C-c)
		args.SrcRow, args.SrcCol = w*args.N, args.N
		r.im.CopyPadded(scratch, pixels[c:], args.N, y0*r.step-r.pad[0], -r.pad[1], h, w)
		for t := from; t < to; t++ {
			args.Src = &scratch[((t/r.grid[1]-y0)*w+t%r.grid[1])*r.step*args.N]
			args.Dst = &dst[(t-from)*tilePitch+c]
			r.Apply(&args)
		}
	}
}

// readTile transforms one tile, where it lies if it is inside the image.
func (r *tileReader) readTile(args winograd.TransformArgs, dst, pixels []float32, y, x int, scratch []float32) {
	inside, n := r.inside(y, x), r.From()
	y, x = y*r.step-r.pad[0], x*r.step-r.pad[1]
	if inside {
		args.Src, args.SrcRow, args.SrcCol = &pixels[(y*r.im.W+x)*r.im.Pitch], r.im.W*r.im.Pitch, r.im.Pitch
		args.Dst, args.N = &dst[0], r.im.C
		r.Apply(&args)
		return
	}
	for c := 0; c < r.im.C; c += tileChannels {
		args.N = min(tileChannels, r.im.C-c)
		args.Src, args.SrcRow, args.SrcCol = &scratch[0], n*args.N, args.N
		r.im.CopyPadded(scratch, pixels[c:], args.N, y, x, n, n)
		args.Dst = &dst[c]
		r.Apply(&args)
	}
}
