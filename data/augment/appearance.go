package augment

import (
	"cmp"
	"fmt"
	"math/rand/v2"

	"github.com/strideml/stride/data/raster"
	"github.com/strideml/stride/tensor"
)

// RandomGrayscale makes an image grey with probability P; it keeps its channels.
type RandomGrayscale struct {
	// P is from 0 to 1; 0 means the default, 0.1.
	P float64
}

// Apply implements Transform.
func (t RandomGrayscale) Apply(r *rand.Rand, pixels []float32, shape tensor.Shape) {
	onFloats(t, r, pixels, shape)
}

func (t RandomGrayscale) applyPicture(r *rand.Rand, c *canvas) {
	if r.Float64() < t.p() {
		raster.Grayscale(c.own())
	}
}

func (t RandomGrayscale) p() float64 {
	if t.P == 0 {
		return 0.1
	}
	return t.P
}

// Check implements Transform.
func (t RandomGrayscale) Check(shape tensor.Shape) error {
	return cmp.Or(checkColours(shape), checkRange("the probability", t.P, 0, 1))
}

// String returns "grayscale" or "grayscale=P".
func (t RandomGrayscale) String() string {
	if t.p() == 0.1 {
		return "grayscale"
	}
	return "grayscale=" + number(t.P)
}

// GaussianBlur blurs an image with a Gaussian whose standard deviation is drawn
// uniformly.
type GaussianBlur struct {
	// Size is the odd number of pixels, from 3 to 99, to which the Gaussian is cut
	// off.
	Size int
	// Sigma is the range of the standard deviation in pixels, above 0; the zero
	// value means the default, 0.1 to 2.
	Sigma [2]float64
}

// Apply implements Transform.
func (t GaussianBlur) Apply(r *rand.Rand, pixels []float32, shape tensor.Shape) {
	onFloats(t, r, pixels, shape)
}

func (t GaussianBlur) applyPicture(r *rand.Rand, c *canvas) {
	t = t.withDefaults()
	sigma := uniform(r, t.Sigma[0], t.Sigma[1])
	dst, src := c.spare()
	c.blurrer.Gaussian(dst, src, t.Size, sigma)
}

func (t GaussianBlur) withDefaults() GaussianBlur {
	if t.Sigma == [2]float64{} {
		t.Sigma = [2]float64{0.1, 2}
	}
	return t
}

// Check implements Transform.
func (t GaussianBlur) Check(shape tensor.Shape) error {
	t = t.withDefaults()
	switch s := t.Sigma; {
	case t.Size < 3 || t.Size > 99 || t.Size%2 == 0:
		return fmt.Errorf("the size is %d: want an odd number from 3 to 99", t.Size)
	case !(s[0] >= 0.01 && s[0] <= s[1] && s[1] <= 100):
		return fmt.Errorf("the deviation is %v to %v: want a range within 0.01 to 100", s[0], s[1])
	}
	return checkColours(shape)
}

// String returns "blur=SIZE" or "blur=SIZE:MIN:MAX".
func (t GaussianBlur) String() string {
	if t = t.withDefaults(); t.Sigma == (GaussianBlur{}).withDefaults().Sigma {
		return fmt.Sprintf("blur=%d", t.Size)
	}
	return fmt.Sprintf("blur=%d:%s", t.Size, numbers(":", t.Sigma[:]...))
}

// An Appearance is a change of all values of an image that has no more than one
// number.
type Appearance uint8

// The changes, with the names of torchvision's functions.
const (
	// Invert makes black white and white black. It has no number.
	Invert Appearance = iota
	// Posterize keeps the highest 1 to 8 bits of each value.
	Posterize
	// Solarize inverts the values from a number on, 0 to 256 of 255.
	Solarize
	// AutoContrast stretches the values of each channel to the whole range. It has
	// no number.
	AutoContrast
	// Equalize makes the values of each channel about equally frequent. It has no
	// number.
	Equalize
	// Sharpness moves an image away from a blurred version of it by a factor of 0
	// to 100; 1 changes nothing.
	Sharpness
	appearances
)

var appearanceNames = [appearances]string{"invert", "posterize", "solarize", "autocontrast", "equalize", "sharpness"}

// bounds returns the least and greatest number of a change; both are 0 if it has
// none.
func (a Appearance) bounds() (least, most float64) {
	switch a {
	case Posterize:
		return 1, 8
	case Solarize:
		return 0, 256
	case Sharpness:
		return 0, 100
	}
	return 0, 0
}

// apply changes the picture.
func (a Appearance) apply(c *canvas, value float64) {
	switch a {
	case Invert:
		raster.Invert(c.own())
	case Posterize:
		raster.Posterize(c.own(), int(value))
	case Solarize:
		raster.Solarize(c.own(), value)
	case AutoContrast:
		raster.AutoContrast(c.own())
	case Equalize:
		raster.Equalize(c.own())
	case Sharpness:
		dst, src := c.spare()
		raster.AdjustSharpness(dst, src, value)
	}
}

// RandomAppearance makes a change with probability P: torchvision's classes
// RandomInvert, RandomPosterize, RandomSolarize, RandomAutocontrast,
// RandomEqualize and RandomAdjustSharpness.
type RandomAppearance struct {
	Change Appearance
	// Value is the change's number, if it has one.
	Value float64
	// P is from 0 to 1; 0 means the default, 0.5.
	P float64
}

// Apply implements Transform.
func (t RandomAppearance) Apply(r *rand.Rand, pixels []float32, shape tensor.Shape) {
	onFloats(t, r, pixels, shape)
}

func (t RandomAppearance) applyPicture(r *rand.Rand, c *canvas) {
	if r.Float64() < orHalf(t.P) {
		t.Change.apply(c, t.Value)
	}
}

// Check implements Transform.
func (t RandomAppearance) Check(shape tensor.Shape) error {
	if t.Change >= appearances {
		return fmt.Errorf("no change has the number %d", t.Change)
	}
	least, most := t.Change.bounds()
	if t.Change == Posterize && t.Value != float64(int(t.Value)) {
		return fmt.Errorf("%v bits: want a whole number", t.Value)
	}
	return cmp.Or(checkColours(shape), checkRange("the number", t.Value, least, most), checkRange("the probability", t.P, 0, 1))
}

// String returns the name of the change with its number, if it has one, and P,
// unless that is the default.
func (t RandomAppearance) String() string {
	if t.Change >= appearances {
		return fmt.Sprintf("change %d", t.Change)
	}
	var values []float64
	if _, most := t.Change.bounds(); most > 0 {
		values = append(values, t.Value)
	}
	if orHalf(t.P) != 0.5 {
		values = append(values, t.P)
	}
	return word(appearanceNames[t.Change], Look{}, values...)
}

// parseAppearance reads the arguments of a change.
func (a Appearance) parse(args string) (Transform, error) {
	t := RandomAppearance{Change: a}
	_, most := a.bounds()
	if args == "" && most == 0 {
		return t, nil
	}
	counts := []int{1}
	if most > 0 {
		counts = []int{1, 2}
	}
	v, err := floats(args, ":", counts...)
	if err != nil {
		return nil, err
	}
	if most > 0 {
		t.Value, v = v[0], v[1:]
	}
	if len(v) > 0 {
		if t.P, err = nonzero(v[0]); err != nil {
			return nil, err
		}
	}
	return t, nil
}
