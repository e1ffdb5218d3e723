package imagefile

import (
	"image"
	"image/draw"
	"regexp"

	"github.com/strideml/stride/data/internal/exif"
	"github.com/strideml/stride/data/raster"
)

// metadata is what a picture file may hold to say how it was turned.
type metadata struct{ exif, xmp []byte }

// mostMetadata is the largest chunk of metadata that is read: more is not for the
// sake of one number.
const mostMetadata = 1 << 20

// orientation is that of EXIF, or of XMP where EXIF has none. What is missing or
// makes no sense counts as upright.
func (m metadata) orientation() raster.Orientation {
	if o := exif.Orientation(m.exif); o != 0 {
		return raster.Orientation(o)
	}
	if found := xmpOrientation.FindSubmatch(m.xmp); found != nil {
		return raster.Orientation(found[1][0] - '0')
	}
	return 1
}

// xmpOrientation finds the orientation in XMP, as an attribute or an element.
var xmpOrientation = regexp.MustCompile(`tiff:Orientation(?:="|>)([1-8])[^0-9]`)

// upright turns a picture that was stored with this orientation.
func upright(picture image.Image, o raster.Orientation) image.Image {
	if o <= 1 || o > 8 {
		return picture
	}
	bounds := picture.Bounds()
	w, h := bounds.Dx(), bounds.Dy()
	size := image.Rect(0, 0, w, h)
	if o.Swaps() {
		size = image.Rect(0, 0, h, w)
	}
	if grey, ok := picture.(*image.Gray); ok {
		out := image.NewGray(size)
		for y := range h {
			row := grey.Pix[grey.PixOffset(bounds.Min.X, bounds.Min.Y+y):][:w]
			for x, v := range row {
				toX, toY := place(o, x, y, w, h)
				out.Pix[toY*out.Stride+toX] = v
			}
		}
		return out
	}
	if colours, ok := picture.(*image.NRGBA); ok { // exact where it is transparent
		out := image.NewNRGBA(size)
		for y := range h {
			row := colours.Pix[colours.PixOffset(bounds.Min.X, bounds.Min.Y+y):][:4*w]
			for x := range w {
				toX, toY := place(o, x, y, w, h)
				copy(out.Pix[toY*out.Stride+4*toX:][:4], row[4*x:])
			}
		}
		return out
	}
	out := image.NewRGBA(size)
	line := image.NewRGBA(image.Rect(0, 0, w, 1))
	for y := range h {
		draw.Draw(line, line.Rect, picture, bounds.Min.Add(image.Pt(0, y)), draw.Src)
		for x := range w {
			toX, toY := place(o, x, y, w, h)
			copy(out.Pix[toY*out.Stride+4*toX:][:4], line.Pix[4*x:])
		}
	}
	return out
}

// place says where the stored pixel x, y of a w×h picture belongs.
func place(o raster.Orientation, x, y, w, h int) (toX, toY int) {
	switch o {
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6:
		return h - 1 - y, x
	case 7:
		return h - 1 - y, w - 1 - x
	case 8:
		return y, w - 1 - x
	}
	return x, y
}
