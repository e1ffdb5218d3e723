package gemm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/strideml/stride/engine/cpu/internal/work"
)

func random(n int) []float32 {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// product returns the product of an m×k and a k×n matrix, given by their elements.
func product(m, k, n int, a, b func(i, j int) float32) []float64 {
	c := make([]float64, m*n)
	for i := range m {
		for j := range n {
			for t := range k {
				c[i*n+j] += float64(a(i, t)) * float64(b(t, j))
			}
		}
	}
	return c
}

func compare(t *testing.T, what string, got []float32, want []float64) {
	t.Helper()
	for i, v := range want {
		if !(math.Abs(float64(got[i])-v) <= 2e-5) {
			t.Errorf("%s: element %d is %v, want %v", what, i, got[i], v)
			return
		}
	}
}

// bfloat16 returns numbers rounded to bfloat16.
func bfloat16(x []float32) []float32 {
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = math.Float32frombits((math.Float32bits(v) + 0x7fff + math.Float32bits(v)>>16&1) &^ 0xffff)
	}
	return y
}

func pack(p Packer, src []float32) []float32 {
	dst := make([]float32, p.PackedSize())
	for task := range p.PackTasks() {
		p.Pack(dst, src, make([]float32, p.PackScratch()), task)
	}
	return dst
}

// TestProduct compares products with plain sums: with B packed and streamed, as it
// is and transposed, and with whole and shared rows.
func TestProduct(t *testing.T) {
	defer func(was work.Limits) { work.Limit = was }(work.Limit)
	work.Limit.TaskFMAs, work.Limit.BlockTerms, work.Limit.StreamedFloats = 1<<10, 24, 1<<9
	for _, s := range [][3]int{{1, 1, 1}, {5, 30, 7}, {40, 17, 33}, {3, 70, 130}, {300, 40, 40}} {
		m, k, n := s[0], s[1], s[2]
		a, b, bias, add := random(m*k), random(k*n), random(n), random(m*n)
		for _, c := range [][2]bool{{false, false}, {true, false}, {false, true}, {true, true}} {
			transposed, newProduct := c[0], New
			if c[1] { // of factors that are rounded already, so that products are exact
				a, b, newProduct = bfloat16(a), bfloat16(b), NewBF16
			}
			want := product(m, k, n, func(i, j int) float32 { return a[i*k+j] }, func(i, j int) float32 {
				if transposed {
					return b[j*k+i]
				}
				return b[i*n+j]
			})
			for i := range want {
				want[i] = min(max(0, want[i]+float64(bias[i%n])+float64(add[i])), 6)
			}
			for _, same := range []bool{false, true} {
				p := newProduct(m, k, n, transposed, same)
				o := Operands{A: a, B: b, Bias: pack(p.Bias(), bias), C: make([]float32, m*n), Add: add, Clip: ClipReLU6}
				if !p.Streamed() {
					o.B = pack(p, b)
				} else if same {
					t.Errorf("%v: a B that is always the same is streamed", s)
				}
				rows := make([]int, m*n)
				for task := range p.Tasks() {
					lo, hi := p.Run(task, o, make([]float32, p.Scratch()))
					for i := lo; i < hi; i++ {
						rows[i]++
					}
				}
				for i, times := range rows {
					if times == 0 || times > 1 && !p.Scattered() {
						t.Errorf("%v: element %d is in the ranges of %d tasks, scattered %t", s, i, times, p.Scattered())
						break
					}
				}
				compare(t, fmt.Sprintf("%v by %s, transposed %t, streamed %t", s, p.Algorithm(), transposed, p.Streamed()), o.C, want)
			}
		}
	}
}

// TestOuter compares sums of outer products with plain sums, whole and in blocks.
func TestOuter(t *testing.T) {
	defer func(was work.Limits) { work.Limit = was }(work.Limit)
	work.Limit.TaskFMAs, work.Limit.PixelTerms = 1<<10, 7
	for _, s := range [][3]int{{1, 1, 1}, {20, 9, 40}, {33, 140, 17}} {
		k, m, n := s[0], s[1], s[2]
		a, b := bfloat16(random(k*m+work.SlackFloats)), bfloat16(random(k*n+work.SlackFloats)) // so that products are exact in bfloat16 too
		want := product(m, k, n, func(i, j int) float32 { return a[j*m+i] }, func(i, j int) float32 { return b[i*n+j] })
		for _, p := range []*Outer{NewOuter(k, m, n), NewOuterBF16(k, m, n)} {
			scratch := make([]float32, p.Scratch())
			for i := range scratch {
				scratch[i] = float32(math.NaN())
			}
			c := make([]float32, m*n)
			for task := range p.Tasks() {
				p.Run(task, c, a, b, scratch)
			}
			compare(t, fmt.Sprintf("%v by %s", s, p.Algorithm()), c, want)
			const ld = 64
			rows := min(m, p.rows)
			block := make([]float32, m*ld)
			p.Block(block, ld, a, b, 0, rows, 0, n, c, scratch)
			for i := range rows {
				compare(t, fmt.Sprintf("%v by %s, row %d of a block", s, p.Algorithm(), i), block[i*ld:], want[i*n:(i+1)*n])
			}
		}
	}
}

// TestBatch compares products of many matrices with plain sums, for all orders of rows
// and columns, one task for some products and some tasks for each.
func TestBatch(t *testing.T) {
	defer func(was work.Limits) { work.Limit = was }(work.Limit)
	for _, taskFMAs := range []int{1 << 8, 1 << 20} {
		work.Limit.TaskFMAs, work.Limit.BlockTerms = taskFMAs, 24
		for _, s := range [][4]int{{1, 1, 1, 1}, {3, 5, 30, 7}, {20, 3, 4, 17}, {2, 250, 5, 33}} {
			count, m, k, n := s[0], s[1], s[2], s[3]
			for flags := range 4 {
				// The matrices lie in reverse order, with gaps between the rows.
				place := func(rows, columns int, transposed bool) Matrices {
					x := Matrices{Row: columns + 3, Column: 1}
					if transposed {
						x.Row, x.Column = 1, rows+3
					}
					for i := range count {
						x.Offsets = append(x.Offsets, (count-1-i)*(rows+3)*(columns+3))
					}
					return x
				}
				a, b := place(m, k, flags&1 == 1), place(k, n, flags&2 == 2)
				left, right := random(count*(m+3)*(k+3)+work.SlackFloats), random(count*(k+3)*(n+3)+work.SlackFloats)
				p := NewBatch(m, k, n, a, b)
				o := Operands{A: left, B: right, C: make([]float32, count*m*n)}
				if !p.Outer() {
					o.Add = random(len(o.C))
				}
				done := make([]int, len(o.C))
				for task := range p.Tasks() {
					lo, hi := p.Run(task, o, make([]float32, p.Scratch()))
					for i := lo; i < hi; i++ {
						done[i]++
					}
				}
				for i := range count {
					want := product(m, k, n, func(r, c int) float32 { return left[a.Offsets[i]+r*a.Row+c*a.Column] },
						func(r, c int) float32 { return right[b.Offsets[i]+r*b.Row+c*b.Column] })
					for j := range want {
						if o.Add != nil {
							want[j] += float64(o.Add[i*m*n+j])
						}
					}
					compare(t, fmt.Sprintf("%v, flags %d, matrix %d", s, flags, i), o.C[i*m*n:], want)
				}
				for i, times := range done {
					if times != 1 && !p.Outer() {
						t.Fatalf("%v, flags %d: element %d is in the ranges of %d tasks", s, flags, i, times)
					}
				}
			}
		}
	}
}
