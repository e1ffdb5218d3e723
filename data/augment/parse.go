package augment

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/strideml/stride/internal/suggest"
)

// syntax describes each word for messages, in the order of the documentation.
var syntax = []struct {
	name, form string
	parse      func(args string) (Transform, error)
}{
	{"hflip", "hflip[=P]", func(args string) (Transform, error) {
		p, err := probability(args)
		return RandomHorizontalFlip{p}, err
	}},
	{"vflip", "vflip[=P]", func(args string) (Transform, error) {
		p, err := probability(args)
		return RandomVerticalFlip{p}, err
	}},
	{"crop", "crop=H[xW][:PAD]", parseCrop},
	{"rcrop", "rcrop[=MIN:MAX[:RMIN:RMAX]]", parseResizedCrop},
	{"jitter", "jitter=V or jitter=B:C:S:H", parseJitter},
	{"brightness", "brightness=V", func(args string) (Transform, error) {
		v, err := floats(args, ":", 1)
		return ColorJitter{Brightness: v[0]}, err
	}},
	{"contrast", "contrast=V", func(args string) (Transform, error) {
		v, err := floats(args, ":", 1)
		return ColorJitter{Contrast: v[0]}, err
	}},
	{"saturation", "saturation=V", func(args string) (Transform, error) {
		v, err := floats(args, ":", 1)
		return ColorJitter{Saturation: v[0]}, err
	}},
	{"hue", "hue=V", func(args string) (Transform, error) {
		v, err := floats(args, ":", 1)
		return ColorJitter{Hue: v[0]}, err
	}},
	{"rotate", "rotate=DEGREES or rotate=MIN:MAX" + lookForm, func(args string) (Transform, error) {
		v, l, err := parseLook(args, 1, 2)
		if err != nil {
			return nil, err
		}
		return RandomRotation{around(v), l}, nil
	}},
	{"affine", "affine=DEGREES[:X:Y[:SMIN:SMAX[:SHEAR]]] or affine with all ten numbers" + lookForm, parseAffine},
	{"perspective", "perspective[=DISTORTION[:P]]" + lookForm, parsePerspective},
	{"grayscale", "grayscale[=P]", func(args string) (Transform, error) {
		p, err := probability(args)
		return RandomGrayscale{p}, err
	}},
	{"blur", "blur=SIZE[:MIN:MAX]", parseBlur},
	{"invert", "invert[=P]", Invert.parse},
	{"posterize", "posterize=BITS[:P]", Posterize.parse},
	{"solarize", "solarize=FROM[:P]", Solarize.parse},
	{"autocontrast", "autocontrast[=P]", AutoContrast.parse},
	{"equalize", "equalize[=P]", Equalize.parse},
	{"sharpness", "sharpness=FACTOR[:P]", Sharpness.parse},
	{"randaugment", "randaugment[=OPS:MAGNITUDE]" + lookForm, parseRandAugment},
	{"trivialaugment", "trivialaugment" + lookForm, func(args string) (Transform, error) {
		if args == "" {
			return TrivialAugmentWide{}, nil
		}
		_, l, err := parseLook(args, 0)
		return TrivialAugmentWide{l}, err
	}},
	{"erase", "erase[=P[:MIN:MAX[:RMIN:RMAX]]]", parseErasing},
	{"mixup", "mixup[=ALPHA]", func(args string) (Transform, error) {
		alpha, err := optional(args)
		return MixUp{alpha}, err
	}},
	{"cutmix", "cutmix[=ALPHA]", func(args string) (Transform, error) {
		alpha, err := optional(args)
		return CutMix{alpha}, err
	}},
	{"normalize", "normalize=MEAN:STD, each a number or one for each channel with / between", parseNormalize},
}

// lookForm is what can follow the numbers of a transform that moves pixels.
const lookForm = ", then :nearest, :fillV"

