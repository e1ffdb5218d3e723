package augment

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/data/raster"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/tensor"
)

// TestPhotos checks that images of photos of any size have the input's size,
// depend on the random numbers alone, and leave the photo as it is.
func TestPhotos(t *testing.T) {
	shape := tensor.Shape{3, 24, 32}
	for _, text := range []string{"", "hflip", "light", "strong", "crop=20:3,jitter=0.4", "vflip,rotate=30,rcrop", "trivialaugment,rcrop,erase=1", "affine=9:0.1:0.1,perspective,blur=5,grayscale"} {
		p, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		photos, err := p.Photos(shape, raster.Bicubic)
		if err != nil {
			t.Fatal(err)
		}
		if photos.Crops() != (strings.Contains(text, "rcrop") || text == "light" || text == "strong") {
			t.Errorf("%q: Crops is %v", text, photos.Crops())
		}
		dst, again := new(raster.Raster), new(raster.Raster)
		for i, size := range [][2]int{{24, 32}, {60, 50}, {1, 1}, {200, 7}, {24, 90}} {
			src := generated(uint32(i), 3, size[0], size[1])
			before := bytes.Clone(src.Pix)
			for index := range uint64(8) {
				photos.Apply(rng.New(1, "augment", 0, index), dst, src)
				photos.Apply(rng.New(1, "augment", 0, index), again, src)
				if dst.Check() != nil || dst.Channels != 3 || dst.Height != 24 || dst.Width != 32 {
					t.Fatalf("%q: an image of %d×%d×%d", text, dst.Channels, dst.Height, dst.Width)
				}
				pixels := make([]float32, shape.Size())
				if err := photos.Draw(rng.New(1, "augment", 0, index), pixels, shape, src); err != nil {
					t.Fatal(err)
				}
				for j, v := range pixels {
					if v != float32(dst.Pix[j])/255 {
						t.Fatalf("%q: Draw gives %v, Apply %v/255", text, v, dst.Pix[j])
					}
				}
				if !bytes.Equal(dst.Pix, again.Pix) {
					t.Fatalf("%q: two images from the same random numbers", text)
				}
			}
			if !bytes.Equal(src.Pix, before) {
				t.Fatalf("%q: the photo changed", text)
			}
		}
	}
}

// TestPhotosMiddle checks what is cut out without a random resized crop.
func TestPhotosMiddle(t *testing.T) {
	photos, err := Pipeline{}.Photos(tensor.Shape{1, 2, 2}, raster.Bilinear)
	if err != nil {
		t.Fatal(err)
	}
	src := raster.New(1, 4, 5)
	for i := range src.Pix {
		src.Pix[i] = uint8(i)
	}
	var got raster.Raster
	photos.Apply(nil, &got, src)
	if want := []byte{7, 8, 12, 13}; !slices.Equal(got.Pix, want) { // column 1.5 is rounded to 2, as by Python
		t.Errorf("%v, want %v", got.Pix, want)
	}
	photos.Apply(nil, &got, &raster.Raster{Channels: 1, Height: 1, Width: 3, Pix: []byte{10, 20, 30}})
	if want := []byte{18, 23, 18, 23}; !slices.Equal(got.Pix, want) { // the middle of 1×3 resized to 2×6
		t.Errorf("%v, want %v", got.Pix, want)
	}
}

// TestPhotosAndFloats checks that what draws the same numbers gives the same
// image of bytes and of floats.
func TestPhotosAndFloats(t *testing.T) {
	shape := tensor.Shape{3, 9, 14}
	src := generated(3, 3, 9, 14)
	for _, text := range []string{"hflip,vflip", "rotate=40,randaugment", "perspective,grayscale=0.5,blur=3", "posterize=3,solarize=100,invert", "crop=0:2,trivialaugment"} {
		p, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		photos, err := p.Photos(shape, raster.Bilinear)
		if err != nil {
			t.Fatal(err)
		}
		for i := range uint64(20) {
			pixels := make([]float32, len(src.Pix))
			for j, b := range src.Pix {
				pixels[j] = float32(b) / 255
			}
			p.Apply(rng.New(1, "augment", i), pixels, shape)
			var image raster.Raster
			photos.Apply(rng.New(1, "augment", i), &image, src)
			for j, b := range image.Pix {
				if pixels[j] != float32(b)/255 {
					t.Fatalf("%q, draw %d: value %d is %v of floats and %v/255 of bytes", text, i, j, pixels[j]*255, b)
				}
			}
		}
	}
}

func TestPhotosRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"normalize=0.5:0.25": "normalize is no augmentation of photos",
		"erase,hflip":        "hflip stands after erase",
		"mixup,hflip":        "put mixup and cutmix last",
	} {
		p, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Photos(tensor.Shape{3, 8, 8}, raster.Bilinear); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
	if _, err := (Pipeline{}).Photos(tensor.Shape{4, 8, 8}, raster.Bilinear); err == nil {
		t.Error("4 channels: no error")
	}
	if _, err := (Pipeline{notForPhotos{}}).Photos(tensor.Shape{3, 8, 8}, raster.Bilinear); err == nil || !strings.Contains(err.Error(), "foreign does not work on photos") {
		t.Errorf("a transform of another package: %v", err)
	}
}

func TestDrawRefuses(t *testing.T) {
	shape := tensor.Shape{3, 4, 4}
	photos, err := Pipeline{}.Photos(shape, raster.Bilinear)
	if err != nil {
		t.Fatal(err)
	}
	pixels := make([]float32, 48)
	for name, err := range map[string]error{
		"another shape":  photos.Draw(nil, pixels, tensor.Shape{3, 2, 8}, raster.New(3, 9, 9)),
		"a grey photo":   photos.Draw(nil, pixels, shape, raster.New(1, 9, 9)),
		"too few values": photos.Draw(nil, pixels[:40], shape, raster.New(3, 9, 9)),
		"a broken photo": photos.Draw(nil, pixels, shape, &raster.Raster{Channels: 3, Height: 9, Width: 9}),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

type notForPhotos struct{}

func (notForPhotos) Apply(*rand.Rand, []float32, tensor.Shape) {}
func (notForPhotos) Check(tensor.Shape) error                  { return nil }
func (notForPhotos) String() string                            { return "foreign" }

func TestPhotosAllocateNothing(t *testing.T) {
	if raceDetector {
		t.Skip("under the race detector")
	}
	p, err := Parse("light,randaugment,trivialaugment,jitter=0.3,affine=9,blur=3")
	if err != nil {
		t.Fatal(err)
	}
	photos, err := p.Photos(tensor.Shape{3, 20, 20}, raster.Bicubic)
	if err != nil {
		t.Fatal(err)
	}
	src, dst, r := generated(1, 3, 40, 50), new(raster.Raster), rng.New(1, "allocations")
	for range 200 {
		photos.Apply(r, dst, src)
	}
	if n := testing.AllocsPerRun(100, func() { photos.Apply(r, dst, src) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// drawn summarises values: the least, the greatest, the mean and the variance.
func drawn(n int, draw func(r *rand.Rand) float64) (least, most, mean, variance float64) {
	least, most = math.Inf(1), math.Inf(-1)
	sum, squares := 0.0, 0.0
	for i := range n {
		v := draw(rng.New(3, "draw", uint64(i)))
		least, most, sum, squares = min(least, v), max(most, v), sum+v, squares+v*v
	}
	mean = sum / float64(n)
	return least, most, mean, squares/float64(n) - mean*mean
}

// TestDistributions compares what is drawn with the formulas of torchvision. The
// slack is five standard deviations of the mean, and what rounding to pixels does.
func TestDistributions(t *testing.T) {
	const n = 4000
	affine := RandomAffine{Degrees: [2]float64{-10, 30}, Translate: [2]float64{0.2, 0.1}, Scale: [2]float64{0.5, 1.5}, ShearX: [2]float64{-8, 8}, ShearY: [2]float64{1, 3}}
	of := func(get func(a raster.Affine) float64) func(r *rand.Rand) float64 {
		return func(r *rand.Rand) float64 { return get(affine.draw(r, 100, 200)) }
	}
	corner := func(i, axis int) func(r *rand.Rand) float64 {
		return func(r *rand.Rand) float64 {
			_, end := RandomPerspective{Distortion: 0.5}.draw(r, 400, 800)
			return end[i][axis]
		}
	}
	share := func(r *rand.Rand) float64 {
		_, _, h, w := RandomErasing{}.window(r, 200, 200)
		return float64(h*w) / 40000
	}
	logRatio := func(r *rand.Rand) float64 {
		_, _, h, w := RandomErasing{Scale: [2]float64{0.05, 0.1}}.window(r, 300, 300)
		return math.Log(float64(h) / float64(w))
	}
	for _, c := range []struct {
		name        string
		draw        func(r *rand.Rand) float64
		least, most float64
		mean, slack float64
		variance    float64 // of a uniform distribution if 0
	}{
		{"angle", of(func(a raster.Affine) float64 { return a.Degrees }), -10, 30, 10, 0, 0},
		{"distance right", of(func(a raster.Affine) float64 { return a.X }), -40, 40, 0, 0.1, 0},
		{"distance down", of(func(a raster.Affine) float64 { return a.Y }), -10, 10, 0, 0.1, 0},
		{"scale", of(func(a raster.Affine) float64 { return a.Scale }), 0.5, 1.5, 1, 0, 0},
		{"shear x", of(func(a raster.Affine) float64 { return a.ShearX }), -8, 8, 0, 0, 0},
		{"shear y", of(func(a raster.Affine) float64 { return a.ShearY }), 1, 3, 2, 0, 0},
		{"corner left", corner(0, 0), 0, 200, 100, 0, 0},
		{"corner right", corner(1, 0), 599, 799, 699, 0, 0},
		{"corner bottom", corner(2, 1), 299, 399, 349, 0, 0},
		{"erased share", share, 0.02, 0.33, 0.175, 0.003, 0},
		{"erased ratio", logRatio, math.Log(0.3), math.Log(3.3), math.Log(0.3*3.3) / 2, 0.01, 0},
		{"λ of α 1", func(r *rand.Rand) float64 { return beta(r, 1) }, 0, 1, 0.5, 0, 1. / 12},
		{"λ of α 0.2", func(r *rand.Rand) float64 { return beta(r, 0.2) }, 0, 1, 0.5, 0, 1 / (4 * 1.4)},
		{"λ of α 4", func(r *rand.Rand) float64 { return beta(r, 4) }, 0, 1, 0.5, 0, 1. / 36},
	} {
		least, most, mean, variance := drawn(n, c.draw)
		width := c.most - c.least
		if slack := c.slack + width*0.02; least < c.least-slack || most > c.most+slack {
			t.Errorf("%s: from %.4g to %.4g, want %.4g to %.4g", c.name, least, most, c.least, c.most)
		}
		want := c.variance
		if want == 0 {
			want = width * width / 12
			if least > c.least+width*0.05 || most < c.most-width*0.05 {
				t.Errorf("%s: only from %.4g to %.4g, want %.4g to %.4g", c.name, least, most, c.least, c.most)
			}
		}
		if math.Abs(mean-c.mean) > c.slack+5*math.Sqrt(want/n) {
			t.Errorf("%s: mean %.4g, want %.4g", c.name, mean, c.mean)
		}
		if math.Abs(variance/want-1) > 0.12 {
			t.Errorf("%s: variance %.4g, want %.4g", c.name, variance, want)
		}
	}
}

// TestProbabilities counts how often a transform does something.
func TestProbabilities(t *testing.T) {
	src := generated(1, 3, 12, 12)
	for text, want := range map[string]float64{
		"invert": 0.5, "invert=0.2": 0.2, "posterize=1:0.9": 0.9, "grayscale": 0.1, "perspective=1:0.3": 0.3, "vflip": 0.5, "solarize=0:1": 1,
		"randaugment=1:30": 12. / 14, // not by identity, nor by equalize, for which this is too small
	} {
		p, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		photos, err := p.Photos(tensor.Shape{3, 12, 12}, raster.Bilinear)
		if err != nil {
			t.Fatal(err)
		}
		const n = 2000
		changed := 0
		var dst raster.Raster
		for i := range n {
			if photos.Apply(rng.New(2, "augment", uint64(i)), &dst, src); !bytes.Equal(dst.Pix, src.Pix) {
				changed++
			}
		}
		if got := float64(changed) / n; math.Abs(got-want) > 5*math.Sqrt(want*(1-want)/n)+0.005 {
			t.Errorf("%s changes %.3f of images, want %.3f", text, got, want)
		}
	}
}

func TestOperationsAreDrawnEvenly(t *testing.T) {
	counts := map[string]int{}
	const n = 2800
	src := generated(1, 1, 9, 9)
	var c canvas
	results := map[string]operation{}
	for o := range operations { // each is known by its result, in either direction
		for _, sign := range []float64{1, -1} {
			c.start(src, tensor.Shape{1, 9, 9}, raster.Bilinear)
			magnitude, _ := randAugmentSpace.magnitude(o, 30, 9, 9)
			o.apply(&c, magnitude*sign, Look{})
			results[string(c.picture.Pix)] = o
		}
	}
	for i := range n {
		c.start(src, tensor.Shape{1, 9, 9}, raster.Bilinear)
		RandAugment{Ops: 1, Magnitude: 30}.applyPicture(rng.New(4, "augment", uint64(i)), &c)
		counts[string(c.picture.Pix)]++
	}
	perOperation := map[operation]int{}
	for pixels, count := range counts {
		o, ok := results[pixels]
		if !ok {
			t.Fatal("an unknown operation")
		}
		perOperation[o] += count
	}
	// Saturation and equalize leave this small grey image as it is, as identity does.
	unchanged := results[string(src.Pix)]
	for o, count := range perOperation {
		want := n / int(operations)
		if o == unchanged {
			want *= 3
		}
		if slack := 5 * math.Sqrt(float64(want)); math.Abs(float64(count-want)) > slack {
			t.Errorf("operation %d was drawn %d times of %d, want %d", o, count, n, want)
		}
	}
	if len(perOperation) != int(operations)-2 {
		t.Errorf("only %d operations", len(perOperation))
	}
}

// TestErase checks that a rectangle of zeros is all that changes.
func TestErase(t *testing.T) {
	shape := tensor.Shape{2, 20, 30}
	for i := range 50 {
		pixels := slices.Repeat([]float32{7}, shape.Size())
		RandomErasing{P: 1}.Apply(rng.New(1, "erase", uint64(i)), pixels, shape)
		zeros := 0
		for j, v := range pixels {
			if v == 0 {
				zeros++
			} else if v != 7 {
				t.Fatalf("value %v", v)
			}
			if pixels[j%600] != v {
				t.Fatal("the channels differ")
			}
		}
		if zeros == 0 || zeros > 2*600*4/10 {
			t.Errorf("%d of %d values erased", zeros, shape.Size())
		}
	}
}

func TestBatch(t *testing.T) {
	if b := (Pipeline{RandomHorizontalFlip{}}).Batch(); b != nil {
		t.Errorf("%v", b)
	}
	p, err := Parse("hflip,mixup=0.4,cutmix")
	if err != nil {
		t.Fatal(err)
	}
	if got := p.PerImage().String(); got != "hflip" {
		t.Errorf("per image: %q", got)
	}
	if got := append(Pipeline{RandomErasing{}}, p...).Rest().String(); got != "erase,mixup=0.4,cutmix" {
		t.Errorf("the rest: %q", got)
	}
	if len(p) != 3 {
		t.Errorf("PerImage changed the pipeline to %v", p)
	}
	batch, cut := p.Batch(), 0
	if got := batch.String(); got != "mixup=0.4,cutmix" {
		t.Errorf("%q", got)
	}
	const n = 400
	for i := range n {
		images, targets := mixed()
		source, _ := mixed()
		batch.ApplyBatch(rng.New(1, "augment batch", uint64(i)), images, targets)
		for row := range slices.Chunk(targets.Data(), 3) {
			if sum := row[0] + row[1] + row[2]; math.Abs(float64(sum)-1) > 1e-6 {
				t.Fatalf("targets %v", row)
			}
		}
		own := 0
		for j, v := range images.Data() {
			if v == source.Data()[j] || v == source.Data()[(j+80)%120] {
				own++
			}
		}
		if own == len(source.Data()) {
			cut++
		}
	}
	if cut < n*4/10 || cut > n*6/10 {
		t.Errorf("%d of %d batches were cut, the others mixed up", cut, n)
	}
}

func TestOneHot(t *testing.T) {
	targets := tensor.New(2, 4)
	OneHot(targets, tensor.Must(tensor.FromSlice([]float32{3, 0}, 2)), 0.2)
	for i, want := range []float32{.05, .05, .05, .85, .85, .05, .05, .05} {
		if got := targets.Data()[i]; math.Abs(float64(got-want)) > 1e-6 {
			t.Errorf("%d: %v, want %v", i, got, want)
		}
	}
}

func TestPresets(t *testing.T) {
	names, texts := Presets()
	for i, name := range names {
		p, err := Parse(name)
		if err != nil || p.String() != texts[i] {
			t.Errorf("%s is %q, %v, want %q", name, p, err, texts[i])
		}
		if _, err := p.Photos(tensor.Shape{3, 8, 8}, raster.Bilinear); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
