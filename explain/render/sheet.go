package render

import (
	"fmt"
	"image"
	"math"
	"strconv"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/tensor"
)

// Maps draws each of the maps C×H×W of a layer in colours, in a grid, with its number under it. Each has colours of its own
// range, from its smallest value to its greatest. most is how many are drawn at most, the first ones; 0 means
// all. An error says that maps have another shape, or that the grid would be too large.
func Maps(maps *tensor.Tensor, most int, c Colors) (image.Image, error) {
	if maps == nil || len(maps.Shape()) != 3 {
		return nil, fmt.Errorf("render: feature maps: want C×H×W")
	}
	if c == "" {
		c = Viridis
	}
	s := maps.Shape()
	size := s[1] * s[2]
	return sheet(s[0], most, func(i int) (image.Image, error) {
		values := maps.Data()[i*size:][:size]
		low, high, err := limits(values)
		if err != nil {
			return nil, err
		}
		out := image.NewRGBA(image.Rect(0, 0, s[2], s[1]))
		for j, v := range values {
			out.SetRGBA(j%s[2], j/s[2], c.At((float64(v)-low)/(high-low)))
		}
		return out, nil
	})
}

// Filters draws the weights O×C×Kh×Kw of a convolution, a tile for each of the O filters, with its number. Those of three
// channels are colours; of others, channels stand side by side in Diverging colours, 0 white, up to 16 of them. Colours
// span the greatest absolute value of each filter. most is how many filters are drawn at most; 0 means all.
func Filters(weights *tensor.Tensor, most int) (image.Image, error) {
	if weights == nil || len(weights.Shape()) != 4 {
		return nil, fmt.Errorf("render: filters: want O×C×Kh×Kw")
	}
	s := weights.Shape()
	size := s[1] * s[2] * s[3]
	return sheet(s[0], most, func(i int) (image.Image, error) {
		filter, err := tensor.FromSlice(weights.Data()[i*size:][:size], s[1:]...)
		if err != nil {
			return nil, fmt.Errorf("render: %w", err)
		}
		if s[1] == 3 {
			return Colored(filter, 100)
		}
		return beside(filter)
	})
}

// beside draws the first channels of a filter C×Kh×Kw in a square.
func beside(filter *tensor.Tensor) (image.Image, error) {
	s := filter.Shape()
	low, high, err := limits(filter.Data())
	if err != nil {
		return nil, err
	}
	most := max(-low, high)
	count := min(s[0], 16)
	columns := int(math.Ceil(math.Sqrt(float64(count))))
	rows := (count + columns - 1) / columns
	out := image.NewRGBA(image.Rect(0, 0, columns*(s[2]+1)-1, rows*(s[1]+1)-1))
	for c := range count {
		x, y := c%columns*(s[2]+1), c/columns*(s[1]+1)
		for i := range s[1] {
			for j := range s[2] {
				out.SetRGBA(x+j, y+i, Diverging.At((float64(filter.At(c, i, j))/most+1)/2))
			}
		}
	}
	return out, nil
}

// Colored draws values 3×H×W of both signs, such as a gradient with respect to the pixels, as colours: 0 is grey, and the percentile
// of the absolute values, above 0 to 100, is as far from it as black and white are. Values 1×H×W are grey.
func Colored(values *tensor.Tensor, percentile float64) (*image.RGBA, error) {
	if values == nil || len(values.Shape()) != 3 || values.Shape()[0] != 3 && values.Shape()[0] != 1 {
		return nil, fmt.Errorf("render: coloured values: want 3×H×W or 1×H×W")
	}
	scale, err := Options{Signed: true, Percentile: percentile}.scale(values.Data())
	if err != nil {
		return nil, err
	}
	s := values.Shape()
	if err := checkSize(s[2], s[1]); err != nil {
		return nil, err
	}
	out := image.NewRGBA(image.Rect(0, 0, s[2], s[1]))
	for i := range s[1] * s[2] {
		for c := range 3 {
			v := float64(values.Data()[min(c, s[0]-1)*s[1]*s[2]+i]) / scale
			out.Pix[4*i+c] = uint8(127.5*(min(max(v, -1), 1)+1) + 0.5)
		}
		out.Pix[4*i+3] = 255
	}
	return out, nil
}

// Picture draws an input C×H×W of a network, one channel or three, from the smallest value to the greatest: the picture that the
// network sees, whatever mean and standard deviation it has.
func Picture(x *tensor.Tensor) (*image.RGBA, error) {
	if x == nil || len(x.Shape()) != 3 || x.Shape()[0] != 3 && x.Shape()[0] != 1 {
		return nil, fmt.Errorf("render: the input of a network: want 3×H×W or 1×H×W")
	}
	s := x.Shape()
	if err := checkSize(s[2], s[1]); err != nil {
		return nil, err
	}
	low, high, err := limits(x.Data())
	if err != nil {
		return nil, err
	}
	out := image.NewRGBA(image.Rect(0, 0, s[2], s[1]))
	for i := range s[1] * s[2] {
		for c := range 3 {
			out.Pix[4*i+c] = uint8(255*(float64(x.Data()[min(c, s[0]-1)*s[1]*s[2]+i])-low)/(high-low) + 0.5)
		}
		out.Pix[4*i+3] = 255
	}
	return out, nil
}

// Whole returns the rectangle of an input C×H×W or N×C×H×W.
func Whole(x *tensor.Tensor) image.Rectangle {
	s := x.Shape()
	return image.Rect(0, 0, s[len(s)-1], s[len(s)-2])
}

// limits returns the smallest and the greatest of some values, or a range of 1 if all are equal.
func limits(values []float32) (low, high float64, err error) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if v-v != 0 {
			return 0, 0, fmt.Errorf("render: value %v: want finite numbers", v)
		}
		low, high = min(low, float64(v)), max(high, float64(v))
	}
	if low == high {
		high = low + 1
	}
	return low, high, nil
}

// sheet draws up to most of n pictures in a grid.
func sheet(n, most int, draw func(i int) (image.Image, error)) (image.Image, error) {
	if most < 0 {
		return nil, fmt.Errorf("render: %d tiles at most: want at least 1, or 0 for all", most)
	}
	if most > 0 {
		n = min(n, most)
	}
	tiles, titles := make([]image.Image, n), make([]string, n)
	for i := range n {
		var err error
		if tiles[i], err = draw(i); err != nil {
			return nil, err
		}
		titles[i] = strconv.Itoa(i)
	}
	out, err := data.ContactSheet(tiles, titles, data.SheetConfig{})
	if err != nil {
		return nil, fmt.Errorf("render: %w", err)
	}
	return out, nil
}
