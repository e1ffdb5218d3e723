package augment

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/tensor"
)

// TestLikeTorchvision compares with testdata/golden.safetensors; make_golden.py
// says what is in it.
func TestLikeTorchvision(t *testing.T) {
	f, err := safetensors.Load("testdata/golden.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	worst := 0.0
	for _, e := range f.Entries {
		words := strings.Fields(e.Name)
		source, ok := f.Get(words[0])
		if !ok {
			t.Fatalf("%s: no image", e.Name)
		}
		got := source.Clone()
		pixels, shape := got.Data(), got.Shape()
		if len(words) > 1 {
			repeat(t, words[1], words[2:], pixels, shape)
		}
		for i, want := range e.Tensor.Data() {
			diff := math.Abs(float64(pixels[i] - want))
			worst = max(worst, diff)
			if !(diff <= 2e-6) {
				t.Errorf("%s: value %d is %v, want %v", e.Name, i, pixels[i], want)
				break
			}
		}
	}
	t.Logf("%d results, greatest difference %.2g", len(f.Entries), worst)
}

// repeat does what the name of a golden tensor says.
func repeat(t *testing.T, what string, args []string, pixels []float32, shape tensor.Shape) {
	t.Helper()
	value := func(s string) float64 {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	switch what {
	case "adjust":
		for pair := range slices.Chunk(args, 2) {
			switch v := value(pair[1]); pair[0] {
			case "brightness":
				adjustBrightness(pixels, float32(v))
			case "contrast":
				adjustContrast(pixels, shape[0], float32(v))
			case "saturation":
				adjustSaturation(pixels, shape[0], float32(v))
			case "hue":
				adjustHue(pixels, shape[0], v)
			}
		}
	case "crop":
		cut(pixels, shape, int(value(args[0])), int(value(args[1])), int(value(args[2])), int(value(args[3])))
	case "hflip":
		RandomHorizontalFlip{P: 1}.Apply(rng.New(1, "test"), pixels, shape)
	case "vflip":
		RandomVerticalFlip{P: 1}.Apply(rng.New(1, "test"), pixels, shape)
	case "normalize":
		c := shape[0]
		Normalize{[]float32{.485, .456, .406}[:c], []float32{.229, .224, .225}[:c]}.Apply(nil, pixels, shape)
	default:
		t.Fatalf("unknown function %q", what)
	}
}
