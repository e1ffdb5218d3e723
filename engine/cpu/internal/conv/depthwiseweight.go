package conv

import (
	"github.com/strideml/stride/engine/cpu/internal/kernel/vec"
	"github.com/strideml/stride/engine/cpu/internal/work"
)

// DepthwiseWeight computes the weight gradient of a depthwise convolution. It sums
// over the rows of dy in chunks, each with partial sums of its own, and then over
// the chunks.
type DepthwiseWeight struct {
	output *Depthwise // the taps of each pixel
	size   int        // floats of a partial sum: taps × channels
	rows   int        // of all images
	chunk  int        // rows of a task
	tasks  int
}

func newDepthwiseWeight(p Problem) *DepthwiseWeight {
	d := newDepthwise(p)
	w := &DepthwiseWeight{output: d, size: d.taps * d.src.C, rows: d.n * d.out.H}
	w.chunk = max(work.Grain(depthwiseGrain)/(d.out.W*w.size), (w.rows+work.Limit.MaxChunks-1)/work.Limit.MaxChunks, 1)
	w.tasks = (w.rows + w.chunk - 1) / w.chunk
	return w
}

// Algorithm implements [Plan].
func (w *DepthwiseWeight) Algorithm() string { return "depthwise" }

// Cost implements [Plan].
func (w *DepthwiseWeight) Cost() float64 { return w.output.Cost() }

// Stage implements [Plan].
func (w *DepthwiseWeight) Stage() string { return "depthwise weight gradient" }

// NeedsDense implements [WeightPlan].
func (w *DepthwiseWeight) NeedsDense() (x, dy bool) { return true, true }

// SetPitch implements [WeightPlan]. It does nothing: images are dense.
func (w *DepthwiseWeight) SetPitch(int, int) {}

// NeedsSlack implements [WeightPlan].
func (w *DepthwiseWeight) NeedsSlack() (x, dy bool) { return false, false }

// Tasks implements [Plan]: a task sums over a chunk of rows.
func (w *DepthwiseWeight) Tasks() int { return w.tasks }

// Scratch implements [Plan].
func (w *DepthwiseWeight) Scratch() int { return 0 }

// Run implements [WeightPlan].
func (w *DepthwiseWeight) Run(task int, dst, x, dy, _ []float32) {
	d := w.output
	row := d.out.W * d.out.C
	lo, hi := work.ChunkRange(task, w.chunk, w.rows)
	sum := dst[task*w.size : (task+1)*w.size]
	clear(sum)
	for r := lo; r < hi; r++ {
		from, grad := x[r/d.out.H*d.src.Size():], dy[r*row:(r+1)*row]
		spans := d.rows[r%d.out.H].spans
		for i := range spans {
			s := &spans[i]
			vec.DepthwiseGradRow(sum, from[s.in:], grad[s.out:], s.taps, s.n, d.srcStep, d.src.C)
		}
	}
}

// PartialSize implements [WeightPlan].
func (w *DepthwiseWeight) PartialSize() int { return w.tasks * w.size }

// SumTasks implements [WeightPlan].
func (w *DepthwiseWeight) SumTasks() int { return 1 }

// SumScratch implements [WeightPlan].
func (w *DepthwiseWeight) SumScratch() int { return 0 }

// Sum implements [WeightPlan].
func (w *DepthwiseWeight) Sum(_ int, dst, partial, _ []float32) {
	total := partial[:w.size]
	for t := 1; t < w.tasks; t++ {
		vec.Add(total, total, partial[t*w.size:(t+1)*w.size])
	}
	taps, channels := w.output.taps, w.output.src.C
	for j := range channels {
		for t := range taps {
			dst[j*taps+t] = total[t*channels+j]
		}
	}
}
