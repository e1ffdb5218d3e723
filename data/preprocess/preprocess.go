package preprocess

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/strideml/stride/internal/suggest"
	"github.com/strideml/stride/tensor"
)

// A CropMode says how a picture of other proportions is fitted. The names are
// timm's.
type CropMode string

const (
	// Center resizes the picture, its proportions kept, until it just covers the
	// size to resize to, and cuts out the middle, as torchvision's Resize and
	// CenterCrop do. The default.
	Center CropMode = "center"
	// Squash resizes width and height each on its own, and cuts out the middle.
	Squash CropMode = "squash"
)

// An Interpolation is a filter that resizes pictures; it is antialiased when it
// shrinks one. The names are timm's and torchvision's.
type Interpolation string

const (
	// Bilinear is the triangle filter, the default.
	Bilinear Interpolation = "bilinear"
	// Bicubic is Keys' cubic filter with a = −0.5.
	Bicubic Interpolation = "bicubic"
)

// A Config says how a picture becomes the input of a network. Only InputSize
// must be given: the zero value of each other field is its default.
type Config struct {
	// InputSize is the shape C×H×W of the input: one channel for grey, three
	// for red, green and blue.
	InputSize tensor.Shape `json:"input_size"`
	// Interpolation is the filter; "" means Bilinear.
	Interpolation Interpolation `json:"interpolation,omitempty"`
	// CropMode is how pictures of other proportions are fitted; "" means Center.
	CropMode CropMode `json:"crop_mode,omitempty"`
	// CropPct is the share of the resized picture, along a side, that is left
	// after cutting, above 0 and at most 1: the picture is resized to
	// ⌊H/CropPct⌋×⌊W/CropPct⌋ and H×W pixels are cut out. Pictures of ImageNet
	// are usually resized to 256 and cut to 224: 0.875. 0 means 1.
	CropPct float64 `json:"crop_pct,omitempty"`
	// Mean and Std are the mean and the standard deviation of the pixels, on the
	// scale 0..1, one for each channel or one for all; none means 0 and 1.
	Mean []float32 `json:"mean,omitempty"`
	Std  []float32 `json:"std,omitempty"`
	// Invert turns black into white and white into black.
	Invert bool `json:"invert,omitempty"`
	// Draft decodes large JPEG files at 1/2, 1/4 or 1/8 of their size, the smallest that
	// is still at least twice the size to resize to, which is several times as
	// fast for photos of a phone. The name is that of Pillow's function. Values then
	// differ from those of the whole picture by a level or two, so that a network should be
	// given in use what it was trained with.
	Draft bool `json:"draft,omitempty"`
}

// Plain is the Config that stretches pictures to an input of shape C×H×W and
// leaves their values at 0..1.
func Plain(input tensor.Shape) Config {
	return Config{InputSize: input.Clone(), CropMode: Squash}.WithDefaults()
}

// WithDefaults returns the Config with each default filled in, and one mean and
// standard deviation for each channel where there was one for all.
func (c Config) WithDefaults() Config {
	if c.Interpolation == "" {
		c.Interpolation = Bilinear
	}
	if c.CropMode == "" {
		c.CropMode = Center
	}
	if c.CropPct == 0 {
		c.CropPct = 1
	}
	c.InputSize = c.InputSize.Clone()
	c.Mean, c.Std = c.perChannel(c.Mean, 0), c.perChannel(c.Std, 1)
	return c
}

// Override returns the Config with the fields of instead that are set, as they are not in
// the zero value, in place of its own.
func (c Config) Override(instead Config) Config {
	if instead.InputSize != nil {
		c.InputSize = instead.InputSize
	}
	if instead.Interpolation != "" {
		c.Interpolation = instead.Interpolation
	}
	if instead.CropMode != "" {
		c.CropMode = instead.CropMode
	}
	if instead.CropPct != 0 {
		c.CropPct = instead.CropPct
	}
	if len(instead.Mean) > 0 {
		c.Mean = instead.Mean
	}
	if len(instead.Std) > 0 {
		c.Std = instead.Std
	}
	c.Invert, c.Draft = c.Invert || instead.Invert, c.Draft || instead.Draft
	return c.WithDefaults()
}

// perChannel returns a number for each channel.
func (c Config) perChannel(values []float32, otherwise float32) []float32 {
	switch {
	case len(c.InputSize) == 0:
		return values
	case len(values) == 0:
		return slices.Repeat([]float32{otherwise}, c.InputSize[0])
	case len(values) == 1:
		return slices.Repeat(values, c.InputSize[0])
	}
	return slices.Clone(values)
}

