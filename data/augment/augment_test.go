package augment

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/tensor"
)

// raceDetector is set by race_test.go.
var raceDetector = false

// everything is a pipeline with each transform.
func everything() Pipeline {
	return Pipeline{
		RandomHorizontalFlip{}, RandomVerticalFlip{}, RandomCrop{Height: 20, Width: 24, Pad: 3}, RandomResizedCrop{},
		ColorJitter{0.5, 0.5, 0.5, 0.5}, RandomRotation{Degrees: [2]float64{-9, 9}}, RandomAffine{Degrees: [2]float64{-9, 9}, Translate: [2]float64{0.1, 0.1}},
		RandomPerspective{}, RandomGrayscale{}, GaussianBlur{Size: 5}, RandomAppearance{Change: Equalize}, RandomAppearance{Sharpness, 2, 0.5},
		RandAugment{}, TrivialAugmentWide{}, RandomErasing{}, Normalize{Mean: []float32{0.5}, Std: []float32{0.25}},
	}
}

// ramp is an image whose values are all different.
func ramp(shape tensor.Shape) []float32 {
	pixels := make([]float32, shape.Size())
	for i := range pixels {
		pixels[i] = float32(i) / float32(len(pixels))
	}
	return pixels
}

func TestFlip(t *testing.T) {
	shape := tensor.Shape{2, 3, 2}
	source := ramp(shape)
	counts := map[string]int{}
	const draws = 4000
	for i := range draws {
		pixels := slices.Clone(source)
		Pipeline{RandomHorizontalFlip{}, RandomVerticalFlip{P: 0.25}}.Apply(rng.New(1, "flip", uint64(i)), pixels, shape)
		x, y := pixels[0] == source[1] || pixels[0] == source[5], pixels[0] == source[4] || pixels[0] == source[5]
		for c := range 2 {
			for j := range 3 {
				for k := range 2 {
					from := [2]int{j, k}
					if y {
						from[0] = 2 - j
					}
					if x {
						from[1] = 1 - k
					}
					if pixels[c*6+j*2+k] != source[c*6+from[0]*2+from[1]] {
						t.Fatalf("draw %d: wrong order %v", i, pixels)
					}
				}
			}
		}
		counts[fmt.Sprint(x, y)]++
	}
	for what, share := range map[string]float64{"true true": .125, "true false": .375, "false true": .125, "false false": .375} {
		if got := float64(counts[what]) / draws; math.Abs(got-share) > 0.04 {
			t.Errorf("%s: share %.3f, want %.3f", what, got, share)
		}
	}
}

// TestCropPlaces checks that a padded crop reaches every place, evenly.
func TestCropPlaces(t *testing.T) {
	shape := tensor.Shape{1, 3, 4}
	source := ramp(shape)
	for i := range source {
		source[i]++
	}
	counts := map[[2]int]int{}
	const draws = 5000
	for i := range draws {
		pixels := slices.Clone(source)
		RandomCrop{Pad: 2}.Apply(rng.New(1, "crop", uint64(i)), pixels, shape)
		at := slices.IndexFunc(pixels, func(v float32) bool { return v != 0 })
		v := slices.Index(source, pixels[at])
		top, left := v/4-at/4, v%4-at%4
		want := make([]float32, len(source))
		copyWindow(want, source, 3, 4, top, left, 3, 4)
		if !slices.Equal(pixels, want) {
			t.Fatalf("draw %d: %v is no window", i, pixels)
		}
		counts[[2]int{top, left}]++
	}
	if len(counts) != 25 {
		t.Errorf("%d places, want 25", len(counts))
	}
	for place, n := range counts {
		if n < 130 || n > 280 { // mean 200, deviation 14
			t.Errorf("place %v was drawn %d times of %d", place, n, draws)
		}
	}
}

func TestResizedCropWindows(t *testing.T) {
	tests := []struct {
		c             RandomResizedCrop
		height, width int
	}{
		{RandomResizedCrop{}, 96, 64},
		{RandomResizedCrop{Scale: [2]float64{0.5, 1}, Ratio: [2]float64{0.5, 2}}, 28, 28},
		{RandomResizedCrop{Ratio: [2]float64{1, 1}}, 1, 200}, // mostly the fallback
		{RandomResizedCrop{}, 200, 1},
		{RandomResizedCrop{}, 1, 1},
	}
	for _, test := range tests {
		small := 1.0
		for i := range 2000 {
			top, left, h, w := test.c.window(rng.New(1, "window", uint64(i)), test.height, test.width)
			if h < 1 || w < 1 || top < 0 || left < 0 || top+h > test.height || left+w > test.width {
				t.Fatalf("%v of %d×%d: window %d,%d %d×%d", test.c, test.height, test.width, top, left, h, w)
			}
			share := float64(h*w) / float64(test.height*test.width)
			small = min(small, share)
			if c := test.c.withDefaults(); test.height > 20 && test.width > 20 {
				ratio := float64(w) / float64(h)
				if share < c.Scale[0]*0.85 || ratio < c.Ratio[0]*0.85 || ratio > c.Ratio[1]*1.15 {
					t.Fatalf("%v: share %.3f, ratio %.3f", test.c, share, ratio)
				}
			}
		}
		if scale := test.c.withDefaults().Scale[0]; test.height > 20 && test.width > 20 && small > scale+0.05 {
			t.Errorf("%v: smallest share %.3f", test.c, small)
		}
	}
}

