package conv

import "github.com/strideml/stride/engine/cpu/internal/gemm"

// A Plan is one way to compute a [Problem]: an [ImagePlan] or a [WeightPlan]. It is
// made for dense images; SetPitch adapts it to others. The stages of a plan are
// carried out one after the other; the tasks of a stage are independent. All
// sizes count float32 elements.
type Plan interface {
	// Algorithm is the name of the plan in profiles and in tuning files.
	Algorithm() string
	// Cost estimates the time for one image. The unit is that of eight
	// multiply-adds of a direct sum.
	Cost() float64
	// Stage is the name of the main stage in profiles.
	Stage() string

	// Tasks is the number of tasks of the main stage, and Scratch the scratch
	// memory of each.
	Tasks() int
	Scratch() int
}

// An ImagePlan computes the output of a convolution from its input, or the
// gradient of the input from that of the output. The image that it reads is
// called source. There are up to four stages: the weights are packed, the bias is
// packed, source points are computed, and then the main stage.
type ImagePlan interface {
	Plan
	gemm.Packer // of the weights, row-major O×C/groups×Kh×Kw

	// NeedsDense reports whether the pixels of source and output must lie side by
	// side. If not, SetPitch tells in which distances they are.
	NeedsDense() bool
	SetPitch(source, out int)

	// Bias returns how a bias is packed; its PackedSize is 0 if it is used as it
	// is, one element for each output channel.
	Bias() gemm.Bias

	// PointsSize is the size of the source points that a stage before the main
	// one computes for all tasks of that; 0 if there is no such stage. Points
	// computes task 0 ≤ task < PointsTasks of it, to dst, the points of all tasks,
	// with PointsScratch floats of scratch memory.
	PointsSize() int
	PointsTasks() int
	PointsScratch() int
	Points(task int, dst, source, scratch []float32)

	// Run computes one task of the main stage and returns the range lo ≤ i < hi of
	// the elements of the output that the task completes and that Operands.Done was not
	// told of: whole pixels, counted as if they were side by side. If Scattered is true, tasks share that range: each
	// completes some channels of it.
	Run(task int, o Operands, scratch []float32) (lo, hi int)
	Scattered() bool
	// Clips is the greatest activation that Run can apply.
	Clips() gemm.Clip
}

// An Adder is an [ImagePlan] that may be able to add an image of the output's shape to
// the output before the activation: Operands.Add, whose pixels are so far apart as
// SetAddPitch has said last.
type Adder interface {
	ImagePlan
	Adds() bool
	SetAddPitch(pitch int)
}

// A Streamer is an [ImagePlan] that may be able to read the weights as they are, and does
// after Stream: Operands.Packed has them then, and there is no stage that packs them. That
// is faster where they are used once, and slower where what was packed would be kept.
type Streamer interface {
	ImagePlan
	CanStream() bool
	Stream()
}

// A PlanarReader is an [ImagePlan] that may be able to read the source in row-major order,
// N×C×H×W, and does after ReadPlanar.
type PlanarReader interface {
	ImagePlan
	CanReadPlanar() bool
	ReadPlanar()
}

// Operands are those of the main stage of an [ImagePlan].
type Operands struct {
	Source []float32
	Packed []float32 // weights, as they are if a [Streamer] reads them
	Bias   []float32 // packed if the plan asks for it; may be nil
	Points []float32 // nil if there are none
	Out    []float32
	Add    []float32 // nil, or what an [Adder] adds
	Clip   gemm.Clip // at most what the plan's Clips returns

	// Fill, if it is not nil, makes the source: it returns the pixels first ≤ i < end, counted
	// over all images, side by side. Only a [Direct] whose Fills is true calls it.
	Fill func(first, end int, scratch []float32) []float32
	// Done, if it is not nil, is told of the ranges that a task completes, while they are
	// in the cache: with the number of the task, the range, and the task's scratch
	// memory. A plan may leave it out and return the range from Run instead.
	Done func(task, lo, hi int, scratch []float32)
}

// A WeightPlan computes the gradient of the weights from the input x and the
// gradient of the output, dy. There are up to two stages: the main one, which may
// compute partial sums, and one that adds them up.
type WeightPlan interface {
	Plan

	// NeedsDense reports whether the pixels of x and of dy must lie side by side.
	// If not, SetPitch tells in which distances they are.
	NeedsDense() (x, dy bool)
	SetPitch(x, dy int)
	// NeedsSlack reports whether work.SlackFloats floats after the end of x and of
	// dy must be readable.
	NeedsSlack() (x, dy bool)

	// Run computes one task of the main stage to dst: all partial sums, or the
	// gradient itself, row-major O×C/groups×Kh×Kw, if PartialSize is 0.
	Run(task int, dst, x, dy, scratch []float32)

	// PartialSize is the size of all partial sums. Sum computes task
	// 0 ≤ task < SumTasks of the second stage, which adds up partial sums to dst,
	// the gradient, with SumScratch floats of scratch memory. It may change the
	// partial sums.
	PartialSize() int
	SumTasks() int
	SumScratch() int
	Sum(task int, dst, partial, scratch []float32)
}

// noPoints is part of plans without a stage for source points.
type noPoints struct{}

func (noPoints) PointsSize() int                             { return 0 }
func (noPoints) PointsTasks() int                            { return 0 }
func (noPoints) PointsScratch() int                          { return 0 }
func (noPoints) Points(int, []float32, []float32, []float32) {}
