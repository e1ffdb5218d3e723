package gemm

import (
	"github.com/strideml/stride/engine/cpu/internal/kernel/matrix"
	"github.com/strideml/stride/engine/cpu/internal/work"
)

// An Outer is the plan of C = Aᵀ·B for A of k×m and B of k×n, a sum of k outer
// products, as the gradient of a linear layer's weights is. A and B must be
// followed by [work.SlackFloats] readable floats.
type Outer struct {
	k, m, n       int
	aOff, bOff    []int32
	rows, columns int       // of C in a task
	pairs         bool      // in bfloat16, see bf16.go: aOff and bOff are those of pairs in scratch memory
	zeros         []float32 // with that: the partner of a last term
}

// NewOuter plans the product of k×m, transposed, and k×n.
func NewOuter(k, m, n int) *Outer { return newOuter(k, m, n, m, n) }

// newOuter is NewOuter for rows of A and B that are lda and ldb floats apart.
func newOuter(k, m, n, lda, ldb int) *Outer {
	p := &Outer{k: k, m: m, n: n}
	for i := range k {
		p.aOff, p.bOff = append(p.aOff, int32(i*lda)), append(p.bOff, int32(i*ldb))
	}
	// Tasks are blocks of rows × columns of about TaskFMAs/4.
	p.rows = work.RoundUp(min(m, 128), matrix.TileRows)
	p.columns = max(1, work.Limit.TaskFMAs/4/(k*p.rows*matrix.TileCols)) * matrix.TileCols
	return p
}

// Rows is the number of rows of C, m.
func (p *Outer) Rows() int { return p.m }

// Columns is the number of columns of C, n.
func (p *Outer) Columns() int { return p.n }

// Algorithm is the name of the plan in profiles.
func (p *Outer) Algorithm() string {
	if p.pairs {
		return "outer products, bfloat16"
	}
	return "outer products"
}

func (p *Outer) parts() int { return (p.n + p.columns - 1) / p.columns }

// Tasks is the number of tasks.
func (p *Outer) Tasks() int { return (p.m + p.rows - 1) / p.rows * p.parts() }

// Scratch is the scratch memory of a task in floats.
func (p *Outer) Scratch() int {
	if !p.pairs {
		return 0
	}
	return p.elements()*(pairsPitch(p.rows)+matrix.TileCols) + work.SlackFloats
}

// Run computes one task, a block of C.
func (p *Outer) Run(task int, c, a, b, scratch []float32) {
	row, column := task/p.parts()*p.rows, task%p.parts()*p.columns
	p.Block(c[row*p.n+column:], p.n, a, b, row, min(row+p.rows, p.m), column, min(column+p.columns, p.n), nil, scratch)
}

// Block computes the rows row ≤ i < rowEnd and columns column ≤ j < columnEnd
// of C to dst, where rows are ld floats apart. Meanwhile it fetches the same
// elements of next, an m×n matrix, unless next is nil. It needs Scratch floats of scratch
// memory, and a block has at most as many rows as one of a task.
func (p *Outer) Block(dst []float32, ld int, a, b []float32, row, rowEnd, column, columnEnd int, next, scratch []float32) {
	if p.pairs {
		p.blockPairs(dst, ld, a, b, row, rowEnd, column, columnEnd, next, scratch)
		return
	}
	args := matrix.OuterArgs{A: &a[row], B1: 8, LdC: ld, Rows: rowEnd - row}
	fetched := row // of next
	prefetch := Prefetch{Upcoming(next, fetched*p.n+column, columnEnd-column)}
	for j := column; j < columnEnd; j += matrix.TileCols {
		args.Cols = min(matrix.TileCols, columnEnd-j)
		args.B, args.C = &b[j], &dst[j-column]
		for at := 0; at < p.k; at += work.Limit.PixelTerms {
			args.K = min(work.Limit.PixelTerms, p.k-at)
			args.AOff, args.BOff = &p.aOff[at], &p.bOff[at]
			args.Accumulate = at > 0
			if len(prefetch[0]) == 0 && fetched+1 < rowEnd {
				fetched++
				prefetch[0] = Upcoming(next, fetched*p.n+column, columnEnd-column)
			}
			prefetch.Attach(&args)
			matrix.Outer(&args)
		}
	}
}
