package raster

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestLikeTorchvision compares with testdata/operations.txt; make_golden.py says
// what is in it.
func TestLikeTorchvision(t *testing.T) {
	text, err := os.ReadFile("testdata/operations.txt")
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	offByOne, blurred := 0, 0
	for seed, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		var kind, c, w, h int
		var name, args, want string
		if _, err := fmt.Sscan(line, &kind, &c, &w, &h, &name, &args, &want); err != nil {
			t.Fatal(err)
		}
		counts[name]++
		p := generated(uint32(seed), kind, w, h, c)
		got := operate(t, name, strings.Split(args, ","), p)
		if name != "blur" {
			if sum := fmt.Sprint(crc32.ChecksumIEEE(sideBySide(got))); sum != want {
				t.Errorf("line %d: %.90s: other bytes than torchvision's", seed+1, line)
			}
			continue
		}
		values, err := hex.DecodeString(want)
		pixels := sideBySide(got)
		if err != nil || len(values) != len(pixels) {
			t.Fatalf("line %d: %v", seed+1, err)
		}
		for i, v := range values {
			off := int(pixels[i]) - int(v)
			if max(off, -off) > 1 {
				t.Fatalf("line %d: value %d is %d, want %d", seed+1, i, pixels[i], v)
			}
			offByOne += off * off
		}
		blurred += len(values)
	}
	if len(counts) != 18 {
		t.Errorf("%d operations: %v", len(counts), counts)
	}
	if offByOne*1000 > blurred {
		t.Errorf("%d of %d blurred values are off by one", offByOne, blurred)
	}
	t.Logf("%v, %d of %d blurred values are off by one", counts, offByOne, blurred)
}

// operate does what a line of operations.txt says.
func operate(t *testing.T, name string, words []string, p *Raster) *Raster {
	t.Helper()
	filter, n := Bilinear, make([]float64, 0, 10)
	for _, word := range words {
		if f, err := ParseFilter(word); err == nil {
			filter = f
		} else if v, err := strconv.ParseFloat(word, 64); err == nil {
			n = append(n, v)
		} else if word != "-" {
			t.Fatal(err)
		}
	}
	switch name {
	case "brightness":
		AdjustBrightness(p, n[0])
	case "contrast":
		AdjustContrast(p, n[0])
	case "saturation":
		AdjustSaturation(p, n[0])
	case "hue":
		AdjustHue(p, n[0])
	case "grayscale":
		Grayscale(p)
	case "invert":
		Invert(p)
	case "posterize":
		Posterize(p, int(n[0]))
	case "solarize":
		Solarize(p, n[0])
	case "autocontrast":
		AutoContrast(p)
	case "equalize":
		Equalize(p)
	case "hflip":
		FlipHorizontal(p)
	case "vflip":
		FlipVertical(p)
	default:
		return operateInto(t, name, n, filter, p)
	}
	return p
}

// operateInto does those operations that have a picture of their own for the
// result, whose memory was in use before.
func operateInto(t *testing.T, name string, n []float64, filter Filter, p *Raster) *Raster {
	t.Helper()
	dst, source := &Raster{Pix: bytes.Repeat([]byte{170}, 5000)}, bytes.Clone(p.Pix)
	switch name {
	case "sharpness":
		AdjustSharpness(dst, p, n[0])
	case "blur":
		new(Blurrer).Gaussian(dst, p, int(n[0]), n[1])
	case "crop":
		Crop(dst, p, int(n[1]), int(n[0]), int(n[3]), int(n[2]))
	case "rotate":
		Rotate(dst, p, n[0], filter, uint8(n[1]))
	case "affine":
		w := Affine{n[0], n[1], n[2], n[3], n[4], n[5], [2]float64{n[6], n[7]}}.Warp()
		w.Apply(dst, p, filter, uint8(n[8]))
	case "perspective":
		x, y := float64(p.Width-1), float64(p.Height-1)
		w, ok := PerspectiveWarp([4][2]float64{{0, 0}, {x, 0}, {x, y}, {0, y}}, [4][2]float64{{n[0], n[1]}, {n[2], n[3]}, {n[4], n[5]}, {n[6], n[7]}})
		if !ok {
			t.Fatalf("no warp for %v", n)
		}
		w.Apply(dst, p, filter, uint8(n[8]))
	default:
		t.Fatalf("unknown operation %q", name)
	}
	if !bytes.Equal(p.Pix, source) {
		t.Errorf("%s changes its source", name)
	}
	return dst
}
