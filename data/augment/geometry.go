package augment

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/strideml/stride/data/raster"
	"github.com/strideml/stride/tensor"
)

// Look says how a transform that moves pixels computes the new ones.
type Look struct {
	// Nearest takes the nearest pixel, the default of torchvision's classes; the
	// default here is bilinear interpolation.
	Nearest bool
	// Fill is the value of each channel, 0 to 255, where there was no pixel; 0 is
	// black.
	Fill uint8
}

func (l Look) filter() raster.Filter {
	if l.Nearest {
		return raster.Nearest
	}
	return raster.Bilinear
}

// words returns what follows the numbers in a transform's text.
func (l Look) words() []string {
	var words []string
	if l.Nearest {
		words = append(words, "nearest")
	}
	if l.Fill != 0 {
		words = append(words, fmt.Sprint("fill", l.Fill))
	}
	return words
}

// word joins a name with the numbers and the look of a transform.
func word(name string, l Look, values ...float64) string {
	var parts []string
	for _, v := range values {
		parts = append(parts, number(v))
	}
	if parts = append(parts, l.words()...); len(parts) == 0 {
		return name
	}
	return name + "=" + strings.Join(parts, ":")
}

// RandomRotation rotates an image around its middle, counterclockwise. The
// corners that this uncovers are filled.
type RandomRotation struct {
	// Degrees is the range of the angle, within −360 to 360.
	Degrees [2]float64
	Look
}

// Apply implements Transform.
func (t RandomRotation) Apply(r *rand.Rand, pixels []float32, shape tensor.Shape) {
	onFloats(t, r, pixels, shape)
}

func (t RandomRotation) applyPicture(r *rand.Rand, c *canvas) {
	degrees := uniform(r, t.Degrees[0], t.Degrees[1])
	dst, src := c.spare()
	raster.Rotate(dst, src, degrees, t.filter(), t.Fill)
}

// Check implements Transform.
func (t RandomRotation) Check(shape tensor.Shape) error {
	if t.Degrees == [2]float64{} {
		return errors.New("an angle of 0 never does anything: leave the transform out")
	}
	return cmp.Or(checkColours(shape), checkAngles("the angle", t.Degrees, 360))
}

func checkAngles(what string, a [2]float64, limit float64) error {
	if a[0] >= -limit && a[0] <= a[1] && a[1] <= limit {
		return nil
	}
	return fmt.Errorf("%s is %v to %v: want a range of degrees within %v to %v", what, a[0], a[1], -limit, limit)
}

// String returns "rotate=DEGREES" or "rotate=MIN:MAX".
func (t RandomRotation) String() string {
	if t.Degrees[0] == -t.Degrees[1] {
		return word("rotate", t.Look, t.Degrees[1])
	}
	return word("rotate", t.Look, t.Degrees[:]...)
}

// RandomAffine rotates, moves, scales and shears an image around its middle. Each
// number is drawn uniformly; distances are rounded to pixels.
type RandomAffine struct {
	// Degrees is the range of the angle, clockwise, within −360 to 360.
	Degrees [2]float64
	// Translate is the largest distance to the right or left and up or down, as a
	// share of the width and of the height, 0 to 1.
	Translate [2]float64
	// Scale is the range of the factor; the zero value means 1.
	Scale [2]float64
	// ShearX and ShearY are ranges of degrees within −89 to 89.
	ShearX, ShearY [2]float64
	Look
}

// Apply implements Transform.
func (t RandomAffine) Apply(r *rand.Rand, pixels []float32, shape tensor.Shape) {
	onFloats(t, r, pixels, shape)
}

func (t RandomAffine) applyPicture(r *rand.Rand, c *canvas) {
	c.warp(t.draw(r, c.picture.Height, c.picture.Width).Warp(), t.Look)
}

func (t RandomAffine) draw(r *rand.Rand, height, width int) raster.Affine {
	t = t.withDefaults()
	w, h := float64(width), float64(height)
	distance := func(most float64) float64 { return math.RoundToEven(uniform(r, -most, most)) }
	a := raster.Affine{Center: [2]float64{w * 0.5, h * 0.5}}
	a.Degrees = uniform(r, t.Degrees[0], t.Degrees[1])
	a.X, a.Y = distance(t.Translate[0]*w), distance(t.Translate[1]*h)
	a.Scale = uniform(r, t.Scale[0], t.Scale[1])
	a.ShearX, a.ShearY = uniform(r, t.ShearX[0], t.ShearX[1]), uniform(r, t.ShearY[0], t.ShearY[1])
	return a
}

func (t RandomAffine) withDefaults() RandomAffine {
	if t.Scale == [2]float64{} {
		t.Scale = [2]float64{1, 1}
	}
	return t
}

