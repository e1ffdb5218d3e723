package imagefile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/gif"  // registers the decoder
	_ "image/jpeg" // registers the decoder
	_ "image/png"  // registers the decoder
	"io"
	"os"

	_ "golang.org/x/image/bmp"  // registers the decoder
	_ "golang.org/x/image/webp" // registers the decoder
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
	if _, err := in.Peek(1); err == io.EOF {
		return nil, fmt.Errorf("%s is empty: want a PNG, JPEG, GIF, BMP or WebP picture", name)
	}
	var head bytes.Buffer // what was read to find the size, to be read again
	config, format, err := image.DecodeConfig(io.TeeReader(in, &head))
	switch {
	case errors.Is(err, image.ErrFormat):
		return nil, fmt.Errorf("%s is not a PNG, JPEG, GIF, BMP or WebP picture: %w", name, err)
	case err != nil:
		return nil, damaged(name, format, err)
	case config.Width < 1 || config.Height < 1:
		return nil, fmt.Errorf("%s claims a size of %d×%d pixels: want at least 1×1", name, config.Width, config.Height)
	case config.Height > limit/config.Width:
		return nil, fmt.Errorf("%s claims a size of %d×%d pixels: want at most %d pixels", name, config.Width, config.Height, limit)
	}
	turned := orientation(1)
	if format == "jpeg" {
		turned = jpegOrientation(head.Bytes())
	}
	picture, _, err = image.Decode(io.MultiReader(&head, in))
	if err != nil {
		return nil, damaged(name, format, err)
	}
	if picture.Bounds().Empty() {
		return nil, fmt.Errorf("%s holds an empty picture", name)
	}
	return turned.upright(picture), nil
}

func damaged(name, format string, err error) error {
	if format != "" {
		format += " "
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%s is cut short: the %sdata ends too early: %w", name, format, io.ErrUnexpectedEOF)
	}
	return fmt.Errorf("%s cannot be read: %w", name, err)
}
