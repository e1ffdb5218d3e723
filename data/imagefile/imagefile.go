package imagefile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/strideml/stride/data/jpeg"
	"github.com/strideml/stride/data/raster"
)

// DefaultMaxPixels is the largest picture that is read unless Options say
// otherwise: 100 megapixels.
const DefaultMaxPixels = 100_000_000

// Options says how picture files are read. The zero value is a good default.
type Options struct {
	// MaxPixels is the largest number of pixels, width × height, that is read.
	// The default, 0, is DefaultMaxPixels.
	MaxPixels int
	// Warn, if not nil, is told in a sentence that names the file when a picture is
	// used although it is damaged: a JPEG file that is cut short is then read as far
	// as it goes, and the rest is grey, as Pillow has it with
	// LOAD_TRUNCATED_IMAGES. Without Warn such a file is an error.
	Warn func(warning string)
	// Draft, if it is at least 1×1, lets a JPEG file be decoded at 1/2, 1/4 or 1/8 of its
	// size, which is faster: at the smallest of these that, upright, is not smaller than
	// Draft in width or height. It is what draft does in Pillow. By default
	// pictures have their whole size; those of other kinds always have.
	Draft image.Point
}

// Open reads the picture in a file. It fails with one sentence that names the
// file when it is not there, is of no known kind, is damaged, or claims more
// pixels than options allow.
func Open(path string, options Options) (image.Image, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return Decode(f, path, options)
}

// openFile opens a file that is not a folder. A pipe or a device is refused before
// it is opened: that could wait for ever.
func openFile(path string) (*os.File, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, fmt.Errorf("%s is a folder: want a picture file", path)
	}
	return os.Open(path)
}

// Decode reads a picture as Open does; the name is for errors.
func Decode(r io.Reader, name string, options Options) (picture image.Image, err error) {
	defer recoverDecoder(name, &err)
	in := bufio.NewReader(r)
	kind, err := recognize(in, name)
	if err != nil {
		return nil, err
	}
	if kind.name == jpegName {
		return jpegImage(in, name, options)
	}
	stored, turned, err := kind.picture(in, name, options)
	if err != nil {
		return nil, err
	}
	return upright(stored, turned), nil
}

// recoverDecoder makes an error of a decoder's panic. The decoders are meant to
// return errors, but they parse what strangers send: should one panic all the
// same, it costs this picture only.
func recoverDecoder(name string, err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%s cannot be read: its decoder failed: %v", name, p)
	}
}

// Info is what the beginning of a picture file says.
type Info struct {
	// Format is PNG, JPEG, GIF, BMP or WebP.
	Format string
	// Width and Height are the size as it is stored: a camera that was turned may
	// have exchanged them.
	Width, Height int
}

// Probe reads the beginning of a picture file, no pixels. Its errors are those of
// Open that the beginning of a file shows; a file that is damaged further on
// passes.
func Probe(path string, options Options) (info Info, err error) {
	f, err := openFile(path)
	if err != nil {
		return Info{}, err
	}
	defer f.Close()
	defer recoverDecoder(path, &err)
	in := bufio.NewReader(f)
	kind, err := recognize(in, path)
	if err != nil {
		return Info{}, err
	}
	info.Format = kind.name
	check, enough := options.check(path), errors.New("the size is known")
	_, _, err = kind.decode(in, func(w, h int) error {
		info.Width, info.Height = w, h
		if err := check(w, h); err != nil {
			return err
		}
		return enough
	})
	if err != nil && !errors.Is(err, enough) {
		return Info{}, options.explain(path, kind.name, err)
	}
	return info, nil
}

// recognize says of which kind a file is, an error for one that is not read.
func recognize(in *bufio.Reader, name string) (kind, error) {
	start, err := in.Peek(signatureLength)
	switch {
	case len(start) > 0:
	case err == io.EOF:
		return kind{}, fmt.Errorf("%s is empty: want a %s picture", name, readable)
	default:
		return kind{}, damaged(name, "", err)
	}
	k, ok := kindOf(start)
	switch {
	case !ok:
		return k, fmt.Errorf("%s is not a %s picture: %w", name, readable, image.ErrFormat)
	case k.decode == nil && k.advice != "":
		return k, fmt.Errorf("%s is %s, which is not read: %s: %w", name, k.name, k.advice, image.ErrFormat)
	case k.decode == nil:
		return k, fmt.Errorf("%s is %s, not a %s picture: %w", name, k.name, readable, image.ErrFormat)
	}
	return k, nil
}

