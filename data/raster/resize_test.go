package raster

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/strideml/stride/data/raster/internal/resample"
	"github.com/strideml/stride/internal/kerneltest"
)

// generated returns the picture that make_golden.py makes with a seed. There, and
// in Pillow, the channels of a pixel lie side by side.
func generated(seed uint32, kind, width, height, channels int) *Raster {
	r, x := New(channels, height, width), seed
	for i := range r.Pix {
		x = x*1664525 + 1013904223
		r.Pix[i%channels*height*width+i/channels] = []uint8{uint8(x >> 24), uint8(255 * (x >> 31)), uint8(i * 3)}[kind]
	}
	return r
}

// sideBySide returns the values of a picture in Pillow's order.
func sideBySide(r *Raster) []byte {
	var values []byte
	for i := range r.Height * r.Width {
		for channel := range r.Channels {
			values = append(values, r.Plane(channel)[i])
		}
	}
	return values
}

func TestResizeLikePillow(t *testing.T) {
	text, err := os.ReadFile("testdata/resize.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) < 2000 {
		t.Errorf("only %d cases", len(lines))
	}
	kerneltest.EachISA(t, func(t *testing.T) { resizeLikePillow(t, lines) })
}

func resizeLikePillow(t *testing.T, lines []string) {
	var r Resizer
	var got Raster
	for seed, line := range lines {
		var name string
		var kind, c, w, h, outW, outH int
		var from Rect
		var sum uint32
		if _, err := fmt.Sscan(line, &name, &kind, &c, &w, &h, &outW, &outH, &from.X0, &from.Y0, &from.X1, &from.Y1, &sum); err != nil {
			t.Fatal(err)
		}
		filter, err := ParseFilter(name)
		if err != nil {
			t.Fatal(err)
		}
		src := generated(uint32(seed), kind, w, h, c)
		before := bytes.Clone(src.Pix)
		r.ResizeRect(&got, src, outH, outW, filter, from)
		if got.Width != outW || got.Height != outH || got.Channels != c || crc32.ChecksumIEEE(sideBySide(&got)) != sum {
			t.Errorf("line %d: %s: other bytes than Pillow's", seed+1, line)
		}
		if !bytes.Equal(src.Pix, before) {
			t.Fatalf("line %d: the source changed", seed+1)
		}
	}
}

// TestResizeWindow compares windows of a resized picture with what Crop cuts out of it.
func TestResizeWindow(t *testing.T) {
	kerneltest.EachISA(t, func(t *testing.T) {
		random := rand.New(rand.NewPCG(3, 4))
		var r, whole Resizer
		var all, want, got Raster
		for range 300 {
			src := generated(random.Uint32(), 0, 1+random.IntN(90), 1+random.IntN(90), 1+random.IntN(3))
			h, w, f := 1+random.IntN(90), 1+random.IntN(90), Filter(random.IntN(int(filters)))
			switch random.IntN(4) {
			case 0:
				h = src.Height
			case 1:
				w = src.Width
			}
			top, left := random.IntN(h), random.IntN(w)
			window := Window{top, left, 1 + random.IntN(h-top), 1 + random.IntN(w-left)}
			whole.Resize(&all, src, h, w, f)
			Crop(&want, &all, top, left, window.Height, window.Width)
			r.ResizeWindow(&got, src, h, w, f, window)
			if got.Height != window.Height || got.Width != window.Width || !bytes.Equal(got.Pix, want.Pix) {
				t.Fatalf("%d×%d to %d×%d, %v, %+v: other bytes", src.Height, src.Width, h, w, f, window)
			}
		}
	})
}

// TestPassOrder has a shape for which Pillow 13 resizes the columns first; 9 to
// 12 give 102 68 64 96 79 50.
func TestPassOrder(t *testing.T) {
	src := &Raster{1, 7, 3, []byte{0, 255, 0, 255, 0, 0, 0, 0, 255, 10, 200, 30, 77, 3, 99, 250, 4, 128, 1, 2, 3}}
	var r Resizer
	var got Raster
	r.Resize(&got, src, 3, 2, Bilinear)
	if want := []byte{102, 69, 64, 96, 79, 49}; !bytes.Equal(got.Pix, want) {
		t.Errorf("%v, want %v as Pillow 13", got.Pix, want)
	}
}

func TestWeightsFitAndSum(t *testing.T) {
	for f := range filters {
		if f == Nearest {
			continue
		}
		for _, in := range []int{1, 2, 3, 28, 100, 1000, 10007, 65535} {
			for _, out := range []int{1, 2, 5, 28, 224, 999} {
				var a axis
				a.fill(f, in, 0, float32(in), out)
				for i := range out {
					weights := a.taps.Weights[i*a.taps.Most:][:a.taps.Count[i]]
					sum, most, least := int64(0), int64(1<<(resample.Precision-1)), int64(1<<(resample.Precision-1))
					for _, weight := range weights {
						v := int64(weight)
						sum, most, least = sum+v, most+255*max(v, 0), least+255*min(v, 0)
					}
					if a.taps.First[i] < 0 || a.taps.First[i]+len(weights) > in {
						t.Fatalf("%v, %d to %d, sample %d: window %d+%d", f, in, out, i, a.taps.First[i], len(weights))
					}
					if most >= 1<<31 || least < -1<<31 {
						t.Fatalf("%v, %d to %d, sample %d: sums from %d to %d do not fit", f, in, out, i, least, most)
					}
					if off := sum - 1<<resample.Precision; max(off, -off) > int64(len(weights)+1)/2 {
						t.Fatalf("%v, %d to %d, sample %d: weights sum to %d of %d", f, in, out, i, sum, 1<<resample.Precision)
					}
				}
			}
		}
	}
}

