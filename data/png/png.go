package png

import (
	"fmt"
	"image"
	"io"
)

// DefaultMaxPixels is the largest picture that is decoded unless Options say
// otherwise: 100 megapixels.
const DefaultMaxPixels = 100_000_000

// A Color says what a picture is decoded to.
type Color int

const (
	// Stored keeps grey pictures grey, in one channel, unless they have a transparent
	// level; all others become red, green and blue. It is the default.
	Stored Color = iota
	// RGB is red, green and blue.
	RGB
	// Gray is one channel: the luma of ITU-R 601, as Pillow rounds it.
	Gray
)

// Options say how a picture is decoded. The zero value is a good default.
type Options struct {
	// MaxPixels is the largest number of pixels, width × height, that is decoded. The
	// default, 0, is DefaultMaxPixels.
	MaxPixels int
	// Color is what Decode decodes a picture to.
	Color Color
}

// A ColorType is what the samples of a pixel are. The values are those of the standard.
type ColorType uint8

// The colour types.
const (
	TypeGray      ColorType = 0
	TypeRGB       ColorType = 2
	TypePalette   ColorType = 3
	TypeGrayAlpha ColorType = 4
	TypeRGBA      ColorType = 6
)

func (t ColorType) String() string {
	switch t {
	case TypeGray:
		return "grey"
	case TypeRGB:
		return "RGB"
	case TypePalette:
		return "palette"
	case TypeGrayAlpha:
		return "grey with alpha"
	case TypeRGBA:
		return "RGB with alpha"
	}
	return fmt.Sprintf("colour type %d", uint8(t))
}

// samples is the number of samples of a pixel, 0 for no colour type.
func (t ColorType) samples() int {
	switch t {
	case TypeGray, TypePalette:
		return 1
	case TypeGrayAlpha:
		return 2
	case TypeRGB:
		return 3
	case TypeRGBA:
		return 4
	}
	return 0
}

// An Info is what a file says beside its pixels.
type Info struct {
	// Width and Height are the size as it is stored: a camera that was turned may
	// have exchanged them.
	Width, Height int
	// BitDepth is the number of bits of a sample, or of an index into the palette: 1, 2, 4, 8
	// or 16.
	BitDepth   int
	ColorType  ColorType
	Interlaced bool
	// EXIF is the body of the first eXIf chunk, nil if there is none. It is laid out as a
	// TIFF file.
	EXIF []byte
	// XMP is the XMP packet of an iTXt chunk that is not compressed, nil if there is none.
	XMP []byte
}

// A FormatError says why a file is not a valid PNG file.
type FormatError string

func (e FormatError) Error() string { return "png: " + string(e) }

// A SizeError says that a picture has more pixels than Options allow.
type SizeError struct{ Width, Height, MaxPixels int }

func (e *SizeError) Error() string {
	return fmt.Sprintf("png: the picture has %d×%d pixels: want at most %d", e.Width, e.Height, e.MaxPixels)
}

// errShort says that a file ends before its picture does.
var errShort = fmt.Errorf("png: the data end too early: %w", io.ErrUnexpectedEOF)

// ReadInfo reads the first 33 bytes of a file: an Info without EXIF and XMP. More may be
// read from r.
func ReadInfo(r io.Reader) (Info, error) {
	var d Decoder
	if err := d.begin(r); err != nil {
		return Info{}, err
	}
	return d.info, nil
}

// Decode reads a PNG file: an *image.Gray if it is grey without transparency, else an
// *image.NRGBA. It takes at most DefaultMaxPixels.
func Decode(r io.Reader) (image.Image, error) {
	var d Decoder
	return d.DecodeImage(r, Options{})
}
