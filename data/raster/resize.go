package raster

import "math"

const (
	precision = 22 // fractional bits of a weight: 32 − 8 for the pixel − 2 of headroom
	half      = 1 << (precision - 1)
)

// A Rect is a region of a picture with fractional bounds, in pixels from the
// top left corner.
type Rect struct{ X0, Y0, X1, Y1 float32 }

// A Resizer resizes pictures. Its zero value is ready for use. It keeps weights
// and memory for the next picture, so a goroutine that resizes many should have
// one of its own: it is not safe for concurrent use.
type Resizer struct {
	across, down axis
	middle       []uint8 // what the first pass made
	sums         []int32
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
	if height < 1 || width < 1 || f >= filters {
		panic("resize: want a known filter and at least one pixel")
	}
	if !(from.X0 >= 0 && from.Y0 >= 0 && from.X0 < from.X1 && from.Y0 < from.Y1 && from.X1 <= float32(src.Width) && from.Y1 <= float32(src.Height)) {
		panic("resize: the region must lie within the picture and not be empty")
	}
	dst.Reset(src.Channels, height, width)
	if f == Nearest {
		nearest(dst, src, from)
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
			copy(to, plane)
		case !down:
			r.across.rows(to, plane)
		case !across:
			r.columns(to, plane, width, 0)
		case columnsFirst:
			r.middle = grow(r.middle, height*src.Width)
			r.columns(r.middle, plane, src.Width, 0)
			r.across.rows(to, r.middle)
		default: // only the rows that the second pass reads
			first, last := r.down.span()
			r.middle = grow(r.middle, (last-first)*width)
			r.across.rows(r.middle, plane[first*src.Width:last*src.Width])
			r.columns(to, r.middle, width, first)
		}
	}
}

// An axis has the weights that make a line of in samples one of out.
type axis struct {
	filter   Filter
	in, out  int
	from, to float32
	taps     int
	first    []int // of the samples that an output sample is made of
	count    []int
	weights  []int32 // out×taps
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
	a.taps = int(math.Ceil(support))*2 + 1
	a.first, a.count = grow(a.first, out), grow(a.count, out)
	a.weights, a.values = grow(a.weights, out*a.taps), grow(a.values, a.taps)
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
		weights := a.weights[i*a.taps:][:len(values)]
		for j, v := range values {
			if sum != 0 {
				v /= sum
			}
			weights[j] = int32(math.Copysign(0.5, v) + float64(v*(1<<precision)))
		}
		a.first[i], a.count[i] = trim(first, weights)
	}
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

// span returns the samples from which the output is made, [first, last).
func (a *axis) span() (first, last int) {
	first = a.first[0]
	for i, from := range a.first {
		first, last = min(first, from), max(last, from+a.count[i])
	}
	return first, last
}

// toByte rounds a sum of bytes times weights, with half added, to a byte. The
// positive weights of a filter sum to less than 1.5·2²² and the negative ones to
// more than −0.5·2²², so a sum fits 32 bits.
func toByte(sum int32) uint8 { return uint8(max(min(sum>>precision, 255), 0)) }

// rows makes each row of src one of a.out samples, four rows at a time.
func (a *axis) rows(dst, src []uint8) {
	for len(src) >= 4*a.in {
		a.fourRows(dst, src)
		dst, src = dst[4*a.out:], src[4*a.in:]
	}
	for ; len(src) >= a.in && len(src) > 0; dst, src = dst[a.out:], src[a.in:] {
		to := dst[:a.out]
		for x := range to {
			weights := a.weights[x*a.taps:][:a.count[x]]
			taps := src[a.first[x]:][:len(weights)]
			sum := int32(half)
			for j, weight := range weights {
				sum += int32(taps[j]) * weight
			}
			to[x] = toByte(sum)
		}
	}
}

func (a *axis) fourRows(dst, src []uint8) {
	in, out := a.in, a.out
	t0, t1, t2, t3 := dst[:out], dst[out:][:out], dst[2*out:][:out], dst[3*out:][:out]
	for x := range t0 {
		weights, first := a.weights[x*a.taps:][:a.count[x]], a.first[x]
		n := len(weights)
		f0, f1, f2, f3 := src[first:][:n], src[in+first:][:n], src[2*in+first:][:n], src[3*in+first:][:n]
		s0, s1, s2, s3 := int32(half), int32(half), int32(half), int32(half)
		for j, weight := range weights {
			s0 += int32(f0[j]) * weight
			s1 += int32(f1[j]) * weight
			s2 += int32(f2[j]) * weight
			s3 += int32(f3[j]) * weight
		}
		t0[x], t1[x], t2[x], t3[x] = toByte(s0), toByte(s1), toByte(s2), toByte(s3)
	}
}

