package qconv

import (
	"github.com/strideml/stride/engine/cpu/internal/kernel/quantized"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// A Plan is one way to compute a convolution. It is made for dense images; SetPitch adapts it to
// others. Weights are packed and biases are folded once, then the tasks of a run are independent.
type Plan interface {
	// SetPitch says how far apart the pixels of the source, the result and what is added to it
	// are, in elements.
	SetPitch(source, out, add int)
	// Algorithm is the name of the plan in profiles.
	Algorithm() string

	// PackedSize is the size of the packed weights in bytes. Pack packs those of the group
	// 0 ≤ group < Groups, given row-major, O×C/groups×Kh×Kw.
	PackedSize() int
	Groups() int
	Pack(packed, weights []int8, group int)
	// Columns is the number of elements of the scales and of the initial values of the sums, and Column the number
	// that an output channel has among them. Fold computes these values for a group: the bias, in units of the sum, one
	// element for each output channel, less what the zero point of the source adds.
	Columns() int
	Column(channel int) int
	Fold(sums, bias []int32, packed []int8, zero int32, group int)

	// Tasks is the number of tasks, and Scratch the memory in bytes that each needs. Run computes a
	// task.
	Tasks() int
	Scratch() int
	Run(task int, o Operands, scratch []byte)
}

// Operands are those of a run of a [Plan].
type Operands struct {
	Source []byte
	Zero   byte // zero point of the source
	Packed []int8
	Sums   []int32   // from Fold
	Scale  []float32 // of each column, instead of that in Output
	Output quantized.Output
	Add    []byte    // nil, or what is added to the result; nil for a depthwise convolution
	Out    []byte    // the result, if it is of bytes
	Floats []float32 // the result otherwise; nil for a depthwise convolution
}

// New plans the convolution of x by weights of the shape w to y: N×C×H×W, O×C/groups×Kh×Kw and
// N×O×H'×W'.
func New(op graph.Conv2DOp, x, w, y tensor.Shape) Plan {
	if IsDepthwise(op, x, y) {
		return newDepthwise(op, x, w, y)
	}
	return newDirect(op, x, w, y)
}

// IsDepthwise reports whether a convolution of x to y has as many groups as channels, and one output channel for
// each.
func IsDepthwise(op graph.Conv2DOp, x, y tensor.Shape) bool {
	return op.Groups > 1 && op.Groups == x[1] && y[1] == x[1]
}
