package strided

import "github.com/strideml/stride/tensor"

// An Image is the shape of one image of H×W pixels with C channels in NHWC. Its
// pixels are Pitch floats apart: C, or more where the image is some of the
// channels of a larger one.
type Image struct{ H, W, C, Pitch int }

// ImageOf returns the dense image of an N×C×H×W shape.
func ImageOf(s tensor.Shape) Image { return Image{s[2], s[3], s[1], s[1]} }

// Size is the distance from image to image of a batch in floats.
func (im Image) Size() int { return im.H * im.W * im.Pitch }

// Elements is the number of elements of the image.
func (im Image) Elements() int { return im.H * im.W * im.C }

// BlockChannels is the number of channels that [Image.CopyPadded] copies fastest.
const BlockChannels = 64

// CopyPadded copies the first channels of h×w pixels from row y and column x
// on, which may be negative or reach beyond the image: there it stores zeros.
func (im Image) CopyPadded(dst, pixels []float32, channels, y, x, h, w int) {
	left := min(max(0, -x), w)
	keep := max(0, min(w-left, im.W-max(0, x)))
	for i := range h {
		row := dst[i*w*channels:][:w*channels]
		if y+i < 0 || y+i >= im.H || keep == 0 {
			clear(row)
			continue
		}
		clear(row[:left*channels])
		copyPixels(row[left*channels:][:keep*channels], pixels[((y+i)*im.W+max(0, x))*im.Pitch:], channels, im.Pitch)
		clear(row[(left+keep)*channels:])
	}
}

// copyPixels copies some channels of pixels that are pitch apart to dst, where
// they are side by side.
func copyPixels(dst, src []float32, channels, pitch int) {
	if channels != BlockChannels || channels == pitch {
		GatherRows(dst, src, 0, channels, pitch)
		return
	}
	for i := 0; i < len(dst); i += BlockChannels {
		*(*[BlockChannels]float32)(dst[i:]) = [BlockChannels]float32(src[i/BlockChannels*pitch:])
	}
}
