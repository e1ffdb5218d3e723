package lower

import (
	"slices"

	"github.com/strideml/stride/engine/cpu/internal/exec"
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/tensor"
)

// lines describe the elements of a value as lines along some axes, one line for each
// element of a reduction over these.
type lines struct {
	outer, inner             tensor.Shape // kept and reduced axes
	outerStrides, innerSteps []int
}

// linesOf returns the lines of a value along axes.
func linesOf(v *ir.Value, axes ...int) lines {
	var s lines
	steps := v.Strides()
	for i, n := range v.Shape {
		if slices.Contains(axes, i) {
			s.inner, s.innerSteps = append(s.inner, n), append(s.innerSteps, steps[i])
		} else {
			s.outer, s.outerStrides = append(s.outer, n), append(s.outerStrides, steps[i])
		}
	}
	return s
}

// position returns the offset of element i, in row-major order, of a box.
func position(i int, shape tensor.Shape, steps []int) int {
	offset := 0
	for a := len(shape) - 1; a >= 0; a-- {
		offset += i % shape[a] * steps[a]
		i /= shape[a]
	}
	return offset
}

// addLines adds a step that calls f for each line, with the index of its element of the
// result and the offset of the first element of the line.
func (c *Lowerer) addLines(name string, x, out memory, s lines, f func(element, start int)) {
	c.addSplit(exec.Step{Name: name, Reads: []*exec.Buffer{x.buf}, Writes: []*exec.Buffer{out.buf}},
		s.outer.Size(), max(1, (1<<12)/s.inner.Size()), 1, func(lo, hi int) {
			for i := lo; i < hi; i++ {
				f(i, position(i, s.outer, s.outerStrides))
			}
		})
}
