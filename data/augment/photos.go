package augment

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/strideml/stride/data/raster"
	"github.com/strideml/stride/tensor"
)

// Photos makes training images of photos of any size, on 8-bit values, as
// torchvision does with PIL images. It does not change: several goroutines may
// use it at once.
type Photos struct {
	shape    tensor.Shape
	filter   raster.Filter
	pictures []pictureTransform
	crops    bool
}

// A pictureTransform is a Transform that works on 8-bit pictures, too.
type pictureTransform interface {
	Transform
	// applyPicture changes the picture of a canvas, of 1 or 3 channels, drawing
	// all that is random from r.
	applyPicture(r *rand.Rand, c *canvas)
}

// Photos returns what makes images of shape C×H×W, C being 1 or 3, out of photos.
// The filter resizes a random resized crop. RandomErasing and the transforms on
// batches are not done: see Rest. It is an error when Check reports one, when
// Normalize is in the pipeline, since mean and standard deviation belong to the
// preprocessing, or when a transform is not one of this package.
func (p Pipeline) Photos(shape tensor.Shape, filter raster.Filter) (*Photos, error) {
	if err := p.check(shape); err != nil {
		return nil, err
	}
	if err := checkColours(shape); err != nil {
		return nil, err
	}
	photos := &Photos{shape: shape.Clone(), filter: filter}
	erased := false
	for _, t := range p.flat() {
		switch t := t.(type) {
		case BatchTransform:
		case RandomErasing:
			erased = true
		case pictureTransform:
			if erased {
				return nil, fmt.Errorf("%v stands after erase, which comes after mean and standard deviation: put it before", t)
			}
			_, crop := t.(RandomResizedCrop)
			photos.pictures, photos.crops = append(photos.pictures, t), photos.crops || crop
		case Normalize:
			return nil, errors.New("normalize is no augmentation of photos: mean and standard deviation belong to the preprocessing")
		default:
			return nil, fmt.Errorf("%v does not work on photos", t)
		}
	}
	return photos, nil
}

// Rest returns the transforms that Photos leaves to be done after mean and
// standard deviation: RandomErasing, and those on batches.
func (p Pipeline) Rest() Pipeline {
	return slices.DeleteFunc(Pipeline(p.flat()), func(t Transform) bool {
		_, picture := t.(pictureTransform)
		return picture
	})
}

// Crops reports whether there is a random resized crop, which wants whole photos.
// Without one, photos are wanted as they are for testing: resized, so that the
// middle is the input.
func (p *Photos) Crops() bool { return p.crops }

// Apply makes dst an image of the input's size out of src, which has the input's
// channels. All that is random comes from r. Without a random resized crop the
// middle of src is cut out first; a photo that is too small for that is resized
// until it covers the input. src stays as it is, and the memory of dst is reused.
func (p *Photos) Apply(r *rand.Rand, dst, src *raster.Raster) {
	c := canvases.Get().(*canvas)
	defer canvases.Put(c)
	dst.CopyFrom(p.draw(c, r, src))
	c.picture = nil
}

// Draw writes what Apply makes of a photo into pixels, C×H×W values of 0..1. It is
// an error when the photo or the shape of the image is not what was announced.
func (p *Photos) Draw(r *rand.Rand, pixels []float32, shape tensor.Shape, photo *raster.Raster) error {
	switch {
	case !shape.Equal(p.shape) || len(pixels) != shape.Size():
		return fmt.Errorf("%d values for an image of %v: want %v", len(pixels), shape, p.shape)
	case photo.Channels != shape[0]:
		return fmt.Errorf("a photo of %d channels for an image of %v", photo.Channels, shape)
	}
	if err := photo.Check(); err != nil {
		return err
	}
	c := canvases.Get().(*canvas)
	defer canvases.Put(c)
	for i, b := range p.draw(c, r, photo).Pix {
		pixels[i] = float32(b) / 255
	}
	c.picture = nil
	return nil
}

func (p *Photos) draw(c *canvas, r *rand.Rand, src *raster.Raster) *raster.Raster {
	c.start(src, p.shape, p.filter)
	if !p.crops {
		c.cutMiddle()
	}
	for _, t := range p.pictures {
		t.applyPicture(r, c)
	}
	return c.picture
}

// A canvas is a picture with the memory to change it.
type canvas struct {
	picture       *raster.Raster // as it is now: the caller's at first, then a buffer
	buffers       [2]raster.Raster
	height, width int // of the input
	filter        raster.Filter
	resizer       raster.Resizer
	blurrer       raster.Blurrer
}

var canvases = sync.Pool{New: func() any { return new(canvas) }}

func (c *canvas) start(picture *raster.Raster, shape tensor.Shape, filter raster.Filter) {
	c.picture, c.height, c.width, c.filter = picture, shape[1], shape[2], filter
}

// spare returns a buffer to write the next picture into, and makes it the
// picture. The old one is valid until the next call.
func (c *canvas) spare() (dst, src *raster.Raster) {
	dst, src = &c.buffers[0], c.picture
	if src == dst {
		dst = &c.buffers[1]
	}
	c.picture = dst
	return dst, src
}

