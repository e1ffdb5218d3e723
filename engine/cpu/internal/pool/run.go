package pool

import (
	"github.com/strideml/stride/engine/cpu/internal/kernel/quantized"
	"github.com/strideml/stride/engine/cpu/internal/kernel/vec"
	"github.com/strideml/stride/engine/cpu/internal/strided"
	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/graph"
)

// Tasks is the number of tasks: each computes a few images.
func (p *Plan) Tasks() int { return (p.n + p.images - 1) / p.images }

// RowScratch is the memory for a row of output pixels in floats. All tasks need
// this much scratch memory, and those of [Plan.MaxGrad] twice as much.
func (p *Plan) RowScratch() int {
	return work.RoundUp(p.out.W*p.out.C+work.SlackFloats, work.AlignFloats)
}

// ArgmaxFits reports whether the argmax of a pooling fits into bytes and is
// computed fast on this machine.
func ArgmaxFits(p graph.Pool) bool {
	return vec.MaxPoolArgmaxFast() && p.Kernel[0]*p.Kernel[1] <= vec.MaxPoolArgmaxTaps
}

// ArgmaxBytes is the size of the argmax of all images: the number of the tap
// that each maximum comes from, a byte each. Kernels may read 7 bytes more.
func (p *Plan) ArgmaxBytes() int { return p.n * p.out.Elements() }

// eachImage computes the images of a task by f and returns the range of elements
// of the result, per image in each, that they make up.
func (p *Plan) eachImage(task, per int, f func(image int)) (lo, hi int) {
	first, end := work.ChunkRange(task, p.images, p.n)
	for i := first; i < end; i++ {
		f(i)
	}
	return first * per, end * per
}

// forward computes the images of a task, a span of output pixels at a time, by f.
func (p *Plan) forward(task int, dst, src, scratch []float32, f func(s *span, image int, row, from []float32)) (lo, hi int) {
	return p.eachImage(task, p.out.Elements(), func(image int) {
		from, to := src[image*p.src.Size():], dst[image*p.out.Size():]
		for i := range p.spans {
			s := &p.spans[i]
			row := to[s.out*p.out.Pitch:]
			if p.out.Pitch == p.out.C {
				f(s, image, row, from[s.in:])
				continue
			}
			f(s, image, scratch[:s.n*p.out.C], from[s.in:])
			strided.ScatterRows(row, scratch[:s.n*p.out.C], 0, p.out.C, p.out.Pitch)
		}
	})
}

// Average computes a task of average pooling: dst is the mean of each window of
// src. It returns the range of elements of the result that it completes.
func (p *Plan) Average(task int, dst, src, scratch []float32) (lo, hi int) {
	return p.forward(task, dst, src, scratch, func(s *span, _ int, row, from []float32) {
		vec.SumPoolRow(row, from, s.taps, s.n, p.stride, p.src.C, s.scale)
	})
}

// Max computes a task of maximum pooling. It returns the range of elements of
// the result that it completes.
func (p *Plan) Max(task int, dst, src, scratch []float32) (lo, hi int) {
	return p.forward(task, dst, src, scratch, func(s *span, _ int, row, from []float32) {
		vec.MaxPoolRow(row, from, s.taps, s.n, p.stride, p.src.C)
	})
}

// MaxArgmax is [Plan.Max] and stores the argmax too, for [Plan.ArgmaxGrad].
func (p *Plan) MaxArgmax(task int, dst []float32, argmax []byte, src, scratch []float32) (lo, hi int) {
	return p.forward(task, dst, src, scratch, func(s *span, image int, row, from []float32) {
		vec.MaxPoolArgmaxRow(row, p.argmaxOf(argmax, image, s), from, s.taps, s.n, p.stride, p.src.C)
	})
}

// argmaxOf returns the bytes for a span of an image.
func (p *Plan) argmaxOf(argmax []byte, image int, s *span) []byte {
	return argmax[image*p.out.Elements()+s.out*p.out.C:]
}

