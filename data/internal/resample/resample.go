// Package resample resizes 8-bit image planes, antialiased when shrinking, with
// the very bytes that Image.resize(size, filter) of Pillow 9 to 12 gives; Pillow 13
// runs the passes in the other order for some shapes, so that a byte here and there
// differs by a level or two. With the
// bilinear filter that is what the book's transforms.Resize does to a picture
// before it becomes floats.
//
// A [Filter] is the triangle 1−|t| or Keys' cubic, whose support grows with the
// shrink factor. It runs in two passes, rows first and columns second, and each
// pass rounds to a byte; weights are fixed-point numbers with 22 fractional bits. The resizers
// of golang.org/x/image/draw keep the intermediate rows in floats, so they
// differ from Pillow by a level here and there: this package exists for the
// equality, which its tests require byte for byte.
package resample

import (
	"fmt"
	"math"
	"sync"
)

const (
	precision = 22 // fractional bits of a weight: 32 − 8 for the pixel − 2 of headroom
	half      = 1 << (precision - 1)
)

// A Filter weighs input samples by their distance t from an output sample, in
// input samples or, when shrinking, in output samples.
type Filter struct {
	support float64 // the weight is 0 from this distance on
	weight  func(t float64) float64
	signed  bool // some weights are negative
}

// The filters have the names and formulas of Pillow's.
var (
	// Bilinear is 1−|t|.
	Bilinear = Filter{1, func(t float64) float64 { return max(1-t, 0) }, false}
	// Bicubic is the cubic convolution of Keys (1981) with a = −1/2.
	Bicubic = Filter{2, bicubic, true}
)

// bicubic takes t ≥ 0. The explicit conversions keep every rounding where
// Pillow's C has it, as in windows.
func bicubic(t float64) float64 {
	const a = -0.5
	switch {
	case t < 1:
		return float64(float64(float64(float64((a+2)*t)-(a+3))*t)*t) + 1
	case t < 2:
		return float64(float64(float64(float64(float64(t-5)*t)+8)*t)-4) * a
	}
	return 0
}

// A window is the run of input samples that one output sample is made of.
type window struct {
	first   int
	weights []uint32 // negative ones as their two's complement
}

// Plane resizes planes of one fixed size to another fixed size. It holds the
// weights, worked out once; it is safe for concurrent use.
type Plane struct {
	inH, inW, outH, outW int
	signed               bool
	across, down         []window
	scratch              sync.Pool // *[]uint8 of inH·outW
}

// New returns the resizer from inH×inW to outH×outW pixels. All four must be at
// least 1.
func New(filter Filter, inH, inW, outH, outW int) (*Plane, error) {
	if inH < 1 || inW < 1 {
		return nil, fmt.Errorf("cannot resize a picture of %d×%d pixels", inH, inW)
	}
	if outH < 1 || outW < 1 {
		return nil, fmt.Errorf("cannot resize to %d×%d pixels: both must be at least 1", outH, outW)
	}
	p := &Plane{signed: filter.signed, inH: inH, inW: inW, outH: outH, outW: outW}
	if inW != outW {
		p.across = windows(filter, inW, outW)
	}
	if inH != outH {
		p.down = windows(filter, inH, outH)
	}
	if p.across != nil && p.down != nil {
		p.scratch.New = func() any {
			buffer := make([]uint8, inH*outW)
			return &buffer
		}
	}
	return p, nil
}

// windows returns a filter's weights for resizing a line of in samples to out
// samples. The explicit conversions keep every rounding where
// Pillow's C has it: without them a compiler may fuse multiply and add.
func windows(filter Filter, in, out int) []window {
	scale := float64(in) / float64(out)
	stretch := max(scale, 1)
	support := float64(filter.support * stretch)
	result := make([]window, out)
	values := make([]float64, int(math.Ceil(support))*2+1)
	for i := range result {
		center := float64((float64(i) + 0.5) * scale)
		first := max(int(center-support+0.5), 0)
		last := min(int(center+support+0.5), in)
		sum := 0.0
		line := values[:last-first]
		for j := range line {
			t := math.Abs(float64((float64(j+first) - center + 0.5) * (1 / stretch)))
			line[j] = filter.weight(t)
			sum += line[j]
		}
		weights := make([]uint32, len(line))
		for j, v := range line {
			if sum != 0 {
				v /= sum
			}
			weights[j] = uint32(int32(math.Copysign(0.5, v) + float64(v*(1<<precision))))
		}
		for len(weights) > 1 && weights[0] == 0 {
			weights, first = weights[1:], first+1
		}
		for len(weights) > 1 && weights[len(weights)-1] == 0 {
			weights = weights[:len(weights)-1]
		}
		result[i] = window{first, weights}
	}
	return result
}