// Check implements Transform.
func (t RandomAffine) Check(shape tensor.Shape) error {
	t = t.withDefaults()
	if t == (RandomAffine{Look: t.Look}).withDefaults() {
		return errors.New("without an angle, a distance, a factor and a shear nothing is ever done: leave the transform out")
	}
	var scale error
	if s := t.Scale; !(s[0] >= 0.01 && s[0] <= s[1] && s[1] <= 100) {
		scale = fmt.Errorf("the scale is %v to %v: want a range within 0.01 to 100", s[0], s[1])
	}
	return cmp.Or(
		checkColours(shape), checkAngles("the angle", t.Degrees, 360),
		checkRange("the distance to the right", t.Translate[0], 0, 1), checkRange("the distance down", t.Translate[1], 0, 1), scale,
		checkAngles("the shear along x", t.ShearX, 89), checkAngles("the shear along y", t.ShearY, 89),
	)
}

// String returns the shortest of the forms that Parse reads.
func (t RandomAffine) String() string {
	t = t.withDefaults()
	symmetric := t.Degrees[0] == -t.Degrees[1] && t.ShearX[0] == -t.ShearX[1] && t.ShearY == [2]float64{}
	short := []float64{t.Degrees[1], t.Translate[0], t.Translate[1], t.Scale[0], t.Scale[1], t.ShearX[1]}
	switch sheared, scaled := t.ShearX[1] != 0, t.Scale != [2]float64{1, 1}; {
	case !symmetric:
		return word("affine", t.Look, t.Degrees[0], t.Degrees[1], t.Translate[0], t.Translate[1], t.Scale[0], t.Scale[1],
			t.ShearX[0], t.ShearX[1], t.ShearY[0], t.ShearY[1])
	case sheared:
		return word("affine", t.Look, short...)
	case scaled:
		return word("affine", t.Look, short[:5]...)
	case t.Translate != [2]float64{}:
		return word("affine", t.Look, short[:3]...)
	}
	return word("affine", t.Look, short[0])
}

// RandomPerspective tilts an image with probability P: its corners move inwards
// by random distances.
type RandomPerspective struct {
	// Distortion is the largest such distance, as a share of half the width and
	// height, 0 to 1; 0 means the default, 0.5.
	Distortion float64
	// P is from 0 to 1; 0 means the default, 0.5.
	P float64
	Look
}

// Apply implements Transform.
func (t RandomPerspective) Apply(r *rand.Rand, pixels []float32, shape tensor.Shape) {
	onFloats(t, r, pixels, shape)
}

func (t RandomPerspective) applyPicture(r *rand.Rand, c *canvas) {
	if r.Float64() >= orHalf(t.P) {
		return
	}
	start, end := t.draw(r, c.picture.Height, c.picture.Width)
	// Without a warp, three corners are on a line: the image stays as it is.
	if w, ok := raster.PerspectiveWarp(start, end); ok {
		c.warp(w, t.Look)
	}
}

// draw returns the corners and where they move to, clockwise from the top left.
func (t RandomPerspective) draw(r *rand.Rand, height, width int) (start, end [4][2]float64) {
	right, bottom := float64(width-1), float64(height-1)
	inX := int(orHalf(t.Distortion)*float64(width/2)) + 1
	inY := int(orHalf(t.Distortion)*float64(height/2)) + 1
	left := func() float64 { return float64(r.IntN(inX)) }
	top := func() float64 { return float64(r.IntN(inY)) }
	end[0] = [2]float64{left(), top()}
	end[1] = [2]float64{right - left(), top()}
	end[2] = [2]float64{right - left(), bottom - top()}
	end[3] = [2]float64{left(), bottom - top()}
	return [4][2]float64{{0, 0}, {right, 0}, {right, bottom}, {0, bottom}}, end
}

// Check implements Transform.
func (t RandomPerspective) Check(shape tensor.Shape) error {
	return cmp.Or(checkColours(shape), checkRange("the distortion", t.Distortion, 0, 1), checkRange("the probability", t.P, 0, 1))
}

// String returns "perspective", "perspective=DISTORTION" or
// "perspective=DISTORTION:P".
func (t RandomPerspective) String() string {
	d, p := orHalf(t.Distortion), orHalf(t.P)
	switch {
	case p != 0.5:
		return word("perspective", t.Look, d, p)
	case d != 0.5:
		return word("perspective", t.Look, d)
	}
	return word("perspective", t.Look)
}

// parseLook splits the arguments of a word into numbers and a look.
func parseLook(args string, counts ...int) ([]float64, Look, error) {
	var l Look
	var numbers []string
	for part := range strings.SplitSeq(args, ":") {
		fill, filled := strings.CutPrefix(part, "fill")
		switch {
		case part == "nearest":
			l.Nearest = true
		case filled:
			v, err := whole(fill)
			if err != nil || v > 255 {
				return nil, l, fmt.Errorf("%q: want fill and a number from 0 to 255", part)
			}
			l.Fill = uint8(v)
		case l != Look{}:
			return nil, l, errors.New("nearest and fill come after the numbers")
		case part != "":
			numbers = append(numbers, part)
		default:
			return nil, l, errors.New("the number is missing")
		}
	}
	if len(numbers) == 0 {
		for _, n := range counts {
			if n == 0 {
				return nil, l, nil
			}
		}
		return nil, l, errors.New("the number is missing")
	}
	v, err := floats(strings.Join(numbers, ":"), ":", counts...)
	if err != nil {
		return nil, l, err
	}
	return v, l, nil
}