// backward computes the gradients of the images of a task with respect to the
// input, dx, which is dense. f adds the gradients of a span of output pixels to
// those of an image, or stores them if the windows cover every pixel once.
func (p *Plan) backward(task int, dx, dy, scratch []float32, f func(s *span, image int, dx, dy []float32)) (lo, hi int) {
	size := p.src.Elements()
	return p.eachImage(task, size, func(image int) {
		to, from := dx[image*size:(image+1)*size], dy[image*p.out.Size():]
		if !p.exact {
			clear(to)
		}
		for i := range p.spans {
			s := &p.spans[i]
			if len(s.taps) == 0 {
				continue
			}
			grad := from[s.out*p.out.Pitch:]
			if p.out.Pitch != p.out.C {
				strided.GatherRows(scratch[:s.n*p.out.C], grad, 0, p.out.C, p.out.Pitch)
				grad = scratch
			}
			f(s, image, to[s.in:], grad)
		}
	})
}

// AverageGrad computes a task of the gradient of average pooling. It returns the
// range of elements of dx that it completes.
func (p *Plan) AverageGrad(task int, dx, dy, scratch []float32) (lo, hi int) {
	return p.backward(task, dx, dy, scratch, func(s *span, _ int, dx, dy []float32) {
		if p.exact {
			vec.SumPoolGradRowSet(dx, dy, s.taps, s.n, p.stride, p.src.C, s.scale)
		} else {
			vec.SumPoolGradRow(dx, dy, s.taps, s.n, p.stride, p.src.C, s.scale)
		}
	})
}

// ArgmaxGrad computes a task of the gradient of maximum pooling, given the
// argmax. It returns the range of elements of dx that it completes.
func (p *Plan) ArgmaxGrad(task int, dx []float32, argmax []byte, dy, scratch []float32) (lo, hi int) {
	return p.backward(task, dx, dy, scratch, func(s *span, image int, dx, dy []float32) {
		at := p.argmaxOf(argmax, image, s)
		if p.exact {
			vec.MaxPoolArgmaxGradRowSet(dx, at, dy, s.taps, s.n, p.stride, p.src.C)
		} else {
			vec.MaxPoolArgmaxGradRow(dx, at, dy, s.taps, s.n, p.stride, p.src.C)
		}
	})
}

// MaxGrad is [Plan.ArgmaxGrad] where the argmax is not known: it computes the
// maxima of the input x again. x must be dense.
func (p *Plan) MaxGrad(task int, dx, x, dy, scratch []float32) (lo, hi int) {
	grads, maxima := scratch[:p.RowScratch()], scratch[p.RowScratch():]
	return p.backward(task, dx, dy, grads, func(s *span, image int, dx, dy []float32) {
		from, y := x[image*p.src.Size()+s.in:], maxima[:s.n*p.src.C]
		vec.MaxPoolRow(y, from, s.taps, s.n, p.stride, p.src.C)
		if p.exact {
			vec.MaxPoolGradRowSet(dx, from, y, dy, s.taps, s.n, p.stride, p.src.C)
		} else {
			vec.MaxPoolGradRow(dx, from, y, dy, s.taps, s.n, p.stride, p.src.C)
		}
	})
}

// MaxBytes is [Plan.Max] for bytes; every window must have a tap.
func (p *Plan) MaxBytes(task int, dst, src []byte) {
	p.eachSpan(task, dst, src, func(s *span, row, from []byte) {
		quantized.MaxRow(row, from, s.taps, s.n, p.out.Pitch, p.stride, p.out.C)
	})
}

// AverageBytes is [Plan.Average] for bytes with the zero point zero. o has what the result needs, and Scale is that of a sum
// of one number.
func (p *Plan) AverageBytes(task int, dst, src []byte, zero int32, o quantized.Average) {
	p.eachSpan(task, dst, src, func(s *span, row, from []byte) {
		a := o
		a.Bias, a.Scale = -zero*int32(len(s.taps)), o.Scale*s.scale
		quantized.AverageRow(row, from, s.taps, s.n, p.out.Pitch, p.stride, p.out.C, &a)
	})
}

// eachSpan calls f for the spans of the images of a task.
func (p *Plan) eachSpan(task int, dst, src []byte, f func(s *span, row, from []byte)) {
	p.eachImage(task, 1, func(image int) {
		from, to := src[image*p.src.Size():], dst[image*p.out.Size():]
		for i := range p.spans {
			s := &p.spans[i]
			f(s, to[s.out*p.out.Pitch:], from[s.in:])
		}
	})
}
