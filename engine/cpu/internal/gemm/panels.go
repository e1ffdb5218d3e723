package gemm

import (
	"fmt"

	"github.com/strideml/stride/engine/cpu/internal/kernel/matrix"
)

// A Clip is an activation that a plan applies to results as it stores them.
type Clip int

// The activations, in such an order that a plan that applies one applies the
// smaller ones too.
const (
	NoClip Clip = iota
	ClipReLU
	ClipReLU6
)

func (c Clip) String() string { return [...]string{"nothing", "ReLU", "ReLU6"}[c] }

// Set makes a kernel call apply the activation if the call ends the sums.
func (c Clip) Set(args *matrix.TileArgs, last bool) {
	args.ReLU, args.ReLU6 = last && c != NoClip, c == ClipReLU6
}

// PanelWidth returns the width of the panels for a number of columns: narrow
// panels waste less where there are few.
func PanelWidth(columns int) int {
	if columns <= matrix.NarrowCols {
		return matrix.NarrowCols
	}
	return matrix.TileCols
}

// Tile calls the kernel for panels of a width that [PanelWidth] returned. It does
// not use a function value, so that args stays on the stack.
func Tile(args *matrix.TileArgs, width int) {
	if width == matrix.NarrowCols {
		matrix.TileNarrow(args)
	} else {
		matrix.Tile(args)
	}
}

// A Packer copies an operand that rarely changes to the order in which kernels
// read it. The calls of Pack for all tasks 0 ≤ task < PackTasks fill the
// PackedSize floats of dst from src; each needs PackScratch floats of scratch
// memory.
type Packer interface {
	PackedSize() int
	PackTasks() int
	PackScratch() int
	Pack(dst, src, scratch []float32, task int)
	// Form says how it packs: packers of one form make the same of the same operand.
	Form() string
}

// A Bias packs a vector of Groups×Per elements: it pads each group with zeros to
// whole panels of a width. The zero value means that a bias is used as it is.
type Bias struct{ Groups, Per, Width int }

// PackedSize implements [Packer]. It is 0 if a bias is used as it is.
func (b Bias) PackedSize() int { return b.PackTasks() * b.Width }

// PackTasks implements [Packer]: a task pads one panel.
func (b Bias) PackTasks() int {
	if b.Width == 0 {
		return 0
	}
	return b.Groups * matrix.Panels(b.Per, b.Width)
}

// PackScratch implements [Packer].
func (b Bias) PackScratch() int { return 0 }

// Form implements [Packer].
func (b Bias) Form() string { return fmt.Sprintf("bias %+v", b) }

// Pack implements [Packer].
func (b Bias) Pack(dst, src, _ []float32, task int) {
	panels := matrix.Panels(b.Per, b.Width)
	group, panel := task/panels, task%panels
	row := dst[task*b.Width:][:b.Width]
	k := copy(row, src[group*b.Per+panel*b.Width:(group+1)*b.Per])
	clear(row[k:])
}
