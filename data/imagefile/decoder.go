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
	"github.com/strideml/stride/data/png"
	"github.com/strideml/stride/data/raster"
)

// A Decoder reads picture files into rasters: 8-bit planes, grey for one channel and
// red, green and blue for three, with transparent pixels on white. The values are those
// of raster.FromImage of what Open returns.
//
// It keeps its memory for the next picture: decoding a JPEG or PNG file that is in memory
// allocates nothing in steady state, but for EXIF and XMP of a PNG file. The zero value is ready. It is not safe for
// concurrent use.
type Decoder struct {
	// AsStored leaves pictures as they are stored: Decoded.Orientation says how they
	// must be turned. By default they come upright.
	AsStored bool

	jpeg   jpeg.Decoder
	png    png.Decoder
	file   []byte        // a JPEG file that is read from elsewhere
	stored raster.Raster // a picture before it is turned
	memory bytes.Reader
	in     bufio.Reader
}

// Decoded says what a Decoder has decoded.
type Decoded struct {
	// Size is the size of the picture in the file, upright. The raster has it, too, unless
	// it is as stored or Options.Draft has made it smaller.
	Size image.Point
	// Orientation says how the raster must be turned to stand upright; 1 is not at all.
	Orientation raster.Orientation
}

// Open reads the picture in a file into dst, with 1 or 3 channels. Errors are those of
// the function Open; after one, dst is undefined.
func (d *Decoder) Open(dst *raster.Raster, path string, channels int, options Options) (Decoded, error) {
	f, err := openFile(path)
	if err != nil {
		return Decoded{}, err
	}
	defer f.Close()
	return d.Read(dst, f, path, channels, options)
}

// Read is Open of what a reader gives; the name is for errors.
func (d *Decoder) Read(dst *raster.Raster, r io.Reader, name string, channels int, options Options) (what Decoded, err error) {
	defer recoverDecoder(name, &err)
	d.in.Reset(r)
	defer d.in.Reset(nil)
	kind, err := recognize(&d.in, name)
	if err != nil {
		return Decoded{}, err
	}
	if kind.name == jpegName {
		if err := d.readJPEG(&d.in, options.check(name)); err != nil {
			return Decoded{}, options.explain(name, jpegName, err)
		}
		return d.decodeJPEG(dst, d.file, name, channels, options)
	}
	if kind.name == pngName {
		what, err := d.readPNG(&d.in, channels, options)
		if err != nil {
			return Decoded{}, options.explain(name, pngName, err)
		}
		return d.turn(dst, what), nil
	}
	picture, o, err := kind.picture(&d.in, name, options)
	if err != nil {
		return Decoded{}, err
	}
	d.stored.SetImage(picture, channels)
	return d.turn(dst, d.whole(o)), nil
}

// Decode is Open of a file that is in memory; the name is for errors.
func (d *Decoder) Decode(dst *raster.Raster, file []byte, name string, channels int, options Options) (what Decoded, err error) {
	if k, ok := kindOf(file[:min(len(file), signatureLength)]); ok && k.name == jpegName {
		defer recoverDecoder(name, &err)
		return d.decodeJPEG(dst, file, name, channels, options)
	}
	d.memory.Reset(file)
	defer d.memory.Reset(nil)
	return d.Read(dst, &d.memory, name, channels, options)
}

// whole is what is decoded when d.stored has the whole picture.
func (d *Decoder) whole(o raster.Orientation) Decoded {
	size := image.Pt(d.stored.Width, d.stored.Height)
	if o.Swaps() {
		size = image.Pt(size.Y, size.X)
	}
	return Decoded{size, o}
}

// turn makes dst the stored picture, upright unless d.AsStored.
func (d *Decoder) turn(dst *raster.Raster, what Decoded) Decoded {
	if d.AsStored || what.Orientation == 1 {
		*dst, d.stored = d.stored, *dst
		return what
	}
	raster.Upright(dst, &d.stored, what.Orientation)
	return Decoded{what.Size, 1}
}

func (d *Decoder) decodeJPEG(dst *raster.Raster, file []byte, name string, channels int, options Options) (Decoded, error) {
	color := jpeg.RGB
	if channels == 1 {
		color = jpeg.Gray
	}
	what, err := d.fromJPEG(&d.stored, file, name, color, options)
	if err != nil {
		return Decoded{}, options.explain(name, jpegName, err)
	}
	return d.turn(dst, what), nil
}

// decoders are for the functions Open and Decode; they turn pictures.
var decoders = sync.Pool{New: func() any { return new(Decoder) }}

// jpegImage decodes a JPEG file to an image of package image.
func jpegImage(in io.Reader, name string, options Options) (image.Image, error) {
	d := decoders.Get().(*Decoder)
	if err := d.readJPEG(in, options.check(name)); err != nil {
		return nil, options.explain(name, jpegName, err)
	}
	var upright raster.Raster
	what, err := d.fromJPEG(&d.stored, d.file, name, jpeg.Stored, options)
	if err != nil {
		return nil, options.explain(name, jpegName, err)
	}
	d.turn(&upright, what)
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
	if size := (*png.SizeError)(nil); errors.As(err, &size) {
		if err := o.check(name)(size.Width, size.Height); err != nil {
			return err
		}
	}
	return damaged(name, format, err)
}
