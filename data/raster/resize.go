package raster

import (
	"math"

	"github.com/strideml/stride/data/raster/internal/resample"
)

// A Rect is a region of a picture with fractional bounds, in pixels from the
// top left corner.
type Rect struct{ X0, Y0, X1, Y1 float32 }

// A Window is a part of a resized picture, in its pixels.
type Window struct{ Top, Left, Height, Width int }

// A Resizer resizes pictures. Its zero value is ready for use. It keeps weights
// and memory for the next picture, so a goroutine that resizes many should have
// one of its own: it is not safe for concurrent use.
type Resizer struct {
	across, down axis
	middle       []uint8 // what the first pass made
	strips       []uint8 // for resample.Taps.Rows
}

// Resize makes dst src, resized to height×width pixels: Pillow's
// src.resize((width, height), f). It panics when src is empty, a size is below 1,
// or there is no such filter.
func (r *Resizer) Resize(dst, src *Raster, height, width int, f Filter) {
	r.ResizeRect(dst, src, height, width, f, Rect{0, 0, float32(src.Width), float32(src.Height)})
}

// ResizeRect makes dst the part of src within a region, resized to height×width
// pixels: Pillow's src.resize((width, height), f, box). Pixels outside of the
// region count where the filter reaches them. It panics as Resize does, and when
// the region is empty or not within the picture.
func (r *Resizer) ResizeRect(dst, src *Raster, height, width int, f Filter, from Rect) {
	r.resize(dst, src, height, width, f, from, Window{0, 0, height, width})
}

// ResizeWindow makes dst a part of src resized to height×width pixels: what [Crop] cuts
// out of the result of Resize, without computing the rest. It panics as Resize does, and when
// the window is empty or not within the resized picture.
func (r *Resizer) ResizeWindow(dst, src *Raster, height, width int, f Filter, w Window) {
	r.resize(dst, src, height, width, f, Rect{0, 0, float32(src.Width), float32(src.Height)}, w)
}

func (r *Resizer) resize(dst, src *Raster, height, width int, f Filter, from Rect, w Window) {
	if height < 1 || width < 1 || f >= filters {
		panic("resize: want a known filter and at least one pixel")
	}
	if !(from.X0 >= 0 && from.Y0 >= 0 && from.X0 < from.X1 && from.Y0 < from.Y1 && from.X1 <= float32(src.Width) && from.Y1 <= float32(src.Height)) {
		panic("resize: the region must lie within the picture and not be empty")
	}
	if w.Top < 0 || w.Left < 0 || w.Height < 1 || w.Width < 1 || w.Height > height-w.Top || w.Width > width-w.Left {
		panic("resize: the window must lie within the resized picture and not be empty")
	}
	dst.Reset(src.Channels, w.Height, w.Width)
	if f == Nearest {
		r.nearest(dst, src, height, width, from, w)
		return
	}
	across := width != src.Width || from.X0 != 0 || from.X1 != float32(width)
	down := height != src.Height || from.Y0 != 0 || from.Y1 != float32(height)
	if across {
		r.across.fill(f, src.Width, from.X0, from.X1, width)
	}
	if down {
		r.down.fill(f, src.Height, from.Y0, from.Y1, height)
	}
	// Pillow 13 starts with the columns where the height shrinks by more than
	// twice as many pixels as the width. The region does not matter for that.
	columnsFirst := src.Height > height && src.Height-height > 2*(src.Width-width)
	for channel := range src.Channels {
		to, plane := dst.Plane(channel), src.Plane(channel)
		switch {
		case !across && !down:
			for y := range w.Height {
				copy(to[y*w.Width:][:w.Width], plane[(w.Top+y)*src.Width+w.Left:])
			}
		case !down:
			r.rows(to, plane[w.Top*src.Width:], src.Width, src.Width, w.Height, w)
		case !across:
			r.columns(to, w.Width, plane[w.Left:], src.Width, 0, w)
		case columnsFirst:
			r.columnsFirst(to, plane, src.Width, w)
		default:
			r.rowsFirst(to, plane, src.Width, w)
		}
	}
}

// columnsFirst resizes a plane, the columns first, and only those that the rows need.
func (r *Resizer) columnsFirst(to, plane []uint8, width int, w Window) {
	first, end := r.across.taps.Span(w.Left, w.Left+w.Width)
	r.middle = grow(r.middle, w.Height*width)
	part := w
	part.Width = end - first
	r.columns(r.middle[first:], width, plane[first:], width, 0, part)
	r.rows(to, r.middle, width, width, w.Height, w)
}

