package augment

import (
	"fmt"
	"hash/crc32"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/strideml/stride/data/raster"
	"github.com/strideml/stride/tensor"
)

// TestPhotosLikeTorchvision compares with testdata/photos.txt;
// make_photo_golden.py says what is in it.
func TestPhotosLikeTorchvision(t *testing.T) {
	text, err := os.ReadFile("testdata/photos.txt")
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for seed, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		words := strings.Fields(line)
		kinds[words[0]]++
		g := golden{t, uint32(seed), words[1:]}
		ok := false
		switch words[0] {
		case "operation":
			ok = g.operation()
		case "rcrop":
			ok = g.resizedCrop()
		case "cutbox":
			b := cutBox(g.number(0), g.int(1), g.int(2), g.int(3), g.int(4))
			ok = b == box{g.int(5), g.int(6), g.int(7), g.int(8), g.number(9)}
		case "mixup":
			images, targets := mixed()
			mix(images, g.number(0))
			mix(targets, g.number(0))
			ok = same(targets, g.words[1]) && same(images, g.words[2])
		case "cutmix":
			images, targets := mixed()
			b := box{g.int(0), g.int(1), g.int(2), g.int(3), g.number(4)}
			b.paste(images)
			mix(targets, b.kept)
			ok = same(targets, g.words[5]) && same(images, g.words[6])
		}
		if !ok {
			t.Errorf("line %d: %.100s: other values than torchvision's", seed+1, line)
		}
	}
	if len(kinds) != 5 {
		t.Errorf("kinds of lines: %v", kinds)
	}
}

// golden is a line of photos.txt.
type golden struct {
	t     *testing.T
	seed  uint32
	words []string
}

func (g golden) number(i int) float64 {
	v, err := strconv.ParseFloat(g.words[i], 64)
	if err != nil {
		g.t.Fatal(err)
	}
	return v
}

func (g golden) int(i int) int { return int(g.number(i)) }

// sum reports whether a picture has the checksum of word i.
func (g golden) sum(r *raster.Raster, i int) bool {
	var bytes []byte
	for at := range r.Height * r.Width {
		for channel := range r.Channels {
			bytes = append(bytes, r.Plane(channel)[at])
		}
	}
	return fmt.Sprint(crc32.ChecksumIEEE(bytes)) == g.words[i]
}

func (g golden) operation() bool {
	s := map[string]space{"rand": randAugmentSpace, "trivial": trivialAugmentSpace}[g.words[0]]
	op, width, height := operation(g.int(1)), g.int(5), g.int(6)
	var c canvas
	c.start(generated(g.seed, 3, height, width), tensor.Shape{3, height, width}, raster.Bilinear)
	magnitude, signed := s.magnitude(op, g.int(2), height, width)
	if signed {
		magnitude *= g.number(3)
	}
	op.apply(&c, magnitude, Look{Nearest: g.words[4] == "nearest"})
	return g.sum(c.picture, 7)
}

func (g golden) resizedCrop() bool {
	width, height := g.int(7), g.int(8)
	filter, err := raster.ParseFilter(g.words[6])
	if err != nil {
		g.t.Fatal(err)
	}
	var c canvas
	c.start(generated(g.seed, 3, height, width), tensor.Shape{3, g.int(4), g.int(5)}, filter)
	c.cut(g.int(0), g.int(1), g.int(2), g.int(3), c.height, c.width)
	return g.sum(c.picture, 9)
}

// generated is a picture of noise.
func generated(seed uint32, channels, height, width int) *raster.Raster {
	r := raster.New(channels, height, width)
	for i := range r.Pix {
		seed = seed*1664525 + 1013904223
		r.Pix[i%channels*height*width+i/channels] = uint8(seed >> 24)
	}
	return r
}

// mixed returns three images and their targets.
func mixed() (images, targets *tensor.Tensor) {
	images, targets = tensor.New(3, 2, 4, 5), tensor.New(3, 3)
	for i := range images.Data() {
		images.Data()[i] = float32(i*37%101) / 101
	}
	OneHot(targets, tensor.Must(tensor.FromSlice([]float32{2, 0, 1}, 3)), 0)
	return images, targets
}

func same(x *tensor.Tensor, text string) bool {
	values := strings.Split(text, ",")
	for i, v := range x.Data() {
		want, err := strconv.ParseFloat(values[i], 64)
		if err != nil || float64(v) != want {
			return false
		}
	}
	return len(values) == len(x.Data())
}
