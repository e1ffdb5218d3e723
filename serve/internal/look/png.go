package look

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/png"
	"math"
	"slices"
)

// A DataURL is a picture file as a data URL.
type DataURL string

// pictureURL returns a picture as PNG file.
func pictureURL(picture image.Image) (DataURL, error) {
	var b bytes.Buffer
	e := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := e.Encode(&b, picture); err != nil {
		return "", err
	}
	return DataURL("data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes())), nil
}

// grey returns a picture of values: low is black and high white.
func grey(values []float32, width int, low, high float64) *image.Gray {
	picture := image.NewGray(image.Rect(0, 0, width, len(values)/width))
	greyInto(picture.Pix, values, low, high)
	return picture
}

func greyInto(pixels []uint8, values []float32, low, high float64) {
	scale := 0.0
	if high > low {
		scale = 255 / (high - low)
	}
	for i, v := range values {
		pixels[i] = uint8(math.RoundToEven(min(255, max(0, (float64(v)-low)*scale))))
	}
}

// signedRange is the range of values for which grey gives 128 for 0: ±limit.
func signedRange(limit float64) (low, high float64) { return -limit * 128 / 127, limit }

// bounds returns the lowest and the greatest value.
func bounds(values []float32) (low, high float64) {
	return float64(slices.Min(values)), float64(slices.Max(values))
}

// outlierShare is the share of the pixels of a fine map that may be brighter than white: a few
// pixels would leave all others dark.
const outlierShare = 0.005

// limit returns the absolute value that all values but some have at most.
func limit(values []float32, some float64) float64 {
	absolute := make([]float32, len(values))
	for i, v := range values {
		absolute[i] = max(v, -v)
	}
	slices.Sort(absolute)
	most := len(absolute) - 1
	at := absolute[most-int(some*float64(most))]
	if at == 0 { // most are 0
		at = absolute[most]
	}
	return float64(at)
}

// colour returns a picture of C×H×W values; those of low are black, those of high are full. One channel is grey.
func colour(values []float32, channels, width int, low, high float64) image.Image {
	size := len(values) / channels
	if channels != 3 {
		return grey(values[:size], width, low, high)
	}
	picture := image.NewNRGBA(image.Rect(0, 0, width, size/width))
	plane := make([]uint8, size)
	for c := range 3 {
		greyInto(plane, values[c*size:][:size], low, high)
		for i, v := range plane {
			picture.Pix[4*i+c] = v
			picture.Pix[4*i+3] = 255
		}
	}
	return picture
}

// maxSheet is how many pixels a sheet has at most, unless one tile has more.
const maxSheet = 4 << 20

// newSheet makes a sheet of tiles, which have all one size. draw returns tile i.
func newSheet(count, width, height int, draw func(i int) image.Image) (Sheet, error) {
	s := Sheet{Width: width, Height: height, Count: max(1, min(count, maxSheet/(width*height)))}
	s.Columns = max(1, int(math.Ceil(math.Sqrt(float64(s.Count*height)/float64(width)))))
	rows := (s.Count + s.Columns - 1) / s.Columns
	bounds := image.Rect(0, 0, s.Columns*width, rows*height)
	var sheet image.Image
	for i := range s.Count {
		left, top := i%s.Columns*width, i/s.Columns*height
		switch tile := draw(i).(type) {
		case *image.Gray:
			if sheet == nil {
				sheet = image.NewGray(bounds)
			}
			to := sheet.(*image.Gray)
			for y := range height {
				copy(to.Pix[to.PixOffset(left, top+y):][:width], tile.Pix[y*tile.Stride:])
			}
		case *image.NRGBA:
			if sheet == nil {
				sheet = image.NewNRGBA(bounds)
			}
			to := sheet.(*image.NRGBA)
			for y := range height {
				copy(to.Pix[to.PixOffset(left, top+y):][:4*width], tile.Pix[y*tile.Stride:])
			}
		}
	}
	var err error
	s.PNG, err = pictureURL(sheet)
	return s, err
}
