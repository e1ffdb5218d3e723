package render

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"

	"github.com/strideml/stride/data/raster"
	"github.com/strideml/stride/tensor"
)

// maxPixels bounds what is drawn.
const maxPixels = 100_000_000

// Options are the choices of Map and Overlay. The zero value is a good default.
type Options struct {
	// Colors are the colours; "" means Viridis for Map and Turbo for Overlay, and Diverging for both where Signed is
	// set.
	Colors Colors
	// Signed is for values of both signs, as explain.Attribution.Signed says: 0 is in the middle of the colours, and both
	// ends are equally far from it. Otherwise the colours begin at 0, and what is negative counts as 0.
	Signed bool
	// Percentile is the share of values, in per cent, that are within the colours, above 0; those beyond have the colour at the
	// end. A few pixels of a gradient are often far greater than all others, so that 99 shows more of it. 0 means
	// 100.
	Percentile float64
	// Opacity is how much of the picture the greatest values hide in Overlay, above 0 to 1; 0 means 0.7. Smaller
	// values hide less, and those of 0 nothing.
	Opacity float64
}

// scale returns what values are divided by so that they are −1..1.
func (o Options) scale(values []float32) (float64, error) {
	if o.Percentile == 0 {
		o.Percentile = 100
	}
	if !(o.Percentile > 0 && o.Percentile <= 100) {
		return 0, fmt.Errorf("render: percentile %v: want a number above 0 and up to 100", o.Percentile)
	}
	sizes := make([]float64, len(values))
	for i, v := range values {
		switch {
		case v-v != 0:
			return 0, fmt.Errorf("render: value %v: want finite numbers", v)
		case o.Signed:
			sizes[i] = math.Abs(float64(v))
		default:
			sizes[i] = max(0, float64(v))
		}
	}
	slices.Sort(sizes)
	most := sizes[min(len(sizes)-1, int(o.Percentile/100*float64(len(sizes))))]
	if most == 0 { // all but a few are 0
		most = sizes[len(sizes)-1]
	}
	if most == 0 {
		most = 1
	}
	return most, nil
}

// Map draws a heat map H×W, or 1×H×W, in colours, at a size in pixels, interpolating bilinearly; if width and height are 0 a
// pixel for each value. All values 0 have the colour of 0.
func Map(heat *tensor.Tensor, width, height int, o Options) (*image.RGBA, error) {
	h, w, err := mapSize(heat)
	if err != nil {
		return nil, err
	}
	if width == 0 && height == 0 {
		width, height = w, h
	}
	if err := checkSize(width, height); err != nil {
		return nil, err
	}
	scale, err := o.scale(heat.Data())
	if err != nil {
		return nil, err
	}
	colours := o.colours(Viridis)
	out := image.NewRGBA(image.Rect(0, 0, width, height))
	sample(heat.Data(), h, w, out.Bounds(), out.Bounds(), func(x, y int, v float64) {
		out.SetRGBA(x, y, colours.At(o.place(v/scale)))
	})
	return out, nil
}

func (o Options) colours(otherwise Colors) Colors {
	switch {
	case o.Colors != "":
		return o.Colors
	case o.Signed:
		return Diverging
	}
	return otherwise
}

// place is where a value from −1 to 1 lies among the colours.
func (o Options) place(v float64) float64 {
	if o.Signed {
		return (v + 1) / 2
	}
	return v
}

// Overlay draws a heat map H×W over the part of a picture that it belongs to, in pixels of the picture, which must not be empty and may lie
// partly outside of it: preprocess.Placement says where the network's input lies.
func Overlay(picture image.Image, heat *tensor.Tensor, where image.Rectangle, o Options) (*image.RGBA, error) {
	h, w, err := mapSize(heat)
	if err != nil {
		return nil, err
	}
	if where.Empty() || where.Dx() > maxPixels || where.Dy() > maxPixels {
		return nil, fmt.Errorf("render: a map over %v of the picture: want some part of it", where)
	}
	if o.Opacity == 0 {
		o.Opacity = 0.7
	}
	if !(o.Opacity > 0 && o.Opacity <= 1) {
		return nil, fmt.Errorf("render: opacity %v: want a number above 0 and up to 1", o.Opacity)
	}
	out, err := Copy(picture)
	if err != nil {
		return nil, err
	}
	scale, err := o.scale(heat.Data())
	if err != nil {
		return nil, err
	}
	colours := o.colours(Turbo)
	sample(heat.Data(), h, w, where, out.Bounds(), func(x, y int, v float64) {
		v = min(max(v/scale, -1), 1)
		share := math.Abs(v)
		if !o.Signed {
			share = max(0, v)
		}
		out.SetRGBA(x, y, mix(out.RGBAAt(x, y), colours.At(o.place(v)), o.Opacity*share))
	})
	return out, nil
}

