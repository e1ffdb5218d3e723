package lower

import (
	"github.com/strideml/stride/engine/cpu/internal/exec"
	"github.com/strideml/stride/engine/cpu/internal/gemm"
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// Matrix products are computed by the plan that the algorithm pass chose, see
// package gemm. A third argument is a bias that is added to each row.
var matMul = operator{work: "product", layout: layoutMatMul, ability: matMulAbility, lower: lowerMatMul}

func layoutMatMul(l *Layouts, o *ir.Op) {
	for i := range o.Args {
		l.Plain(o, i)
	}
	batch, batched := o.Plan.(*gemm.Batch)
	switch op := o.Do.(graph.MatMulOp); {
	case batched && batch.Outer():
		l.Arena(o, 0)
		l.Arena(o, 1)
	case batched:
	case op.TransA && op.TransB:
		a := o.Args[0]
		t := l.f.NewOp(graph.TransposeOp{Perm: []int{1, 0}}, a.Node, tensor.Shape{a.Shape[1], a.Shape[0]}, a)
		t.Needs = []ir.Need{{Layout: ir.Plain}}
		t.Out().Layout = ir.Plain
		l.Before(t)
		o.Args[0] = t.Out()
	case op.TransA:
		l.Arena(o, 0)
		l.Arena(o, 1)
	}
	l.MakePlain(o)
	_, o.Anywhere = o.Plan.(*gemm.Outer)
}

// matMulAbility: images of one pixel have rows of channels, which no task completes.
func matMulAbility(o *ir.Op) (Ability, bool) {
	if s := o.Out().Shape; len(s) == 4 && s[2]*s[3] == 1 {
		return Ability{}, false
	}
	switch p := o.Plan.(type) {
	case *gemm.Product:
		return Ability{Clips: p.Clips(), Scattered: p.Scattered(), Adds: true}, true
	case *gemm.Batch:
		return Ability{Clips: gemm.ClipReLU6, Adds: true}, !p.Outer()
	}
	return Ability{}, false
}

func lowerMatMul(c *Lowerer, o *ir.Op) {
	if p, ok := o.Plan.(*gemm.Outer); ok {
		if o.Epilogue.Elementwise != nil {
			lowerOuterUpdate(c, o, p)
		} else {
			lowerOuter(c, o, p)
		}
		return
	}
	if p, ok := o.Plan.(*gemm.Batch); ok {
		lowerBatch(c, o, p)
		return
	}
	p := o.Plan.(*gemm.Product)
	a, b := c.at(o.Args[0]), c.at(o.Args[1])
	if !p.Streamed() {
		b = c.pack(p, o.Args[1])
	}
	reads := []*exec.Buffer{a.buf, b.buf}
	var bias memory
	if len(o.Args) == 3 {
		bias = c.packBias(p.Bias(), o.Args[2])
		reads = append(reads, bias.buf)
	}
	// A bias is added earlier in the sum than by an operation of its own.
	c.noteOrder("product", p.Streamed(), len(o.Args))
	out := c.at(o.Out())
	s := exec.Step{
		Name: "product", Algorithm: p.Algorithm(), Tasks: p.Tasks(), Scratch: p.Scratch(), Reads: reads, Writes: []*exec.Buffer{out.buf},
	}
	e := c.epilogue(o, &s, nil)
	s.Run = func(task int, scratch []float32) {
		args := gemm.Operands{A: a.data(), B: b.data(), C: out.data(), Clip: e.clip}
		if bias.buf != nil {
			args.Bias = bias.data()
		}
		if e.add.buf != nil {
			args.Add = e.add.data()
		}
		lo, hi := p.Run(task, args, scratch)
		e.done(task, lo, hi, scratch)
	}
	c.add(s)
}

// lowerBatch computes many products.
func lowerBatch(c *Lowerer, o *ir.Op, p *gemm.Batch) {
	a, b, out := c.at(o.Args[0]), c.at(o.Args[1]), c.at(o.Out())
	reads := []*exec.Buffer{a.buf, b.buf}
	var bias memory
	if len(o.Args) == 3 {
		bias = c.packBias(p.Bias(), o.Args[2])
		reads = append(reads, bias.buf)
	}
	c.noteOrder("products", len(o.Args))
	s := exec.Step{
		Name: "products", Algorithm: p.Algorithm(), Tasks: p.Tasks(), Scratch: p.Scratch(), Reads: reads, Writes: []*exec.Buffer{out.buf},
	}
	e := c.epilogue(o, &s, nil)
	s.Run = func(task int, scratch []float32) {
		args := gemm.Operands{A: a.data(), B: b.data(), C: out.data(), Clip: e.clip}
		if bias.buf != nil {
			args.Bias = bias.data()
		}
		if e.add.buf != nil {
			args.Add = e.add.data()
		}
		lo, hi := p.Run(task, args, scratch)
		e.done(task, lo, hi, scratch)
	}
	c.add(s)
}

// lowerOuter computes aᵀ·b as a sum of outer products.
func lowerOuter(c *Lowerer, o *ir.Op, p *gemm.Outer) {
	a, b, out := c.at(o.Args[0]), c.at(o.Args[1]), c.at(o.Out())
	c.add(exec.Step{
		Name: "transposed product", Algorithm: p.Algorithm(), Tasks: p.Tasks(), Scratch: p.Scratch(), Reads: []*exec.Buffer{a.buf, b.buf}, Writes: []*exec.Buffer{out.buf},
		Run: func(task int, scratch []float32) { p.Run(task, out.data(), a.data(), b.data(), scratch) },
	})
}

// The size of a block of the gradient in an operation that includes the update.
const (
	updateRows    = 24
	updateColumns = 1024
	updatePitch   = updateColumns + work.AlignFloats // rows lie in different sets of the cache
)

// lowerOuterUpdate computes aᵀ·b, the gradient of a matrix of weights, and from it the
// new weights, block by block: the gradient is never in memory as a whole.
func lowerOuterUpdate(c *Lowerer, o *ir.Op, p *gemm.Outer) {
	update, self := o.Epilogue.Elementwise, o.Epilogue.Self
	a, b, weights := c.at(o.Args[0]), c.at(o.Args[1]), c.at(o.Out())
	program := c.blockProgram(update, o.Out())
	reads := c.bufsOf(o.Args...)
	for i, v := range update.Args {
		if i != self {
			reads = append(reads, c.at(v).buf)
		}
	}
	parts := (p.Columns() + updateColumns - 1) / updateColumns
	c.add(exec.Step{
		Name: "transposed product, update", Algorithm: p.Algorithm(), Tasks: (p.Rows() + updateRows - 1) / updateRows * parts,
		Scratch: updateRows*updatePitch + max(program.scratch(), p.Scratch()), Reads: reads, Writes: []*exec.Buffer{weights.buf},
		Run: func(task int, scratch []float32) {
			row, column := task/parts*updateRows, task%parts*updateColumns
			rowEnd, columnEnd := min(row+updateRows, p.Rows()), min(column+updateColumns, p.Columns())
			block, rest := scratch[:updateRows*updatePitch], scratch[updateRows*updatePitch:]
			p.Block(block, updatePitch, a.data(), b.data(), row, rowEnd, column, columnEnd, weights.data(), rest)
			for r := row; r < rowEnd; r++ {
				program.runWith(self, block[(r-row)*updatePitch:], r*p.Columns()+column, r*p.Columns()+columnEnd, rest)
			}
		},
	})
}
