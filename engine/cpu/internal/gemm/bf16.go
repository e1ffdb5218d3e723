package gemm

import "github.com/strideml/stride/engine/cpu/internal/kernel/matrix"

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
