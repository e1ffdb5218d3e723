package gemm

import (
	"fmt"
	"github.com/strideml/stride/engine/cpu/internal/kernel/matrix"
	"github.com/strideml/stride/engine/cpu/internal/work"
)

// A Product is the plan of C = A·B + bias for row-major A of m×k and C of m×n.
//
// B is packed whole before the product, or streamed: each task packs its own
// panels, as much at a time as stays in the cache. That suits a large B that
// changes with every run, like the weights of a linear layer in training: it
// is read once, and no copy of it goes through the memory.
type Product struct {
	m, k, n int
	lda     int // from row to row of A
	ldb     int // from row to row of B
	rows    int // rows of a task
	parts   int // tasks that share the panels of the same rows
	panels  int
	nr      int // columns of a panel
	terms   int // of the panels packed at a time, if B is streamed; otherwise 0
	pack    packing
	aOff    []int32
	cOff    []int32
	zero    int32

	transposed bool // B is
	pairs      bool // B is packed, and A is multiplied, in pairs of bfloat16: see bf16.go
}

// New plans the product of m×k and k×n. B may be given transposed, as n×k, and
// may be the same in all runs: then it is never streamed.
func New(m, k, n int, transposed, same bool) *Product {
	return newProduct(m, k, n, k, pitchOf(k, n, transposed), transposed).plan(transposed, same)
}

// plan cuts the product into tasks.
func (p *Product) plan(transposed, same bool) *Product {
	m, k, n := p.m, p.k, p.n
	// Tasks of about TaskFMAs/4, at least MinimalTasks if there is enough.
	total := m * p.elements(k) * n
	tasks := max(1, min(4*total/work.Limit.TaskFMAs, m/matrix.NarrowRows, 64))
	p.rows = work.RoundUp((m+tasks-1)/tasks, matrix.NarrowRows)
	blocks := (m + p.rows - 1) / p.rows
	p.parts = max(1, min(p.panels, work.Limit.MinimalTasks/blocks, 4*total/blocks/work.Limit.TaskFMAs))
	if !same && k*n >= work.Limit.StreamedFloats && m <= streamedRows {
		p.stream(transposed)
	}
	p.planOffsets()
	return p
}

// NewWhole plans the product of m×k and k×n as one task, to measure the kernel.
func NewWhole(m, k, n int) *Product {
	p := newProduct(m, k, n, k, n, false)
	p.rows, p.parts = m, 1
	p.planOffsets()
	return p
}

// pitchOf is the number of columns of a k×n matrix as it is given, transposed or not.
func pitchOf(k, n int, transposed bool) int {
	if transposed {
		return k
	}
	return n
}

func newProduct(m, k, n, lda, ldb int, transposed bool) *Product {
	p := &Product{m: m, k: k, n: n, lda: lda, ldb: ldb, nr: PanelWidth(n), transposed: transposed}
	p.panels = matrix.Panels(n, p.nr)
	p.pack = p.packing(transposed)
	return p
}

// planOffsets tabulates where the rows of a task lie.
func (p *Product) planOffsets() {
	for i := range p.rows {
		p.aOff, p.cOff = append(p.aOff, int32(i*p.rowPitch())), append(p.cOff, int32(i*p.n))
	}
}

// streamedRows is how many rows share one pass over a streamed B, at most: with
// more of them a copy of B costs little.
const streamedRows = 256

// stream plans tasks that pack B themselves: about 128 KB of it at a time, in
// long pieces of its rows.
func (p *Product) stream(transposed bool) {
	panels, terms := 4, work.Limit.BlockTerms/2
	if !transposed {
		panels, terms = 16, work.Limit.BlockTerms/8
	}
	p.rows, p.terms = p.m, min(max(1, terms), p.elements(p.k))
	p.parts = max((p.panels+panels-1)/panels, min(p.panels, work.Limit.MinimalTasks))
}

// A packing packs the terms k ≤ t < k+run of the panels from ≤ panel < to of B.
type packing func(dst, b []float32, k, run, from, to int)

// packing returns how B is packed, given as it is or transposed.
func (p *Product) packing(transposed bool) packing {
	if transposed {
		return func(dst, b []float32, k, run, from, to int) {
			matrix.PackTransposed(dst, b[from*p.nr*p.ldb+k:], run, p.n-from*p.nr, p.ldb, p.nr, 0, to-from)
		}
	}
	return func(dst, b []float32, k, run, from, to int) {
		matrix.PackRowMajor(dst, b[k*p.ldb+from*p.nr:], run, p.n-from*p.nr, p.ldb, p.nr, 0, to-from)
	}
}

// Streamed reports whether tasks read B itself, so that it is not to be packed.
func (p *Product) Streamed() bool { return p.terms > 0 }

// Scattered reports whether several tasks share the rows of C, so that what a
// task completes is not one range of elements.
func (p *Product) Scattered() bool { return p.parts > 1 }

// Clips returns the greatest activation that the plan applies.
func (p *Product) Clips() Clip { return ClipReLU6 }

