package preprocess

import (
	"fmt"
	"image"
	"io"

	"github.com/strideml/stride/data/imagefile"
	"github.com/strideml/stride/data/raster"
)

// A Source says what a picture was read from.
type Source struct {
	// Size is the size of the picture in the file, upright, in pixels.
	Size image.Point
	// Warning says in a sentence that the file is damaged and what is missing of its
	// picture; "" where nothing is.
	Warning string
}

// A Picture is a picture file brought to the size of which the input is cut.
type Picture struct {
	// Raster is what Config.Resize makes of the picture.
	*raster.Raster
	Source
}

// Open decodes a picture file, turns the picture upright and resizes it. All that
// trains on picture files or classifies them reads them here or with Input, so that a
// network is given the same values in both. A JPEG file that is cut short is read as
// far as it goes, with a Warning.
//
// Errors are those of imagefile.Open and of Resize; they name the file. In options,
// Warn and Draft are not used.
func (c Config) Open(path string, options imagefile.Options) (*Picture, error) {
	return c.open(source{name: path}, options)
}

// Decode is Open of what r reads; the name is for errors.
func (c Config) Decode(r io.Reader, name string, options imagefile.Options) (*Picture, error) {
	return c.open(source{name: name, reader: r}, options)
}

func (c Config) open(from source, options imagefile.Options) (*Picture, error) {
	p := &Picture{}
	if err := c.read(p, from, options); err != nil {
		return nil, err
	}
	return p, nil
}

// OpenInto is Open into a Picture whose memory is used again.
func (c Config) OpenInto(p *Picture, path string, options imagefile.Options) error {
	return c.read(p, source{name: path}, options)
}

func (c Config) read(p *Picture, from source, options imagefile.Options) error {
	r, err := c.reader()
	if err != nil {
		return fmt.Errorf("%s: %w", from.name, err)
	}
	defer r.release()
	if p.Source, err = r.decode(from, options); err != nil {
		return err
	}
	if p.Raster == nil {
		p.Raster = &raster.Raster{}
	}
	if err := r.resize(p.Raster, &r.whole, p.Size); err != nil {
		return fmt.Errorf("%s: %w", from.name, err)
	}
	return nil
}

// Input writes the C·H·W values of the input of a picture file that is in memory, in
// one go: what Open and Cut give, without resizing what Cut leaves away. The name is
// for errors, which are those of Open and Cut. It may be called from several
// goroutines at once; in steady state it allocates nothing.
func (c Config) Input(pixels []float32, file []byte, name string, options imagefile.Options) (Source, error) {
	if file == nil {
		file = []byte{}
	}
	return c.readInput(pixels, source{name: name, file: file}, options)
}

// OpenInput is Input of the file of that name.
func (c Config) OpenInput(pixels []float32, path string, options imagefile.Options) (Source, error) {
	return c.readInput(pixels, source{name: path}, options)
}

func (c Config) readInput(pixels []float32, from source, options imagefile.Options) (Source, error) {
	r, err := c.reader()
	if err != nil {
		return Source{}, fmt.Errorf("%s: %w", from.name, err)
	}
	defer r.release()
	what, err := r.decode(from, options)
	if err != nil {
		return Source{}, err
	}
	if err := r.input(pixels, &r.whole, what.Size); err != nil {
		return Source{}, fmt.Errorf("%s: %w", from.name, err)
	}
	return what, nil
}
