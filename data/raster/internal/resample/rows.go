package resample

import "github.com/strideml/stride/internal/isa"

// block is the least number of columns for assembly.
const block = 8

// Rows makes the new columns from … to−1 of height rows. Row y of src starts at y·srcStride
// and has width samples; row y of dst starts at y·dstStride. dst must not overlap src.
// memory is what the function needs beside; it makes that larger if need be.
func (t *Taps) Rows(dst []uint8, dstStride int, src []uint8, srcStride, width, height, from, to int, memory *[]uint8) {
	if from >= to || height < 1 {
		return
	}
	first, end := t.Span(from, to)
	columns := to - from
	dst, src = dst[:(height-1)*dstStride+columns], src[:(height-1)*srcStride+width]
	p := t.part(from, to)
	if !isa.UseSIMD || height < lanes || end-first < block || columns < block {
		p.rows(dst, dstStride, src, srcStride, height)
		return
	}
	size := lanes * (end - first + columns)
	if cap(*memory) < size {
		*memory = make([]uint8, size)
	}
	old, made := (*memory)[:lanes*(end-first)], (*memory)[lanes*(end-first):size]
	for y := 0; y < height; y += lanes {
		y = min(y, height-lanes) // the last rows come with some that are there already
		toColumns(old, src[y*srcStride+first:], srcStride)
		p.sums(made, lanes, old, lanes, lanes, first)
		toRows(dst[y*dstStride:], dstStride, made)
	}
}

// toColumns transposes 32 rows of src, which start stride bytes after each other, to the
// len(dst)/32 columns of dst, one after the other; there are at least 8.
func toColumns(dst, src []uint8, stride int) {
	n := len(dst) / lanes
	src = src[:(lanes-1)*stride+n]
	if isa.UseSIMD {
		toColumnsSIMD(&dst[0], &src[0], stride, n)
		return
	}
	for y := range lanes {
		for x, v := range src[y*stride:][:n] {
			dst[x*lanes+y] = v
		}
	}
}

// toRows does the reverse: it transposes the columns of src to 32 rows.
func toRows(dst []uint8, stride int, src []uint8) {
	n := len(src) / lanes
	dst = dst[:(lanes-1)*stride+n]
	if isa.UseSIMD {
		toRowsSIMD(&dst[0], stride, &src[0], n)
		return
	}
	for y := range lanes {
		to := dst[y*stride:][:n]
		for x := range to {
			to[x] = src[x*lanes+y]
		}
	}
}

// rows is the twin of Rows: it takes four rows at a time.
func (t *Taps) rows(dst []uint8, dstStride int, src []uint8, srcStride, height int) {
	y := 0
	for ; y+4 <= height && t.Most > 1; y += 4 {
		t.fourRows(dst[y*dstStride:], dstStride, src[y*srcStride:], srcStride)
	}
	for ; y < height; y++ {
		to, row := dst[y*dstStride:][:len(t.First)], src[y*srcStride:]
		if t.Most == 1 {
			for x, first := range t.First {
				to[x] = toByte(half + int32(row[first])*t.Weights[x])
			}
			continue
		}
		for x := range to {
			weights := t.Weights[x*t.Most:][:t.Count[x]]
			taps := row[t.First[x]:][:len(weights)]
			sum := int32(half)
			for j, weight := range weights {
				sum += int32(taps[j]) * weight
			}
			to[x] = toByte(sum)
		}
	}
}

func (t *Taps) fourRows(dst []uint8, dstStride int, src []uint8, srcStride int) {
	out := len(t.First)
	t0, t1, t2, t3 := dst[:out], dst[dstStride:][:out], dst[2*dstStride:][:out], dst[3*dstStride:][:out]
	for x := range t0 {
		weights, first := t.Weights[x*t.Most:][:t.Count[x]], t.First[x]
		n := len(weights)
		f0, f1, f2, f3 := src[first:][:n], src[srcStride+first:][:n], src[2*srcStride+first:][:n], src[3*srcStride+first:][:n]
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

//go:noescape
func toColumnsSIMD(dst, src *uint8, stride, n int)

//go:noescape
func toRowsSIMD(dst *uint8, stride int, src *uint8, n int)
