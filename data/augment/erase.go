package augment

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/strideml/stride/tensor"
)

// RandomErasing sets a random rectangle of an image to 0 with probability P. Of
// photos it is done after mean and standard deviation, so that 0 is the mean
// (Zhong et al., 2017).
type RandomErasing struct {
	// P is from 0 to 1; 0 means the default, 0.5.
	P float64
	// Scale is the range of the rectangle's share of the area, within 0..1; the
	// zero value means the default, 0.02 to 0.33.
	Scale [2]float64
	// Ratio is the range of height / width; the zero value means the default, 0.3
	// to 3.3.
	Ratio [2]float64
}

// Apply implements Transform.
func (t RandomErasing) Apply(r *rand.Rand, pixels []float32, shape tensor.Shape) {
	if r.Float64() >= orHalf(t.P) {
		return
	}
	height, width := shape[1], shape[2]
	top, left, h, w := t.window(r, height, width)
	for c := range shape[0] {
		for y := top; y < top+h; y++ {
			clear(pixels[(c*height+y)*width+left:][:w])
		}
	}
}

// window draws the rectangle; after ten draws that do not fit it is empty.
func (t RandomErasing) window(r *rand.Rand, height, width int) (top, left, h, w int) {
	t = t.withDefaults()
	for range 10 {
		area := float64(height) * float64(width) * uniform(r, t.Scale[0], t.Scale[1])
		ratio := math.Exp(uniform(r, math.Log(t.Ratio[0]), math.Log(t.Ratio[1])))
		fh, fw := math.RoundToEven(math.Sqrt(area*ratio)), math.RoundToEven(math.Sqrt(area/ratio))
		if fh < float64(height) && fw < float64(width) {
			h, w = int(fh), int(fw)
			return r.IntN(height - h + 1), r.IntN(width - w + 1), h, w
		}
	}
	return 0, 0, 0, 0
}

func (t RandomErasing) withDefaults() RandomErasing {
	if t.Scale == [2]float64{} {
		t.Scale = [2]float64{0.02, 0.33}
	}
	if t.Ratio == [2]float64{} {
		t.Ratio = [2]float64{0.3, 3.3}
	}
	return t
}

// Check implements Transform.
func (t RandomErasing) Check(tensor.Shape) error {
	t = t.withDefaults()
	return cmp.Or(checkRange("the probability", t.P, 0, 1), RandomResizedCrop{t.Scale, t.Ratio}.Check(nil))
}

// String returns "erase", "erase=P", "erase=P:MIN:MAX" or
// "erase=P:MIN:MAX:RMIN:RMAX".
func (t RandomErasing) String() string {
	standard := RandomErasing{}.withDefaults()
	t = t.withDefaults()
	p := orHalf(t.P)
	switch {
	case t.Ratio != standard.Ratio:
		return word("erase", Look{}, p, t.Scale[0], t.Scale[1], t.Ratio[0], t.Ratio[1])
	case t.Scale != standard.Scale:
		return word("erase", Look{}, p, t.Scale[0], t.Scale[1])
	case p != 0.5:
		return word("erase", Look{}, p)
	}
	return "erase"
}

// parseErasing reads the arguments of RandomErasing.
func parseErasing(args string) (Transform, error) {
	if args == "" {
		return RandomErasing{}, nil
	}
	v, err := floats(args, ":", 1, 3, 5)
	if err != nil {
		return nil, err
	}
	var t RandomErasing
	if t.P, err = nonzero(v[0]); err != nil {
		return nil, err
	}
	if len(v) >= 3 {
		t.Scale = [2]float64{v[1], v[2]}
	}
	if len(v) == 5 {
		t.Ratio = [2]float64{v[3], v[4]}
	}
	for _, v := range v[1:] {
		if v <= 0 {
			return nil, fmt.Errorf("shares and ratios must be above 0")
		}
	}
	return t, nil
}
