package augment

import (
	"context"
	"image/png"
	"os"
	"strings"
	"testing"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/fashionmnist"
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
		{[]int{0}, Pipeline{RandomCrop{Height: 5}}, 1, "larger than the image"},
	}
	for _, test := range tests {
		if _, err := Sheet(images, test.items, test.p, test.versions, 0); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("error %v, want %q", err, test.want)
		}
	}
}
