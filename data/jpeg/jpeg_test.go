package jpeg_test

import (
	"bytes"
	"image"
	"image/color"
	stdjpeg "image/jpeg"
	"testing"

	"github.com/strideml/stride/data/jpeg"
)

// TestLikeImageJPEG compares with package image/jpeg, whose inverse DCT rounds
// otherwise, on a picture that is stored without subsampling.
func TestLikeImageJPEG(t *testing.T) {
	grey := image.NewGray(image.Rect(0, 0, 61, 43))
	for y := range 43 {
		for x := range 61 {
			grey.SetGray(x, y, color.Gray{Y: uint8(2*x + 3*y)})
		}
	}
	var file bytes.Buffer
	if err := stdjpeg.Encode(&file, grey, &stdjpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	want, err := stdjpeg.Decode(bytes.NewReader(file.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	got, err := jpeg.Decode(&file)
	if err != nil {
		t.Fatal(err)
	}
	if got.Bounds() != want.Bounds() {
		t.Fatalf("the size is %v: want %v", got.Bounds(), want.Bounds())
	}
	for y := range 43 {
		for x := range 61 {
			a, b := int(got.(*image.Gray).GrayAt(x, y).Y), int(want.(*image.Gray).GrayAt(x, y).Y)
			if a-b > 2 || b-a > 2 {
				t.Fatalf("pixel %d, %d is %d: want about %d", x, y, a, b)
			}
		}
	}
}
