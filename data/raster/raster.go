package raster

import (
	"fmt"
	"image"
	"image/draw"
)

// A Raster is a picture of any size as 8-bit values, C×H×W: channel by channel,
// row by row.
type Raster struct {
	Channels, Height, Width int
	// Pix holds Channels·Height·Width values.
	Pix []uint8
}

// New returns a black picture.
func New(channels, height, width int) *Raster {
	return &Raster{channels, height, width, make([]uint8, channels*height*width)}
}

// Reset makes r a picture of the given size whose contents are undefined. It
// allocates only where r's memory is too small.
func (r *Raster) Reset(channels, height, width int) {
	r.Channels, r.Height, r.Width, r.Pix = channels, height, width, grow(r.Pix, channels*height*width)
}

// CopyFrom makes r a copy of src.
func (r *Raster) CopyFrom(src *Raster) {
	r.Reset(src.Channels, src.Height, src.Width)
	copy(r.Pix, src.Pix)
}

// grow returns a slice of length n, reusing s where it can hold that.
func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// Plane returns the values of a channel, Height·Width of them.
func (r *Raster) Plane(channel int) []uint8 {
	size := r.Height * r.Width
	return r.Pix[channel*size : (channel+1)*size : (channel+1)*size]
}

// Check says why the picture cannot be used: a size below 1, or another number
// of values than its size needs.
func (r *Raster) Check() error {
	switch {
	case r.Channels < 1 || r.Height < 1 || r.Width < 1:
		return fmt.Errorf("a picture of %d×%d×%d values: want C×H×W, each at least 1", r.Channels, r.Height, r.Width)
	case len(r.Pix) != r.Channels*r.Height*r.Width:
		return fmt.Errorf("a picture of %d×%d×%d has %d values: want %d", r.Channels, r.Height, r.Width, len(r.Pix), r.Channels*r.Height*r.Width)
	}
	return nil
}

// Image returns the picture in the form of package image: grey for one channel,
// else red, green and blue of the first three.
func (r *Raster) Image() image.Image {
	bounds := image.Rect(0, 0, r.Width, r.Height)
	if r.Channels < 3 {
		grey := image.NewGray(bounds)
		copy(grey.Pix, r.Plane(0))
		return grey
	}
	out := image.NewNRGBA(bounds)
	red, green, blue := r.Plane(0), r.Plane(1), r.Plane(2)
	for i := range red {
		out.Pix[4*i], out.Pix[4*i+1], out.Pix[4*i+2], out.Pix[4*i+3] = red[i], green[i], blue[i], 255
	}
	return out
}

// FromImage returns the values of a picture, its transparent pixels on white.
// One channel is the luma of ITU-R 601, as Pillow rounds it; three are red, green
// and blue. The picture must not be empty.
func FromImage(picture image.Image, channels int) *Raster {
	r := &Raster{}
	r.SetImage(picture, channels)
	return r
}

// SetImage makes r what FromImage returns, and uses its memory.
func (r *Raster) SetImage(picture image.Image, channels int) {
	bounds := picture.Bounds()
	w, h := bounds.Dx(), bounds.Dy()
	r.Reset(channels, h, w)
	if grey, ok := picture.(*image.Gray); ok && channels == 1 {
		for y := range h {
			copy(r.Pix[y*w:(y+1)*w], grey.Pix[grey.PixOffset(bounds.Min.X, bounds.Min.Y+y):])
		}
		return
	}
	var strip *image.RGBA
	for y := range h {
		row := opaqueRow(picture, bounds.Min.Y+y)
		if row == nil {
			if strip == nil {
				strip = image.NewRGBA(image.Rect(0, 0, w, 1))
			}
			draw.Draw(strip, strip.Rect, image.White, image.Point{}, draw.Src)
			draw.Draw(strip, strip.Rect, picture, bounds.Min.Add(image.Pt(0, y)), draw.Over)
			row = strip.Pix
		}
		r.setRow(y, row)
	}
}

// opaqueRow returns a row of a picture, red, green, blue and 255 for each pixel, if
// it is there in this form.
func opaqueRow(picture image.Image, y int) []uint8 {
	var row []uint8
	switch p := picture.(type) {
	case *image.RGBA:
		row = p.Pix[p.PixOffset(p.Rect.Min.X, y):][:4*p.Rect.Dx()]
	case *image.NRGBA:
		row = p.Pix[p.PixOffset(p.Rect.Min.X, y):][:4*p.Rect.Dx()]
	}
	all := uint8(255)
	for i := 3; i < len(row); i += 4 {
		all &= row[i]
	}
	if all != 255 {
		return nil
	}
	return row
}

// setRow sets a row to pixels of red, green, blue and a fourth byte.
func (r *Raster) setRow(y int, pixels []uint8) {
	w := r.Width
	if r.Channels == 1 {
		for x := range r.Pix[y*w:][:w] {
			r.Pix[y*w+x] = Luma(pixels[4*x], pixels[4*x+1], pixels[4*x+2])
		}
		return
	}
	red, green, blue := r.Plane(0)[y*w:][:w], r.Plane(1)[y*w:][:w], r.Plane(2)[y*w:][:w]
	pixels = pixels[:4*w]
	for x := range red {
		p := pixels[4*x : 4*x+3 : 4*x+3]
		red[x], green[x], blue[x] = p[0], p[1], p[2]
	}
}

// Convert makes r src with 1 or 3 channels: the luma of red, green and blue, as
// FromImage has it, or grey three times.
func (r *Raster) Convert(src *Raster, channels int) {
	if src.Channels == channels {
		r.CopyFrom(src)
		return
	}
	r.Reset(channels, src.Height, src.Width)
	if channels == 1 {
		red, green, blue := src.colours()
		for i := range r.Plane(0) {
			r.Pix[i] = Luma(red[i], green[i], blue[i])
		}
		return
	}
	for channel := range channels {
		copy(r.Plane(channel), src.Plane(0))
	}
}

// Luma is 0.299 R + 0.587 G + 0.114 B in Pillow's fixed-point arithmetic.
func Luma(r, g, b uint8) uint8 {
	return uint8((19595*uint32(r) + 38470*uint32(g) + 7471*uint32(b) + 1<<15) >> 16)
}
