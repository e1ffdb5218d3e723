package augment

import (
	"math/rand/v2"
	"slices"

	"github.com/strideml/stride/tensor"
)

// RandomHorizontalFlip mirrors an image left to right with probability P.
type RandomHorizontalFlip struct {
	// P is from 0 to 1; 0 means the default, 0.5.
	P float64
}

// Apply implements Transform.
func (f RandomHorizontalFlip) Apply(r *rand.Rand, pixels []float32, shape tensor.Shape) {
	if r.Float64() >= orHalf(f.P) {
		return
	}
	width := shape[2]
	for row := 0; row < len(pixels); row += width {
		slices.Reverse(pixels[row : row+width])
	}
}

// Check implements Transform.
func (f RandomHorizontalFlip) Check(tensor.Shape) error {
	return checkRange("the probability", f.P, 0, 1)
}

// String returns "hflip" or "hflip=P".
func (f RandomHorizontalFlip) String() string { return flipWord("hflip", f.P) }

// RandomVerticalFlip turns an image upside down (mirrors it) with probability
// P.
type RandomVerticalFlip struct {
	// P is from 0 to 1; 0 means the default, 0.5.
	P float64
}

// Apply implements Transform.
func (f RandomVerticalFlip) Apply(r *rand.Rand, pixels []float32, shape tensor.Shape) {
	if r.Float64() >= orHalf(f.P) {
		return
	}
	height, width := shape[1], shape[2]
	for plane := range slices.Chunk(pixels, height*width) {
		for top, bottom := 0, height-1; top < bottom; top, bottom = top+1, bottom-1 {
			a, b := plane[top*width:][:width], plane[bottom*width:][:width]
			for x := range a {
				a[x], b[x] = b[x], a[x]
			}
		}
	}
}

// Check implements Transform.
func (f RandomVerticalFlip) Check(tensor.Shape) error {
	return checkRange("the probability", f.P, 0, 1)
}

// String returns "vflip" or "vflip=P".
func (f RandomVerticalFlip) String() string { return flipWord("vflip", f.P) }

func orHalf(p float64) float64 {
	if p == 0 {
		return 0.5
	}
	return p
}

func flipWord(name string, p float64) string {
	if orHalf(p) == 0.5 {
		return name
	}
	return name + "=" + number(p)
}
