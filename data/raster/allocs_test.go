package raster

import (
	"bytes"
	"testing"
)

func TestOperationsAllocateNothing(t *testing.T) {
	src := generated(1, 0, 40, 30, 3)
	var dst Raster
	var blurrer Blurrer
	all := func() {
		blurrer.Gaussian(&dst, src, 5, 1.5)
		AdjustSharpness(&dst, src, 2)
		Rotate(&dst, src, 12.5, Bilinear, 0)
		Crop(&dst, src, 3, -2, 20, 50)
		w := Affine{Degrees: 3, Scale: 1}.Warp()
		w.Apply(&dst, src, Nearest, 0)
		FlipHorizontal(&dst)
		AdjustHue(&dst, 0.2)
		AdjustContrast(&dst, 1.5)
		AutoContrast(&dst)
		Equalize(&dst)
	}
	all()
	if n := testing.AllocsPerRun(20, all); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestTinyPictures runs what looks at neighbours on pictures that have none.
func TestTinyPictures(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {1, 3}, {2, 2}, {3, 1}} {
		src := generated(9, 0, size[0], size[1], 3)
		var dst Raster
		new(Blurrer).Gaussian(&dst, src, 9, 2)
		AdjustSharpness(&dst, src, 2)
		if !bytes.Equal(dst.Pix, src.Pix) {
			t.Errorf("%v: a picture that is all border was sharpened", size)
		}
		Rotate(&dst, src, 45, Bilinear, 0)
		Equalize(&dst)
		AutoContrast(&dst)
	}
	if _, ok := PerspectiveWarp([4][2]float64{{0, 0}, {1, 0}, {1, 1}, {0, 1}}, [4][2]float64{}); ok {
		t.Error("a warp to a single point")
	}
}
