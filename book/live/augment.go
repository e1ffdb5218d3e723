package live

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"slices"
	"strings"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/augment"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/internal/suggest"
	"github.com/strideml/stride/tensor"
)

// AugmentArgs are the arguments of Augment.
type AugmentArgs struct {
	Picture  Picture        `json:"picture"`
	Index    int            `json:"index"`
	Pipeline string         `json:"pipeline"`
	List     []Augmentation `json:"list"`
	Count    int            `json:"count"`
	Columns  int            `json:"columns"`
	Scale    int            `json:"scale"`
	Seed     uint64         `json:"seed"`
}

// An Augmentation is a transform and how strong it is, from 0 to 1.
type Augmentation struct {
	Name     string  `json:"name"`
	Strength float64 `json:"strength"`
}

// AugmentResult is the result of Augment.
type AugmentResult struct {
	Picture  Picture `json:"picture"`
	Pipeline string  `json:"pipeline"`
}

var defaultAugment = AugmentArgs{Count: 15, Columns: 4}

// augmentations say what a strength s > 0 means, in the words of augment.Parse.
var augmentations = []struct {
	name string
	text func(s float64) string
}{
	{"hflip", func(s float64) string { return fmt.Sprintf("hflip=%g", s) }},
	{"vflip", func(s float64) string { return fmt.Sprintf("vflip=%g", s) }},
	{"rotate", func(s float64) string { return fmt.Sprintf("rotate=%g", 45*s) }},
	{"crop", func(s float64) string { return fmt.Sprintf("rcrop=%g:1", 1-0.9*s) }},
	{"shear", func(s float64) string { return fmt.Sprintf("affine=0:0:0:1:1:%g", 30*s) }},
	{"shift", func(s float64) string { return fmt.Sprintf("affine=0:%g:%g", 0.4*s, 0.4*s) }},
	{"zoom", func(s float64) string { return fmt.Sprintf("affine=0:0:0:%g:%g", 1-0.5*s, 1+0.5*s) }},
	{"brightness", func(s float64) string { return fmt.Sprintf("brightness=%g", 0.8*s) }},
	{"contrast", func(s float64) string { return fmt.Sprintf("contrast=%g", 0.8*s) }},
	{"saturation", func(s float64) string { return fmt.Sprintf("saturation=%g", s) }},
	{"hue", func(s float64) string { return fmt.Sprintf("hue=%g", 0.5*s) }},
	{"blur", func(s float64) string { return fmt.Sprintf("blur=5:0.1:%g", 0.1+2*s) }},
	{"erase", func(s float64) string { return fmt.Sprintf("erase=%g", s) }},
}

// augmentationNames are the names that Augmentation takes.
func augmentationNames() (names []string) {
	for _, a := range augmentations {
		names = append(names, a.name)
	}
	return names
}

// pipeline returns the transforms of the arguments.
func (a AugmentArgs) pipeline() (augment.Pipeline, error) {
	if a.Pipeline != "" && a.List != nil {
		return nil, errors.New("pipeline and list are both given: want one of them")
	}
	text := a.Pipeline
	if a.List != nil {
		var words []string
		for _, t := range a.List {
			i := slices.IndexFunc(augmentations, func(known struct {
				name string
				text func(s float64) string
			}) bool {
				return known.name == t.Name
			})
			switch {
			case i < 0:
				if near := suggest.Nearest(t.Name, augmentationNames()); near != "" {
					return nil, fmt.Errorf("there is no augmentation %q: did you mean %q?", t.Name, near)
				}
				return nil, fmt.Errorf("there is no augmentation %q: there are %s", t.Name, strings.Join(augmentationNames(), ", "))
			case !(t.Strength >= 0 && t.Strength <= 1):
				return nil, fmt.Errorf("the strength of %s is %v: want 0 to 1", t.Name, t.Strength)
			case t.Strength > 0:
				words = append(words, augmentations[i].text(t.Strength))
			}
		}
		text = strings.Join(words, ",")
	}
	p, err := augment.Parse(text)
	if err == nil && p.Batch() != nil {
		err = fmt.Errorf("%v mixes pictures: there is only one", p.Batch())
	}
	return p, err
}

// maxPicture bounds a picture's width and height.
const maxPicture = 512

// Augment draws a picture and random versions of it.
func (s *Session) Augment(ctx context.Context, args AugmentArgs, _ func(any)) (r AugmentResult, err error) {
	for _, check := range []error{within("count", args.Count, 1, 100), within("columns", args.Columns, 1, 20), within("scale", args.Scale, 0, 20)} {
		if check != nil {
			return r, check
		}
	}
	p, err := args.pipeline()
	if err != nil {
		return r, err
	}
	from, err := s.augmented(ctx, args)
	if err != nil {
		return r, err
	}
	shape := from.ImageShape()
	hook, err := p.Hook(shape)
	if err != nil {
		return r, err
	}
	pixels := make([]float32, shape.Size())
	if _, err := from.Read(0, pixels); err != nil {
		return r, err
	}
	pictures := make([]image.Image, args.Count+1)
	for version := range pictures {
		if err := s.turn(ctx); err != nil {
			return r, err
		}
		shown := one{from, slices.Clone(pixels)}
		if version > 0 && hook != nil {
			hook(rng.New(args.Seed, "augment", uint64(version-1), 0), shown.pixels, shape)
		}
		if pictures[version], _, err = data.Picture(shown, 0); err != nil {
			return r, err
		}
	}
	sheet, err := data.ContactSheet(pictures, nil, data.SheetConfig{Columns: args.Columns, Scale: args.Scale})
	if err != nil {
		return r, err
	}
	return AugmentResult{pictureOf(sheet), p.String()}, nil
}

// augmented returns a dataset whose first image is the picture of the arguments.
func (s *Session) augmented(ctx context.Context, args AugmentArgs) (data.Dataset, error) {
	p := args.Picture
	if p.RGBA == nil {
		images, err := s.images(ctx, testFile)
		if err != nil {
			return nil, err
		}
		return data.Subset(images, []int{args.Index})
	}
	if err := within("picture.width", p.Width, 1, maxPicture); err != nil {
		return nil, err
	}
	if err := within("picture.height", p.Height, 1, maxPicture); err != nil {
		return nil, err
	}
	area := p.Width * p.Height
	if len(p.RGBA) != 4*area {
		return nil, fmt.Errorf("picture.rgba has %d bytes: want %d for %d×%d pixels", len(p.RGBA), 4*area, p.Width, p.Height)
	}
	planes := make([]uint8, 3*area)
	for i := range area {
		for c := range 3 {
			planes[c*area+i] = p.RGBA[4*i+c]
		}
	}
	return data.NewImages(planes, []int{0}, tensor.Shape{3, p.Height, p.Width}, []string{"picture"})
}

// one is a dataset of a single image with other pixels.
type one struct {
	data.Dataset
	pixels []float32
}

func (o one) Read(_ int, pixels []float32) (int, error) { copy(pixels, o.pixels); return 0, nil }

// pictureOf returns an image as a page draws it.
func pictureOf(m image.Image) Picture {
	b := m.Bounds()
	to := image.NewNRGBA(image.Rectangle{Max: b.Size()})
	draw.Draw(to, to.Bounds(), m, b.Min, draw.Src)
	return Picture{b.Dx(), b.Dy(), to.Pix}
}