// rowsFirst resizes a plane, the rows first, and only those that the columns need.
func (r *Resizer) rowsFirst(to, plane []uint8, width int, w Window) {
	first, end := r.down.taps.Span(w.Top, w.Top+w.Height)
	r.middle = grow(r.middle, (end-first)*w.Width)
	r.rows(r.middle, plane[first*width:], width, width, end-first, w)
	r.columns(to, w.Width, r.middle, w.Width, first, w)
}

// rows makes the columns of the window of the first height rows of src.
func (r *Resizer) rows(dst, src []uint8, stride, width, height int, w Window) {
	r.across.taps.Rows(dst, w.Width, src, stride, width, height, w.Left, w.Left+w.Width, &r.strips)
}

// columns makes the rows of the window. Row 0 of src is row top of the picture.
func (r *Resizer) columns(dst []uint8, dstStride int, src []uint8, srcStride, top int, w Window) {
	r.down.taps.Columns(dst, dstStride, src, srcStride, w.Width, w.Top, w.Top+w.Height, top)
}

// An axis has the weights that make a line of in samples one of out.
type axis struct {
	filter   Filter
	in, out  int
	from, to float32
	taps     resample.Taps
	values   []float64
}

// fill computes the weights, unless they are there. The explicit conversions
// keep every rounding where Pillow's C has it.
func (a *axis) fill(f Filter, in int, from, to float32, out int) {
	if a.filter == f && a.in == in && a.out == out && a.from == from && a.to == to {
		return
	}
	a.filter, a.in, a.out, a.from, a.to = f, in, out, from, to
	scale := float64(to-from) / float64(out)
	stretch := max(scale, 1)
	support := float64(f.support() * stretch)
	inverse := 1 / stretch
	t := &a.taps
	t.Most = int(math.Ceil(support))*2 + 1
	t.First, t.Count = grow(t.First, out), grow(t.Count, out)
	t.Weights, a.values = grow(t.Weights, out*t.Most), grow(a.values, t.Most)
	for i := range out {
		center := float64(from) + float64((float64(i)+0.5)*scale)
		first := max(int(center-support+0.5), 0)
		last := min(int(center+support+0.5), in)
		sum := 0.0
		values := a.values[:last-first]
		for j := range values {
			values[j] = f.weight(float64((float64(j+first) - center + 0.5) * inverse))
			sum += values[j]
		}
		weights := t.Weights[i*t.Most:][:len(values)]
		for j, v := range values {
			if sum != 0 {
				v /= sum
			}
			weights[j] = int32(math.Copysign(0.5, v) + float64(v*(1<<resample.Precision)))
		}
		t.First[i], t.Count[i] = trim(first, weights)
	}
	t.Split()
}

// trim leaves out weights of 0 at both ends, which moves the others to the
// front, and returns the first sample and the number of samples that are left.
func trim(first int, weights []int32) (int, int) {
	skip, n := 0, len(weights)
	for n > 1 && weights[n-1] == 0 {
		n--
	}
	for skip < n-1 && weights[skip] == 0 {
		skip++
	}
	copy(weights, weights[skip:n])
	return first + skip, n - skip
}

// nearest takes for each pixel the one that its middle falls on: a sum of one sample with a
// weight of 1.
func (r *Resizer) nearest(dst, src *Raster, height, width int, from Rect, w Window) {
	t := &r.across.taps
	r.across.out = 0 // the weights are no filter's
	t.Most = 1
	t.First, t.Count, t.Weights = grow(t.First, w.Width), grow(t.Count, w.Width), grow(t.Weights, w.Width)
	stepX, stepY := float64(from.X1-from.X0)/float64(width), float64(from.Y1-from.Y0)/float64(height)
	x := float64(from.X0) + float64(stepX*0.5)
	for j := range w.Left + w.Width {
		if j >= w.Left {
			at := j - w.Left
			t.First[at], t.Count[at], t.Weights[at] = min(int(x), src.Width-1), 1, 1<<resample.Precision
		}
		x += stepX
	}
	t.Split()
	first, end := t.Span(0, w.Width)
	r.middle = grow(r.middle, w.Height*src.Width)
	for channel := range dst.Channels {
		plane := src.Plane(channel)
		y := float64(from.Y0) + float64(stepY*0.5)
		for i := range w.Top + w.Height {
			if i >= w.Top {
				copy(r.middle[(i-w.Top)*src.Width:][first:end], plane[min(int(y), src.Height-1)*src.Width:][first:end])
			}
			y += stepY
		}
		t.Rows(dst.Plane(channel), w.Width, r.middle, src.Width, src.Width, w.Height, 0, w.Width, &r.strips)
	}
}
