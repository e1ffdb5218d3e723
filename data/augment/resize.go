package augment

import "math"

// A filter resizes lines of in samples to lines of out by bilinear
// interpolation; when shrinking, the triangle is as wide as the step, so that
// every sample counts (PyTorch's antialias). Sample i of a line is at i + ½.
type filter struct {
	in, out, taps int
	first, count  []int
	weights       []float32 // out×taps
}

// fill computes the weights.
func (f *filter) fill(in, out int) {
	if f.in == in && f.out == out {
		return
	}
	step := float64(in) / float64(out)
	reach := max(step, 1)
	f.in, f.out, f.taps = in, out, 2*int(math.Ceil(reach))+1
	f.first, f.count, f.weights = grow(f.first, out), grow(f.count, out), grow(f.weights, out*f.taps)
	for i := range out {
		center := (float64(i) + 0.5) * step
		first, stop := max(int(center-reach+0.5), 0), min(int(center+reach+0.5), in)
		sum := 0.0
		for j := first; j < stop; j++ {
			sum += triangle(j, center, reach)
		}
		for j := first; j < stop; j++ {
			f.weights[i*f.taps+j-first] = float32(triangle(j, center, reach) / sum)
		}
		f.first[i], f.count[i] = first, stop-first
	}
}

func triangle(j int, center, reach float64) float64 {
	return max(1-math.Abs(float64(j)+0.5-center)/reach, 0)
}

// rows resizes each row of src.
func (f *filter) rows(dst, src []float32) {
	for ; len(src) > 0; src, dst = src[f.in:], dst[f.out:] {
		for i := range f.out {
			sum, weights := float32(0), f.weights[i*f.taps:][:f.count[i]]
			for j, v := range src[f.first[i]:][:len(weights)] {
				sum += v * weights[j]
			}
			dst[i] = sum
		}
	}
}

// columns resizes each column of src, f.in rows of the given width.
func (f *filter) columns(dst, src []float32, width int) {
	for i := range f.out {
		row := dst[i*width:][:width]
		clear(row)
		for j, weight := range f.weights[i*f.taps:][:f.count[i]] {
			from := src[(f.first[i]+j)*width:][:width]
			for x, v := range from {
				row[x] += v * weight
			}
		}
	}
}
