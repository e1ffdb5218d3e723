package imagefile

import (
	"bufio"
	"bytes"
	"image"
	"io"
	"math"

	"github.com/strideml/stride/data/png"
	"github.com/strideml/stride/data/raster"
)

// pngName is the kind of picture that package png decodes.
const pngName = "PNG"

// pngHeader is the number of bytes up to the end of a PNG file's header.
const pngHeader = 33

// decodePNG decodes a PNG file to an image of package image. Decoder.readPNG makes planes.
func decodePNG(in *bufio.Reader, check checkSize) (image.Image, raster.Orientation, error) {
	start, err := in.Peek(pngHeader)
	if err != nil && err != io.EOF {
		return nil, 1, err
	}
	info, err := png.ReadInfo(bytes.NewReader(start))
	if err != nil {
		return nil, 1, err
	}
	if err := check(info.Width, info.Height); err != nil {
		return nil, 1, err
	}
	var d png.Decoder
	picture, err := d.DecodeImage(in, png.Options{MaxPixels: math.MaxInt})
	return picture, pngOrientation(d.Info()), err
}

// readPNG decodes a PNG file into d.stored.
func (d *Decoder) readPNG(in io.Reader, channels int, options Options) (Decoded, error) {
	color := png.RGB
	if channels == 1 {
		color = png.Gray
	}
	if err := d.png.Decode(&d.stored, in, png.Options{MaxPixels: options.maxPixels(), Color: color}); err != nil {
		return Decoded{}, err
	}
	return d.whole(pngOrientation(d.png.Info())), nil
}

// pngOrientation says how a picture must be turned. Compressed XMP is not looked into.
func pngOrientation(i png.Info) raster.Orientation {
	return metadata{exif: i.EXIF, xmp: i.XMP}.orientation()
}
