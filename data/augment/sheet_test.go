package augment

import (
	"bytes"
	"context"
	"image/png"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/fashionmnist"
	"github.com/strideml/stride/data/raster"
	"github.com/strideml/stride/tensor"
)

func TestSheet(t *testing.T) {
	set, err := fashionmnist.Load(context.Background(), fashionmnist.Options{Dir: fashionmnist.SampleDir})
	if err != nil {
		t.Fatal(err)
	}
	p, err := Parse("hflip,crop=28:4,rcrop=0.5:1,jitter=0.4,normalize=0.5:0.25")
	if err != nil {
		t.Fatal(err)
	}
	sheet, err := Sheet(set.Train, []int{0, 1, 2, 3}, p, 6, 1)
	if err != nil {
		t.Fatal(err)
	}
	if size := sheet.Bounds().Size(); size.X < 7*84 || size.Y < 4*84 {
		t.Errorf("the sheet is %v", size)
	}
	if path := os.Getenv("STRIDE_TEST_SHEET"); path != "" { // to look at
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := png.Encode(f, sheet); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSheetErrors(t *testing.T) {
	images, err := data.NewImages(make([]uint8, 32), []int{0, 0}, tensor.Shape{1, 4, 4}, []string{"a"})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		items    []int
		p        Pipeline
		versions int
		want     string
	}{
		{[]int{0}, nil, 0, "0 versions"},
		{[]int{2}, nil, 1, "no image 2 in a dataset of 2"},
		{nil, nil, 1, "at least one picture"},
		{[]int{0, -1}, nil, 1, "no image -1"},
		{[]int{0}, Pipeline{RandomCrop{Height: 5}}, 1, "larger than the image"},
	}
	for _, test := range tests {
		if _, err := Sheet(images, test.items, test.p, test.versions, 0); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("error %v, want %q", err, test.want)
		}
	}
}

func TestSheetOfBatches(t *testing.T) {
	pixels := append(make([]uint8, 16), bytes.Repeat([]byte{255}, 16)...) // a black image and a white one
	images, err := data.NewImages(pixels, []int{0, 0}, tensor.Shape{1, 4, 4}, []string{"a"})
	if err != nil {
		t.Fatal(err)
	}
	shown, err := newVersion(view{images, nil, 1, 0}, []int{0, 1}, MixUp{})
	if err != nil {
		t.Fatal(err)
	}
	black, white := shown.images.Data()[0], shown.images.Data()[16]
	if black == 0 || math.Abs(float64(black+white)-1) > 1e-6 {
		t.Errorf("mixed to %v and %v", black, white)
	}
	if _, err := Sheet(images, []int{0, 1}, Pipeline{RandomHorizontalFlip{}, MixUp{}}, 2, 1); err != nil {
		t.Error(err)
	}
}

func TestPhotoSheet(t *testing.T) {
	p, err := Parse("strong,mixup")
	if err != nil {
		t.Fatal(err)
	}
	photos, shape := []*raster.Raster{generated(1, 3, 70, 50), generated(2, 3, 40, 90)}, tensor.Shape{3, 32, 32}
	sheet, err := PhotoSheet(photos, []string{"one", "two"}, p, shape, raster.Bicubic, 4, 1)
	if err != nil {
		t.Fatal(err)
	}
	if size := sheet.Bounds().Size(); size.X < 5*64 || size.Y < 2*64 {
		t.Errorf("the sheet is %v", size)
	}
	for name, try := range map[string]func() error{
		"no versions": func() error { _, err := PhotoSheet(photos, []string{"one", "two"}, p, shape, 0, 0, 1); return err },
		"titles":      func() error { _, err := PhotoSheet(photos, nil, p, shape, 0, 1, 1); return err },
		"grey": func() error {
			_, err := PhotoSheet(photos[:1], []string{"one"}, p, tensor.Shape{1, 32, 32}, 0, 1, 1)
			return err
		},
		"normalize": func() error {
			_, err := PhotoSheet(photos[:1], []string{"one"}, Pipeline{Normalize{[]float32{0}, []float32{1}}}, shape, 0, 1, 1)
			return err
		},
	} {
		if try() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
