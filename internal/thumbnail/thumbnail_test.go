package thumbnail

import (
	"bytes"
	"image"
	"image/color"
	"testing"
)

func TestEncode(t *testing.T) {
	grey := image.NewGray(image.Rect(3, 4, 31, 32))
	grey.SetGray(10, 10, color.Gray{200})
	clear := image.NewNRGBA(image.Rect(0, 0, 400, 100))
	for _, c := range []struct {
		picture   image.Image
		kind      string
		size      image.Point
		pixelated bool
	}{
		{grey, "png", image.Pt(28, 28), true},
		{clear, "jpeg", image.Pt(96, 24), false},
		{image.NewGray(image.Rect(0, 0, 1000, 1)), "jpeg", image.Pt(96, 1), false},
		{image.NewGray(image.Rect(0, 0, 70, 65)), "jpeg", image.Pt(70, 65), false},
	} {
		thumb, err := Encode(c.picture, 96)
		if err != nil {
			t.Fatal(err)
		}
		got, kind, err := image.Decode(bytes.NewReader(thumb.Data))
		if err != nil || kind != c.kind || thumb.Type != "image/"+kind || got.Bounds().Size() != c.size || image.Pt(thumb.Width, thumb.Height) != c.size || thumb.Pixelated != c.pixelated {
			t.Errorf("%v: %s %v, %v, want %s %v", c.picture.Bounds(), kind, got.Bounds(), err, c.kind, c.size)
		}
		if r, _, _, _ := got.At(0, 0).RGBA(); c.picture == image.Image(clear) && r < 0xf000 {
			t.Error("what is transparent is not white")
		}
	}
	for _, none := range []image.Image{nil, image.NewGray(image.Rectangle{})} {
		if _, err := Encode(none, 96); err == nil {
			t.Error("no picture is no error")
		}
	}
}
