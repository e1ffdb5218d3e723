package gemm

import (
	"github.com/strideml/stride/engine/cpu/internal/kernel/matrix"
	"github.com/strideml/stride/engine/cpu/internal/work"
)

// Matrices says where the matrices of an operand lie. Row or Column must be 1.
type Matrices struct {
	Offsets []int // of the first element of each matrix
	Row     int   // distance between the rows of a matrix
	Column  int   // distance between its columns
}

// A Batch is the plan of products Cᵢ = Aᵢ·Bᵢ + bias of m×k and k×n matrices. A task
// computes some of them, or some rows of one, and packs Bᵢ itself, so that a copy
// stays in the cache. The matrices Cᵢ lie one after the other.
//
// An Aᵢ that is given transposed is read as it is by outer products, unless Bᵢ is
// transposed too: then the task transposes Aᵢ first. Outer products need
// [work.SlackFloats] readable floats after A and B, and add no bias.
type Batch struct {
	m, k, n int
	a, b    []int    // offsets
	product *Product // nil if there are outer products
	outer   *Outer
	turn    int // distance between the columns of Aᵢ if the task transposes it, otherwise 0
	panels  int // of B that a task packs at a time
	terms   int // of each of these
	each    int // tasks of a product
	group   int // products of a task, if each is 1
}

// batchFloats is how many floats of B a task packs at a time, about: 128 KB.
const batchFloats = 1 << 15

// batchRows is how many rows of A share a packed Bᵢ, at least, where several tasks
// compute one product: fewer would not make up for packing it in each.
const batchRows = 96

// NewBatch plans the products of the matrices in a by those in b.
func NewBatch(m, k, n int, a, b Matrices) *Batch {
	p := &Batch{m: m, k: k, n: n, a: a.Offsets, b: b.Offsets, each: 1, group: 1}
	transA, transB := a.Column != 1, b.Column != 1
	if transA && !transB {
		p.outer = newOuter(k, m, n, a.Column, b.Row)
		p.each = p.outer.Tasks()
	} else {
		lda, ldb := a.Row, b.Row
		if transA {
			lda, p.turn = k, a.Column
		}
		if transB {
			ldb = b.Column
		}
		p.product = newProduct(m, k, n, lda, ldb, transB)
		p.terms = min(k, max(1, work.Limit.BlockTerms/2))
		p.panels = min(p.product.panels, max(1, batchFloats/(p.product.nr*p.terms)))
		if p.turn == 0 {
			p.each = max(1, min((2*work.Limit.MinimalTasks+len(p.a)-1)/len(p.a), m/batchRows, 4*m*k*n/work.Limit.TaskFMAs))
		}
		p.product.rows = work.RoundUp((m+p.each-1)/p.each, matrix.NarrowRows)
		p.each = (m + p.product.rows - 1) / p.product.rows
		p.product.planOffsets()
	}
	if p.each == 1 {
		p.group = max(1, min(work.Limit.TaskFMAs/4/(m*k*n), len(p.a)/work.Limit.MinimalTasks))
	}
	return p
}

// Algorithm is the name of the plan in profiles.
func (p *Batch) Algorithm() string {
	if p.outer != nil {
		return p.outer.Algorithm()
	}
	return p.product.Algorithm()
}

// Outer reports whether the plan computes outer products, which add no bias and apply
// no activation, and whose tasks do not complete one range of elements each.
func (p *Batch) Outer() bool { return p.outer != nil }

// Bias returns how a bias of n elements is packed.
func (p *Batch) Bias() Bias { return p.product.Bias() }

// Scratch is the scratch memory of a task in floats.
func (p *Batch) Scratch() int {
	if p.outer != nil {
		return 0
	}
	return p.panels*p.product.nr*p.terms + p.turned()
}

// turned is the size of an Aᵢ that a task transposes.
func (p *Batch) turned() int {
	if p.turn == 0 {
		return 0
	}
	return p.m * p.k
}

// Tasks is the number of tasks.
func (p *Batch) Tasks() int { return (len(p.a) + p.group - 1) / p.group * p.each }

// Run computes one task. Unless the plan computes outer products, the task completes
// the elements lo ≤ i < hi of C.
func (p *Batch) Run(task int, o Operands, scratch []float32) (lo, hi int) {
	size := p.m * p.n
	if p.outer != nil {
		for i := task / p.each * p.group; i < min((task/p.each+1)*p.group, len(p.a)); i++ {
			p.outer.Run(task%p.each, o.C[i*size:], o.A[p.a[i]:], o.B[p.b[i]:], nil)
		}
		return 0, 0
	}
	first, last := task/p.each*p.group, min((task/p.each+1)*p.group, len(p.a))
	row := task % p.each * p.product.rows
	rows := min(p.product.rows, p.m-row)
	for i := first; i < last; i++ {
		one := Operands{A: o.A[p.a[i]:], B: o.B[p.b[i]:], Bias: o.Bias, C: o.C[i*size:], Clip: o.Clip}
		if o.Add != nil {
			one.Add = o.Add[i*size:]
		}
		p.multiply(one, row, rows, scratch)
	}
	return first*size + row*p.n, (last-1)*size + (row+rows)*p.n
}

// multiply computes some rows of one product.
func (p *Batch) multiply(o Operands, row, rows int, scratch []float32) {
	q := p.product
	if p.turn > 0 {
		a := scratch[:p.turned()]
		matrix.Transpose2D(a, o.A, p.k, p.m, p.k, p.turn)
		o.A, scratch = a, scratch[len(a):]
	}
	for from := 0; from < q.panels; from += p.panels {
		to := min(from+p.panels, q.panels)
		for k := 0; k < p.k; k += p.terms {
			run := min(p.terms, p.k-k)
			q.pack(scratch, o.B, k, run, from, to)
			q.multiply(o, scratch, run*q.nr, rowRange{row, row, rows}, from, to, k, run)
		}
	}
}