func (o Options) maxPixels() int {
	if o.MaxPixels <= 0 {
		return DefaultMaxPixels
	}
	return o.MaxPixels
}

// check refuses a picture that is empty or has too many pixels.
func (o Options) check(name string) checkSize {
	limit := o.maxPixels()
	return func(w, h int) error {
		switch {
		case w < 1 || h < 1:
			return &sizeError{fmt.Sprintf("%s claims a size of %d×%d pixels: want at least 1×1", name, w, h)}
		case h > limit/w:
			return &sizeError{fmt.Sprintf("%s claims a size of %d×%d pixels: want at most %d pixels", name, w, h, limit)}
		}
		return nil
	}
}

// A sizeError says in one sentence, with the file's name, that a picture is of a
// size that is not read.
type sizeError struct{ text string }

func (e *sizeError) Error() string { return e.text }

// A checkSize refuses a picture of w×h pixels that is empty or too large. Each
// decoder calls it before it allocates memory for pixels, and returns its error.
type checkSize func(w, h int) error

// checked reads a picture with a decoder that can read the size first.
func checked(in io.Reader, check checkSize, config func(io.Reader) (image.Config, error),
	decode func(io.Reader) (image.Image, error)) (image.Image, error) {
	var read bytes.Buffer // to be read again
	size, err := config(io.TeeReader(in, &read))
	if err != nil {
		return nil, err
	}
	if err := check(size.Width, size.Height); err != nil {
		return nil, err
	}
	return decode(io.MultiReader(&read, in))
}

// decodeGIF reads the first frame of a GIF file, on a canvas of the file's size.
// Where the frame does not reach, the canvas is transparent, or the first colour
// of the palette when that frame has no transparent colour, as in Pillow.
func decodeGIF(in *bufio.Reader, check checkSize) (image.Image, raster.Orientation, error) {
	var canvas image.Rectangle
	picture, err := checked(in, func(w, h int) error {
		canvas = image.Rect(0, 0, w, h)
		return check(w, h)
	}, gif.DecodeConfig, gif.Decode)
	if err != nil {
		return nil, 1, err
	}
	frame, ok := picture.(*image.Paletted)
	if !ok || frame.Rect == canvas {
		return picture, 1, nil
	}
	out := image.NewPaletted(canvas, frame.Palette)
	for i, c := range frame.Palette {
		if _, _, _, alpha := c.RGBA(); alpha == 0 {
			for at := range out.Pix {
				out.Pix[at] = uint8(i)
			}
			break
		}
	}
	for y := frame.Rect.Min.Y; y < frame.Rect.Max.Y; y++ {
		copy(out.Pix[out.PixOffset(frame.Rect.Min.X, y):], frame.Pix[frame.PixOffset(frame.Rect.Min.X, y):][:frame.Rect.Dx()])
	}
	return out, 1, nil
}

// tooShort is what the decoders of the standard library say of data that end too early.
var tooShort = []string{"not enough image data"}

// isShort says that an error is of data that end too early.
func isShort(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || saysShort(err)
}

func saysShort(err error) bool {
	return slices.ContainsFunc(tooShort, func(short string) bool { return strings.Contains(err.Error(), short) })
}

func damaged(name, format string, err error) error {
	if format != "" {
		format += " "
	}
	part := (*jpeg.TruncatedError)(nil)
	switch {
	case saysShort(err):
		return fmt.Errorf("%s is cut short: the %sdata ends too early: %w (%w)", name, format, io.ErrUnexpectedEOF, err)
	case errors.As(err, &part):
		return fmt.Errorf("%s is cut short: the %sdata ends too early: %w: %s", name, format, io.ErrUnexpectedEOF, howMuch(part))
	case isShort(err):
		return fmt.Errorf("%s is cut short: the %sdata ends too early: %w", name, format, io.ErrUnexpectedEOF)
	}
	return fmt.Errorf("%s cannot be read: %w", name, err)
}