func TestJitterRange(t *testing.T) {
	shape := tensor.Shape{3, 6, 5}
	source := ramp(shape)
	seen := map[float32]bool{}
	for i := range 300 {
		pixels := slices.Clone(source)
		ColorJitter{2, 2, 2, 0.5}.Apply(rng.New(1, "jitter", uint64(i)), pixels, shape)
		for _, v := range pixels {
			if !(v >= 0 && v <= 1) {
				t.Fatalf("value %v", v)
			}
		}
		seen[pixels[40]] = true
	}
	if len(seen) < 150 {
		t.Errorf("only %d different values", len(seen))
	}
	pixels := slices.Clone(source)
	ColorJitter{}.Apply(rng.New(1, "jitter"), pixels, shape)
	if !slices.Equal(pixels, source) {
		t.Error("the zero value changes the image")
	}
}

// TestGreyOrder checks that saturation and hue leave grey images alone.
func TestGreyOrder(t *testing.T) {
	shape := tensor.Shape{1, 4, 4}
	pixels := ramp(shape)
	ColorJitter{Saturation: 0.9, Hue: 0.5}.Apply(rng.New(1, "grey"), pixels, shape)
	if !slices.Equal(pixels, ramp(shape)) {
		t.Error("a grey image changed")
	}
}

func TestCheck(t *testing.T) {
	tests := []struct {
		p     Pipeline
		shape tensor.Shape
		want  string // "" for no error
	}{
		{everything(), tensor.Shape{3, 28, 28}, ""},
		{everything(), tensor.Shape{1, 28, 28}, ""},
		{nil, tensor.Shape{5, 1, 1}, ""},
		{Pipeline{RandomHorizontalFlip{1.5}}, tensor.Shape{1, 28, 28}, "transform 1 (hflip=1.5): the probability is 1.5: want 0 to 1"},
		{Pipeline{RandomVerticalFlip{math.NaN()}}, tensor.Shape{1, 28, 28}, "transform 1 (vflip=NaN): the probability is NaN"},
		{Pipeline{RandomHorizontalFlip{}, RandomCrop{28, 28, 4}}, tensor.Shape{1, 16, 16}, "transform 2 (crop=28:4): a crop of 28×28 pixels is larger than the image with its padding, 24×24"},
		{Pipeline{RandomCrop{Pad: -1}}, tensor.Shape{1, 16, 16}, "padding -1"},
		{Pipeline{RandomCrop{Pad: math.MaxInt}}, tensor.Shape{1, 16, 16}, "want numbers from 0 to 32768"},
		{Pipeline{RandomResizedCrop{Scale: [2]float64{0.5, 0.2}}}, tensor.Shape{1, 16, 16}, "the scale is 0.5 to 0.2"},
		{Pipeline{RandomResizedCrop{Ratio: [2]float64{-1, 2}}}, tensor.Shape{1, 16, 16}, "the ratio is -1 to 2"},
		{Pipeline{ColorJitter{Hue: 0.6}}, tensor.Shape{3, 16, 16}, "hue is 0.6: want 0 to 0.5"},
		{Pipeline{ColorJitter{Contrast: -0.1}}, tensor.Shape{3, 16, 16}, "contrast is -0.1"},
		{Pipeline{ColorJitter{}}, tensor.Shape{4, 16, 16}, "images of 4 channels have no colours"},
		{Pipeline{Normalize{[]float32{1, 2}, []float32{1}}}, tensor.Shape{3, 16, 16}, "2 numbers for the mean of 3 channels"},
		{Pipeline{Normalize{[]float32{1}, []float32{0}}}, tensor.Shape{3, 16, 16}, "the deviation [0] must be at least 1e-6"},
		{Pipeline{Normalize{}}, tensor.Shape{3, 16, 16}, "0 numbers for the mean"},
		{Pipeline{Pipeline{Normalize{[]float32{0}, []float32{1}}}, ColorJitter{Hue: 0.1}}, tensor.Shape{3, 16, 16}, "transform 2 (jitter=0:0:0:0.1) needs values of 0..1: put normalize after it"},
		{Pipeline{Normalize{[]float32{0}, []float32{1}}, RandAugment{}}, tensor.Shape{3, 16, 16}, "transform 2 (randaugment) needs values of 0..1"},
		{Pipeline{MixUp{}, RandomHorizontalFlip{}}, tensor.Shape{3, 16, 16}, "transform 2 (hflip) stands after one on batches: put mixup and cutmix last"},
		{Pipeline{RandomHorizontalFlip{}, MixUp{}, CutMix{0.5}}, tensor.Shape{3, 16, 16}, "mixup,cutmix=0.5 works on batches, not on single images"},
		{Pipeline{RandomRotation{}}, tensor.Shape{3, 16, 16}, "an angle of 0"},
		{Pipeline{RandomAppearance{Change: 99}}, tensor.Shape{3, 16, 16}, "no change has the number 99"},
		{Pipeline{TrivialAugmentWide{}}, tensor.Shape{2, 16, 16}, "images of 2 channels have no colours"},
		{Pipeline{nil}, tensor.Shape{3, 16, 16}, "transform 1 is nil"},
		{Pipeline{RandomHorizontalFlip{}}, tensor.Shape{16, 16}, "image shape 16×16: want C×H×W"},
	}
	for _, test := range tests {
		hook, err := test.p.Hook(test.shape)
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%v: %v", test.p, err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%v on %v: error %v, want %q", test.p, test.shape, err, test.want)
		case (hook == nil) != (err != nil || len(test.p) == 0):
			t.Errorf("%v: hook %v with error %v", test.p, hook != nil, err)
		}
	}
}