func TestResizePanics(t *testing.T) {
	src := New(3, 3, 4)
	for name, call := range map[string]func(r *Resizer, dst *Raster){
		"no pixels":      func(r *Resizer, dst *Raster) { r.Resize(dst, src, 0, 1, Bilinear) },
		"no filter":      func(r *Resizer, dst *Raster) { r.Resize(dst, src, 1, 1, filters) },
		"empty picture":  func(r *Resizer, dst *Raster) { r.Resize(dst, &Raster{Channels: 1}, 1, 1, Bilinear) },
		"empty region":   func(r *Resizer, dst *Raster) { r.ResizeRect(dst, src, 1, 1, Bilinear, Rect{1, 1, 1, 2}) },
		"empty window":   func(r *Resizer, dst *Raster) { r.ResizeWindow(dst, src, 3, 3, Box, Window{1, 1, 0, 1}) },
		"window outside": func(r *Resizer, dst *Raster) { r.ResizeWindow(dst, src, 3, 3, Box, Window{1, 1, 3, 1}) },
		"outside":        func(r *Resizer, dst *Raster) { r.ResizeRect(dst, src, 1, 1, Bilinear, Rect{0, 0, 4.5, 3}) },
		"shorter pixels": func(r *Resizer, dst *Raster) { r.Resize(dst, &Raster{3, 3, 4, make([]uint8, 5)}, 2, 2, Bilinear) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			call(new(Resizer), new(Raster))
		}()
	}
}

func TestResizeAllocatesNothing(t *testing.T) {
	big, small := generated(1, 0, 60, 50, 3), generated(1, 0, 50, 60, 1)
	var r Resizer
	var dst Raster
	resize := func() {
		for _, f := range []Filter{Bilinear, Lanczos, Nearest} {
			r.Resize(&dst, big, 24, 24, f)
			r.ResizeRect(&dst, small, 30, 24, f, Rect{1.5, 2, 40, 50})
		}
	}
	resize()
	if n := testing.AllocsPerRun(20, resize); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestFilterNames(t *testing.T) {
	for f := range filters {
		if got, err := ParseFilter(f.String()); err != nil || got != f {
			t.Errorf("%v is read as %v, %v", f, got, err)
		}
	}
	if _, err := ParseFilter("cubic"); err == nil || !strings.Contains(err.Error(), `unknown filter "cubic" (known: bilinear, bicubic`) {
		t.Errorf("error %v", err)
	}
	if s := filters.String(); s != "filter 6" {
		t.Errorf("%q", s)
	}
}

func ExampleResizer() {
	// Four pixels of two rows become one: their mean, rounded after each pass.
	var r Resizer
	var one Raster
	r.Resize(&one, &Raster{Channels: 1, Height: 2, Width: 2, Pix: []uint8{0, 255, 0, 255}}, 1, 1, Bilinear)
	fmt.Println(one.Pix)
	// Output: [128]
}

// BenchmarkRandomResizedCrop resizes parts of 35 % to 100 % of a photo to 224×224.
func BenchmarkRandomResizedCrop(b *testing.B) {
	src := generated(1, 0, 500, 375, 3)
	for _, f := range []Filter{Bilinear, Bicubic} {
		b.Run(f.String(), func(b *testing.B) {
			random := rand.New(rand.NewPCG(1, 2))
			var r Resizer
			var crop, dst Raster
			for b.Loop() {
				w, h := 300+random.IntN(201), 225+random.IntN(151)
				Crop(&crop, src, random.IntN(375-h+1), random.IntN(500-w+1), h, w)
				r.Resize(&dst, &crop, 224, 224, f)
			}
		})
	}
}

// BenchmarkResize resizes a photo to 256 pixels on its shorter side, all of it and
// the middle 224 × 224.
func BenchmarkResize(b *testing.B) {
	src := generated(1, 0, 500, 375, 3)
	for f := range filters {
		b.Run(f.String(), func(b *testing.B) {
			var r Resizer
			var dst Raster
			for b.Loop() {
				r.Resize(&dst, src, 256, 341, f)
			}
		})
		b.Run(f.String()+"/window", func(b *testing.B) {
			var r Resizer
			var dst Raster
			for b.Loop() {
				r.ResizeWindow(&dst, src, 256, 341, f, Window{16, 58, 224, 224})
			}
		})
	}
}