// own returns the picture, to be changed in place.
func (c *canvas) own() *raster.Raster {
	if c.picture != &c.buffers[0] && c.picture != &c.buffers[1] {
		dst, src := c.spare()
		dst.CopyFrom(src)
	}
	return c.picture
}

// cut replaces the picture by a window, resized to height×width. What lies
// outside of the picture is black.
func (c *canvas) cut(top, left, h, w, height, width int) {
	if top != 0 || left != 0 || h != c.picture.Height || w != c.picture.Width {
		dst, src := c.spare()
		raster.Crop(dst, src, top, left, h, w)
	}
	c.resize(height, width)
}

func (c *canvas) resize(height, width int) {
	if height != c.picture.Height || width != c.picture.Width {
		dst, src := c.spare()
		c.resizer.Resize(dst, src, height, width, c.filter)
	}
}

// cutMiddle replaces the picture by its middle, of the input's size.
func (c *canvas) cutMiddle() {
	h, w := c.height, c.width
	if src := c.picture; src.Height < h || src.Width < w {
		if src.Width*h >= src.Height*w {
			c.resize(h, max(w, src.Width*h/src.Height))
		} else {
			c.resize(max(h, src.Height*w/src.Width), w)
		}
	}
	half := func(over int) int { return int(math.RoundToEven(float64(over) / 2)) }
	c.cut(half(c.picture.Height-h), half(c.picture.Width-w), h, w, h, w)
}

// warp replaces the picture by a warped one.
func (c *canvas) warp(w raster.Warp, l Look) {
	dst, src := c.spare()
	w.Apply(dst, src, l.filter(), l.Fill)
}

// onFloats applies a transform of pictures to values of 0..1, which are rounded
// to bytes for it: those of a dataset of bytes lose nothing.
func onFloats[T pictureTransform](t T, r *rand.Rand, pixels []float32, shape tensor.Shape) {
	c := canvases.Get().(*canvas)
	defer canvases.Put(c)
	from := &c.buffers[0]
	from.Reset(shape[0], shape[1], shape[2])
	for i, v := range pixels {
		from.Pix[i] = uint8(unit(v)*255 + 0.5)
	}
	c.start(from, shape, raster.Bilinear)
	t.applyPicture(r, c)
	for i, b := range c.picture.Pix {
		pixels[i] = float32(b) / 255
	}
}

// checkColours wants the channels of a picture.
func checkColours(shape tensor.Shape) error {
	if shape[0] != 1 && shape[0] != 3 {
		return fmt.Errorf("images of %d channels have no colours: want 1 or 3", shape[0])
	}
	return nil
}

// flat returns the transforms with those of nested pipelines in their place.
func (p Pipeline) flat() []Transform {
	var all []Transform
	for _, t := range p {
		if inner, ok := t.(Pipeline); ok {
			all = append(all, inner.flat()...)
		} else {
			all = append(all, t)
		}
	}
	return all
}

// PerImage returns the pipeline without the transforms on batches.
func (p Pipeline) PerImage() Pipeline {
	return slices.DeleteFunc(Pipeline(p.flat()), func(t Transform) bool {
		_, batch := t.(BatchTransform)
		return batch
	})
}

func (f RandomHorizontalFlip) applyPicture(r *rand.Rand, c *canvas) {
	if r.Float64() < orHalf(f.P) {
		raster.FlipHorizontal(c.own())
	}
}

func (f RandomVerticalFlip) applyPicture(r *rand.Rand, c *canvas) {
	if r.Float64() < orHalf(f.P) {
		raster.FlipVertical(c.own())
	}
}

// applyPicture takes the whole picture where the window would be larger than it
// is with its padding.
func (c RandomCrop) applyPicture(r *rand.Rand, to *canvas) {
	height, width := to.picture.Height, to.picture.Width
	h, w := c.size(tensor.Shape{1, height, width})
	h, w = min(h, height+2*c.Pad), min(w, width+2*c.Pad)
	top := r.IntN(height+2*c.Pad-h+1) - c.Pad
	left := r.IntN(width+2*c.Pad-w+1) - c.Pad
	to.cut(top, left, h, w, height, width)
}

func (c RandomResizedCrop) applyPicture(r *rand.Rand, to *canvas) {
	top, left, h, w := c.window(r, to.picture.Height, to.picture.Width)
	to.cut(top, left, h, w, to.height, to.width)
}

func (j ColorJitter) applyPicture(r *rand.Rand, c *canvas) {
	d := j.draw(r)
	picture := c.own()
	for _, what := range d.order {
		switch {
		case what == 0 && j.Brightness != 0:
			raster.AdjustBrightness(picture, d.brightness)
		case what == 1 && j.Contrast != 0:
			raster.AdjustContrast(picture, d.contrast)
		case what == 2 && j.Saturation != 0:
			raster.AdjustSaturation(picture, d.saturation)
		case what == 3 && j.Hue != 0:
			raster.AdjustHue(picture, d.hue)
		}
	}
}
