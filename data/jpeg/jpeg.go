package jpeg

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
)

// DefaultMaxPixels is the largest picture that is decoded unless Options say
// otherwise: 100 megapixels.
const DefaultMaxPixels = 100_000_000

// A Color says what a picture is decoded to.
type Color int

const (
	// Stored keeps grey pictures grey, in one channel; all others become red, green
	// and blue. It is the default.
	Stored Color = iota
	// RGB is red, green and blue, as Pillow's convert("RGB") gives them.
	RGB
	// Gray is one channel, as Pillow's convert("L") gives it: the luma of red, green
	// and blue.
	Gray
	// Luma is one channel, the first of a YCbCr picture as it is stored, without
	// decoding the others: faster than Gray, and a level or so apart from it. Where a
	// picture is not YCbCr it is Gray.
	Luma
)

// Options say how a picture is decoded. The zero value is a good default.
type Options struct {
	// MaxPixels is the largest number of pixels, width × height as stored, that is
	// decoded. The default, 0, is DefaultMaxPixels.
	MaxPixels int
	// Scale makes the picture smaller while it is decoded, which costs less than
	// decoding it whole: 2, 4 or 8 times in either direction, sizes rounded up. The
	// pixels are those of libjpeg's scaled inverse DCT. The default, 0, is 1: the
	// whole picture.
	Scale int
	// Color is what the picture is decoded to.
	Color Color
}

// An Info is what a file says before its first scan.
type Info struct {
	// Width and Height are the size as it is stored: a camera that was turned may
	// have exchanged them.
	Width, Height int
	// Components are the planes that are stored: 1, 3 or 4.
	Components []Component
	// Progressive says that the picture is stored in scans that get finer.
	Progressive bool
	// ColorSpace is what the components are.
	ColorSpace ColorSpace
	// Orientation is EXIF's, how the stored picture must be turned to stand upright:
	// 1 is upright, 2 to 8 are mirrored or turned. 1 if there is none.
	Orientation int
	// AdobeTransform is the colour transform of an Adobe segment (APP14): 0 none, 1
	// YCbCr, 2 YCCK. −1 if there is no such segment.
	AdobeTransform int
}

// A Component is a plane of samples. H and V are its sampling factors, 1 to 4: its
// width is H/(largest H) of the picture's.
type Component struct {
	ID   uint8
	H, V int
}

// A ColorSpace is what the components of a file are.
type ColorSpace int

// The colour spaces.
const (
	SpaceGray ColorSpace = iota
	SpaceYCbCr
	SpaceRGB
	SpaceCMYK
	SpaceYCCK // CMYK, of which CMY is stored as YCbCr
)

func (s ColorSpace) String() string {
	return [...]string{"grey", "YCbCr", "RGB", "CMYK", "YCCK"}[s]
}

// A FormatError says why a file is not a valid JPEG file.
type FormatError string

func (e FormatError) Error() string { return "jpeg: " + string(e) }

// An UnsupportedError names what a file uses that this package does not decode:
// arithmetic coding, 12 bits a sample, or another part of the standard.
type UnsupportedError string

func (e UnsupportedError) Error() string { return "jpeg: " + string(e) + " is not supported" }

// A SizeError says that a picture has more pixels than Options allow.
type SizeError struct{ Width, Height, MaxPixels int }

func (e *SizeError) Error() string {
	return fmt.Sprintf("jpeg: the picture has %d×%d pixels: want at most %d", e.Width, e.Height, e.MaxPixels)
}

// A TruncatedError says that a file ends before its picture does. What there is of
// the picture is decoded all the same, as by libjpeg: the rest of it is grey, or
// has less detail if the file is progressive.
type TruncatedError struct {
	// Row is the first row, of Height, that is not there or has less detail.
	Row, Height int
	// Scan is the scan that is not complete, counted from 1, of a file that has
	// several. It is 0 where the picture has one scan.
	Scan int
	// Detail says that what is missing is detail: there is something of every row.
	Detail bool
}

func (e *TruncatedError) Error() string {
	text := fmt.Sprintf("jpeg: the data end in row %d of %d", e.Row, e.Height)
	switch {
	case e.Scan == 0:
	case e.Row < e.Height:
		text += fmt.Sprintf(" of scan %d", e.Scan)
		if e.Detail {
			text += ": the picture has less detail from there on"
		}
	case e.Detail:
		text = fmt.Sprintf("jpeg: the data end after scan %d: the picture has less detail than it should have", e.Scan)
	default:
		text = fmt.Sprintf("jpeg: the data end after scan %d: the picture is not complete", e.Scan)
	}
	return text
}

// Unwrap lets errors.Is find io.ErrUnexpectedEOF.
func (e *TruncatedError) Unwrap() error { return io.ErrUnexpectedEOF }

// errShort says that a file ends before its first scan.
var errShort = fmt.Errorf("jpeg: the data end before the picture begins: %w", io.ErrUnexpectedEOF)

// ReadInfo reads what a file says before its first scan.
func ReadInfo(file []byte) (Info, error) {
	var d Decoder
	return d.ReadInfo(file)
}

// Decode reads a JPEG file: an *image.Gray if it is grey, else an *image.RGBA. It
// reads all of r, and takes at most DefaultMaxPixels. A file that is cut short
// gives both a picture and a *TruncatedError.
func Decode(r io.Reader) (image.Image, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	var d Decoder
	return d.decodeImage(data, Options{})
}

// DecodeConfig reads the size and colour model of a JPEG file, and of r little
// more than that takes.
func DecodeConfig(r io.Reader) (image.Config, error) {
	var read bytes.Buffer
	for size := int64(4096); ; size *= 4 {
		n, err := io.CopyN(&read, r, size)
		if err != nil && err != io.EOF {
			return image.Config{}, err
		}
		var d Decoder
		headerErr := d.readSize(read.Bytes())
		if n < size || !errors.Is(headerErr, io.ErrUnexpectedEOF) {
			return d.config(), headerErr
		}
	}
}

// config is what the frame header says.
func (d *Decoder) config() image.Config {
	if len(d.components) == 0 {
		return image.Config{}
	}
	model := color.Model(color.RGBAModel)
	if len(d.components) == 1 {
		model = color.GrayModel
	}
	return image.Config{ColorModel: model, Width: d.width, Height: d.height}
}
