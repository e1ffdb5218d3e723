package lower

import (
	"github.com/strideml/stride/engine/cpu/internal/exec"
	"github.com/strideml/stride/engine/cpu/internal/gemm"
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/engine/cpu/internal/kernel/vec"
)

// An epilogue is what a step does on each range of its output as soon as the
// range is computed and still in cache: elementwise work first, and then sums
// over its rows.
type epilogue struct {
	add  memory                              // what the step adds as it stores; without a buffer if nothing
	clip gemm.Clip                           // the activation that the step applies after that
	run  func(lo, hi int, scratch []float32) // elementwise work on a range, nil if there is none
	sums []func(task, first, lo, hi int)     // see rowSums
	row  int                                 // elements of a row of the output; all ranges are whole rows
}

// epilogueFloats is the size of the pieces in which epilogues are done: it fits the
// first-level cache, as a piece is read several times.
const epilogueFloats = 1 << 13

// epilogue returns the epilogue of an operation for the step that computes its main
// result. It adds buffers and scratch memory to the step, whose Tasks and Scratch must
// be set. first, if it is not nil, is done before it.
func (c *Lowerer) epilogue(o *ir.Op, s *exec.Step, first func(lo, hi int, scratch []float32)) *epilogue {
	e := &epilogue{clip: o.Epilogue.Clip, run: first, row: rowOf(o.Out())}
	if v := o.Epilogue.Add; v != nil {
		e.add = c.at(v)
		c.readLate(s, v)
	}
	if w := o.Epilogue.Elementwise; w != nil {
		b := c.blockProgram(w, o.Out())
		at := s.Scratch
		s.Scratch += b.scratch()
		e.then(func(lo, hi int, scratch []float32) { b.run(lo, hi, scratch[at:]) })
		for i, v := range w.Args {
			if i != o.Epilogue.Self {
				c.readLate(s, v)
			}
		}
	}
	if y := o.Epilogue.Mask; y != nil {
		v, mask := c.at(o.Out()), c.at(y)
		e.then(func(lo, hi int, _ []float32) {
			dy := v.data()[lo:hi]
			vec.ReLUGrad(dy, mask.data()[lo:hi], dy)
		})
		c.readLate(s, y)
	}
	for _, r := range o.Epilogue.Sums {
		p, sum := c.rowSums(r)
		p.allocate(c, s.Tasks)
		c.noteRows(s.Name, s.Tasks, r)
		e.sums = append(e.sums, sum)
		for _, v := range r.Args[1:] {
			c.readLate(s, v)
		}
		s.Writes = append(s.Writes, p.buf)
	}
	return e
}

// readLate adds a value to the buffers that the epilogue of a step reads.
func (c *Lowerer) readLate(s *exec.Step, v *ir.Value) {
	b := c.at(v).buf
	s.Reads, s.LateReads = append(s.Reads, b), append(s.LateReads, b)
}

// then adds work after what there is.
func (e *epilogue) then(f func(lo, hi int, scratch []float32)) {
	first := e.run
	if first == nil {
		e.run = f
		return
	}
	e.run = func(lo, hi int, scratch []float32) {
		first(lo, hi, scratch)
		f(lo, hi, scratch)
	}
}

// rowOf is the number of elements of a row of a value: of its channels if it is
// an image.
func rowOf(v *ir.Value) int {
	switch {
	case v.Image():
		return v.Shape[1]
	case len(v.Shape) == 0:
		return 1
	}
	return v.Shape[len(v.Shape)-1]
}

// done does the epilogue of a task that has completed the range lo ≤ i < hi of the
// output, all of its work.
func (e *epilogue) done(task, lo, hi int, scratch []float32) {
	if e.run == nil && e.sums == nil {
		return
	}
	piece := e.piece() * e.row
	for at := lo; at < hi; at += piece {
		e.part(task, lo, at, min(at+piece, hi), scratch)
	}
}

// piece is the number of rows to do at a time.
func (e *epilogue) piece() int { return max(1, epilogueFloats/e.row) }

// part does the epilogue of one of several ranges of a task, which must come in rising
// order. first is where the first of them starts.
func (e *epilogue) part(task, first, lo, hi int, scratch []float32) {
	if e.run != nil {
		e.run(lo, hi, scratch)
	}
	for _, sum := range e.sums {
		sum(task, first/e.row, lo/e.row, hi/e.row)
	}
}