// presets are the words that stand for several.
var presets = []struct{ name, text string }{
	{"none", ""},
	{"flip", "hflip"},
	{"light", "rcrop=0.35:1,hflip"},
	{"standard", "rcrop,hflip"},
	{"strong", "rcrop,hflip,randaugment,erase=0.25"},
}

// Presets returns the names of the presets, which are words of Parse, and what
// each stands for.
func Presets() (names, texts []string) {
	for _, p := range presets {
		names, texts = append(names, p.name), append(texts, p.text)
	}
	return names, texts
}

// Parse reads a pipeline from text: words with commas between, each a transform
// with its numbers, or a preset.
//
//	hflip, hflip=P         RandomHorizontalFlip; P is 0.5 if not given
//	vflip, vflip=P         RandomVerticalFlip
//	crop=H:PAD             RandomCrop to H×H after padding by PAD (0 if not given)
//	crop=HxW:PAD           the same to H×W; 0 means the image's size
//	rcrop                  RandomResizedCrop
//	rcrop=MIN:MAX          the same with a share MIN to MAX of the area
//	rcrop=MIN:MAX:RMIN:RMAX  and width/height from RMIN to RMAX
//	jitter=V               ColorJitter with all four V, at most 0.5
//	jitter=B:C:S:H         ColorJitter: brightness, contrast, saturation, hue
//	brightness=V           ColorJitter of that alone; and contrast, saturation, hue
//	rotate=D, rotate=MIN:MAX  RandomRotation by −D to D, or MIN to MAX, degrees
//	affine=D               RandomAffine: rotation by −D to D degrees,
//	affine=D:X:Y           shifts by shares X and Y of the width and height,
//	affine=D:X:Y:SMIN:SMAX factors from SMIN to SMAX,
//	affine=D:X:Y:SMIN:SMAX:H  shears along x by −H to H degrees
//	affine=DMIN:DMAX:X:Y:SMIN:SMAX:HMIN:HMAX:VMIN:VMAX  the same, with ranges of
//	                       degrees, of shears along x and along y
//	perspective, perspective=D, perspective=D:P  RandomPerspective
//	grayscale, grayscale=P RandomGrayscale; P is 0.1 if not given
//	blur=SIZE, blur=SIZE:MIN:MAX  GaussianBlur
//	invert, autocontrast, equalize  RandomAppearance, each with =P
//	posterize=BITS, solarize=FROM, sharpness=FACTOR  the same, each with :P
//	randaugment, randaugment=OPS:MAGNITUDE  RandAugment
//	trivialaugment         TrivialAugmentWide
//	erase, erase=P, erase=P:MIN:MAX, erase=P:MIN:MAX:RMIN:RMAX  RandomErasing
//	mixup, mixup=ALPHA     MixUp
//	cutmix, cutmix=ALPHA   CutMix
//	normalize=M:S          Normalize by mean M and deviation S, the same for all
//	                       channels, or M1/M2/M3:S1/S2/S3
//
// The transforms that move pixels take further arguments after their numbers:
// nearest, and fill with a value from 0 to 255, as in rotate=10:nearest:fill127.
//
// Presets:
//
//	none                   nothing
//	flip                   hflip
//	light                  rcrop=0.35:1,hflip
//	standard               rcrop,hflip, torchvision's reference
//	strong                 rcrop,hflip,randaugment,erase=0.25
//
// An empty text is an empty pipeline. The pipeline's String has the words that a
// preset stands for, so it stays the same when a preset changes. Numbers that are
// out of range whatever the image are an error here, those that depend on it in
// Check.
func Parse(text string) (Pipeline, error) {
	var p Pipeline
	if strings.TrimSpace(text) == "" {
		return p, nil
	}
	for i, word := range strings.Split(text, ",") {
		word = strings.TrimSpace(word)
		if at := slices.IndexFunc(presets, func(p struct{ name, text string }) bool { return p.name == word }); at >= 0 {
			preset, err := Parse(presets[at].text)
			if err != nil {
				return nil, err
			}
			p = append(p, preset...)
			continue
		}
		t, err := parseWord(word)
		if err != nil {
			return nil, fmt.Errorf("augmentation %q, word %d: %w", text, i+1, err)
		}
		p = append(p, t)
	}
	return p, nil
}

