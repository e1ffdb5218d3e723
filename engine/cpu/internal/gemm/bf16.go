package gemm

import (
	"github.com/strideml/stride/engine/cpu/internal/kernel/matrix"
	"github.com/strideml/stride/engine/cpu/internal/work"
)

// NewBF16 plans the product of m×k and k×n as [New] does, of factors that are rounded to bfloat16: those of B
// when it is packed, the rows of A by each task that multiplies them. Bias and sums are float32.
func NewBF16(m, k, n int, transposed, same bool) *Product {
	p := newProduct(m, k, n, k, pitchOf(k, n, transposed), transposed)
	p.pairs, p.nr = true, matrix.TileCols
	p.panels = matrix.Panels(n, p.nr)
	p.pack = p.packPairs
	return p.plan(transposed, same)
}

// elements is the number of elements of so many terms: themselves, or their pairs.
func (p *Product) elements(terms int) int {
	if p.pairs {
		return (terms + 1) / 2
	}
	return terms
}

// rowPitch is the distance between the rows of A as the kernels read them: where they are, or rounded. Those of a
// multiple of 4 KB would all lie in one set of the first-level cache.
func (p *Product) rowPitch() int {
	if !p.pairs {
		return p.lda
	}
	n := p.elements(p.k)
	if n%1024 == 0 {
		n += matrix.TileCols
	}
	return n
}

// roundedSize is the size of the rows of A that a task rounds.
func (p *Product) roundedSize() int {
	if !p.pairs {
		return 0
	}
	return p.rows * p.rowPitch()
}

// roundRows rounds rows of A.
func (p *Product) roundRows(dst, a []float32, rows int) {
	for i := range rows {
		matrix.Round(dst[i*p.rowPitch():], a[i*p.lda:][:p.k])
	}
}

// packPairs is a [packing] in pairs, of which it packs those from k on, run of them.
func (p *Product) packPairs(dst, b []float32, k, run, from, to int) {
	var block [2 * pairRows * matrix.TileCols]float32
	for panel := from; panel < to; panel++ {
		for t := 0; t < run; t += pairRows {
			n := min(pairRows, run-t)
			first := 2 * (k + t)
			terms := min(2*n, p.k-first)
			rows := block[:2*n*p.nr]
			if p.transposed {
				matrix.PackTransposed(rows[:terms*p.nr], b[panel*p.nr*p.ldb+first:], terms, p.n-panel*p.nr, p.ldb, p.nr, 0, 1)
			} else {
				matrix.PackRowMajor(rows[:terms*p.nr], b[first*p.ldb+panel*p.nr:], terms, p.n-panel*p.nr, p.ldb, p.nr, 0, 1)
			}
			clear(rows[terms*p.nr:])
			for i := range n {
				pairs := rows[2*i*p.nr:][:2*p.nr]
				matrix.RoundRows(dst[((panel-from)*run+t+i)*p.nr:], pairs[:p.nr], pairs[p.nr:])
			}
		}
	}
}

// pairRows is how many pairs of a panel are packed at a time: their terms stay in the first-level cache.
const pairRows = 64

// outerTerms is the most terms of a sum that [NewOuterBF16] rounds: all of those of a task's rows are in scratch memory.
const outerTerms = 1024

// NewOuterBF16 is [NewOuter] for factors that are rounded to bfloat16, in pairs of terms. Sums of many terms, and products of
// few columns, are in float32.
func NewOuterBF16(k, m, n int) *Outer {
	p := NewOuter(k, m, n)
	if k == 1 || k > outerTerms || n <= matrix.NarrowCols {
		return p
	}
	p.pairs = true
	p.aOff, p.bOff = nil, nil
	for i := range p.elements() {
		p.aOff, p.bOff = append(p.aOff, int32(i*pairsPitch(p.rows))), append(p.bOff, int32(i*matrix.TileCols))
	}
	p.zeros = make([]float32, max(p.rows, matrix.TileCols))
	return p
}

// elements is the number of pairs of terms.
func (p *Outer) elements() int { return (p.k + 1) / 2 }

// pairsPitch is the distance between the rows of pairs of so many columns of A: an odd number of cache lines, lest they lie in
// the same set of the cache.
func pairsPitch(columns int) int {
	return ((columns+work.AlignFloats-1)/work.AlignFloats | 1) * work.AlignFloats
}

// blockPairs is Block in pairs: it rounds the columns of A that are the block's rows, and then, panel by
// panel, those of B.
func (p *Outer) blockPairs(dst []float32, ld int, a, b []float32, row, rowEnd, column, columnEnd int, next, scratch []float32) {
	pitch := pairsPitch(p.rows)
	left, panel := scratch[:p.elements()*pitch], scratch[p.elements()*pitch:]
	p.roundTerms(left, pitch, a[row:], p.m, rowEnd-row)
	args := matrix.OuterArgs{B1: 8, LdC: ld, Rows: rowEnd - row}
	fetched := row // of next
	prefetch := Prefetch{Upcoming(next, fetched*p.n+column, columnEnd-column)}
	for j := column; j < columnEnd; j += matrix.TileCols {
		args.Cols = min(matrix.TileCols, columnEnd-j)
		p.roundTerms(panel, matrix.TileCols, b[j:], p.n, args.Cols)
		args.C = &dst[j-column]
		for at := 0; at < p.elements(); at += work.Limit.PixelTerms {
			args.K = min(work.Limit.PixelTerms, p.elements()-at)
			args.A, args.AOff = &left[at*pitch], &p.aOff[0]
			args.B, args.BOff = &panel[at*matrix.TileCols], &p.bOff[0]
			args.Accumulate = at > 0
			if len(prefetch[0]) == 0 && fetched+1 < rowEnd {
				fetched++
				prefetch[0] = Upcoming(next, fetched*p.n+column, columnEnd-column)
			}
			prefetch.Attach(&args)
			matrix.OuterPairs(&args)
		}
	}
}

// roundTerms rounds the first n elements of the terms of an operand, step floats apart, to rows of pairs.
func (p *Outer) roundTerms(dst []float32, pitch int, src []float32, step, n int) {
	for i := 0; i < p.k; i += 2 {
		row, even := dst[i/2*pitch:], src[i*step:][:n]
		if i+1 < p.k {
			matrix.RoundRows(row, even, src[(i+1)*step:])
		} else {
			matrix.RoundRows(row, even, p.zeros)
		}
	}
}
