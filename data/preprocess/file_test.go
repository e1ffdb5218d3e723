package preprocess_test

import (
	"bytes"
	"image"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/data/imagefile"
	"github.com/strideml/stride/data/jpeg"
	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/data/raster"
	"github.com/strideml/stride/tensor"
)

// TestOpen: the way over Open and Cut gives what Tensor gives.
func TestOpen(t *testing.T) {
	config := preprocess.Config{InputSize: tensor.Shape{3, 9, 8}, CropPct: 0.9, Interpolation: preprocess.Bicubic, Mean: []float32{127. / 255}, Std: []float32{128. / 255}}
	grey := config
	grey.InputSize = tensor.Shape{1, 9, 8}
	for i, name := range []string{"420.jpg", "orientation-6.jpg", "rgba-8.png", "canvas.gif", "420.jpg", "orientation-3.jpg", "cmyk.jpg", "grey.jpg"} {
		config := config
		if i >= 4 {
			config = grey
		}
		path := filepath.Join("..", "imagefile", "testdata", "pictures", name)
		picture, err := imagefile.Open(path, imagefile.Options{})
		if err != nil {
			t.Fatal(err)
		}
		want, err := config.Tensor(picture)
		if err != nil {
			t.Fatal(err)
		}
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		opened, err := config.Open(path, imagefile.Options{})
		if err != nil {
			t.Fatal(err)
		}
		decoded, err := config.Decode(bytes.NewReader(file), name, imagefile.Options{})
		if err != nil {
			t.Fatal(err)
		}
		got := tensor.New(want.Shape()...)
		for _, p := range []*preprocess.Picture{opened, decoded} {
			if err := config.Cut(got.Data(), p.Raster); err != nil || !got.Equal(want) || p.Size != picture.Bounds().Size() || p.Warning != "" {
				t.Errorf("%s: other values than Tensor's, or size %v, warning %q, error %v", name, p.Size, p.Warning, err)
			}
		}
		clear(got.Data())
		if from, err := config.Input(got.Data(), file, name, imagefile.Options{}); err != nil || !got.Equal(want) || from != opened.Source {
			t.Errorf("%s: Input gives other values than Tensor, or %+v, error %v", name, from, err)
		}
		clear(got.Data())
		if from, err := config.OpenInput(got.Data(), path, imagefile.Options{}); err != nil || !got.Equal(want) || from != opened.Source {
			t.Errorf("%s: OpenInput gives other values than Tensor, or %+v, error %v", name, from, err)
		}
		clear(got.Data())
		if err := config.FromRaster(got.Data(), raster.FromImage(picture, 3)); err != nil || !got.Equal(want) {
			t.Errorf("%s: FromRaster gives other values than Tensor, error %v", name, err)
		}
	}
}

func TestOpenWarns(t *testing.T) {
	config := preprocess.Config{InputSize: tensor.Shape{3, 4, 4}}
	dir := filepath.Join("..", "imagefile", "testdata", "pictures")
	file, err := os.ReadFile(filepath.Join(dir, "444.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := config.Decode(bytes.NewReader(file[:len(file)*9/10]), "cut.jpg", imagefile.Options{})
	if err != nil || !strings.Contains(p.Warning, "cut.jpg is cut short: ") {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := config.Open(filepath.Join(dir, "truncated.png"), imagefile.Options{}); err == nil || !strings.Contains(err.Error(), "truncated.png is cut short") {
		t.Error(err)
	}
	if _, err := config.Open(filepath.Join(dir, "444.jpg"), imagefile.Options{MaxPixels: 5}); err == nil || !strings.Contains(err.Error(), "want at most 5 pixels") {
		t.Error(err)
	}
}

func TestCutRefuses(t *testing.T) {
	config := preprocess.Config{InputSize: tensor.Shape{1, 4, 4}}
	small, err := preprocess.Config{InputSize: tensor.Shape{1, 3, 4}}.Resize(image.NewGray(image.Rect(0, 0, 4, 3)))
	if err != nil {
		t.Fatal(err)
	}
	if err := config.Cut(make([]float32, 16), small); err == nil || !strings.Contains(err.Error(), "cannot be cut out of a picture of 1×3×4") {
		t.Error(err)
	}
}

// TestDraft: with Draft a JPEG file of at least four times the size is decoded at half of
// its size, upright, and a smaller one and other files are not.
func TestDraft(t *testing.T) {
	for _, c := range []struct {
		name         string
		h, w         int // the size to resize to
		scale        int
		turn         raster.Orientation
		wantH, wantW int // of the picture that is resized
	}{
		{"420.jpg", 3, 5, 2, 1, 7, 11},
		{"420.jpg", 3, 6, 1, 1, 14, 21},
		{"420.jpg", 1, 2, 4, 1, 4, 6},
		{"orientation-6.jpg", 5, 3, 2, 6, 11, 7},
		{"orientation-6.jpg", 3, 5, 1, 6, 21, 14},
		{"rgb-8.png", 2, 2, 1, 1, 14, 21},
	} {
		path := filepath.Join("..", "imagefile", "testdata", "pictures", c.name)
		plain := preprocess.Config{InputSize: tensor.Shape{3, c.h, c.w}, CropMode: preprocess.Squash}
		draft := plain
		draft.Draft = true
		whole, err := plain.Open(path, imagefile.Options{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := draft.Open(path, imagefile.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if c.scale == 1 {
			if !slices.Equal(got.Pix, whole.Pix) {
				t.Errorf("%s to %d×%d: other values than without Draft", c.name, c.h, c.w)
			}
			continue
		}
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var decoder jpeg.Decoder
		var small, upright, want raster.Raster
		if err := decoder.Decode(&small, file, jpeg.Options{Scale: c.scale, Color: jpeg.RGB}); err != nil {
			t.Fatal(err)
		}
		raster.Upright(&upright, &small, c.turn)
		new(raster.Resizer).Resize(&want, &upright, c.h, c.w, raster.Bilinear)
		if upright.Height != c.wantH || upright.Width != c.wantW || !slices.Equal(got.Pix, want.Pix) || slices.Equal(got.Pix, whole.Pix) || got.Source != whole.Source {
			t.Errorf("%s to %d×%d: not what decoding at 1/%d gives, or other than %+v: %+v", c.name, c.h, c.w, c.scale, whole.Source, got.Source)
		}
	}
}

// raceDetector says that the race detector is on.
var raceDetector bool

// TestInputAllocatesNothing reads JPEG files of several sizes and orientations with two
// Configs.
func TestInputAllocatesNothing(t *testing.T) {
	if raceDetector {
		t.Skip("with the race detector a sync.Pool forgets at random")
	}
	var files [][]byte
	for _, name := range []string{"420.jpg", "progressive-420.jpg", "orientation-6.jpg", "grey.jpg", "cmyk.jpg"} {
		file, err := os.ReadFile(filepath.Join("..", "imagefile", "testdata", "pictures", name))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	config := preprocess.Config{InputSize: tensor.Shape{3, 9, 8}, CropPct: 0.9, Interpolation: preprocess.Bicubic, Mean: []float32{127. / 255}, Std: []float32{128. / 255}}
	pixels := make([]float32, 3*9*8)
	all := func() {
		for _, file := range files {
			if _, err := config.Input(pixels, file, "f", imagefile.Options{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	all()
	if n := testing.AllocsPerRun(50, all); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
