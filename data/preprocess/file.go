package preprocess

import (
	"fmt"
	"image"
	"io"

	"github.com/strideml/stride/data/imagefile"
	"github.com/strideml/stride/data/raster"
)

// A Picture is a picture file brought to the size of which the input is cut.
type Picture struct {
	// Raster is what Config.Resize makes of the picture.
	*raster.Raster
	// Size is the size of the picture in the file, upright, in pixels.
	Size image.Point
	// Warning says in a sentence that the file is damaged and what is missing of its
	// picture; "" where nothing is.
	Warning string
}

// Open decodes a picture file, turns the picture upright and resizes it. All that
// trains on picture files or classifies them reads them here, so that a network is
// given the same values in both. A JPEG file that is cut short is read as far as it
// goes, with a Warning.
//
// Errors are those of imagefile.Open and of Resize; they name the file. In options,
// Warn is not used.
func (c Config) Open(path string, options imagefile.Options) (*Picture, error) {
	p := &Picture{}
	options.Warn = func(warning string) { p.Warning = warning }
	picture, err := imagefile.Open(path, options)
	if err != nil {
		return nil, err
	}
	return p, c.fill(p, picture, path)
}

// Decode is Open of what r reads; the name is for errors.
func (c Config) Decode(r io.Reader, name string, options imagefile.Options) (*Picture, error) {
	p := &Picture{}
	options.Warn = func(warning string) { p.Warning = warning }
	picture, err := imagefile.Decode(r, name, options)
	if err != nil {
		return nil, err
	}
	return p, c.fill(p, picture, name)
}

func (c Config) fill(p *Picture, picture image.Image, name string) (err error) {
	p.Size = picture.Bounds().Size()
	if p.Raster, err = c.Resize(picture); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