const (
	// maxSide bounds the sides of an input, so that a damaged file cannot ask
	// for memory without end.
	maxSide = 2048
)

// The least values of CropPct and Std, far below what is useful.
const (
	MinCropPct = 0.05
	MinStd     = 1e-6
)

// Check reports the first rule that the Config breaks, with the field's name in
// JSON.
func (c Config) Check() error {
	size := c.InputSize
	if len(size) != 3 || slices.Min(size) < 1 || max(size[1], size[2]) > maxSide {
		return fmt.Errorf("input_size is %v: want C×H×W, each from 1 to %d", []int(size), maxSide)
	}
	if size[0] != 1 && size[0] != 3 {
		return fmt.Errorf("input_size has %d channels: a picture has 1 (grey) or 3 (red, green, blue)", size[0])
	}
	c = c.WithDefaults()
	if c.Interpolation != Bilinear && c.Interpolation != Bicubic {
		return fmt.Errorf("interpolation is %q: want %q or %q", c.Interpolation, Bilinear, Bicubic)
	}
	if c.CropMode != Center && c.CropMode != Squash {
		return fmt.Errorf("crop_mode is %q: want %q or %q", c.CropMode, Center, Squash)
	}
	if !(c.CropPct >= MinCropPct && c.CropPct <= 1) {
		return fmt.Errorf("crop_pct is %v: want %v to 1", c.CropPct, MinCropPct)
	}
	if h, w := c.resizeTo(); h*w > maxResized {
		return fmt.Errorf("crop_pct is %v: pictures would be resized to %d×%d pixels, more than 100 megapixels", c.CropPct, w, h)
	}
	for _, list := range []struct {
		name   string
		values []float32
		least  float64
	}{{"mean", c.Mean, math.Inf(-1)}, {"std", c.Std, MinStd}} {
		if len(list.values) != size[0] {
			return fmt.Errorf("%s has %d numbers for %d channels: want one for each, or one for all", list.name, len(list.values), size[0])
		}
		for _, v := range list.values {
			if v-v != 0 || float64(v) < list.least {
				return fmt.Errorf("%s has the number %v: want finite numbers%s", list.name, v, atLeast(list.least))
			}
		}
	}
	return nil
}

func atLeast(least float64) string {
	if math.IsInf(least, -1) {
		return ""
	}
	return fmt.Sprintf(" of at least %v", least)
}

// Equal reports whether both Configs do the same to every picture.
func (c Config) Equal(d Config) bool { return c.String() == d.String() }

// String describes the Config in a line:
// "3×224×224, center, crop 0.875, bilinear, mean 0.485 0.456 0.406, std 0.229 0.224 0.225".
func (c Config) String() string {
	c = c.WithDefaults()
	s := fmt.Sprintf("%v, %s, crop %v, %s, mean %s, std %s", c.InputSize, c.CropMode, c.CropPct, c.Interpolation, numbers(c.Mean), numbers(c.Std))
	if c.Invert {
		s += ", inverted"
	}
	if c.Draft {
		s += ", draft"
	}
	return s
}

func numbers(values []float32) string { return strings.Trim(fmt.Sprint(values), "[]") }

// fields are the names that a Config has in JSON.
var fields = []string{"input_size", "interpolation", "crop_mode", "crop_pct", "mean", "std", "invert", "draft"}

// UnmarshalJSON implements json.Unmarshaler. A field with another name is an
// error, so that a misspelt one does not silently become a default.
func (c *Config) UnmarshalJSON(b []byte) error {
	var names map[string]json.RawMessage
	if err := json.Unmarshal(b, &names); err != nil {
		return fmt.Errorf("preprocessing: want an object: %w", err)
	}
	for name := range names {
		if !slices.Contains(fields, name) {
			if near := suggest.Nearest(name, fields); near != "" {
				return fmt.Errorf("preprocessing: unknown field %q: did you mean %q?", name, near)
			}
			return fmt.Errorf("preprocessing: unknown field %q (known: %s)", name, strings.Join(fields, ", "))
		}
	}
	type plain Config // without this method
	var read plain
	if err := json.NewDecoder(bytes.NewReader(b)).Decode(&read); err != nil {
		return fmt.Errorf("preprocessing: %w", err)
	}
	*c = Config(read)
	if err := c.Check(); err != nil {
		return fmt.Errorf("preprocessing: %w", err)
	}
	return nil
}
