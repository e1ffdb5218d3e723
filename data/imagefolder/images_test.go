package imagefolder_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/imagecache"
	"github.com/strideml/stride/data/imagefile"
	"github.com/strideml/stride/data/imagefolder"
	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/data/raster"
	"github.com/strideml/stride/tensor"
)

var config = preprocess.Config{InputSize: tensor.Shape{3, 14, 14}, CropPct: 0.875, Interpolation: preprocess.Bicubic, Mean: []float32{0.5}, Std: []float32{0.25}}

// corner is a Draw: a window at a random place, as 0..1.
func corner(r *rand.Rand, pixels []float32, shape tensor.Shape, picture *raster.Raster) error {
	top, left := r.IntN(picture.Height-shape[1]+1), r.IntN(picture.Width-shape[2]+1)
	for c := range shape[0] {
		for y := range shape[1] {
			for x := range shape[2] {
				pixels[(c*shape[1]+y)*shape[2]+x] = float32(picture.Plane(c)[(top+y)*picture.Width+left+x]) / 255
			}
		}
	}
	return nil
}

func images(t testing.TB, s *imagefolder.Split, r imagefolder.Reading) *imagefolder.Images {
	t.Helper()
	d, err := s.Images(r)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// epoch returns what a loader gives of a dataset in an epoch.
func epoch(t testing.TB, d data.Dataset, number int) (pixels []float32, labels []float32, items []int) {
	t.Helper()
	l, err := data.NewLoader(d, data.LoaderConfig{BatchSize: 4, Shuffle: true, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	for b, err := range l.Epoch(context.Background(), number, 0) {
		if err != nil {
			t.Fatal(err)
		}
		pixels, labels, items = append(pixels, b.Images.Data()...), append(labels, b.Labels.Data()...), append(items, b.Items...)
	}
	return pixels, labels, items
}

// TestReadIsPrediction: a network is given the values that prediction gives it.
func TestReadIsPrediction(t *testing.T) {
	root := tree(t, pictures("a/1.png", "a/2.jpg", "b/3.jpg", "b/4.png"))
	d := images(t, open(t, root, imagefolder.Options{Validation: -1}).Train, imagefolder.Reading{Preprocess: config})
	if !d.ImageShape().Equal(config.InputSize) || d.Len() != 4 || fmt.Sprint(d.Classes()) != "[a b]" {
		t.Fatalf("%d images of %v", d.Len(), d.ImageShape())
	}
	for i := range d.Len() {
		picture, err := imagefile.Open(d.Path(i), imagefile.Options{})
		must(t, err)
		want, err := config.Tensor(picture)
		must(t, err)
		got := make([]float32, want.Size())
		label, err := d.Read(i, got)
		must(t, err)
		if !slices.Equal(got, want.Data()) || label != d.Label(i) || label != i/2 {
			t.Errorf("picture %d: other values, or label %d", i, label)
		}
	}
	if err := d.Resized(4, &raster.Raster{}); err == nil {
		t.Error("there is a picture 4")
	}
}

// TestCache: the second epoch decodes nothing, nor does the next run, and the cache
// changes no bit, augmented or not.
func TestCache(t *testing.T) {
	root := tree(t, pictures("a/1.png", "a/2.jpg", "a/3.jpg", "b/3.jpg", "b/4.png", "b/5.png"))
	split := open(t, root, imagefolder.Options{Validation: -1}).Train
	reading := imagefolder.Reading{Preprocess: config, Cache: imagecache.Options{Dir: t.TempDir()}, Log: func(line string) { t.Error(line) }}
	cached, plain := images(t, split, reading), images(t, split, imagefolder.Reading{Preprocess: config})
	for e := range 3 {
		for what, sets := range map[string][2]data.Dataset{"read": {cached, plain}, "augmented": {cached.Augmented(corner), plain.Augmented(corner)}} {
			a, _, _ := epoch(t, sets[0], e)
			b, _, _ := epoch(t, sets[1], e)
			if !slices.Equal(a, b) {
				t.Errorf("epoch %d, %s: the cache changes values", e, what)
			}
		}
		if s := cached.Stats(); s != (imagefolder.Stats{Decoded: 6, Cached: 12*e + 6}) {
			t.Errorf("epoch %d: %+v", e, s)
		}
	}
	if s := plain.Stats(); s != (imagefolder.Stats{Decoded: 36}) {
		t.Errorf("without a cache: %+v", s)
	}
	again := images(t, split, reading)
	epoch(t, again, 0)
	if s := again.Stats(); s != (imagefolder.Stats{Cached: 6}) {
		t.Errorf("the next run: %+v", s)
	}
	reading.Preprocess.CropPct = 1 // another size to resize to
	other := images(t, split, reading)
	epoch(t, other, 0)
	if s := other.Stats(); s.Cached != 0 {
		t.Errorf("other settings: %+v", s)
	}
	reading.Preprocess = config
	reading.Preprocess.Mean = nil // does not change what is cached
	same := images(t, split, reading)
	epoch(t, same, 0)
	if s := same.Stats(); s.Decoded != 0 {
		t.Errorf("another mean: %+v", s)
	}
}

// TestAugmentedDiffers: epochs differ, and values are normalised.
func TestAugmentedDiffers(t *testing.T) {
	root := tree(t, pictures("a/1.png", "b/2.png"))
	d := images(t, open(t, root, imagefolder.Options{Validation: -1}).Train, imagefolder.Reading{Preprocess: config}).Augmented(corner)
	first, _, _ := epoch(t, d, 0)
	same, _, _ := epoch(t, d, 0)
	second, _, _ := epoch(t, d, 1)
	if !slices.Equal(first, same) || slices.Equal(first, second) {
		t.Error("an epoch is not repeated, or two are equal")
	}
	if low := slices.Min(first); low >= 0 || low < -2 {
		t.Errorf("the least value is %v: not normalised", low)
	}
}

// TestChanges: photos that change or vanish during training are left out, named once
// and replaced; a run that is strict ends.
func TestChanges(t *testing.T) {
	root := tree(t, many(5, "a", "b"))
	split := open(t, root, imagefolder.Options{Validation: -1}).Train
	var lines []string
	cacheDir := t.TempDir()
	d := images(t, split, imagefolder.Reading{Preprocess: config, Cache: imagecache.Options{Dir: cacheDir}, Log: func(line string) { lines = append(lines, line) }})
	epoch(t, d, 0)
	must(t, os.Remove(filepath.Join(root, "a", "001.png")))
	must(t, os.WriteFile(filepath.Join(root, "b", "003.png"), drawPNG(99)[:70], 0o666))
	var fixed []float32
	for range 2 {
		pixels, _, items := epoch(t, d, 1)
		if len(items) != 10 || slices.Contains(items, 1) || slices.Contains(items, 8) {
			t.Errorf("items %v", items)
		}
		if fixed != nil && !slices.Equal(fixed, pixels) {
			t.Error("the epoch is not repeated")
		}
		fixed = pixels
	}
	all := strings.Join(lines, "\n")
	if len(lines) != 2 || !strings.Contains(all, "001.png: no such file") && !strings.Contains(all, "cannot find") || !strings.Contains(all, "003.png has changed since") {
		t.Errorf("%q", lines)
	}
	// Without a cache: the same bits.
	plain, _, _ := epoch(t, images(t, split, imagefolder.Reading{Preprocess: config}), 1)
	if !slices.Equal(plain, fixed) {
		t.Error("the cache changes what is left out")
	}
	strict := images(t, split, imagefolder.Reading{Preprocess: config, Strict: true})
	if _, err := strict.Read(1, make([]float32, 3*14*14)); err == nil || errors.Is(err, data.ErrSkip) {
		t.Errorf("strict: %v", err)
	}
}

// TestCut: a JPEG file that is cut short is used, with a warning, also from the
// cache; a PNG file that is, is left out.
func TestCut(t *testing.T) {
	root := tree(t, many(2, "a", "b"))
	whole := drawJPEG(3)
	must(t, os.WriteFile(filepath.Join(root, "a", "cut.jpg"), whole[:len(whole)-40], 0o666))
	whole = drawPNG(3)
	must(t, os.WriteFile(filepath.Join(root, "a", "cut.png"), whole[:len(whole)-40], 0o666))
	split := open(t, root, imagefolder.Options{Validation: -1}).Train
	reading := imagefolder.Reading{Preprocess: config, Cache: imagecache.Options{Dir: t.TempDir()}}
	for range 2 {
		var lines []string
		reading.Log = func(line string) { lines = append(lines, line) }
		d := images(t, split, reading)
		epoch(t, d, 0)
		epoch(t, d, 1)
		slices.Sort(lines)
		if len(lines) != 2 || !strings.HasPrefix(lines[0], "warning: "+filepath.Join(root, "a", "cut.jpg")+" is cut short: ") || !strings.Contains(lines[1], "left out") || !strings.Contains(lines[1], "cut.png is cut short") {
			t.Errorf("%q", lines)
		}
	}
	reading.Strict = true
	strict := images(t, split, reading)
	for i, item := range split.Items {
		_, err := strict.Read(i, make([]float32, 3*14*14))
		if (err != nil) != strings.Contains(item.Path, "cut") {
			t.Errorf("strict: %s: %v", item.Path, err)
		}
	}
}

func TestImagesRefuses(t *testing.T) {
	s := open(t, tree(t, many(2, "a", "b")), imagefolder.Options{Validation: -1})
	if _, err := s.Train.Images(imagefolder.Reading{}); err == nil || !strings.Contains(err.Error(), "preprocessing: input_size") {
		t.Error(err)
	}
	if _, err := s.Validation.Images(imagefolder.Reading{Preprocess: config}); err == nil {
		t.Error("there are no validation pictures")
	}
	var lines []string
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o666))
	d := images(t, s.Train, imagefolder.Reading{Preprocess: config, Cache: imagecache.Options{Dir: file}, Log: func(line string) { lines = append(lines, line) }})
	if _, err := d.Read(0, make([]float32, 3*14*14)); err != nil || len(lines) != 1 || !strings.Contains(lines[0], "There is no picture cache") {
		t.Errorf("%v, %q", err, lines)
	}
}
