package raster

import "math"

// AdjustSharpness makes dst src, moved away from a blurred version of it by a
// factor: 0 gives that version, 1 src, and more than 1 a sharper picture. The
// blur is a mean of 3×3 pixels, the middle one of weight 5; pixels at the border
// stay as they are.
func AdjustSharpness(dst, src *Raster, factor float64) {
	dst.CopyFrom(src)
	f, width := float32(factor), src.Width
	for channel := range src.Channels {
		plane, out := src.Plane(channel), dst.Plane(channel)
		for y := 1; y < src.Height-1; y++ {
			above, row, below := plane[(y-1)*width:][:width], plane[y*width:][:width], plane[(y+1)*width:][:width]
			for x := 1; x < width-1; x++ {
				sum := int(above[x-1]) + int(above[x]) + int(above[x+1]) + int(row[x-1]) + 5*int(row[x]) + int(row[x+1]) +
					int(below[x-1]) + int(below[x]) + int(below[x+1])
				out[y*width+x] = blend(uint8((2*sum+13)/26), row[x], f)
			}
		}
	}
}

// A Blurrer blurs pictures. Its zero value is ready for use; it keeps memory for
// the next picture and is not safe for concurrent use.
type Blurrer struct {
	kernel, rows, sums []float32
}

// Gaussian makes dst src blurred by a Gaussian with a standard deviation of
// sigma pixels, above 0, cut off to an odd number of size pixels. Beyond its
// border the picture is reflected. torchvision's gaussian_blur rounds its sums in
// another order, so now and then a value differs by one level.
func (b *Blurrer) Gaussian(dst, src *Raster, size int, sigma float64) {
	if size < 1 || size%2 == 0 || !(sigma > 0) {
		panic("blur: want an odd size and a deviation above 0")
	}
	dst.Reset(src.Channels, src.Height, src.Width)
	b.kernel = grow(b.kernel, size)
	sum := 0.0
	for i := range size {
		x := float64(i-size/2) / sigma
		sum += math.Exp(-0.5 * x * x)
	}
	for i := range size {
		x := float64(i-size/2) / sigma
		b.kernel[i] = float32(math.Exp(-0.5*x*x) / sum)
	}
	for channel := range src.Channels {
		b.blurRows(src.Plane(channel), src.Width)
		b.blurColumns(dst.Plane(channel), src.Width)
	}
}

// blurRows fills b.rows with the rows of a plane, blurred.
func (b *Blurrer) blurRows(plane []uint8, width int) {
	b.rows = grow(b.rows, len(plane))
	for start := 0; start < len(plane); start += width {
		from, to := plane[start:start+width], b.rows[start:start+width]
		clear(to)
		for i, weight := range b.kernel {
			shift := i - len(b.kernel)/2
			for x := range to {
				to[x] += float32(weight * float32(from[reflect(x+shift, width)]))
			}
		}
	}
}

// blurColumns makes dst of b.rows.
func (b *Blurrer) blurColumns(dst []uint8, width int) {
	b.sums = grow(b.sums, width)
	sums, height := b.sums, len(dst)/width
	for y := range height {
		clear(sums)
		for i, weight := range b.kernel {
			from := b.rows[reflect(y+i-len(b.kernel)/2, height)*width:][:width]
			for x, v := range from {
				sums[x] += float32(weight * v)
			}
		}
		to := dst[y*width:][:width]
		for x, v := range sums[:len(to)] {
			to[x] = uint8(min(max(math.RoundToEven(float64(v)), 0), 255))
		}
	}
}

// reflect returns the place within 0..n−1 that place i is a reflection of; the
// border itself does not occur twice.
func reflect(i, n int) int {
	for i < 0 || i >= n {
		if n == 1 {
			return 0
		}
		if i < 0 {
			i = -i
		} else {
			i = 2*(n-1) - i
		}
	}
	return i
}
