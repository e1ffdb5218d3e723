package augment

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/strideml/stride/tensor"
)

// maxSide bounds the sizes of crops, so that sums and products of them do not
// overflow.
const maxSide = 1 << 15

// RandomCrop adds Pad rows and columns of zeros on each side of an image and cuts out
// a window of Height×Width at a random place, drawn uniformly. A window of another
// size than the image's is resized to that.
type RandomCrop struct {
	// Height and Width are those of the window; 0 means the image's.
	Height, Width int
	// Pad is how many rows and columns are added on each of the four sides.
	Pad int
}

// Apply implements Transform.
func (c RandomCrop) Apply(r *rand.Rand, pixels []float32, shape tensor.Shape) {
	h, w := c.size(shape)
	top := r.IntN(shape[1]+2*c.Pad-h+1) - c.Pad
	left := r.IntN(shape[2]+2*c.Pad-w+1) - c.Pad
	cut(pixels, shape, top, left, h, w)
}

func (c RandomCrop) size(shape tensor.Shape) (h, w int) {
	if h, w = c.Height, c.Width; h == 0 {
		h = shape[1]
	}
	if w == 0 {
		w = shape[2]
	}
	return h, w
}

// Check implements Transform.
func (c RandomCrop) Check(shape tensor.Shape) error {
	if c.Height < 0 || c.Width < 0 || c.Pad < 0 || c.Height > maxSide || c.Width > maxSide || c.Pad > maxSide {
		return fmt.Errorf("a crop of %d×%d pixels with padding %d: want numbers from 0 to %d", c.Height, c.Width, c.Pad, maxSide)
	}
	if h, w := c.size(shape); h > shape[1]+2*c.Pad || w > shape[2]+2*c.Pad {
		return fmt.Errorf("a crop of %d×%d pixels is larger than the image with its padding, %d×%d", h, w, shape[1]+2*c.Pad, shape[2]+2*c.Pad)
	}
	return nil
}

// String returns "crop=H:PAD" or "crop=HxW:PAD"; 0 means the image's size.
func (c RandomCrop) String() string {
	s := fmt.Sprintf("crop=%d", c.Height)
	if c.Width != c.Height {
		s += fmt.Sprintf("x%d", c.Width)
	}
	if c.Pad != 0 {
		s += fmt.Sprintf(":%d", c.Pad)
	}
	return s
}

// RandomResizedCrop cuts out a window of random area and aspect ratio at a
// random place and resizes it to the image's size. Area and the logarithm of
// the ratio are drawn uniformly; after ten draws that do not fit into the image
// it takes the largest window in its centre with a ratio in range.
type RandomResizedCrop struct {
	// Scale is the range of the window's share of the area, within 0..1; the
	// zero value means the default, 0.08 to 1.
	Scale [2]float64
	// Ratio is the range of width / height; the zero value means the
	// default, 3/4 to 4/3.
	Ratio [2]float64
}

// Apply implements Transform.
func (c RandomResizedCrop) Apply(r *rand.Rand, pixels []float32, shape tensor.Shape) {
	top, left, h, w := c.window(r, shape[1], shape[2])
	cut(pixels, shape, top, left, h, w)
}

// window draws the window in an image of height×width.
func (c RandomResizedCrop) window(r *rand.Rand, height, width int) (top, left, h, w int) {
	c = c.withDefaults()
	for range 10 {
		area := float64(height) * float64(width) * uniform(r, c.Scale[0], c.Scale[1])
		ratio := math.Exp(uniform(r, math.Log(c.Ratio[0]), math.Log(c.Ratio[1])))
		fw, fh := math.RoundToEven(math.Sqrt(area*ratio)), math.RoundToEven(math.Sqrt(area/ratio))
		if fw >= 1 && fw <= float64(width) && fh >= 1 && fh <= float64(height) {
			w, h = int(fw), int(fh)
			return r.IntN(height - h + 1), r.IntN(width - w + 1), h, w
		}
	}
	w, h = width, height
	switch whole := float64(width) / float64(height); {
	case whole < c.Ratio[0]:
		h = int(math.RoundToEven(float64(w) / c.Ratio[0]))
	case whole > c.Ratio[1]:
		w = int(math.RoundToEven(float64(h) * c.Ratio[1]))
	}
	w, h = max(w, 1), max(h, 1)
	return (height - h) / 2, (width - w) / 2, h, w
}

func (c RandomResizedCrop) withDefaults() RandomResizedCrop {
	if c.Scale == [2]float64{} {
		c.Scale = [2]float64{0.08, 1}
	}
	if c.Ratio == [2]float64{} {
		c.Ratio = [2]float64{3. / 4, 4. / 3}
	}
	return c
}

// Check implements Transform.
func (c RandomResizedCrop) Check(tensor.Shape) error {
	c = c.withDefaults()
	if s := c.Scale; !(s[0] > 0 && s[0] <= s[1] && s[1] <= 1) {
		return fmt.Errorf("the scale is %v to %v: want a range within 0..1, above 0", s[0], s[1])
	}
	if s := c.Ratio; !(s[0] >= 1e-3 && s[0] <= s[1] && s[1] <= 1e3) {
		return fmt.Errorf("the ratio is %v to %v: want a range within 0.001..1000", s[0], s[1])
	}
	return nil
}

// String returns "rcrop", "rcrop=MIN:MAX" or "rcrop=MIN:MAX:RMIN:RMAX".
func (c RandomResizedCrop) String() string {
	standard := RandomResizedCrop{}.withDefaults()
	c = c.withDefaults()
	switch {
	case c == standard:
		return "rcrop"
	case c.Ratio == standard.Ratio:
		return "rcrop=" + numbers(":", c.Scale[:]...)
	}
	return "rcrop=" + numbers(":", c.Scale[0], c.Scale[1], c.Ratio[0], c.Ratio[1])
}

// cut replaces the image by its window of h×w pixels from (top, left) on,
// resized to the image's size. What lies outside of the image is 0.
func cut(pixels []float32, shape tensor.Shape, top, left, h, w int) {
	height, width := shape[1], shape[2]
	if top == 0 && left == 0 && h == height && w == width {
		return
	}
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	s.crop = grow(s.crop, h*w)
	resized := h != height || w != width
	if resized {
		s.across.fill(w, width)
		s.down.fill(h, height)
		s.rows = grow(s.rows, h*width)
	}
	for c := range shape[0] {
		plane := pixels[c*height*width:][:height*width]
		copyWindow(s.crop, plane, height, width, top, left, h, w)
		if !resized {
			copy(plane, s.crop)
			continue
		}
		s.across.rows(s.rows, s.crop)
		s.down.columns(plane, s.rows, width)
	}
}

// copyWindow copies a window of a plane, with zeros outside of the plane.
func copyWindow(dst, plane []float32, height, width, top, left, h, w int) {
	from, to := max(-left, 0), min(width-left, w) // columns of dst inside of the plane
	for y := range h {
		row := dst[y*w:][:w]
		if y+top < 0 || y+top >= height || from >= to {
			clear(row)
			continue
		}
		clear(row[:from])
		copy(row[from:to], plane[(y+top)*width+left+from:])
		clear(row[to:])
	}
}