// Algorithm is the name of the plan in profiles.
func (p *Product) Algorithm() string {
	if p.pairs {
		return "GEMM, bfloat16"
	}
	return "GEMM"
}

// PackedSize implements [Packer] for B.
func (p *Product) PackedSize() int { return p.panels * p.elements(p.k) * p.nr }

// PackTasks implements [Packer]: a task packs one panel.
func (p *Product) PackTasks() int { return p.panels }

// PackScratch implements [Packer].
func (p *Product) PackScratch() int { return 0 }

// Form implements [Packer].
func (p *Product) Form() string {
	form := fmt.Sprintf("product %d×%d, transposed %v, pitch %d, panels of %d", p.k, p.n, p.transposed, p.ldb, p.nr)
	if p.pairs {
		form += ", bfloat16"
	}
	return form
}

// Pack implements [Packer].
func (p *Product) Pack(dst, b, _ []float32, task int) {
	k := p.elements(p.k)
	p.pack(dst[task*k*p.nr:], b, 0, k, task, task+1)
}

// Bias returns how a bias of n elements is packed.
func (p *Product) Bias() Bias { return Bias{Groups: 1, Per: p.n, Width: p.nr} }

// Scratch is the scratch memory of a task in floats.
func (p *Product) Scratch() int { return p.roundedSize() + p.streamedSize() }

// streamedSize is the size of the panels that a task packs at a time.
func (p *Product) streamedSize() int { return (p.panels + p.parts - 1) / p.parts * p.nr * p.terms }

// Tasks is the number of tasks.
func (p *Product) Tasks() int { return (p.m + p.rows - 1) / p.rows * p.parts }

// Operands are those of a product.
type Operands struct {
	A    []float32
	B    []float32 // packed, or B itself if it is streamed
	Bias []float32 // packed, or nil
	C    []float32
	Add  []float32 // nil, or of the size of C: it is added before the activation
	Clip Clip
}

// Run computes one task and returns the range lo ≤ i < hi of the elements of C
// that it completes, or, with tasks that share rows, of the rows that it
// completes a part of.
func (p *Product) Run(task int, o Operands, scratch []float32) (lo, hi int) {
	row0, part := task/p.parts*p.rows, task%p.parts
	rows := min(p.rows, p.m-row0)
	from, to := part*p.panels/p.parts, (part+1)*p.panels/p.parts
	all, first := p.elements(p.k), row0
	if p.pairs {
		p.roundRows(scratch, o.A[row0*p.lda:], rows)
		o.A, scratch, first = scratch, scratch[p.roundedSize():], 0
	}
	args := rowRange{row0, first, rows}
	switch {
	case p.terms > 0:
		for k := 0; k < all; k += p.terms {
			run := min(p.terms, all-k)
			p.pack(scratch, o.B, k, run, from, to)
			p.multiply(o, scratch, run*p.nr, args, from, to, k, run)
		}
	case rows == 1: // side by side, see matrix.TileRow
		for k := 0; k < all; k += work.Limit.BlockTerms {
			p.multiply(o, o.B[(from*all+k)*p.nr:], all*p.nr, args, from, to, k, min(work.Limit.BlockTerms, all-k))
		}
	default:
		for panel := from; panel < to; panel++ {
			for k := 0; k < all; k += work.Limit.BlockTerms {
				p.multiply(o, o.B[(panel*all+k)*p.nr:], 0, args, panel, panel+1, k, min(work.Limit.BlockTerms, all-k))
			}
		}
	}
	return row0 * p.n, (row0 + rows) * p.n
}

// A rowRange is n rows of C, from number c on, and of A, from number a on of those in the operands.
type rowRange struct{ c, a, n int }

// multiply adds the terms k ≤ t < k+run, or so many pairs of terms, to some rows of the panels
// from ≤ p < to, whose packed terms are step floats apart.
func (p *Product) multiply(o Operands, packed []float32, step int, rows rowRange, from, to, k, run int) {
	columns := p.nr
	if rows.n == 1 && p.nr == matrix.TileCols {
		columns *= to - from
	}
	for column, end := from*p.nr, min(to*p.nr, p.n); column < end; column += columns {
		args := matrix.TileArgs{
			A: &o.A[rows.a*p.rowPitch()+k], AOff: &p.aOff[0], B: &packed[(column/p.nr-from)*step], SegOff: &p.zero, Segs: 1, Run: run,
			C: &o.C[rows.c*p.n+column], COff: &p.cOff[0], Rows: rows.n, Cols: min(columns, end-column), Accumulate: k > 0,
		}
		if k == 0 && o.Bias != nil {
			args.Bias = &o.Bias[column]
		}
		last := k+run == p.elements(p.k)
		if o.Add != nil && last {
			args.Add, args.AddOff = &o.Add[rows.c*p.n+column], args.COff
		}
		o.Clip.Set(&args, last)
		switch {
		case p.pairs && columns > p.nr:
			matrix.TileRowPairs(&args, step)
		case p.pairs:
			matrix.TilePairs(&args)
		case columns > p.nr:
			matrix.TileRow(&args, step)
		default:
			Tile(&args, p.nr)
		}
	}
}
