package kernel

import (
	"fmt"
	"hash/crc32"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/internal/kerneltest"
)

// TestLikePillow decodes files by hand, from their coefficients to their pixels, and
// compares these with Pillow's.
func TestLikePillow(t *testing.T) {
	text, err := os.ReadFile("testdata/golden.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")[1:]
	if len(lines) < 160 {
		t.Errorf("only %d files", len(lines))
	}
	kerneltest.EachISA(t, func(t *testing.T) {
		for _, line := range lines {
			var f file
			var sampling string
			var sum uint32
			if _, err := fmt.Sscan(line, &sampling, &f.size, &f.width, &f.height, &f.most, &f.step, &f.seed, &sum); err != nil {
				t.Fatal(err)
			}
			f.components = map[string][]component{
				"grey": {{h: 1, v: 1}}, "444": {{h: 1, v: 1}, {h: 1, v: 1}, {h: 1, v: 1}}, "422": {{h: 2, v: 1}, {h: 1, v: 1}, {h: 1, v: 1}},
				"420": {{h: 2, v: 2}, {h: 1, v: 1}, {h: 1, v: 1}}, "440": {{h: 1, v: 2}, {h: 1, v: 1}, {h: 1, v: 1}},
			}[sampling]
			f.makeBlocks()
			if got := crc32.ChecksumIEEE(f.pixels()); got != sum {
				t.Errorf("%s: other pixels than Pillow's", line)
			}
		}
	})
}

// TestInksLikePillow has all levels of an ink and of black.
func TestInksLikePillow(t *testing.T) {
	text, err := os.ReadFile("testdata/golden.txt")
	if err != nil {
		t.Fatal(err)
	}
	var sum uint32
	if _, err := fmt.Sscanf(string(text), "cmyk %d", &sum); err != nil {
		t.Fatal(err)
	}
	var all []uint8
	c, m, y, k := make([]uint8, 256), make([]uint8, 256), make([]uint8, 256), make([]uint8, 256)
	for black := range 256 {
		for i := range c {
			c[i], m[i], y[i], k[i] = uint8(i), uint8(255-i), uint8(7*i), uint8(black)
		}
		CMYKToRGB(c, m, y, c, m, y, k)
		for i := range c {
			all = append(all, c[i], m[i], y[i])
		}
	}
	if crc32.ChecksumIEEE(all) != sum {
		t.Error("other pixels than Pillow's")
	}
}

// A file is what make_golden.py writes.
type file struct {
	size, width, height, most, step int
	seed                            uint32
	components                      []component
}

type component struct {
	h, v          int // sampling factors
	across        int // blocks in a row
	coefficients  []int16
	last          []uint8
	planes        [][]uint8 // its rows, and then those of the picture
	width, height int       // of its part of the picture
}

// next returns a number from 0 to n−1.
func (f *file) next(n int) int {
	f.seed = f.seed*1664525 + 1013904223
	return int(f.seed>>8) % n
}

// block makes a block.
func (f *file) block(index int, block []int16) (last uint8) {
	greatest := 0
	switch index % 4 {
	case 1:
		greatest = f.next(10)
	case 2:
		greatest = f.next(64)
	case 3:
		greatest = 28
	}
	for k := range greatest + 1 {
		a := f.most / (1 + k)
		switch {
		case f.most >= 5000 && k == 0:
			a = min(f.most, 16383)
		case f.most >= 5000:
			a = f.most
		}
		if v := f.next(2*a+1) - a; index%4 != 3 || natural[k] < 8 {
			block[natural[k]] = int16(v)
			if v != 0 {
				last = uint8(k)
			}
		}
	}
	return last
}

// natural are the places of coefficients in zigzag order.
var natural = func() (order [64]int) {
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order[:], func(a, b int) int {
		key := func(i int) int {
			sum, within := i/8+i%8, i%8
			if sum%2 == 1 {
				within = i / 8
			}
			return 8*sum + within
		}
		return key(a) - key(b)
	})
	return order
}()

// most returns the greatest sampling factors.
func (f *file) mostSampling() (h, v int) {
	for _, c := range f.components {
		h, v = max(h, c.h), max(v, c.v)
	}
	return h, v
}

func (f *file) makeBlocks() {
	h, v := f.mostSampling()
	across, down := (f.width+8*h-1)/(8*h), (f.height+8*v-1)/(8*v)
	for i := range f.components {
		c := &f.components[i]
		c.width, c.height = (f.width*c.h+h-1)/h, (f.height*c.v+v-1)/v
		c.across = across * c.h
		c.coefficients, c.last = make([]int16, 64*c.across*down*c.v), make([]uint8, c.across*down*c.v)
	}
	index := 0
	for unit := range across * down {
		for i := range f.components {
			c := &f.components[i]
			for y := range c.v {
				for x := range c.h {
					at := (unit/across*c.v+y)*c.across + unit%across*c.h + x
					c.last[at] = f.block(index, c.coefficients[64*at:64*at+64])
					index++
				}
			}
		}
	}
}

func (f *file) pixels() (all []uint8) {
	var quant [64]uint16
	for i := range quant {
		quant[i] = uint16(1+i*f.step) | 1
	}
	h, v := f.mostSampling()
	for i := range f.components {
		c := &f.components[i]
		for from := 0; from < len(c.last); from += c.across {
			stride := f.size*c.across + 3
			dst := make([]uint8, f.size*stride)
			InverseDCT(dst, stride, c.coefficients[64*from:], c.last[from:from+c.across], &quant, f.size)
			for ; len(dst) > 0; dst = dst[stride:] {
				c.planes = append(c.planes, dst[:c.width*f.size/8])
			}
		}
		c.planes = c.planes[:c.height*f.size/8]
		c.upsample(h/c.h, v/c.v)
	}
	if len(f.components) == 1 {
		return slices.Concat(f.components[0].planes...)
	}
	r, g, b, rgba := make([]uint8, f.width), make([]uint8, f.width), make([]uint8, f.width), make([]uint8, 4*f.width)
	for y := range f.height {
		row := func(i int) []uint8 { return f.components[i].planes[y][:f.width] }
		YCbCrToRGB(r, g, b, row(0), row(1), row(2))
		YCbCrToRGBA(rgba, row(0), row(1), row(2))
		for x := range r {
			if r[x] != rgba[4*x] || g[x] != rgba[4*x+1] || b[x] != rgba[4*x+2] || rgba[4*x+3] != 255 {
				return nil
			}
			all = append(all, r[x], g[x], b[x])
		}
	}
	return all
}

// upsample makes the rows across times as long, and down times as many.
func (c *component) upsample(across, down int) {
	var rows [][]uint8
	for i, near := range c.planes {
		for y := range down {
			far := near
			if at := i + 2*y - 1; at >= 0 && at < len(c.planes) {
				far = c.planes[at]
			}
			row := make([]uint8, across*len(near))
			switch {
			case across == 2 && len(near) <= 2:
				Replicate(row, near, 2)
			case across == 2 && down == 2:
				UpsampleH2V2(row, near, far)
			case across == 2:
				UpsampleH2V1(row, near)
			case down == 2:
				UpsampleH1V2(row, near, far, y == 0)
			default:
				row = near
			}
			rows = append(rows, row)
		}
	}
	c.planes = rows
}
