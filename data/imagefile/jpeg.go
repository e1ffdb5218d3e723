package imagefile

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
	"slices"

	"github.com/strideml/stride/data/internal/exif"
	"github.com/strideml/stride/data/jpeg"
	"github.com/strideml/stride/data/raster"
)

// jpegName is the kind of picture that is decoded from memory, into planes.
const jpegName = "JPEG"

// probeJPEG reads the size of a JPEG file for Probe. Decoder.fromJPEG reads pixels.
func probeJPEG(in *bufio.Reader, check checkSize) (image.Image, raster.Orientation, error) {
	config, err := jpeg.DecodeConfig(in)
	if err == nil {
		err = check(config.Width, config.Height)
	}
	return nil, 1, err
}

// A jpegHead is what segments of a JPEG file before its first scan say.
type jpegHead struct {
	width, height int // as stored; 0 where it is not known, or follows the first scan
	metadata
}

// xmpPrefix is what a segment with XMP data begins with.
const xmpPrefix = "http://ns.adobe.com/xap/1.0/\x00"

// readJPEGHead looks through the segments of a JPEG file before its first scan. It
// stops early at what is no segment, for the decoder to complain about.
func readJPEGHead(file []byte) (head jpegHead) {
	if len(file) < 2 || file[0] != 0xff || file[1] != 0xd8 {
		return head
	}
	for in := file[2:]; len(in) >= 4 && in[0] == 0xff; {
		marker := in[1]
		if marker == 0xff { // a fill byte
			in = in[1:]
			continue
		}
		if marker == 0xda || marker == 0xd9 {
			break // scan or end
		}
		length := int(binary.BigEndian.Uint16(in[2:]))
		if length < 2 || 2+length > len(in) {
			break
		}
		body := in[4 : 2+length]
		switch {
		case marker == 0xe1 && head.exif == nil && bytes.HasPrefix(body, []byte(exif.Prefix)):
			head.exif = body
		case marker == 0xe1 && head.xmp == nil && bytes.HasPrefix(body, []byte(xmpPrefix)):
			head.xmp = body
		case marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc && len(body) >= 5: // a frame
			head.height, head.width = int(binary.BigEndian.Uint16(body[1:])), int(binary.BigEndian.Uint16(body[3:]))
		}
		in = in[2+length:]
	}
	return head
}

// readJPEG reads a JPEG file into d.file, as soon as its size is known no more than
// a picture of that size can take: bytes that follow it may be a video.
func (d *Decoder) readJPEG(in io.Reader, check checkSize) error {
	const (
		first        = 64 << 10
		mostBefore   = 64 << 20 // the size is known
		mostForPixel = 8
	)
	d.file = d.file[:0]
	for most, known := mostBefore, false; len(d.file) < most; {
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
		if known {
			continue
		}
		if head := readJPEGHead(d.file); head.width > 0 && head.height > 0 {
			known = true
			if err := check(head.width, head.height); err != nil {
				return err
			}
			most += mostForPixel * head.width * head.height
		}
	}
	return nil
}

// fromJPEG decodes a JPEG file into dst as it is stored, and returns its whole
// size, upright, and how it must be turned.
func (d *Decoder) fromJPEG(dst *raster.Raster, file []byte, name string, color jpeg.Color, options Options) (Decoded, error) {
	head, check := readJPEGHead(file), options.check(name)
	if head.width > 0 && head.height > 0 {
		if err := check(head.width, head.height); err != nil {
			return Decoded{}, err
		}
	}
	turned := head.orientation()
	upright := func(w, h int) image.Point {
		if turned.Swaps() {
			return image.Pt(h, w)
		}
		return image.Pt(w, h)
	}
	size := upright(head.width, head.height)
	err := d.jpeg.Decode(dst, file, jpeg.Options{MaxPixels: options.maxPixels(), Scale: options.scale(size), Color: color})
	if err != nil {
		err = options.accept(name, err)
	}
	if size.X == 0 || size.Y == 0 { // the height follows the first scan
		size = upright(dst.Width, dst.Height)
	}
	return Decoded{size, turned}, err
}

// accept makes nothing of an error that Warn is to be told of, and a sentence of that of
// a picture that is too large.
func (o Options) accept(name string, err error) error {
	short, large := (*jpeg.TruncatedError)(nil), (*jpeg.SizeError)(nil)
	switch {
	case errors.As(err, &short) && o.Warn != nil:
		o.Warn(fmt.Sprintf("%s is cut short: %s", name, howMuch(short)))
		return nil
	case errors.As(err, &large):
		return o.check(name)(large.Width, large.Height)
	}
	return err
}

// scale is the largest factor by which a picture of that size may be decoded smaller.
func (o Options) scale(size image.Point) int {
	if o.Draft.X < 1 || o.Draft.Y < 1 {
		return 1
	}
	scale := 1
	for scale < 8 && size.X/o.Draft.X >= 2*scale && size.Y/o.Draft.Y >= 2*scale {
		scale *= 2
	}
	return scale
}

// howMuch says how much is there of a picture whose file is cut short.
func howMuch(short *jpeg.TruncatedError) string {
	there := 100 * short.Row / max(1, short.Height)
	switch {
	case short.Scan == 1 && there < 100:
		return fmt.Sprintf("%d %% of the picture is there, with less detail than it should have, and the rest is grey", there)
	case short.Detail || short.Scan == 1:
		return "the picture has less detail than it should have"
	case short.Scan > 1:
		return fmt.Sprintf("colours are missing: of scan %d, %d %% is there", short.Scan, there)
	}
	return fmt.Sprintf("%d %% of the picture is there, and the rest is grey", there)
}