// Copy returns a copy of a picture whose bounds begin at 0, its transparent pixels on white.
func Copy(picture image.Image) (*image.RGBA, error) {
	if picture == nil || picture.Bounds().Empty() {
		return nil, errors.New("render: there is no picture")
	}
	if err := checkSize(picture.Bounds().Dx(), picture.Bounds().Dy()); err != nil {
		return nil, err
	}
	return fromRaster(raster.FromImage(picture, 3)), nil
}

func fromRaster(r *raster.Raster) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, r.Width, r.Height))
	size := r.Width * r.Height
	for i := range size {
		for c := range 3 {
			out.Pix[4*i+c] = r.Pix[min(c, r.Channels-1)*size+i]
		}
		out.Pix[4*i+3] = 255
	}
	return out
}

// Fit resizes a picture, its proportions kept, so that its longer side is at most most pixels and, if possible, its shorter
// one at least least; it is not resized if both hold.
func Fit(picture image.Image, least, most int) (*image.RGBA, error) {
	out, err := Copy(picture)
	if err != nil {
		return nil, err
	}
	if least < 1 || most < least {
		return nil, fmt.Errorf("render: fit a picture to %d to %d pixels", least, most)
	}
	w, h := out.Rect.Dx(), out.Rect.Dy()
	factor := max(1, float64(least)/float64(min(w, h)))
	factor = min(factor, float64(most)/float64(max(w, h)))
	if factor == 1 {
		return out, nil
	}
	small := &raster.Raster{}
	side := func(n int) int { return max(1, int(math.Round(factor*float64(n)))) }
	filter := raster.Bicubic
	if factor > 4 { // keep the pixels of tiny pictures visible
		filter = raster.Nearest
	}
	new(raster.Resizer).Resize(small, raster.FromImage(out, 3), side(h), side(w), filter)
	return fromRaster(small), nil
}

// Box draws the border of a rectangle on a picture, in place: a line of a colour on the inside, two pixels wide, between thin black ones.
// What lies outside of the picture is left out.
func Box(picture *image.RGBA, r image.Rectangle, c color.RGBA) {
	for d, colour := range []color.RGBA{{A: 255}, c, c, {A: 255}} {
		in := r.Inset(d)
		if in.Empty() {
			return
		}
		for x := in.Min.X; x < in.Max.X; x++ {
			picture.SetRGBA(x, in.Min.Y, colour)
			picture.SetRGBA(x, in.Max.Y-1, colour)
		}
		for y := in.Min.Y; y < in.Max.Y; y++ {
			picture.SetRGBA(in.Min.X, y, colour)
			picture.SetRGBA(in.Max.X-1, y, colour)
		}
	}
}

func mapSize(heat *tensor.Tensor) (h, w int, err error) {
	if heat == nil {
		return 0, 0, errors.New("render: there is no map")
	}
	s := heat.Shape()
	if len(s) == 3 && s[0] == 1 {
		s = s[1:]
	}
	if len(s) != 2 {
		return 0, 0, fmt.Errorf("render: a map of shape %v: want H×W", s)
	}
	return s[0], s[1], nil
}

func checkSize(width, height int) error {
	if width < 1 || height < 1 || width > maxPixels/height {
		return fmt.Errorf("render: a picture of %d×%d pixels: want at least 1×1 and at most %d in all", width, height, maxPixels)
	}
	return nil
}

// sample stretches a map of h×w values over a rectangle and calls visit for each pixel of it that is in view, with the value
// interpolated bilinearly at the pixel's middle.
func sample(values []float32, h, w int, over, view image.Rectangle, visit func(x, y int, v float64)) {
	for y := max(over.Min.Y, view.Min.Y); y < min(over.Max.Y, view.Max.Y); y++ {
		i0, i1, ty := between(float64(y-over.Min.Y)+0.5, over.Dy(), h)
		for x := max(over.Min.X, view.Min.X); x < min(over.Max.X, view.Max.X); x++ {
			j0, j1, tx := between(float64(x-over.Min.X)+0.5, over.Dx(), w)
			top := float64(values[i0*w+j0])*(1-tx) + float64(values[i0*w+j1])*tx
			bottom := float64(values[i1*w+j0])*(1-tx) + float64(values[i1*w+j1])*tx
			visit(x, y, top*(1-ty)+bottom*ty)
		}
	}
}

// between returns the two of n values around a place from 0 to length, and the weight of the second.
func between(at float64, length, n int) (first, second int, weight float64) {
	t := min(max(at*float64(n)/float64(length)-0.5, 0), float64(n-1))
	first = int(t)
	return first, min(first+1, n-1), t - float64(first)
}
