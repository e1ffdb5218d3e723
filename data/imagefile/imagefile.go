package imagefile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"strings"
)

// DefaultMaxPixels is the largest picture that is read unless Options say
// otherwise: 100 megapixels.
const DefaultMaxPixels = 100_000_000

// Options says how picture files are read. The zero value is a good default.
type Options struct {
	// MaxPixels is the largest number of pixels, width × height, that is read.
	// The default, 0, is DefaultMaxPixels.
	MaxPixels int
}

// Open reads the picture in a file. It fails with one sentence that names the
// file when it is not there, is of no known kind, is damaged, or claims more
// pixels than options allow.
func Open(path string, options Options) (image.Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s is a folder: want a picture file", path)
	}
	return Decode(f, path, options)
}

// Decode reads a picture as Open does; the name is for errors.
func Decode(r io.Reader, name string, options Options) (picture image.Image, err error) {
	// The decoders are meant to return errors, but they parse what strangers
	// send: should one panic all the same, it costs this picture only.
	defer func() {
		if p := recover(); p != nil {
			picture, err = nil, fmt.Errorf("%s cannot be read: its decoder failed: %v", name, p)
		}
	}()
	limit := options.MaxPixels
	if limit <= 0 {
		limit = DefaultMaxPixels
	}
	in := bufio.NewReader(r)
	start, err := in.Peek(signatureLength)
	switch {
	case len(start) > 0:
	case err == io.EOF:
		return nil, fmt.Errorf("%s is empty: want a %s picture", name, readable)
	default:
		return nil, damaged(name, "", err)
	}
	kind, ok := kindOf(start)
	switch {
	case !ok:
		return nil, fmt.Errorf("%s is not a %s picture: %w", name, readable, image.ErrFormat)
	case kind.decode == nil:
		return nil, fmt.Errorf("%s is %s, not a %s picture: %w", name, kind.name, readable, image.ErrFormat)
	}
	picture, turned, err := kind.decode(in, func(w, h int) error {
		switch {
		case w < 1 || h < 1:
			return &sizeError{fmt.Sprintf("%s claims a size of %d×%d pixels: want at least 1×1", name, w, h)}
		case h > limit/w:
			return &sizeError{fmt.Sprintf("%s claims a size of %d×%d pixels: want at most %d pixels", name, w, h, limit)}
		}
		return nil
	})
	if size := (*sizeError)(nil); errors.As(err, &size) {
		return nil, size
	}
	if err != nil {
		return nil, damaged(name, kind.name, err)
	}
	if picture.Bounds().Empty() {
		return nil, fmt.Errorf("%s holds an empty picture", name)
	}
	return turned.upright(picture), nil
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

func decodeJPEG(in *bufio.Reader, check checkSize) (image.Image, orientation, error) {
	head, err := jpegHead(in)
	if err != nil {
		return nil, 1, err
	}
	picture, err := checked(io.MultiReader(bytes.NewReader(head), in), check, jpeg.DecodeConfig, jpeg.Decode)
	return picture, jpegMetadata(head).orientation(), err
}

func decodePNG(in *bufio.Reader, check checkSize) (image.Image, orientation, error) {
	chunks := &pngChunks{in: in}
	picture, err := checked(chunks, check, png.DecodeConfig, png.Decode)
	if deep, ok := picture.(*image.NRGBA64); ok && err == nil {
		picture = highBytes(deep)
	}
	return picture, chunks.metadata().orientation(), err
}

// highBytes is a picture with the high byte of each value, as Pillow reads it. For
// colours without alpha, package color's conversion gives the same.
func highBytes(deep *image.NRGBA64) *image.NRGBA {
	out := image.NewNRGBA(deep.Rect)
	for i := range out.Pix {
		out.Pix[i] = deep.Pix[2*i]
	}
	return out
}

// decodeGIF reads the first frame of a GIF file, on a canvas of the file's size.
// Where the frame does not reach, the canvas is transparent, or the first colour
// of the palette when that frame has no transparent colour, as in Pillow.
func decodeGIF(in *bufio.Reader, check checkSize) (image.Image, orientation, error) {
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
var tooShort = []string{"not enough pixel data", "short Huffman data", "not enough image data"}

func damaged(name, format string, err error) error {
	if format != "" {
		format += " "
	}
	for _, short := range tooShort {
		if strings.Contains(err.Error(), short) {
			return fmt.Errorf("%s is cut short: the %sdata ends too early: %w (%w)", name, format, io.ErrUnexpectedEOF, err)
		}
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%s is cut short: the %sdata ends too early: %w", name, format, io.ErrUnexpectedEOF)
	}
	return fmt.Errorf("%s cannot be read: %w", name, err)
}
