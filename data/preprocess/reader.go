package preprocess

import (
	"errors"
	"fmt"
	"image"
	"io"
	"slices"
	"sync"

	"github.com/strideml/stride/data/imagefile"
	"github.com/strideml/stride/data/raster"
)

// A reader carries out a Config and has the memory that takes: with the same Config
// and pictures of no larger size it allocates nothing.
type reader struct {
	given, config Config // as the caller gave it; with its defaults
	err           error  // of given.Check
	tables        [3][256]float32

	decoder        imagefile.Decoder
	resizer        raster.Resizer
	whole, resized raster.Raster
	large          bool // a picture was decoded that is larger than mostKept
	warning        string
	warn           func(string) // sets warning
}

var readers = sync.Pool{New: func() any {
	r := &reader{}
	r.warn = func(warning string) { r.warning = warning }
	return r
}}

// reader returns a reader for the Config, to be released.
func (c Config) reader() (*reader, error) {
	r := readers.Get().(*reader)
	if r.config.InputSize == nil || !r.given.same(c) {
		r.set(c)
	}
	if r.err != nil {
		err := r.err
		r.release()
		return nil, err
	}
	return r, nil
}

// mostKept is the size of a picture, in values, whose memory is kept for the next one.
const mostKept = 64 << 20

// release gives the reader to the next caller, unless its memory is large.
func (r *reader) release() {
	if !r.large {
		readers.Put(r)
	}
}

// same says that two Configs have the same fields.
func (c Config) same(d Config) bool {
	return slices.Equal(c.InputSize, d.InputSize) && c.Interpolation == d.Interpolation && c.CropMode == d.CropMode && c.CropPct == d.CropPct &&
		slices.Equal(c.Mean, d.Mean) && slices.Equal(c.Std, d.Std) && c.Invert == d.Invert && c.Draft == d.Draft
}

// set prepares the reader for a Config.
func (r *reader) set(c Config) {
	r.err = c.Check()
	r.given = c
	r.given.InputSize, r.given.Mean, r.given.Std = c.InputSize.Clone(), slices.Clone(c.Mean), slices.Clone(c.Std)
	r.config = c.WithDefaults()
	if r.err != nil {
		r.config.InputSize = nil // to be set again
		return
	}
	for channel := range r.config.InputSize[0] {
		for v := range 256 {
			value := float32(v) / 255
			if c.Invert {
				value = float32(255-v) / 255
			}
			r.tables[channel][v] = (value - r.config.Mean[channel]) / r.config.Std[channel]
		}
	}
}

// A source is where a picture file comes from: a file in memory, a reader, or else
// the file of that name.
type source struct {
	name   string
	file   []byte
	reader io.Reader
}

// decode decodes a picture file into r.whole.
func (r *reader) decode(from source, options imagefile.Options) (Source, error) {
	r.warning, options.Warn, options.Draft = "", r.warn, image.Point{}
	if r.config.Draft {
		h, w := r.config.resizeTo()
		options.Draft = image.Pt(2*w, 2*h)
	}
	var what imagefile.Decoded
	var err error
	channels := r.config.InputSize[0]
	switch {
	case from.file != nil:
		what, err = r.decoder.Decode(&r.whole, from.file, from.name, channels, options)
	case from.reader != nil:
		what, err = r.decoder.Read(&r.whole, from.reader, from.name, channels, options)
	default:
		what, err = r.decoder.Open(&r.whole, from.name, channels, options)
	}
	r.large = r.large || len(r.whole.Pix) > mostKept
	return Source{what.Size, r.warning}, err
}

// resize makes dst the picture in src, of that size in its file, as Config.Resize does.
func (r *reader) resize(dst, src *raster.Raster, size image.Point) error {
	h, w, err := r.config.resized(size.Y, size.X)
	if err != nil {
		return err
	}
	if src.Height == h && src.Width == w {
		dst.CopyFrom(src)
	} else {
		r.resizer.Resize(dst, src, h, w, r.config.filter())
	}
	return nil
}

// input writes the input of the picture in src, of that size in its file. Only what is
// cut out is computed.
func (r *reader) input(pixels []float32, src *raster.Raster, size image.Point) error {
	outH, outW, err := r.config.resized(size.Y, size.X)
	if err != nil {
		return err
	}
	h, w := r.config.InputSize[1], r.config.InputSize[2]
	if src.Height == outH && src.Width == outW {
		return r.cut(pixels, src)
	}
	window := raster.Window{Top: center(outH - h), Left: center(outW - w), Height: h, Width: w}
	r.resizer.ResizeWindow(&r.resized, src, outH, outW, r.config.filter(), window)
	return r.cut(pixels, &r.resized)
}

// cut is Config.Cut.
func (r *reader) cut(pixels []float32, resized *raster.Raster) error {
	channels, h, w := r.config.InputSize[0], r.config.InputSize[1], r.config.InputSize[2]
	if resized.Channels != channels || resized.Height < h || resized.Width < w || len(pixels) != channels*h*w {
		return fmt.Errorf("an input of %v (%d values) cannot be cut out of a picture of %d×%d×%d", r.config.InputSize, len(pixels), resized.Channels, resized.Height, resized.Width)
	}
	top, left := center(resized.Height-h), center(resized.Width-w)
	for channel := range channels {
		plane := resized.Plane(channel)
		for y := range h {
			normalize(pixels[(channel*h+y)*w:][:w], plane[(top+y)*resized.Width+left:][:w], &r.tables[channel])
		}
	}
	return nil
}

// normalize looks values up in a table.
func normalize(dst []float32, src []uint8, table *[256]float32) {
	dst = dst[:len(src)]
	for i, v := range src {
		dst[i] = table[v]
	}
}

// from makes r.whole a picture.
func (r *reader) from(picture image.Image) (image.Point, error) {
	if picture.Bounds().Empty() {
		return image.Point{}, errors.New("the picture is empty")
	}
	r.whole.SetImage(picture, r.config.InputSize[0])
	r.large = len(r.whole.Pix) > mostKept
	return image.Pt(r.whole.Width, r.whole.Height), nil
}
