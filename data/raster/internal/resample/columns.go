package resample

import "github.com/strideml/stride/internal/isa"

// lanes is the number of samples that assembly computes at a time.
const lanes = 32

// Columns makes the new rows from … to−1 of width columns. Row y of src, which is
// row top+y of the picture, starts at y·srcStride, row y of dst, which is the new row
// from+y, at y·dstStride. dst must not overlap src.
func (t *Taps) Columns(dst []uint8, dstStride int, src []uint8, srcStride, width, from, to, top int) {
	if from >= to || width < 1 {
		return
	}
	first, end := t.Span(from, to)
	src, dst = src[:(end-1-top)*srcStride+width], dst[:(to-from-1)*dstStride+width]
	p := t.part(from, to)
	if isa.UseSIMD && width >= lanes {
		p.sums(dst, dstStride, src[(first-top)*srcStride:], srcStride, width, first)
		return
	}
	for y, n := range p.Count {
		weights := p.Weights[y*t.Most:][:n]
		mix(dst[y*dstStride:][:width], src[(p.First[y]-top)*srcStride:], srcStride, weights)
	}
}

// mostTaps is how many samples a call of the assembly multiplies by weights, about: 200 µs of
// work, for it cannot be preempted.
const mostTaps = 5_000_000

// sums makes rows of width columns, at least lanes, in assembly. Row 0 of src has number first.
func (t *Taps) sums(dst []uint8, dstStride int, src []uint8, srcStride, width, first int) {
	step := max(1, mostTaps/(width*t.Most))
	for y := 0; y < len(t.First); y += step {
		n := min(step, len(t.First)-y)
		columnsSIMD(&dst[y*dstStride], dstStride, &src[0], srcStride, width, first, &t.First[y], &t.Count[y], &t.halves[y*t.pitch()], t.pitch(), n)
	}
}

// mix makes to the weighted sum of rows of its length, which start stride bytes after each
// other.
func mix(to, from []uint8, stride int, weights []int32) {
	if len(weights) == 2 {
		mixTwo(to, from, from[stride:], weights[0], weights[1])
		return
	}
	if len(weights) <= 4 {
		newQuad(from, stride, len(to), weights).mix(to)
		return
	}
	const most = 1024
	for len(to) > most { // sums are kept on the stack
		mix(to[:most], from, stride, weights)
		to, from = to[most:], from[most:]
	}
	var memory [most]int32
	sums := memory[:len(to)]
	newQuad(from, stride, len(to), weights).start(sums)
	for weights, from = weights[4:], from[4*stride:]; len(weights) > 4; weights, from = weights[4:], from[4*stride:] {
		newQuad(from, stride, len(to), weights).add(sums)
	}
	newQuad(from, stride, len(to), weights).finish(to, sums)
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

func newQuad(src []uint8, stride, width int, weights []int32) *quad {
	first := src[:width]
	q := quad{rows: [4][]uint8{first, first, first, first}}
	for i := range min(len(weights), 4) {
		q.rows[i], q.weights[i] = src[i*stride:][:width], weights[i]
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

//go:noescape
func columnsSIMD(dst *uint8, dstStride int, src *uint8, srcStride, width, top int, first, count *int, halves *int16, pitch, rows int)
