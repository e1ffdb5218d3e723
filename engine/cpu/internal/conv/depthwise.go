package conv

import (
	"fmt"
	"math"

	"github.com/strideml/stride/engine/cpu/internal/gemm"
	"github.com/strideml/stride/engine/cpu/internal/kernel/vec"
	"github.com/strideml/stride/engine/cpu/internal/strided"
	"github.com/strideml/stride/engine/cpu/internal/work"
)

// Depthwise computes the output or the input gradient of a convolution with as
// many groups as channels and one output channel for each: every channel is
// filtered by itself, so the channels are the lanes and no sum runs over them.
// For the gradient, rows and pixels of the input fall into phases that see the
// same taps.
type Depthwise struct {
	noPoints
	problem  Problem
	n        int
	src, out strided.Image
	taps     int
	zeros    []float32      // the bias if there is none
	rows     []depthwiseRow // of one output image
	windows  windowRows     // the same for another kernel, if there is one
	dstStep  int            // elements between the pixels of a span
	srcStep  int
	block    int // channels to compute at a time
}

// A depthwiseRow is how one output row is computed.
type depthwiseRow struct {
	spans []depthwiseSpan
}

// A depthwiseSpan is a run of output pixels whose windows cover the same taps.
type depthwiseSpan struct {
	out, in int // first element: in the output row, and of the source image
	n       int
	taps    []vec.Tap
}

const (
	depthwiseGrain = 1 << 17 // multiply-adds in a task, about

	// A row is computed some channels at a time, a multiple of depthwiseBlock, whose
	// weights, about depthwiseFloats, stay in the first-level cache.
	depthwiseBlock  = 64
	depthwiseFloats = 1 << 12
)

func newDepthwise(p Problem) *Depthwise {
	d := &Depthwise{
		problem: p, n: p.X[0], src: strided.ImageOf(p.X), out: strided.ImageOf(p.Y), taps: p.W[2] * p.W[3],
		zeros: make([]float32, p.X[1]),
	}
	if p.Kind == InputGrad {
		d.src, d.out = d.out, d.src
	}
	d.block = max(1, depthwiseFloats/d.taps/depthwiseBlock) * depthwiseBlock
	d.planRows()
	return d
}

// planRows derives what depends on where pixels lie.
func (d *Depthwise) planRows() {
	phases, stride := axisPhases(d.problem), d.problem.Op.Stride[1]
	d.dstStep, d.srcStep = d.out.Pitch, stride*d.src.Pitch
	if d.problem.Kind == InputGrad {
		d.dstStep, d.srcStep = stride*d.out.Pitch, d.src.Pitch
	}
	d.rows = make([]depthwiseRow, d.out.H)
	for _, v := range phases[0] {
		for i := range v.count {
			d.rows[v.first+i*v.step].spans = d.planRow(v, i, phases[1], d.problem.W[3])
		}
	}
	d.planWindows()
}

// planRow cuts output row number i of a vertical phase into spans.
func (d *Depthwise) planRow(vertical axisPhase, i int, horizontal []axisPhase, kw int) []depthwiseSpan {
	var rows []axisTap // kernel rows whose source row exists
	for _, t := range vertical.taps {
		if y := t.at + i*vertical.advance; y >= 0 && y < d.src.H {
			rows = append(rows, axisTap{t.k, y})
		}
	}
	var spans []depthwiseSpan
	for _, p := range horizontal {
		// The taps within the image: from ≤ tap < to, for pixel j.
		inside := func(j int) (from, to int) {
			for from < len(p.taps) && p.taps[from].at+j*p.advance < 0 {
				from++
			}
			to = from
			for to < len(p.taps) && p.taps[to].at+j*p.advance < d.src.W {
				to++
			}
			return from, to
		}
		for j := 0; j < p.count; {
			from, to := inside(j)
			first := j
			for j++; j < p.count; j++ {
				if f, t := inside(j); f != from || t != to {
					break
				}
			}
			s := depthwiseSpan{out: (p.first + first*p.step) * d.out.Pitch, n: j - first}
			for _, r := range rows {
				for _, t := range p.taps[from:to] {
					at := (r.at*d.src.W + t.at + first*p.advance) * d.src.Pitch
					if len(s.taps) == 0 {
						s.in = at
					}
					s.taps = append(s.taps, vec.Tap{Source: int32(at - s.in), Weight: int32((r.k*kw + t.k) * d.src.C)})
				}
			}
			spans = append(spans, s)
		}
	}
	return spans
}

