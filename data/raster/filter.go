package raster

import (
	"fmt"
	"math"
	"strings"
)

// A Filter says how Resizer weighs the pixels that a new one is made of. All
// but Nearest are as wide as the step when they shrink a picture (antialiasing).
type Filter uint8

// The filters have the names and formulas of Pillow's.
const (
	// Bilinear is the triangle 1−|t|.
	Bilinear Filter = iota
	// Bicubic is the cubic convolution of Keys (1981) with a = −1/2.
	Bicubic
	// Nearest takes one pixel.
	Nearest
	// Box gives the same weight to all pixels within half a step.
	Box
	// Hamming is a sinc with a Hamming window, as wide as Bilinear.
	Hamming
	// Lanczos is a sinc with a window of three lobes.
	Lanczos
	filters
)

var filterNames = [filters]string{"bilinear", "bicubic", "nearest", "box", "hamming", "lanczos"}

// String returns the name of the filter, such as "bicubic".
func (f Filter) String() string {
	if f < filters {
		return filterNames[f]
	}
	return fmt.Sprintf("filter %d", uint8(f))
}

// ParseFilter returns the filter of a name.
func ParseFilter(name string) (Filter, error) {
	for f, known := range filterNames {
		if known == name {
			return Filter(f), nil
		}
	}
	return 0, fmt.Errorf("unknown filter %q (known: %s)", name, strings.Join(filterNames[:], ", "))
}

// support is the distance from which on the weight is 0.
func (f Filter) support() float64 {
	return [filters]float64{Bilinear: 1, Bicubic: 2, Box: 0.5, Hamming: 1, Lanczos: 3}[f]
}

// weight is the weight at distance t. The explicit conversions keep every
// rounding where Pillow's C has it: without them a compiler may fuse multiply
// and add.
func (f Filter) weight(t float64) float64 {
	const a = -0.5
	if f == Box { // the only one that is not symmetric
		if t > -0.5 && t <= 0.5 {
			return 1
		}
		return 0
	}
	if f == Lanczos {
		if t >= -3 && t < 3 {
			return sinc(t) * sinc(t/3)
		}
		return 0
	}
	t = math.Abs(t)
	switch {
	case f == Bilinear:
		return max(1-t, 0)
	case f == Hamming && t == 0:
		return 1
	case f == Hamming && t < 1:
		const base, wave = float64(float32(0.54)), float64(float32(0.46))
		t *= math.Pi
		return math.Sin(t) / t * (base + float64(wave*math.Cos(t)))
	case f == Bicubic && t < 1:
		return float64(float64(float64(float64((a+2)*t)-(a+3))*t)*t) + 1
	case f == Bicubic && t < 2:
		return float64(float64(float64(float64(float64(t-5)*t)+8)*t)-4) * a
	}
	return 0
}

func sinc(t float64) float64 {
	if t == 0 {
		return 1
	}
	t *= math.Pi
	return math.Sin(t) / t
}
