package png

import (
	"bufio"
	"encoding/binary"
	"errors"
	"image"
	"io"
	"math"

	"github.com/klauspost/compress/zlib"

	"github.com/strideml/stride/data/png/internal/kernel"
	"github.com/strideml/stride/data/raster"
)

// A Decoder decodes PNG files and keeps its memory for the next one: in steady state
// Decode allocates nothing for files without EXIF and XMP. The zero value is ready. It is not
// for concurrent use.
type Decoder struct {
	chunks
	info    Info
	stage   stage
	palette [256][4]uint8 // red, green, blue, alpha
	// transparent are the samples that tRNS declares transparent, if keyed.
	transparent [3]uint16
	keyed       bool

	pixels   io.ReadCloser // what the IDAT chunks inflate to
	deflated *bufio.Reader // of idat
	idat     idat
	one      [1]byte

	// Rows. raw is a filter and the filtered bytes.
	raw, row, above []uint8
	expanded        []uint8 // a row as grey, or as red, green, blue and alpha
	out             output
}

// stage is how far a file has been read. Chunks must come in this order.
type stage int

const (
	atHeader stage = iota
	afterHeader
	afterPalette
	afterTransparency
	afterPixels
)

// Decode decodes a file into dst, of which it keeps the memory if it is large enough: one
// channel or three, as options.Color says. It does not turn the picture. More may be read
// from r than the file has. After an error dst is undefined; it is io.ErrUnexpectedEOF, as
// errors.Is sees it, if the file is cut short.
func (d *Decoder) Decode(dst *raster.Raster, r io.Reader, options Options) error {
	return d.decode(r, options, func() {
		channels := 3
		if options.Color == Gray || options.Color == Stored && d.isGrey() {
			channels = 1
		}
		dst.Reset(channels, d.info.Height, d.info.Width)
		for i := range channels {
			d.out.planes[i] = dst.Plane(i)
		}
		d.out.channels = channels
	})
}

// DecodeImage is Decode to an image of package image, with transparency: an *image.Gray
// if the picture is grey without it, else an *image.NRGBA.
func (d *Decoder) DecodeImage(r io.Reader, options Options) (picture image.Image, err error) {
	err = d.decode(r, options, func() {
		bounds := image.Rect(0, 0, d.info.Width, d.info.Height)
		if d.isGrey() {
			grey := image.NewGray(bounds)
			d.out.channels, d.out.planes[0], picture = 1, grey.Pix, grey
			return
		}
		rgba := image.NewNRGBA(bounds)
		d.out.rgba, picture = rgba.Pix, rgba
	})
	if err != nil {
		return nil, err
	}
	return picture, nil
}

// Info is what the file says that was decoded last. EXIF and XMP are valid until the
// decoder reads another file. After an error it is undefined.
func (d *Decoder) Info() Info { return d.info }

// isGrey says that the picture is grey without transparency.
func (d *Decoder) isGrey() bool { return d.info.ColorType == TypeGray && !d.keyed }

// decode reads a file. start sets d.out when all is known that precedes the pixels.
func (d *Decoder) decode(r io.Reader, options Options, start func()) error {
	defer d.release()
	if err := d.begin(r); err != nil {
		return err
	}
	limit := options.MaxPixels
	if limit <= 0 {
		limit = DefaultMaxPixels
	}
	if d.info.Height > limit/d.info.Width || rowBytes(d.info.Width, d.bits()) > math.MaxInt/8 {
		return &SizeError{d.info.Width, d.info.Height, limit}
	}
	for {
		if err := d.next(); err != nil {
			return err
		}
		if d.name == "IDAT" && d.stage < afterPixels {
			if d.info.ColorType == TypePalette && d.stage < afterPalette {
				return FormatError("the palette is missing")
			}
			d.stage = afterPixels
			start()
			d.out.width = d.info.Width
			if err := d.decodePixels(); err != nil {
				return err
			}
			if d.name == "IDAT" {
				if err := d.skip(); err != nil {
					return err
				}
			}
			continue
		}
		if end, err := d.chunk(); end || err != nil {
			return err
		}
	}
}

// release drops what belongs to the caller.
func (d *Decoder) release() {
	d.in.Reset(nil)
	d.out = output{}
}

// decodePixels reads the IDAT chunks.
func (d *Decoder) decodePixels() error {
	d.idat = idat{chunks: &d.chunks}
	if d.deflated == nil {
		d.deflated = bufio.NewReaderSize(&d.idat, bufferSize)
	}
	d.deflated.Reset(&d.idat)
	if err := d.inflate(); err != nil {
		return d.explain(err)
	}
	n := int(rowBytes(d.info.Width, d.bits()))
	d.raw, d.row, d.above = grow(d.raw, n+1), grow(d.row, n), grow(d.above, n)
	passes := plain[:]
	if d.info.Interlaced {
		passes = adam7[:]
	}
	for _, p := range passes {
		if err := d.decodePass(p); err != nil {
			return err
		}
	}
	// The end of the data is read to verify their checksum.
	switch n, err := d.pixels.Read(d.one[:]); {
	case n > 0:
		return FormatError("there is more pixel data than the picture has")
	case err != io.EOF:
		return d.explain(err)
	}
	return nil
}

// inflate starts the decompression.
func (d *Decoder) inflate() (err error) {
	if d.pixels == nil {
		d.pixels, err = zlib.NewReader(d.deflated)
		if err != nil {
			d.pixels = nil
		}
		return err
	}
	return d.pixels.(zlib.Resetter).Reset(d.deflated, nil)
}

// explain says what an error of the decompression means.
func (d *Decoder) explain(err error) error {
	switch {
	case d.idat.err != nil: // that of the file below it
		return d.idat.err
	case err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF):
		return errShort
	}
	return FormatError("the compressed pixels are damaged: " + err.Error())
}

// bits is the number of bits of a pixel.
func (d *Decoder) bits() int { return d.info.ColorType.samples() * d.info.BitDepth }

// rowBytes is the number of bytes of a row.
func rowBytes(width, bits int) int64 { return (int64(width)*int64(bits) + 7) / 8 }

// A pass is a part of a picture: every xStep-th pixel from x on of every yStep-th row
// from y on.
type pass struct{ x, y, xStep, yStep int }

var (
	plain = [...]pass{{0, 0, 1, 1}}
	adam7 = [...]pass{{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}}
)

// decodePass reads the rows of a pass.
func (d *Decoder) decodePass(p pass) error {
	width := (d.info.Width - p.x + p.xStep - 1) / p.xStep
	if width <= 0 {
		return nil
	}
	n := int(rowBytes(width, d.bits()))
	raw, row, above := d.raw[:n+1], d.row[:n], d.above[:n]
	clear(above)
	size := max(1, d.bits()/8)
	for y := p.y; y < d.info.Height; y += p.yStep {
		if _, err := io.ReadFull(d.pixels, raw); err != nil {
			return d.explain(err)
		}
		if !kernel.Undo(raw[0], row, raw[1:], above, size) {
			return FormatError("a row has a filter that does not exist")
		}
		d.put(row, span{y, p.x, p.xStep, width})
		row, above = above, row
	}
	return nil
}

// be16 is a sample of 16 bits.
func be16(b []uint8) uint16 { return binary.BigEndian.Uint16(b) }

// grow returns a slice of length n, reusing s where it can hold that.
func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