// Algorithm implements [Plan].
func (d *Depthwise) Algorithm() string { return "depthwise" }

// Cost implements [Plan].
func (d *Depthwise) Cost() float64 { return float64(d.out.Elements()*d.taps) / 8 }

// Stage implements [Plan].
func (d *Depthwise) Stage() string { return "depthwise" }

// NeedsDense implements [ImagePlan].
func (d *Depthwise) NeedsDense() bool { return false }

// SetPitch implements [ImagePlan].
func (d *Depthwise) SetPitch(source, out int) {
	if source != d.src.Pitch || out != d.out.Pitch {
		d.src.Pitch, d.out.Pitch = source, out
		d.planRows()
	}
}

// Scattered implements [ImagePlan].
func (d *Depthwise) Scattered() bool { return false }

// Clips implements [ImagePlan].
func (d *Depthwise) Clips() gemm.Clip { return gemm.ClipReLU6 }

// clipBounds has the bounds that an activation keeps results in.
var clipBounds = [...]*vec.Bounds{gemm.NoClip: nil, gemm.ClipReLU: {Low: 0, High: float32(math.Inf(1))}, gemm.ClipReLU6: {Low: 0, High: 6}}

// PackedSize implements [gemm.Packer].
func (d *Depthwise) PackedSize() int { return d.taps * d.src.C }

// PackTasks implements [gemm.Packer].
func (d *Depthwise) PackTasks() int { return 1 }

// PackScratch implements [gemm.Packer].
func (d *Depthwise) PackScratch() int { return 0 }

// Form implements [gemm.Packer].
func (d *Depthwise) Form() string {
	return fmt.Sprintf("depthwise, %d channels, %d taps", d.src.C, d.taps)
}

// Pack implements [gemm.Packer]: it makes the channels of a tap contiguous.
func (d *Depthwise) Pack(dst, w, _ []float32, _ int) {
	for j := range d.src.C {
		for t := range d.taps {
			dst[t*d.src.C+j] = w[j*d.taps+t]
		}
	}
}

// Bias implements [ImagePlan]: a bias is used as it is.
func (d *Depthwise) Bias() gemm.Bias { return gemm.Bias{} }

// split cuts the rows of all images into tasks.
func (d *Depthwise) split() (tasks, chunk int) {
	return work.Split(d.n*d.out.H, max(1, depthwiseGrain/(d.out.W*d.out.C*d.taps)), 1)
}

// Tasks implements [Plan]: a task computes some rows, counted over all images.
func (d *Depthwise) Tasks() int {
	tasks, _ := d.split()
	return tasks
}

// Scratch implements [Plan].
func (d *Depthwise) Scratch() int { return 0 }

// Run implements [ImagePlan].
func (d *Depthwise) Run(task int, o Operands, _ []float32) (lo, hi int) {
	if o.Bias == nil {
		o.Bias = d.zeros
	}
	_, chunk := d.split()
	first, end := work.ChunkRange(task, chunk, d.n*d.out.H)
	for at := 0; at < d.src.C; at += d.block {
		d.runBlock(o, first, end, at, min(d.block, d.src.C-at))
	}
	row := d.out.W * d.out.C
	return first * row, end * row
}

// runBlock computes some channels of the rows first ≤ r < end.
func (d *Depthwise) runBlock(o Operands, first, end, channel, channels int) {
	packed, bias := o.Packed[channel:], o.Bias[channel:][:channels]
	for r := first; r < end; r++ {
		from, to := o.Source[r/d.out.H*d.src.Size()+channel:], o.Out[r*d.out.W*d.out.Pitch+channel:]
		d.row(r%d.out.H, to, from, 0, packed, bias, o.Clip)
	}
}

// row computes as many channels as bias has of an output row. from begins at element
// base of the source image.
func (d *Depthwise) row(y int, to, from []float32, base int, packed, bias []float32, clip gemm.Clip) {
	if d.windows.rows != nil && vec.HasWindows(d.problem.W[3], d.problem.Op.Stride[1]) {
		d.runWindows(y, to, from, base, packed, bias, clip)
		return
	}
	spans := d.rows[y].spans
	for i := range spans {
		s := &spans[i]
		vec.DepthwiseRow(to[s.out:], from[max(0, s.in-base):], packed, bias, s.taps, s.n, d.dstStep, d.srcStep, len(bias), clipBounds[clip])
	}
}
