package imagefile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"image"
	"io"
	"slices"
	"sync"

	"github.com/strideml/stride/data/jpeg"
	"github.com/strideml/stride/data/raster"
)

// A Decoder reads picture files into rasters: 8-bit planes, grey for one channel and
// red, green and blue for three, with transparent pixels on white. The values are those
// of raster.FromImage of what Open returns.
//
// It keeps its memory for the next picture: decoding a JPEG file that is in memory
// allocates nothing in steady state. The zero value is ready. It is not safe for
// concurrent use.
type Decoder struct {
	// AsStored leaves pictures as they are stored: Decoded.Orientation says how they
	// must be turned. By default they come upright.
	AsStored bool

	jpeg   jpeg.Decoder
	png    pngDecoder
	file   []byte        // a JPEG or PNG file that is read from elsewhere
	other  raster.Raster // a picture before its channels are converted
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
		if err := d.readFile(&d.in, options.check(name), jpegSize); err != nil {
			return Decoded{}, options.explain(name, jpegName, err)
		}
		return d.decodeJPEG(dst, d.file, name, channels, options)
	}
	in := &d.in
	if kind.name == pngName {
		if err := d.readFile(&d.in, options.check(name), pngSize); err != nil {
			return Decoded{}, options.explain(name, pngName, err)
		}
		if what, ok := d.fastPNG(dst, d.file, channels); ok {
			return what, nil
		}
		in = bufio.NewReader(io.MultiReader(bytes.NewReader(d.file), &d.in))
	}
	picture, o, err := kind.picture(in, name, options)
	if err != nil {
		return Decoded{}, err
	}
	d.stored.SetImage(picture, channels)
	return d.turn(dst, d.decoded(o)), nil
}

// fastPNG decodes a PNG file, if it is one of the usual ones.
func (d *Decoder) fastPNG(dst *raster.Raster, file []byte, channels int) (Decoded, bool) {
	o, ok := d.png.decode(&d.stored, file)
	if !ok {
		return Decoded{}, false
	}
	if d.stored.Channels != channels {
		d.other.Convert(&d.stored, channels)
		d.stored, d.other = d.other, d.stored
	}
	return d.turn(dst, d.decoded(o)), true
}

// decoded describes d.stored, which has its whole size.
func (d *Decoder) decoded(o raster.Orientation) Decoded {
	size := image.Pt(d.stored.Width, d.stored.Height)
	if o.Swaps() {
		size = image.Pt(size.Y, size.X)
	}
	return Decoded{size, o}
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

// readFile reads a file into d.file, as soon as the picture's size is known no more than
// a picture of that size can take: bytes that follow it may be a video.
func (d *Decoder) readFile(in io.Reader, check checkSize, sizeOf func(file []byte) (width, height int)) error {
	const (
		first        = 64 << 10
		mostMetadata = 64 << 20
		mostForPixel = 8
	)
	d.file = d.file[:0]
	for most, known := mostMetadata, false; len(d.file) < most; {
		size := max(first, len(d.file))
		d.file = slices.Grow(d.file, size)
		n, err := io.ReadFull(in, d.file[len(d.file):][:min(size, most-len(d.file))])
		d.file = d.file[:len(d.file)+n]
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			break
		}
		if err != nil {
			return err
		}
		if width, height := sizeOf(d.file); !known && width > 0 && height > 0 {
			known = true
			if err := check(width, height); err != nil {
				return err
			}
			most += mostForPixel * width * height
		}
	}
	return nil
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
	if err := d.readFile(in, options.check(name), jpegSize); err != nil {
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
	return damaged(name, format, err)
}
