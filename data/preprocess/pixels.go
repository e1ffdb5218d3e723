package preprocess

import (
	"fmt"
	"image"
	"math"

	"github.com/strideml/stride/data/raster"
	"github.com/strideml/stride/tensor"
)

// maxResized bounds the pixels of a resized picture before its middle is cut
// out.
const maxResized = 100_000_000

// Tensor makes the 1×C×H×W input of a picture. It is an error when Check
// reports one, when the picture is empty, or when it is so long and narrow that
// covering the input would take more than 100 megapixels.
func (c Config) Tensor(picture image.Image) (*tensor.Tensor, error) {
	r, err := c.reader()
	if err != nil {
		return nil, err
	}
	defer r.release()
	size, err := r.from(picture)
	if err != nil {
		return nil, err
	}
	x := tensor.New(1, c.InputSize[0], c.InputSize[1], c.InputSize[2])
	return x, r.input(x.Data(), &r.whole, size)
}

// FromRaster writes the C·H·W values of the input of a picture that is there as 8-bit
// values, with one channel or three: Tensor of the same picture. Errors are those of
// Tensor, of Check of the raster, and that pixels has another length.
func (c Config) FromRaster(pixels []float32, picture *raster.Raster) error {
	r, err := c.reader()
	if err != nil {
		return err
	}
	defer r.release()
	if err := picture.Check(); err != nil {
		return err
	}
	if channels := r.config.InputSize[0]; picture.Channels != channels {
		r.whole.Convert(picture, channels)
		picture = &r.whole
	}
	return r.input(pixels, picture, image.Pt(picture.Width, picture.Height))
}

// Resize does the first steps of Tensor: it brings a picture to the size of which
// Cut takes the middle, as 8-bit values. With CropMode Center the whole picture is
// there, and its shorter side is the side to resize to. Errors are those of Tensor.
func (c Config) Resize(picture image.Image) (*raster.Raster, error) {
	r, err := c.reader()
	if err != nil {
		return nil, err
	}
	defer r.release()
	size, err := r.from(picture)
	if err != nil {
		return nil, err
	}
	out := &raster.Raster{}
	return out, r.resize(out, &r.whole, size)
}

// Cut does the last steps of Tensor: of a picture that Resize made it takes the
// middle, and writes the C·H·W values of the input, inverted and normalised as the
// Config says. It is an error when Check reports one, and when the picture has
// other channels than the input or is smaller.
func (c Config) Cut(pixels []float32, resized *raster.Raster) error {
	r, err := c.reader()
	if err != nil {
		return err
	}
	defer r.release()
	return r.cut(pixels, resized)
}

// filter is the one that Interpolation names.
func (c Config) filter() raster.Filter {
	if c.Interpolation == Bicubic {
		return raster.Bicubic
	}
	return raster.Bilinear
}

// resizeTo returns the size to resize to, which a picture is to cover or to be
// squashed to. Defaults are filled in.
func (c Config) resizeTo() (h, w int) {
	side := func(size int) int { return int(math.Floor(float64(size) / c.CropPct)) }
	return side(c.InputSize[1]), side(c.InputSize[2])
}

// resized returns the size that a picture is resized to before its middle is
// cut out. Defaults are filled in.
func (c Config) resized(inH, inW int) (outH, outW int, err error) {
	h, w := c.resizeTo()
	if c.CropMode == Squash {
		return h, w, nil
	}
	// The side that is cut grows with the other: compared in floats, for the
	// product of odd proportions can be huge.
	if covering := max(float64(inH)/float64(inW)*float64(w)*float64(w), float64(inW)/float64(inH)*float64(h)*float64(h)); covering > maxResized {
		return 0, 0, fmt.Errorf("a picture of %d×%d pixels is too long and narrow to be cropped to %d×%d", inW, inH, c.InputSize[2], c.InputSize[1])
	}
	if inW*h >= inH*w {
		return h, max(w, inW*h/inH), nil
	}
	return max(h, inH*w/inW), w, nil
}

// center returns half of what is cut away, rounded as Python rounds.
func center(over int) int { return int(math.RoundToEven(float64(over) / 2)) }

// Apply does to an image of a dataset, C×H×W values of 0..1 at the input's size,
// what Tensor does to a picture after resizing it: inversion, mean and standard
// deviation, in place. The Config must pass Check.
func (c Config) Apply(pixels []float32) {
	c = c.WithDefaults()
	size := c.InputSize[1] * c.InputSize[2]
	for channel := range c.InputSize[0] {
		mean, std := c.Mean[channel], c.Std[channel]
		plane := pixels[channel*size:][:size]
		for i, v := range plane {
			if c.Invert {
				v = 1 - v
			}
			plane[i] = (v - mean) / std
		}
	}
}

// A Placement says where in a picture the input of a network lies: the upper left corner of pixel (x, y) of the input is at
// (Left + x·ScaleX, Top + y·ScaleY) of the picture, in its pixels.
type Placement struct{ Left, Top, ScaleX, ScaleY float64 }

// Placement returns where in a picture of some size, upright, its input lies. Errors are those of Tensor.
func (c Config) Placement(size image.Point) (Placement, error) {
	if err := c.Check(); err != nil {
		return Placement{}, err
	}
	if size.X < 1 || size.Y < 1 {
		return Placement{}, fmt.Errorf("a picture of %d×%d pixels is empty", size.X, size.Y)
	}
	c = c.WithDefaults()
	h, w, err := c.resized(size.Y, size.X)
	if err != nil {
		return Placement{}, err
	}
	p := Placement{ScaleX: float64(size.X) / float64(w), ScaleY: float64(size.Y) / float64(h)}
	p.Left = float64(center(w-c.InputSize[2])) * p.ScaleX
	p.Top = float64(center(h-c.InputSize[1])) * p.ScaleY
	return p, nil
}

// Rectangle returns the part of the picture that a rectangle of the input lies on, to the nearest pixel, at least one.
func (p Placement) Rectangle(r image.Rectangle) image.Rectangle {
	at := func(start, scale float64, i int) int { return int(math.Round(start + scale*float64(i))) }
	out := image.Rect(at(p.Left, p.ScaleX, r.Min.X), at(p.Top, p.ScaleY, r.Min.Y), at(p.Left, p.ScaleX, r.Max.X), at(p.Top, p.ScaleY, r.Max.Y))
	out.Max.X, out.Max.Y = max(out.Max.X, out.Min.X+1), max(out.Max.Y, out.Min.Y+1)
	return out
}
