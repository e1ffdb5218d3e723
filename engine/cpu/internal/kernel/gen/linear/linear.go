// Package linear emits the product of a constant matrix and a vector of registers,
// for the generators of the Winograd transforms. The product is unrolled, without
// its zeros, and with what rows or columns of the matrix have in common computed
// once: the points ±p of an algorithm make pairs of them that differ only in signs.
package linear

import "github.com/strideml/stride/engine/cpu/internal/kernel/winograd/matrices"

// A Machine emits instructions on registers of type R. Results are in registers of
// their own unless stated otherwise.
type Machine[R any] interface {
	Copy(x R) R
	Add(x, y R) R                // x + y
	Sub(x, y R) R                // x − y
	Scale(x R, c float64) R      // c·x
	AddTo(y, x R)                // y += x
	SubFrom(y, x R)              // y −= x
	AddScaled(y, x R, c float64) // y += c·x
}

// A term is a coefficient and the register that it multiplies.
type term[R any] struct {
	c float64
	x R
}

// Multiply emits M·x and calls store with each element of the result.
func Multiply[R any](on Machine[R], m matrices.Matrix, x []R, store func(i int, y R)) {
	m, x = combineColumns(on, m, x)
	done := make([]bool, len(m))
	for i := range m {
		if done[i] {
			continue
		}
		if j := partner(m, i); j >= 0 {
			var even, odd []term[R]
			for k := range m[i] {
				switch {
				case m[i][k] == 0:
				case m[i][k] == m[j][k]:
					even = append(even, term[R]{m[i][k], x[k]})
				default:
					odd = append(odd, term[R]{m[i][k], x[k]})
				}
			}
			e, o := sum(on, even), sum(on, odd)
			store(i, on.Add(e, o))
			store(j, on.Sub(e, o))
			done[j] = true
			continue
		}
		var terms []term[R]
		for k := range m[i] {
			if m[i][k] != 0 {
				terms = append(terms, term[R]{m[i][k], x[k]})
			}
		}
		store(i, sum(on, terms))
	}
}

// combineColumns replaces pairs of columns that are equal in some rows and
// opposite in the others by their sum and difference.
func combineColumns[R any](on Machine[R], m matrices.Matrix, x []R) (matrices.Matrix, []R) {
	t := m.Transposed()
	var columns matrices.Matrix
	var regs []R
	used := make([]bool, len(t))
	for i := range t {
		if used[i] {
			continue
		}
		j := partner(t, i)
		if j < 0 || used[j] {
			columns, regs = append(columns, t[i]), append(regs, x[i])
			continue
		}
		used[j] = true
		even, odd := make([]float64, len(m)), make([]float64, len(m))
		for k := range m {
			if t[i][k] == t[j][k] {
				even[k] = t[i][k]
			} else {
				odd[k] = t[i][k]
			}
		}
		columns, regs = append(columns, even, odd), append(regs, on.Add(x[i], x[j]), on.Sub(x[i], x[j]))
	}
	return columns.Transposed(), regs
}

// partner returns a later row that equals row i in some places and is its opposite
// in the others, with both kinds of places, or −1.
func partner(m matrices.Matrix, i int) int {
	for j := i + 1; j < len(m); j++ {
		equal, opposite, ok := 0, 0, true
		for k := range m[i] {
			switch {
			case m[i][k] == 0 && m[j][k] == 0:
			case m[i][k] == m[j][k]:
				equal++
			case m[i][k] == -m[j][k]:
				opposite++
			default:
				ok = false
			}
		}
		if ok && equal > 0 && opposite > 0 {
			return j
		}
	}
	return -1
}

// sum emits Σ c·x, starting with a coefficient of 1 if there is one.
func sum[R any](on Machine[R], terms []term[R]) (y R) {
	first := 0
	for i, t := range terms {
		if t.c == 1 {
			first = i
			break
		}
	}
	rest := append(append([]term[R]{}, terms[:first]...), terms[first+1:]...)
	switch t := terms[first]; {
	case t.c == 1 && len(rest) > 0 && rest[0].c == 1:
		y, rest = on.Add(t.x, rest[0].x), rest[1:]
	case t.c == 1 && len(rest) > 0 && rest[0].c == -1:
		y, rest = on.Sub(t.x, rest[0].x), rest[1:]
	case t.c == 1:
		y = on.Copy(t.x)
	default:
		y = on.Scale(t.x, t.c)
	}
	for _, t := range rest {
		switch t.c {
		case 1:
			on.AddTo(y, t.x)
		case -1:
			on.SubFrom(y, t.x)
		default:
			on.AddScaled(y, t.x, t.c)
		}
	}
	return y
}