// columns makes rows of width bytes into r.down.out rows. Row 0 of src is row
// top of the picture.
func (r *Resizer) columns(dst, src []uint8, width, top int) {
	a := &r.down
	r.sums = grow(r.sums, width)
	for y := range a.out {
		weights := a.weights[y*a.taps:][:a.count[y]]
		from := src[(a.first[y]-top)*width:]
		to := dst[y*width:][:width]
		switch {
		case len(weights) == 2:
			mixTwo(to, from[:width], from[width:], weights[0], weights[1])
			continue
		case len(weights) <= 4:
			newQuad(from, width, weights).mix(to)
			continue
		}
		newQuad(from, width, weights).start(r.sums)
		for weights, from = weights[4:], from[4*width:]; len(weights) > 4; weights, from = weights[4:], from[4*width:] {
			newQuad(from, width, weights).add(r.sums)
		}
		newQuad(from, width, weights).finish(to, r.sums)
	}
}

// mixTwo makes to the weighted sum of two rows.
func mixTwo(to, r0, r1 []uint8, w0, w1 int32) {
	r0, r1 = r0[:len(to)], r1[:len(to)]
	for x := range to {
		to[x] = toByte(half + int32(r0[x])*w0 + int32(r1[x])*w1)
	}
}

// A quad is up to four rows with their weights; if there are fewer, the first
// row is there again with a weight of 0.
type quad struct {
	rows    [4][]uint8
	weights [4]int32
}

func newQuad(src []uint8, width int, weights []int32) *quad {
	first := src[:width]
	q := quad{rows: [4][]uint8{first, first, first, first}}
	for i := range min(len(weights), 4) {
		q.rows[i], q.weights[i] = src[i*width:][:width], weights[i]
	}
	return &q
}

// mix makes to the weighted sum.
func (q *quad) mix(to []uint8) {
	r0, r1, r2, r3 := q.rows[0][:len(to)], q.rows[1][:len(to)], q.rows[2][:len(to)], q.rows[3][:len(to)]
	w0, w1, w2, w3 := q.weights[0], q.weights[1], q.weights[2], q.weights[3]
	for x := range to {
		to[x] = toByte(half + int32(r0[x])*w0 + int32(r1[x])*w1 + int32(r2[x])*w2 + int32(r3[x])*w3)
	}
}

// start sets sums to the weighted sum, with half added.
func (q *quad) start(sums []int32) {
	r0, r1, r2, r3 := q.rows[0][:len(sums)], q.rows[1][:len(sums)], q.rows[2][:len(sums)], q.rows[3][:len(sums)]
	w0, w1, w2, w3 := q.weights[0], q.weights[1], q.weights[2], q.weights[3]
	for x := range sums {
		sums[x] = half + int32(r0[x])*w0 + int32(r1[x])*w1 + int32(r2[x])*w2 + int32(r3[x])*w3
	}
}

// add adds the weighted sum.
func (q *quad) add(sums []int32) {
	r0, r1, r2, r3 := q.rows[0][:len(sums)], q.rows[1][:len(sums)], q.rows[2][:len(sums)], q.rows[3][:len(sums)]
	w0, w1, w2, w3 := q.weights[0], q.weights[1], q.weights[2], q.weights[3]
	for x := range sums {
		sums[x] += int32(r0[x])*w0 + int32(r1[x])*w1 + int32(r2[x])*w2 + int32(r3[x])*w3
	}
}

// finish makes to the weighted sum added to sums.
func (q *quad) finish(to []uint8, sums []int32) {
	r0, r1, r2, r3 := q.rows[0][:len(to)], q.rows[1][:len(to)], q.rows[2][:len(to)], q.rows[3][:len(to)]
	w0, w1, w2, w3 := q.weights[0], q.weights[1], q.weights[2], q.weights[3]
	sums = sums[:len(to)]
	for x := range to {
		to[x] = toByte(sums[x] + int32(r0[x])*w0 + int32(r1[x])*w1 + int32(r2[x])*w2 + int32(r3[x])*w3)
	}
}

// nearest takes for each pixel the one that its middle falls on.
func nearest(dst, src *Raster, from Rect) {
	stepX, stepY := float64(from.X1-from.X0)/float64(dst.Width), float64(from.Y1-from.Y0)/float64(dst.Height)
	for channel := range dst.Channels {
		to, plane := dst.Plane(channel), src.Plane(channel)
		y := float64(from.Y0) + float64(stepY*0.5)
		for i := range dst.Height {
			row := plane[min(int(y), src.Height-1)*src.Width:][:src.Width]
			x := float64(from.X0) + float64(stepX*0.5)
			for j := range dst.Width {
				to[i*dst.Width+j] = row[min(int(x), src.Width-1)]
				x += stepX
			}
			y += stepY
		}
	}
}
