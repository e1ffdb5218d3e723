package preprocess_test

import (
	"image"
	"image/color"
	"testing"

	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/tensor"
)

// What lies in the placement of a part of the input is in that part of the input.
func TestPlacement(t *testing.T) {
	for _, c := range []preprocess.Config{
		{InputSize: tensor.Shape{1, 32, 32}},
		{InputSize: tensor.Shape{1, 32, 32}, CropPct: 0.8},
		{InputSize: tensor.Shape{1, 32, 48}, CropMode: preprocess.Squash},
		{InputSize: tensor.Shape{1, 40, 32}, CropMode: preprocess.Squash, CropPct: 0.7},
	} {
		for _, size := range []image.Point{{64, 64}, {200, 90}, {90, 230}, {33, 1000}, {48, 40}} {
			p, err := c.Placement(size)
			if err != nil {
				t.Fatal(err)
			}
			part := image.Rect(6, 12, 18, 20)
			picture := image.NewGray(image.Rectangle{Max: size})
			in := p.Rectangle(part)
			for y := in.Min.Y; y < in.Max.Y; y++ {
				for x := in.Min.X; x < in.Max.X; x++ {
					picture.SetGray(x, y, color.Gray{255})
				}
			}
			x, err := c.Tensor(picture)
			if err != nil {
				t.Fatal(err)
			}
			h, w := c.InputSize[1], c.InputSize[2]
			for i := range h {
				for j := range w {
					v := x.At(0, 0, i, j)
					at := image.Pt(j, i)
					if at.In(part.Inset(2)) && v < 0.9 || !at.In(part.Inset(-2)) && v > 0.1 {
						t.Fatalf("%v of %v: pixel %v of the input is %v, the part is %v, its placement %v", c, size, at, v, part, in)
					}
				}
			}
		}
	}
	c := preprocess.Config{InputSize: tensor.Shape{1, 32, 32}}
	for _, size := range []image.Point{{}, {-3, 5}, {1, 1_000_000_000}} {
		if _, err := c.Placement(size); err == nil {
			t.Errorf("%v is no error", size)
		}
	}
	if _, err := (preprocess.Config{}).Placement(image.Pt(5, 5)); err == nil {
		t.Error("a Config without a size is no error")
	}
	if r := (preprocess.Placement{ScaleX: 0.1, ScaleY: 0.1}).Rectangle(image.Rect(3, 3, 4, 4)); r.Dx() != 1 || r.Dy() != 1 {
		t.Errorf("a pixel of the input lies on %v", r)
	}
}
