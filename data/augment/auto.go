package augment

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/strideml/stride/data/raster"
	"github.com/strideml/stride/tensor"
)

// bins is the number of magnitudes of each operation.
const bins = 31

// An operation is one of those that RandAugment and TrivialAugmentWide choose
// from.
type operation uint8

// The order is torchvision's.
const (
	identity operation = iota
	shearX
	shearY
	translateX
	translateY
	rotate
	brightness
	saturation
	contrast
	sharpness
	posterize
	solarize
	autoContrast
	equalize
	operations
)

// A space says how strong the operations are at most.
type space struct {
	shear, degrees, factor, bits float64
	// translate is a number of pixels, or with perSize a share of the size.
	translate float64
	perSize   bool
}

var (
	randAugmentSpace    = space{shear: 0.3, degrees: 30, factor: 0.9, bits: 4, translate: 150. / 331, perSize: true}
	trivialAugmentSpace = space{shear: 0.99, degrees: 135, factor: 0.99, bits: 6, translate: 32}
)

// magnitude returns the strength of an operation in bin 0 to 30 for a picture of
// the given size, and whether its sign is drawn. As in torchvision it is spaced
// evenly in float32.
func (s space) magnitude(o operation, bin, height, width int) (magnitude float64, signed bool) {
	translate := func(size int) float64 {
		if s.perSize {
			return s.translate * float64(size)
		}
		return s.translate
	}
	switch o {
	case shearX, shearY:
		return spaced(0, s.shear, bin), true
	case translateX:
		return spaced(0, translate(width), bin), true
	case translateY:
		return spaced(0, translate(height), bin), true
	case rotate:
		return spaced(0, s.degrees, bin), true
	case brightness, saturation, contrast, sharpness:
		return spaced(0, s.factor, bin), true
	case posterize:
		step := float32((bins - 1) / s.bits)
		return 8 - math.RoundToEven(float64(float32(bin)/step)), false
	case solarize:
		return spaced(255, 0, bin), false
	}
	return 0, false
}

// spaced is element bin of torch.linspace(from, to, 31), which rounds to float32
// once for the product and the sum.
func spaced(from, to float64, bin int) float64 {
	first, last := float64(float32(from)), float64(float32(to))
	step := float64((float32(to) - float32(from)) / (bins - 1))
	if bin < bins/2 {
		return float64(float32(first + step*float64(bin)))
	}
	return float64(float32(last - step*float64(bins-1-bin)))
}

// apply changes the picture of a canvas.
func (o operation) apply(c *canvas, magnitude float64, l Look) {
	degrees := func() float64 { return math.Atan(magnitude) * (180 / math.Pi) }
	middle := [2]float64{float64(c.picture.Width) * 0.5, float64(c.picture.Height) * 0.5}
	switch o {
	case shearX:
		c.warp(raster.Affine{Scale: 1, ShearX: degrees()}.Warp(), l)
	case shearY:
		c.warp(raster.Affine{Scale: 1, ShearY: degrees()}.Warp(), l)
	case translateX:
		c.warp(raster.Affine{Scale: 1, X: math.Trunc(magnitude), Center: middle}.Warp(), l)
	case translateY:
		c.warp(raster.Affine{Scale: 1, Y: math.Trunc(magnitude), Center: middle}.Warp(), l)
	case rotate:
		dst, src := c.spare()
		raster.Rotate(dst, src, magnitude, l.filter(), l.Fill)
	case brightness:
		raster.AdjustBrightness(c.own(), 1+magnitude)
	case saturation:
		raster.AdjustSaturation(c.own(), 1+magnitude)
	case contrast:
		raster.AdjustContrast(c.own(), 1+magnitude)
	case sharpness:
		Sharpness.apply(c, 1+magnitude)
	case posterize:
		Posterize.apply(c, magnitude)
	case solarize:
		Solarize.apply(c, magnitude)
	case autoContrast:
		AutoContrast.apply(c, 0)
	case equalize:
		Equalize.apply(c, 0)
	}
}

// RandAugment applies operations that are drawn evenly from fourteen, each with
// the same magnitude and a random sign: shears, shifts, rotation, brightness,
// colour, contrast, sharpness, posterize, solarize, autocontrast, equalize, and
// none (Cubuk et al., 2020).
type RandAugment struct {
	// Ops is how many operations there are, 1 to 20; 0 means the default, 2.
	Ops int
	// Magnitude is 1 to 30; 0 means the default, 9.
	Magnitude int
	Look
}

// Apply implements Transform.
func (t RandAugment) Apply(r *rand.Rand, pixels []float32, shape tensor.Shape) {
	onFloats(t, r, pixels, shape)
}

func (t RandAugment) applyPicture(r *rand.Rand, c *canvas) {
	t = t.withDefaults()
	for range t.Ops {
		o := operation(r.IntN(int(operations)))
		magnitude, signed := randAugmentSpace.magnitude(o, t.Magnitude, c.picture.Height, c.picture.Width)
		if signed && r.IntN(2) == 1 {
			magnitude = -magnitude
		}
		o.apply(c, magnitude, t.Look)
	}
}

func (t RandAugment) withDefaults() RandAugment {
	if t.Ops == 0 {
		t.Ops = 2
	}
	if t.Magnitude == 0 {
		t.Magnitude = 9
	}
	return t
}

// Check implements Transform.
func (t RandAugment) Check(shape tensor.Shape) error {
	t = t.withDefaults()
	return cmp.Or(checkColours(shape), checkRange("the number of operations", float64(t.Ops), 1, 20),
		checkRange("the magnitude", float64(t.Magnitude), 1, bins-1))
}

// String returns "randaugment" or "randaugment=OPS:MAGNITUDE".
func (t RandAugment) String() string {
	if t = t.withDefaults(); t.Ops == 2 && t.Magnitude == 9 {
		return word("randaugment", t.Look)
	}
	return word("randaugment", t.Look, float64(t.Ops), float64(t.Magnitude))
}

// TrivialAugmentWide applies one of the operations of RandAugment, with a
// magnitude that is drawn, too, from a wider range (Müller and Hutter, 2021).
type TrivialAugmentWide struct{ Look }

// Apply implements Transform.
func (t TrivialAugmentWide) Apply(r *rand.Rand, pixels []float32, shape tensor.Shape) {
	onFloats(t, r, pixels, shape)
}

func (t TrivialAugmentWide) applyPicture(r *rand.Rand, c *canvas) {
	o := operation(r.IntN(int(operations)))
	magnitude, signed := trivialAugmentSpace.magnitude(o, r.IntN(bins), c.picture.Height, c.picture.Width)
	if signed && r.IntN(2) == 1 {
		magnitude = -magnitude
	}
	o.apply(c, magnitude, t.Look)
}

// Check implements Transform.
func (t TrivialAugmentWide) Check(shape tensor.Shape) error { return checkColours(shape) }

// String returns "trivialaugment".
func (t TrivialAugmentWide) String() string { return word("trivialaugment", t.Look) }

// parseRandAugment reads the arguments of RandAugment.
func parseRandAugment(args string) (Transform, error) {
	if args == "" {
		return RandAugment{}, nil
	}
	v, l, err := parseLook(args, 0, 2)
	if err != nil {
		return nil, err
	}
	t := RandAugment{Look: l}
	if len(v) == 2 {
		if t.Ops, t.Magnitude = int(v[0]), int(v[1]); float64(t.Ops) != v[0] || float64(t.Magnitude) != v[1] || t.Ops == 0 || t.Magnitude == 0 {
			return nil, fmt.Errorf("%s: want whole numbers from 1 on", args)
		}
	}
	return t, nil
}
