package augment

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/strideml/stride/tensor"
)

// ColorJitter changes brightness, contrast, saturation and hue by random
// amounts, in random order. A field of zero leaves its property alone. For grey
// images, of one channel, saturation and hue do nothing.
type ColorJitter struct {
	// Brightness, Contrast and Saturation are at least 0: the factor is drawn
	// uniformly from max(0, 1−v) to 1+v.
	Brightness, Contrast, Saturation float64
	// Hue is from 0 to 0.5: the shift is drawn uniformly from −v to v, where 1 is
	// the whole circle of hues.
	Hue float64
}

// Apply implements Transform.
func (j ColorJitter) Apply(r *rand.Rand, pixels []float32, shape tensor.Shape) {
	d := j.draw(r)
	for _, what := range d.order {
		switch {
		case what == 0 && j.Brightness != 0:
			adjustBrightness(pixels, float32(d.brightness))
		case what == 1 && j.Contrast != 0:
			adjustContrast(pixels, shape[0], float32(d.contrast))
		case what == 2 && j.Saturation != 0:
			adjustSaturation(pixels, shape[0], float32(d.saturation))
		case what == 3 && j.Hue != 0:
			adjustHue(pixels, shape[0], d.hue)
		}
	}
}

// A jitter is what a ColorJitter has drawn: the order of brightness 0, contrast
// 1, saturation 2 and hue 3, and their numbers.
type jitter struct {
	order                                 [4]int
	brightness, contrast, saturation, hue float64
}

func (j ColorJitter) draw(r *rand.Rand) jitter {
	d := jitter{order: [4]int{0, 1, 2, 3}}
	for i := 3; i > 0; i-- {
		k := r.IntN(i + 1)
		d.order[i], d.order[k] = d.order[k], d.order[i]
	}
	d.brightness, d.contrast, d.saturation = factor(r, j.Brightness), factor(r, j.Contrast), factor(r, j.Saturation)
	d.hue = uniform(r, -j.Hue, j.Hue)
	return d
}

func factor(r *rand.Rand, v float64) float64 { return uniform(r, max(0, 1-v), 1+v) }

// Check implements Transform.
func (j ColorJitter) Check(shape tensor.Shape) error {
	return cmp.Or(
		checkColours(shape),
		checkRange("brightness", j.Brightness, 0, 1000),
		checkRange("contrast", j.Contrast, 0, 1000),
		checkRange("saturation", j.Saturation, 0, 1000),
		checkRange("hue", j.Hue, 0, 0.5),
	)
}

// String returns "jitter=V" where all four are V, "jitter=B:C:S:H" otherwise.
func (j ColorJitter) String() string {
	if j.Brightness == j.Contrast && j.Contrast == j.Saturation && j.Saturation == j.Hue {
		return "jitter=" + number(j.Hue)
	}
	return "jitter=" + numbers(":", j.Brightness, j.Contrast, j.Saturation, j.Hue)
}

func unit(v float32) float32 { return min(max(v, 0), 1) }

// adjustBrightness multiplies by f and clamps to 0..1.
func adjustBrightness(pixels []float32, f float32) {
	for i, v := range pixels {
		pixels[i] = unit(v * f)
	}
}

// planes returns the three channels of a colour image.
func planes(pixels []float32) (r, g, b []float32) {
	n := len(pixels) / 3
	return pixels[:n:n], pixels[n : 2*n : 2*n], pixels[2*n:][:n]
}

// grey is the luma of ITU-R BT.601 with torchvision's digits.
func grey(r, g, b float32) float32 { return 0.2989*r + 0.587*g + 0.114*b }

// adjustContrast moves every value away from the mean grey: f·v + (1−f)·mean.
func adjustContrast(pixels []float32, channels int, f float32) {
	sum, count := 0.0, len(pixels)
	if channels == 3 {
		r, g, b := planes(pixels)
		count = len(r)
		for i := range r {
			sum += float64(grey(r[i], g[i], b[i]))
		}
	} else {
		for _, v := range pixels {
			sum += float64(v)
		}
	}
	shift := (1 - f) * float32(sum/float64(count))
	for i, v := range pixels {
		pixels[i] = unit(f*v + shift)
	}
}