func parseWord(word string) (Transform, error) {
	name, args, given := strings.Cut(word, "=")
	var names []string
	for _, s := range syntax {
		names = append(names, s.name)
		if s.name != name {
			continue
		}
		if given && args == "" {
			return nil, fmt.Errorf("%q has no number: want %s", word, s.form)
		}
		t, err := s.parse(args)
		if err == nil {
			err = checkNumbers(t)
		}
		if err != nil {
			return nil, fmt.Errorf("%q: %w (want %s)", word, err, s.form)
		}
		return t, nil
	}
	if name == "" {
		return nil, errors.New("there is nothing between two commas")
	}
	kinds, _ := Presets()
	if slices.Contains(kinds, name) {
		return nil, fmt.Errorf("%q: the preset %s takes no numbers", word, name)
	}
	if near := suggest.Nearest(name, slices.Concat(names, kinds)); near != "" {
		return nil, fmt.Errorf("unknown transform %q: did you mean %q?", name, near)
	}
	return nil, fmt.Errorf("unknown transform %q (known: %s; presets: %s)", name, strings.Join(names, ", "), strings.Join(kinds, ", "))
}

// checkNumbers checks what does not depend on the image, with an image that
// fits as well as any can.
func checkNumbers(t Transform) error {
	shape := []int{3, maxSide, maxSide}
	if n, ok := t.(Normalize); ok {
		shape[0] = max(len(n.Mean), len(n.Std))
	}
	return t.Check(shape)
}

func probability(args string) (float64, error) {
	if args == "" {
		return 0, nil
	}
	v, err := floats(args, ":", 1)
	if err != nil {
		return 0, err
	}
	return nonzero(v[0])
}

// nonzero refuses a probability of 0, which would mean the default.
func nonzero(p float64) (float64, error) {
	if p == 0 {
		return 0, errors.New("a probability of 0 never does anything: leave the word out")
	}
	return p, nil
}

// optional reads a number above 0, or none.
func optional(args string) (float64, error) {
	if args == "" {
		return 0, nil
	}
	v, err := floats(args, ":", 1)
	if err == nil && v[0] <= 0 {
		err = errors.New("the number must be above 0")
	}
	return v[0], err
}

// around returns the range −v to v of one number, or that of two.
func around(v []float64) [2]float64 {
	if len(v) == 1 {
		return [2]float64{-v[0], v[0]}
	}
	return [2]float64{v[0], v[1]}
}

func parseAffine(args string) (Transform, error) {
	v, l, err := parseLook(args, 1, 3, 5, 6, 10)
	if err != nil {
		return nil, err
	}
	t := RandomAffine{Look: l}
	if len(v) == 10 {
		t.Degrees, t.ShearX, t.ShearY = [2]float64(v), [2]float64(v[6:]), [2]float64(v[8:])
		v = v[1:7]
	} else {
		t.Degrees = around(v[:1])
		if len(v) == 6 {
			t.ShearX = around(v[5:])
		}
	}
	if len(v) >= 3 {
		t.Translate = [2]float64(v[1:])
	}
	if len(v) >= 5 {
		if t.Scale = [2]float64(v[3:]); t.Scale[0] <= 0 {
			return nil, errors.New("factors must be above 0")
		}
	}
	return t, nil
}

