package imagefile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"image"
	"io"
	"sync"

	"github.com/strideml/stride/data/jpeg"
	"github.com/strideml/stride/data/raster"
)

// A Decoder reads picture files into rasters: 8-bit planes, upright, grey for one
// channel and red, green and blue for three, with transparent pixels on white. The
// values are those of raster.FromImage of what Open returns.
//
// It keeps its memory for the next picture: decoding a JPEG file that is in memory allocates
// nothing in steady state. The zero value is ready. It is not safe for concurrent use.
type Decoder struct {
	jpeg   jpeg.Decoder
	file   []byte        // a JPEG file that is read from elsewhere
	stored raster.Raster // the picture before it is turned
	memory bytes.Reader
	in     bufio.Reader
}

// Open reads the picture in a file into dst, with 1 or 3 channels. It returns the
// picture's size, upright: that of dst unless Options.Draft has made dst smaller.
// Errors are those of the function Open; after one, dst is undefined.
func (d *Decoder) Open(dst *raster.Raster, path string, channels int, options Options) (image.Point, error) {
	f, err := openFile(path)
	if err != nil {
		return image.Point{}, err
	}
	defer f.Close()
	return d.Read(dst, f, path, channels, options)
}

// Read is Open of what a reader gives; the name is for errors.
func (d *Decoder) Read(dst *raster.Raster, r io.Reader, name string, channels int, options Options) (size image.Point, err error) {
	o, size, err := d.ReadStored(&d.stored, r, name, channels, options)
	return d.turn(dst, o, size, err)
}

// Decode is Open of a file that is in memory; the name is for errors.
func (d *Decoder) Decode(dst *raster.Raster, file []byte, name string, channels int, options Options) (size image.Point, err error) {
	o, size, err := d.DecodeStored(&d.stored, file, name, channels, options)
	return d.turn(dst, o, size, err)
}

// turn makes dst the stored picture, upright.
func (d *Decoder) turn(dst *raster.Raster, o raster.Orientation, size image.Point, err error) (image.Point, error) {
	switch {
	case err != nil:
		return image.Point{}, err
	case o == 1:
		*dst, d.stored = d.stored, *dst
	default:
		raster.Upright(dst, &d.stored, o)
	}
	return size, nil
}

// ReadStored is Read without turning the picture: it returns how that is to be done.
func (d *Decoder) ReadStored(dst *raster.Raster, r io.Reader, name string, channels int, options Options) (o raster.Orientation, size image.Point, err error) {
	defer recoverDecoder(name, &err)
	d.in.Reset(r)
	defer d.in.Reset(nil)
	kind, err := recognize(&d.in, name)
	if err != nil {
		return 1, image.Point{}, err
	}
	if kind.name != jpegName {
		return d.fromImage(dst, kind, name, channels, options)
	}
	if err := d.readJPEG(&d.in, options.check(name)); err != nil {
		return 1, image.Point{}, options.explain(name, jpegName, err)
	}
	return d.decodeJPEG(dst, d.file, name, channels, options)
}

// DecodeStored is Decode without turning the picture: it returns how that is to be
// done.
func (d *Decoder) DecodeStored(dst *raster.Raster, file []byte, name string, channels int, options Options) (o raster.Orientation, size image.Point, err error) {
	if k, ok := kindOf(file[:min(len(file), signatureLength)]); ok && k.name == jpegName {
		defer recoverDecoder(name, &err)
		return d.decodeJPEG(dst, file, name, channels, options)
	}
	d.memory.Reset(file)
	defer d.memory.Reset(nil)
	return d.ReadStored(dst, &d.memory, name, channels, options)
}

func (d *Decoder) decodeJPEG(dst *raster.Raster, file []byte, name string, channels int, options Options) (raster.Orientation, image.Point, error) {
	color := jpeg.RGB
	if channels == 1 {
		color = jpeg.Gray
	}
	o, size, err := d.fromJPEG(dst, file, name, color, options)
	if err != nil {
		return 1, image.Point{}, options.explain(name, jpegName, err)
	}
	return o, size, nil
}

// fromImage reads a picture of another kind, by way of package image.
func (d *Decoder) fromImage(dst *raster.Raster, k kind, name string, channels int, options Options) (raster.Orientation, image.Point, error) {
	picture, o, err := k.picture(&d.in, name, options)
	if err != nil {
		return 1, image.Point{}, err
	}
	dst.SetImage(picture, channels)
	size := image.Pt(dst.Width, dst.Height)
	if o.Swaps() {
		size = image.Pt(size.Y, size.X)
	}
	return o, size, nil
}

// decoders are for Open and Decode.
var decoders = sync.Pool{New: func() any { return new(Decoder) }}

// jpegImage decodes a JPEG file to an image of package image.
func jpegImage(in io.Reader, name string, options Options) (image.Image, error) {
	d := decoders.Get().(*Decoder)
	if err := d.readJPEG(in, options.check(name)); err != nil {
		return nil, options.explain(name, jpegName, err)
	}
	var upright raster.Raster
	o, size, err := d.fromJPEG(&d.stored, d.file, name, jpeg.Stored, options)
	if err != nil {
		err = options.explain(name, jpegName, err)
	}
	if _, err = d.turn(&upright, o, size, err); err != nil {
		return nil, err
	}
	decoders.Put(d)
	return upright.Image(), nil
}

// picture reads a picture that is no JPEG file, as it is stored.
func (k kind) picture(in *bufio.Reader, name string, options Options) (image.Image, raster.Orientation, error) {
	picture, turned, err := k.decode(in, options.check(name))
	if err != nil {
		return nil, 1, options.explain(name, k.name, err)
	}
	if picture.Bounds().Empty() {
		return nil, 1, fmt.Errorf("%s holds an empty picture", name)
	}
	return picture, turned, nil
}

// explain makes of a decoder's error a sentence that names the file.
func (o Options) explain(name, format string, err error) error {
	if size := (*sizeError)(nil); errors.As(err, &size) {
		return size
	}
	return damaged(name, format, err)
}