// Resize reads one plane of inH·inW bytes, row by row, from src and writes
// outH·outW bytes to dst. The two must not overlap. It panics when a slice is
// too short.
func (p *Plane) Resize(dst, src []uint8) {
	dst, src = dst[:p.outH*p.outW], src[:p.inH*p.inW]
	switch {
	case p.across == nil && p.down == nil:
		copy(dst, src)
	case p.down == nil:
		p.resizeRows(dst, src)
	case p.across == nil:
		p.resizeColumns(dst, src)
	default:
		buffer := p.scratch.Get().(*[]uint8)
		p.resizeRows(*buffer, src)
		p.resizeColumns(dst, *buffer)
		p.scratch.Put(buffer)
	}
}

// resizeRows makes each row of inW samples one of outW. Each weight is rounded
// by half a unit at most, so a sum stays under 255·(2²² + taps/2) + 2²¹: it fits
// 32 bits, and passes 255·2²² + 2²² − 1 only with thousands of taps.
func (p *Plane) resizeRows(dst, src []uint8) {
	if p.signed {
		p.resizeRowsSigned(dst, src)
		return
	}
	for y := range p.inH {
		from, to := src[y*p.inW:(y+1)*p.inW], dst[y*p.outW:(y+1)*p.outW]
		for x := range p.across {
			w := &p.across[x]
			taps := from[w.first:][:len(w.weights)]
			sum := uint32(half)
			for j, weight := range w.weights {
				sum += uint32(taps[j]) * weight
			}
			to[x] = uint8(min(sum>>precision, 255))
		}
	}
}

// resizeColumns makes inH rows of outW samples outH rows.
func (p *Plane) resizeColumns(dst, src []uint8) {
	if p.signed {
		p.resizeColumnsSigned(dst, src)
		return
	}
	width := p.outW
	for y := range p.down {
		w := &p.down[y]
		to := dst[y*width : (y+1)*width]
		switch len(w.weights) {
		case 1:
			w0 := w.weights[0]
			for x, a := range src[w.first*width:][:len(to)] {
				to[x] = uint8((half + uint32(a)*w0) >> precision)
			}
		case 2:
			w0, w1 := w.weights[0], w.weights[1]
			below := src[(w.first+1)*width:][:len(to)]
			for x, a := range src[w.first*width:][:len(to)] {
				to[x] = uint8((half + uint32(a)*w0 + uint32(below[x])*w1) >> precision)
			}
		default:
			for x := range to {
				sum, at := uint32(half), w.first*width+x
				for _, weight := range w.weights {
					sum += uint32(src[at]) * weight
					at += width
				}
				to[x] = uint8(min(sum>>precision, 255))
			}
		}
	}
}

// toByte rounds a sum of bytes times signed weights, with half added, to a byte.
// The positive weights of the cubic sum to less than 1.5·2²² and the negative
// ones to more than −0.5·2²², so a sum fits 32 bits with its sign.
func toByte(sum uint32) uint8 { return uint8(max(min(int32(sum)>>precision, 255), 0)) }

// resizeRowsSigned is resizeRows for weights that may be negative.
func (p *Plane) resizeRowsSigned(dst, src []uint8) {
	for y := range p.inH {
		from, to := src[y*p.inW:(y+1)*p.inW], dst[y*p.outW:(y+1)*p.outW]
		for x := range p.across {
			w := &p.across[x]
			taps := from[w.first:][:len(w.weights)]
			sum := uint32(half)
			for j, weight := range w.weights {
				sum += uint32(taps[j]) * weight
			}
			to[x] = toByte(sum)
		}
	}
}

// resizeColumnsSigned is resizeColumns for weights that may be negative.
func (p *Plane) resizeColumnsSigned(dst, src []uint8) {
	width := p.outW
	for y := range p.down {
		w := &p.down[y]
		to := dst[y*width : (y+1)*width]
		for x := range to {
			sum, at := uint32(half), w.first*width+x
			for _, weight := range w.weights {
				sum += uint32(src[at]) * weight
				at += width
			}
			to[x] = toByte(sum)
		}
	}
}