// adjustSaturation moves every pixel away from its own grey.
func adjustSaturation(pixels []float32, channels int, f float32) {
	if channels != 3 {
		return
	}
	r, g, b := planes(pixels)
	for i := range r {
		shift := (1 - f) * grey(r[i], g[i], b[i])
		r[i], g[i], b[i] = unit(f*r[i]+shift), unit(f*g[i]+shift), unit(f*b[i]+shift)
	}
}

// adjustHue turns the hue of every pixel by shift of a circle, keeping
// saturation and value (HSV).
func adjustHue(pixels []float32, channels int, shift float64) {
	if channels != 3 {
		return
	}
	turn := float32(6 * (shift - math.Floor(shift))) // in sixths of the circle
	r, g, b := planes(pixels)
	for i := range r {
		r[i], g[i], b[i] = turnHue(r[i], g[i], b[i], turn)
	}
}

// turnHue turns the hue of one pixel by 0 ≤ turn ≤ 6 sixths of the circle.
func turnHue(r, g, b, turn float32) (float32, float32, float32) {
	top, bottom := max(r, g, b), min(r, g, b)
	spread := top - bottom
	if spread == 0 {
		return r, g, b
	}
	var hue float32 // red 0, green 2, blue 4
	switch top {
	case r:
		hue = (g - b) / spread
	case g:
		hue = 2 + (b-r)/spread
	default:
		hue = 4 + (r-g)/spread
	}
	hue += turn
	for hue < 0 {
		hue += 6
	}
	for hue >= 6 {
		hue -= 6
	}
	// Of the three channels one is at the top, one at the bottom, and one goes
	// up in even sixths and down in odd ones.
	sector := int(hue)
	part := hue - float32(sector)
	up, down := bottom+spread*part, top-spread*part
	switch sector {
	case 0:
		return top, up, bottom
	case 1:
		return down, top, bottom
	case 2:
		return bottom, top, up
	case 3:
		return bottom, down, top
	case 4:
		return up, bottom, top
	default:
		return top, bottom, down
	}
}

// Normalize subtracts the mean of each channel and divides by its standard deviation:
// (v − Mean[c]) / Std[c]. It is not random.
type Normalize struct {
	// Mean and Std have one number for each channel, or one for all.
	Mean, Std []float32
}

// Apply implements Transform.
func (n Normalize) Apply(_ *rand.Rand, pixels []float32, shape tensor.Shape) {
	size := shape[1] * shape[2]
	for c := range shape[0] {
		mean, std := n.Mean[min(c, len(n.Mean)-1)], n.Std[min(c, len(n.Std)-1)]
		plane := pixels[c*size:][:size]
		for i, v := range plane {
			plane[i] = (v - mean) / std
		}
	}
}

// Check implements Transform.
func (n Normalize) Check(shape tensor.Shape) error {
	for _, list := range []struct {
		what   string
		values []float32
	}{{"mean", n.Mean}, {"deviation", n.Std}} {
		if k := len(list.values); k != 1 && k != shape[0] {
			return fmt.Errorf("%d numbers for the %s of %d channels: want one for each, or one for all", k, list.what, shape[0])
		}
		if slices.ContainsFunc(list.values, func(v float32) bool { return v-v != 0 }) {
			return fmt.Errorf("the %s %v is not finite", list.what, list.values)
		}
	}
	if slices.Min(n.Std) < 1e-6 {
		return fmt.Errorf("the deviation %v must be at least 1e-6", n.Std)
	}
	return nil
}

// String returns "normalize=M1/M2/M3:S1/S2/S3", or with one number in place of
// three.
func (n Normalize) String() string {
	return "normalize=" + numbers("/", n.Mean...) + ":" + numbers("/", n.Std...)
}
