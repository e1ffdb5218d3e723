package imagefile

import (
	"errors"
	"fmt"
	"image"
	"image/draw"
	"math"

	"github.com/strideml/stride/data/internal/resample"
	"github.com/strideml/stride/tensor"
)

// Fit says what ToTensor does with a picture of other proportions.
type Fit int

const (
	// Stretch resizes width and height each on its own.
	Stretch Fit = iota
	// Crop resizes the picture, its proportions kept, until it just covers the
	// wanted size, and cuts away what is over on both sides, as torchvision's
	// Resize and CenterCrop do.
	Crop
)

// String returns "stretch" or "crop".
func (f Fit) String() string {
	switch f {
	case Stretch:
		return "stretch"
	case Crop:
		return "crop"
	}
	return fmt.Sprintf("Fit(%d)", int(f))
}

// TensorOptions says how ToTensor works. The zero value stretches.
type TensorOptions struct {
	// Fit is what to do with a picture of other proportions.
	Fit Fit
	// Invert turns black into white and white into black, for a dark thing on
	// bright ground where the network has learnt the opposite, as from
	// Fashion-MNIST.
	Invert bool
}

// maxResized bounds the picture that Crop makes before it cuts.
const maxResized = 100_000_000

// ToTensor makes a 1×c×h×w tensor with values 0..1 of a picture: c is 1 for
// grey (ITU-R 601 luma, with Pillow's rounding) or 3 for RGB. Transparency is
// laid on white first. Resizing is bilinear, antialiased when shrinking, on
// 8-bit values, with Pillow's results; then the bytes are divided by 255. It is
// an error when c is neither 1 nor 3, or a size is not positive.
func ToTensor(picture image.Image, c, h, w int, options TensorOptions) (*tensor.Tensor, error) {
	bounds := picture.Bounds()
	switch {
	case c != 1 && c != 3:
		return nil, fmt.Errorf("a picture can become 1 or 3 channels, not %d", c)
	case h < 1 || w < 1:
		return nil, fmt.Errorf("a picture cannot become %d×%d pixels: both must be at least 1", h, w)
	case bounds.Empty():
		return nil, errors.New("the picture is empty")
	case options.Fit != Stretch && options.Fit != Crop:
		return nil, fmt.Errorf("there is no way to fit a picture named %v", options.Fit)
	}
	inH, inW := bounds.Dy(), bounds.Dx()
	outH, outW := h, w
	if options.Fit == Crop {
		// The side that would be cut grows with the other: compared in floats,
		// for the product of odd proportions can be huge.
		if covering := float64(h) * float64(w) * max(float64(inH)/float64(inW)*float64(w)/float64(h), float64(inW)/float64(inH)*float64(h)/float64(w)); covering > maxResized {
			return nil, fmt.Errorf("a picture of %d×%d pixels is too long and narrow to be cropped to %d×%d", inW, inH, w, h)
		}
		if inW*h >= inH*w {
			outW = max(w, inW*h/inH)
		} else {
			outH = max(h, inH*w/inW)
		}
	}
	resizer, err := resample.New(inH, inW, outH, outW)
	if err != nil {
		return nil, err
	}
	planes := toPlanes(picture, c)
	resized := make([]uint8, outH*outW)
	result := tensor.New(1, c, h, w)
	top, left := center(outH-h), center(outW-w)
	flip := uint8(0)
	if options.Invert {
		flip = 255
	}
	for channel := range c {
		resizer.Resize(resized, planes[channel*inH*inW:][:inH*inW])
		out := result.Data()[channel*h*w:]
		for y := range h {
			row := resized[(top+y)*outW+left:][:w]
			for x, v := range row {
				out[y*w+x] = float32(v^flip) / 255
			}
		}
	}
	return result, nil
}

// center returns half of what is cut away, rounded as Python rounds.
func center(over int) int { return int(math.RoundToEven(float64(over) / 2)) }

// toPlanes returns the bytes of a picture, C×H×W, grey or RGB, on white.
func toPlanes(picture image.Image, c int) []uint8 {
	const lines = 16
	bounds := picture.Bounds()
	w, h := bounds.Dx(), bounds.Dy()
	planes := make([]uint8, c*w*h)
	if grey, ok := picture.(*image.Gray); ok && c == 1 {
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
			if c == 1 {
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
