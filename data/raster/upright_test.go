package raster

import (
	"fmt"
	"testing"
)

// TestUpright compares with where the standard says that a stored pixel belongs.
func TestUpright(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {3, 5}, {8, 8}, {16, 24}, {17, 9}, {30, 43}} {
		h, w := size[0], size[1]
		src := generated(1, 0, w, h, 3)
		for o := Orientation(0); o <= 9; o++ {
			var dst Raster
			Upright(&dst, src, o)
			wantH, wantW := h, w
			if o >= 5 && o <= 8 {
				wantH, wantW = w, h
			}
			if dst.Check() != nil || dst.Height != wantH || dst.Width != wantW {
				t.Fatalf("%v, orientation %d: size %d×%d", size, o, dst.Height, dst.Width)
			}
			for c := range 3 {
				for y := range h {
					for x := range w {
						to := [10][2]int{
							{x, y}, {x, y}, {w - 1 - x, y}, {w - 1 - x, h - 1 - y}, {x, h - 1 - y},
							{y, x}, {h - 1 - y, x}, {h - 1 - y, w - 1 - x}, {y, w - 1 - x}, {x, y},
						}[o]
						toX, toY := to[0], to[1]
						if got, want := dst.Plane(c)[toY*dst.Width+toX], src.Plane(c)[y*w+x]; got != want {
							t.Fatalf("%v, orientation %d: pixel %d, %d is %d: want %d", size, o, toX, toY, got, want)
						}
					}
				}
			}
		}
	}
}

func BenchmarkUpright(b *testing.B) {
	src := generated(1, 0, 4000, 3000, 3)
	var dst Raster
	for _, o := range []Orientation{2, 3, 6, 8} {
		b.Run(fmt.Sprint(o), func(b *testing.B) {
			b.SetBytes(int64(len(src.Pix)))
			for b.Loop() {
				Upright(&dst, src, o)
			}
		})
	}
}
