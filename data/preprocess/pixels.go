package preprocess

import (
	"errors"
	"fmt"
	"image"
	"image/draw"
	"math"

	"github.com/strideml/stride/data/internal/resample"
	"github.com/strideml/stride/tensor"
)

// maxResized bounds the pixels of a resized picture before its middle is cut
// out.
const maxResized = 100_000_000

// Tensor makes the 1×C×H×W input of a picture. It is an error when Check
// reports one, when the picture is empty, or when it is so long and narrow that
// covering the input would take more than 100 megapixels.
func (c Config) Tensor(picture image.Image) (*tensor.Tensor, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	x := tensor.New(1, c.InputSize[0], c.InputSize[1], c.InputSize[2])
	return x, c.WithDefaults().write(x.Data(), picture)
}

// write makes the C·H·W values of the input. Defaults are filled in.
func (c Config) write(pixels []float32, picture image.Image) error {
	channels, h, w := c.InputSize[0], c.InputSize[1], c.InputSize[2]
	bounds := picture.Bounds()
	if bounds.Empty() {
		return errors.New("the picture is empty")
	}
	inH, inW := bounds.Dy(), bounds.Dx()
	outH, outW, err := c.resized(inH, inW)
	if err != nil {
		return err
	}
	filter := resample.Bilinear
	if c.Interpolation == Bicubic {
		filter = resample.Bicubic
	}
	resizer, err := resample.New(filter, inH, inW, outH, outW)
	if err != nil {
		return err
	}
	planes := toPlanes(picture, channels)
	resized := make([]uint8, outH*outW)
	top, left := center(outH-h), center(outW-w)
	for channel := range channels {
		resizer.Resize(resized, planes[channel*inH*inW:][:inH*inW])
		values := c.values(channel)
		out := pixels[channel*h*w:][:h*w]
		for y := range h {
			row := resized[(top+y)*outW+left:][:w]
			for x, v := range row {
				out[y*w+x] = values[v]
			}
		}
	}
	return nil
}

// values returns what each byte of a channel becomes. Defaults are filled in.
func (c Config) values(channel int) *[256]float32 {
	var values [256]float32
	for v := range values {
		value := float32(v) / 255
		if c.Invert {
			value = float32(255-v) / 255
		}
		values[v] = (value - c.Mean[channel]) / c.Std[channel]
	}
	return &values
}

// resizeTo returns the size to resize to, which a picture is to cover or to be
// squashed to. Defaults are filled in.
func (c Config) resizeTo() (h, w int) {
	side := func(size int) int { return int(math.Floor(float64(size) / c.CropPct)) }
	return side(c.InputSize[1]), side(c.InputSize[2])
}

// resized returns the size that a picture is resized to before its middle is
// cut out. Defaults are filled in.
func (c Config) resized(inH, inW int) (outH, outW int, err error) {
	h, w := c.resizeTo()
	if c.CropMode == Squash {
		return h, w, nil
	}
	// The side that is cut grows with the other: compared in floats, for the
	// product of odd proportions can be huge.
	if covering := max(float64(inH)/float64(inW)*float64(w)*float64(w), float64(inW)/float64(inH)*float64(h)*float64(h)); covering > maxResized {
		return 0, 0, fmt.Errorf("a picture of %d×%d pixels is too long and narrow to be cropped to %d×%d", inW, inH, c.InputSize[2], c.InputSize[1])
	}
	if inW*h >= inH*w {
		return h, max(w, inW*h/inH), nil
	}
	return max(h, inH*w/inW), w, nil
}

// center returns half of what is cut away, rounded as Python rounds.
func center(over int) int { return int(math.RoundToEven(float64(over) / 2)) }

// Apply does to an image of a dataset, C×H×W values of 0..1 at the input's size,
// what Tensor does to a picture after resizing it: inversion, mean and standard
// deviation, in place. The Config must pass Check.
func (c Config) Apply(pixels []float32) {
	c = c.WithDefaults()
	size := c.InputSize[1] * c.InputSize[2]
	for channel := range c.InputSize[0] {
		mean, std := c.Mean[channel], c.Std[channel]
		plane := pixels[channel*size:][:size]
		for i, v := range plane {
			if c.Invert {
				v = 1 - v
			}
			plane[i] = (v - mean) / std
		}
	}
}

// toPlanes returns the bytes of a picture, C×H×W, grey or RGB, on white.
func toPlanes(picture image.Image, channels int) []uint8 {
	const lines = 16
	bounds := picture.Bounds()
	w, h := bounds.Dx(), bounds.Dy()
	planes := make([]uint8, channels*w*h)
	if grey, ok := picture.(*image.Gray); ok && channels == 1 {
		for y := range h {
			copy(planes[y*w:(y+1)*w], grey.Pix[grey.PixOffset(bounds.Min.X, bounds.Min.Y+y):])
		}
		return planes
	}
	strip := image.NewRGBA(image.Rect(0, 0, w, min(lines, h)))
	for y := 0; y < h; y += lines {
		draw.Draw(strip, strip.Rect, image.White, image.Point{}, draw.Src)
		draw.Draw(strip, strip.Rect, picture, bounds.Min.Add(image.Pt(0, y)), draw.Over)
		for at := range min(lines, h-y) * w {
			r, g, b := strip.Pix[4*at], strip.Pix[4*at+1], strip.Pix[4*at+2]
			to := y*w + at
			if channels == 1 {
				planes[to] = luma(r, g, b)
			} else {
				planes[to], planes[w*h+to], planes[2*w*h+to] = r, g, b
			}
		}
	}
	return planes
}

// luma is 0.299 R + 0.587 G + 0.114 B in Pillow's fixed-point arithmetic.
func luma(r, g, b uint8) uint8 {
	return uint8((19595*uint32(r) + 38470*uint32(g) + 7471*uint32(b) + 1<<15) >> 16)
}
