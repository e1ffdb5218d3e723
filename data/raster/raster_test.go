package raster_test

import (
	"fmt"
	"image"
	"image/color"
	"testing"

	"github.com/strideml/stride/data/raster"
)

func TestRoundTrip(t *testing.T) {
	picture := image.NewNRGBA(image.Rect(3, 5, 10, 45)) // more than one strip high, not at the origin
	for i := range picture.Pix {
		picture.Pix[i] = uint8(i * 7)
		if i%4 == 3 {
			picture.Pix[i] = 255
		}
	}
	r := raster.FromImage(picture, 3)
	if err := r.Check(); err != nil || r.Height != 40 || r.Width != 7 {
		t.Fatalf("%d×%d, %v", r.Height, r.Width, err)
	}
	back := r.Image()
	for y := range 40 {
		for x := range 7 {
			if got, want := back.At(x, y), picture.At(x+3, y+5); got != want {
				t.Fatalf("pixel %d, %d is %v, want %v", x, y, got, want)
			}
		}
	}
	grey := raster.FromImage(picture, 1)
	for i, v := range grey.Pix {
		red, green, blue := float64(r.Plane(0)[i]), float64(r.Plane(1)[i]), float64(r.Plane(2)[i])
		if want := 0.299*red + 0.587*green + 0.114*blue; float64(v) < want-0.51 || float64(v) > want+0.51 {
			t.Fatalf("grey %d of %v %v %v", v, red, green, blue)
		}
	}
	if again := raster.FromImage(grey.Image(), 1); string(again.Pix) != string(grey.Pix) {
		t.Error("grey changed on its way through package image")
	}
}

func TestCheck(t *testing.T) {
	for _, r := range []raster.Raster{{}, {Channels: 1, Height: 2, Width: 2, Pix: make([]uint8, 3)}, {Channels: 1, Height: -1, Width: 1}} {
		if r.Check() == nil {
			t.Errorf("%v passes", r)
		}
	}
}

func ExampleFromImage() {
	picture := image.NewNRGBA(image.Rect(0, 0, 2, 1))
	picture.Set(0, 0, color.NRGBA{R: 10, G: 20, B: 30, A: 255}) // the other pixel is transparent
	fmt.Println(raster.FromImage(picture, 3).Pix)
	// Output: [10 255 20 255 30 255]
}