func parsePerspective(args string) (Transform, error) {
	if args == "" {
		return RandomPerspective{}, nil
	}
	v, l, err := parseLook(args, 0, 1, 2)
	if err != nil {
		return nil, err
	}
	t := RandomPerspective{Look: l}
	if len(v) > 0 {
		if t.Distortion = v[0]; t.Distortion == 0 {
			return nil, errors.New("a distortion of 0 never does anything: leave the word out")
		}
	}
	if len(v) > 1 {
		if t.P, err = nonzero(v[1]); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func parseBlur(args string) (Transform, error) {
	size, sigma, given := strings.Cut(args, ":")
	n, err := whole(size)
	if err != nil {
		return nil, err
	}
	t := GaussianBlur{Size: n}
	if given {
		v, err := floats(sigma, ":", 2)
		if err != nil {
			return nil, err
		}
		if t.Sigma = [2]float64(v); v[0] <= 0 {
			return nil, errors.New("deviations must be above 0")
		}
	}
	return t, nil
}

func parseCrop(args string) (Transform, error) {
	size, pad, padded := strings.Cut(args, ":")
	height, width, both := strings.Cut(size, "x")
	if !both {
		width = height
	}
	var c RandomCrop
	var errs [3]error
	c.Height, errs[0] = whole(height)
	c.Width, errs[1] = whole(width)
	if padded {
		c.Pad, errs[2] = whole(pad)
	}
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return c, nil
}

func parseResizedCrop(args string) (Transform, error) {
	if args == "" {
		return RandomResizedCrop{}, nil
	}
	v, err := floats(args, ":", 2, 4)
	if err != nil {
		return nil, err
	}
	c := RandomResizedCrop{Scale: [2]float64{v[0], v[1]}}
	if len(v) == 4 {
		c.Ratio = [2]float64{v[2], v[3]}
	}
	// Zeros would mean the defaults.
	if v[0] <= 0 || len(v) == 4 && v[2] <= 0 {
		return nil, errors.New("shares and ratios must be above 0")
	}
	return c, nil
}

func parseJitter(args string) (Transform, error) {
	v, err := floats(args, ":", 1, 4)
	if err != nil {
		return nil, err
	}
	if len(v) == 1 {
		v = []float64{v[0], v[0], v[0], v[0]}
	}
	return ColorJitter{v[0], v[1], v[2], v[3]}, nil
}

func parseNormalize(args string) (Transform, error) {
	mean, std, ok := strings.Cut(args, ":")
	if !ok {
		return nil, errors.New("mean or deviation is missing")
	}
	var n Normalize
	for _, part := range []struct {
		text string
		to   *[]float32
	}{{mean, &n.Mean}, {std, &n.Std}} {
		values, err := floats(part.text, "/")
		if err != nil {
			return nil, err
		}
		for _, v := range values {
			*part.to = append(*part.to, float32(v))
		}
	}
	if a, b := len(n.Mean), len(n.Std); a != b && a != 1 && b != 1 {
		return nil, fmt.Errorf("%d means and %d deviations", a, b)
	}
	return n, nil
}

// floats reads numbers with a separator between. It wants one of the given
// counts of them, if any is given. Even with an error there is one number.
func floats(text, separator string, counts ...int) ([]float64, error) {
	parts := strings.Split(text, separator)
	right := len(counts) == 0
	for _, n := range counts {
		right = right || n == len(parts)
	}
	if text == "" {
		return []float64{0}, errors.New("the number is missing")
	}
	if !right {
		return []float64{0}, fmt.Errorf("%d numbers", len(parts))
	}
	values := make([]float64, len(parts))
	for i, part := range parts {
		v, err := strconv.ParseFloat(part, 32)
		if err != nil || v-v != 0 {
			return []float64{0}, fmt.Errorf("%q is not a number", part)
		}
		if v, err = strconv.ParseFloat(part, 64); err != nil {
			return []float64{0}, fmt.Errorf("%q is not a number", part)
		}
		values[i] = v
	}
	return values, nil
}

func whole(text string) (int, error) {
	v, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return 0, fmt.Errorf("%q is not a whole number", text)
	}
	return int(v), nil
}

// number writes a number with as many digits as it takes to read it back.
func number[T float32 | float64](v T) string {
	bits := 64
	if _, ok := any(v).(float32); ok {
		bits = 32
	}
	return strconv.FormatFloat(float64(v), 'g', -1, bits)
}

func numbers[T float32 | float64](separator string, values ...T) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = number(v)
	}
	return strings.Join(texts, separator)
}