func TestFixed(t *testing.T) {
	p := Pipeline{RandomHorizontalFlip{}, Pipeline{Normalize{[]float32{0}, []float32{2}}}}
	if got := p.Fixed().String(); got != "normalize=0:2" {
		t.Errorf("fixed part is %q", got)
	}
}

// TestLoader checks that versions depend on seed, epoch and index alone.
func TestLoader(t *testing.T) {
	shape := tensor.Shape{3, 28, 28}
	bytes := make([]uint8, 20*shape.Size())
	r := rng.New(1, "images")
	for i := range bytes {
		bytes[i] = uint8(r.UintN(256))
	}
	images, err := data.NewImages(bytes, make([]int, 20), shape, []string{"only"})
	if err != nil {
		t.Fatal(err)
	}
	hook, err := everything().Hook(shape)
	if err != nil {
		t.Fatal(err)
	}
	epoch := func(epoch, workers, batch int, seed uint64, shuffle bool) map[int][]float32 {
		loader, err := data.NewLoader(images, data.LoaderConfig{BatchSize: batch, Workers: workers, Seed: seed, Shuffle: shuffle, Transform: hook})
		if err != nil {
			t.Fatal(err)
		}
		seen := map[int][]float32{}
		for b, err := range loader.Epoch(context.Background(), epoch, 0) {
			if err != nil {
				t.Fatal(err)
			}
			for j, item := range b.Items {
				seen[item] = slices.Clone(b.Images.Data()[j*shape.Size():][:shape.Size()])
			}
		}
		return seen
	}
	base := epoch(2, 1, 20, 7, false)
	other := epoch(2, 4, 3, 7, true)
	for item, pixels := range base {
		if !slices.Equal(pixels, other[item]) {
			t.Errorf("image %d depends on workers, batches or order", item)
		}
	}
	if slices.Equal(base[0], epoch(3, 1, 20, 7, false)[0]) || slices.Equal(base[0], epoch(2, 1, 20, 8, false)[0]) {
		t.Error("the version does not depend on epoch and seed")
	}
	// The contact sheet shows what the loader gives.
	pixels := make([]float32, shape.Size())
	if _, err := (view{images, everything(), 7, 2}).Read(5, pixels); err != nil || !slices.Equal(pixels, base[5]) {
		t.Errorf("the sheet's version differs (error %v)", err)
	}
}

// TestNoAllocations is about the pool of scratch memory, which drops some of it at
// random under the race detector.
func TestNoAllocations(t *testing.T) {
	if raceDetector {
		t.Skip("under the race detector")
	}
	shape := tensor.Shape{3, 32, 32}
	pixels, r, p := ramp(shape), rng.New(1, "allocations"), everything()
	for range 20 {
		p.Apply(r, pixels, shape)
	}
	if n := testing.AllocsPerRun(200, func() { p.Apply(r, pixels, shape) }); n != 0 {
		t.Errorf("%v allocations an image", n)
	}
}

func BenchmarkApply(b *testing.B) {
	for _, text := range []string{"hflip", "crop=0:4", "crop=24", "rcrop", "brightness=0.5", "contrast=0.5", "saturation=0.5", "hue=0.5", "jitter=0.5"} {
		for _, shape := range []tensor.Shape{{1, 28, 28}, {3, 224, 224}} {
			b.Run(fmt.Sprintf("%s/%v", text, shape), func(b *testing.B) {
				p, err := Parse(text)
				if err != nil {
					b.Fatal(err)
				}
				source, r := ramp(shape), rng.New(1, "bench")
				pixels := slices.Clone(source)
				b.SetBytes(int64(4 * len(pixels)))
				for b.Loop() {
					copy(pixels, source)
					p.Apply(r, pixels, shape)
				}
			})
		}
	}
}
