package cases

import (
	"fmt"
	"slices"

	"github.com/strideml/stride/graph"
)

func matMulCases() []Case {
	var cases []Case
	add := func(m, k, n int, ta, tb bool) {
		a, b := of(m, k), of(k, n)
		if ta {
			a = of(k, m)
		}
		if tb {
			b = of(n, k)
		}
		cases = append(cases, Case{
			Name: fmt.Sprintf("%d×%d×%d %v %v", m, k, n, ta, tb),
			Args: []Arg{a, b},
			Build: func(x []*graph.Node) *graph.Node {
				return graph.MatMulT(x[0], x[1], ta, tb)
			},
			Forward: Sums, Backward: Sums,
		})
	}
	for i, s := range [][3]int{
		{1, 1, 1}, {1, 1, 7}, {7, 1, 1}, {1, 9, 1}, {5, 1, 6}, {2, 3, 4}, {3, 8, 5}, {6, 16, 16}, {7, 17, 15}, {8, 8, 8}, {13, 31, 33},
		{16, 5, 48}, {17, 64, 1}, {1, 70, 65}, {31, 2, 31}, {33, 33, 33}, {6, 70, 16}, {12, 7, 32}, {70, 3, 70}, {70, 70, 70}, {64, 64, 64},
		{5, 400, 12}, {2, 1025, 3}, {130, 4, 5}, {4, 5, 130},
	} {
		for flags := range 4 {
			// Large products: one combination of flags each.
			if s[0]*s[1]*s[2] < 20000 || flags == i%4 {
				add(s[0], s[1], s[2], flags&1 == 1, flags&2 == 2)
			}
		}
	}
	for _, s := range [][3]int{{1, 5, 3}, {4, 120, 84}, {33, 17, 10}, {2, 256, 7}} {
		cases = append(cases, Case{
			Name: fmt.Sprintf("Linear %d×%d to %d", s[0], s[1], s[2]),
			Args: []Arg{of(s[0], s[1]), of(s[2], s[1]), of(s[2])},
			Build: func(x []*graph.Node) *graph.Node {
				return graph.Linear(x[0], x[1], x[2])
			},
			Forward: Sums, Backward: Sums,
		})
	}
	cases = append(cases, batchedCases()...)
	return append(cases, Case{
		Name:    "of a matrix with itself",
		Args:    []Arg{of(9, 9)},
		Build:   func(x []*graph.Node) *graph.Node { return graph.MatMul(x[0], x[0]) },
		Forward: Sums, Backward: Sums,
	})
}

// batchedCases multiplies several matrices, with all kinds of batch axes, and with
// arguments that are transposed by an operation of their own.
func batchedCases() []Case {
	var cases []Case
	add := func(name string, a, b []int, f func(a, b *graph.Node) *graph.Node) {
		cases = append(cases, Case{
			Name: name, Args: []Arg{of(a...), of(b...)}, Forward: Sums, Backward: Sums,
			Build: func(x []*graph.Node) *graph.Node { return f(x[0], x[1]) },
		})
	}
	for i, s := range []struct {
		a, b    []int // batch axes
		m, k, n int
	}{
		{[]int{3}, []int{3}, 4, 5, 6}, {[]int{3}, nil, 7, 9, 5}, {nil, []int{3}, 5, 3, 17}, {[]int{2, 3}, []int{2, 3}, 17, 8, 19},
		{[]int{2, 1}, []int{3}, 6, 7, 8}, {[]int{2, 3}, []int{1, 1}, 3, 33, 16}, {[]int{1, 1}, []int{1}, 5, 4, 3}, {[]int{1}, []int{4}, 1, 6, 1},
		{[]int{5}, []int{5}, 1, 1, 1}, {[]int{2}, []int{2}, 70, 20, 33}, {[]int{40}, []int{40}, 3, 4, 5}, {[]int{2}, []int{1}, 2, 600, 3},
		{[]int{2}, []int{2}, 3, 1030, 2}, {[]int{2, 1, 2}, []int{3, 1}, 4, 3, 5},
	} {
		for flags := range 4 {
			ta, tb := flags&1 == 1, flags&2 == 2
			if s.m*s.k*s.n > 3000 && flags != i%4 && flags != (i+1)%4 {
				continue
			}
			rows, columns := [2]int{s.m, s.k}, [2]int{s.k, s.n}
			if ta {
				rows = [2]int{s.k, s.m}
			}
			if tb {
				columns = [2]int{s.n, s.k}
			}
			a, b := append(slices.Clone(s.a), rows[:]...), append(slices.Clone(s.b), columns[:]...)
			add(fmt.Sprintf("%v×%v %v %v", a, b, ta, tb), a, b, func(a, b *graph.Node) *graph.Node { return graph.MatMulT(a, b, ta, tb) })
		}
	}
	for _, p := range [][2][]int{{{0, 2, 1, 3}, {0, 2, 3, 1}}, {{0, 2, 3, 1}, {0, 2, 1, 3}}, {{0, 2, 1, 3}, {0, 2, 1, 3}}, {{2, 0, 1, 3}, {2, 0, 1, 3}}, {{0, 1, 3, 2}, {0, 1, 3, 2}}, {{3, 0, 1, 2}, {3, 0, 1, 2}}} {
		for flags := range 4 {
			ta, tb := flags&1 == 1, flags&2 == 2
			inner := [2]int{3, 2}
			if ta {
				inner[0] = 2
			}
			if tb {
				inner[1] = 3
			}
			// Sizes of the axes as the product sees them, and as they are before the transposition.
			before := func(perm []int, inner int) []int {
				sizes, out := []int{2, 3, 8, 8}, make([]int, 4)
				sizes[inner] = 5
				for i, a := range perm {
					out[a] = sizes[i]
				}
				return out
			}
			a, b := before(p[0], inner[0]), before(p[1], inner[1])
			add(fmt.Sprintf("%v by %v, %v by %v %v %v", a, p[0], b, p[1], ta, tb), a, b, func(a, b *graph.Node) *graph.Node {
				return graph.MatMulT(graph.Transpose(a, p[0]...), graph.Transpose(b, p[1]...), ta, tb)
			})
		}
	}
	add("attention", []int{2, 9, 12}, []int{36, 12}, attention)
	add("a bias and a ReLU", []int{2, 5, 6}, []int{6, 7}, func(a, b *graph.Node) *graph.Node {
		bias := graph.Reshape(graph.Slice(graph.Slice(b, 0, 0, 1), 1, 0, 7), 7)
		return graph.ReLU(graph.Add(graph.MatMul(a, b), bias))
	})
	add("images of one pixel", []int{2, 3, 1, 4}, []int{2, 3, 4, 1}, func(a, b *graph.Node) *graph.Node {
		y := graph.Mul(graph.MatMul(a, b), a.Graph().Scalar(0.5))
		return graph.Add(y, graph.Reshape(graph.Sum(y, 0, 2, 3), 3, 1, 1))
	})
	return cases
}

// attention is that of three heads, with the projection qkv: four sizes a head.
func attention(x, qkv *graph.Node) *graph.Node {
	n, t := x.Shape()[0], x.Shape()[1]
	all := graph.Transpose(graph.Reshape(graph.MatMulT(x, qkv, false, true), n, t, 3, 3, 4), 2, 0, 3, 1, 4)
	part := func(i int) *graph.Node { return graph.Reshape(graph.Slice(all, 0, i, i+1), n, 3, t, 4) }
	scores := graph.Mul(graph.MatMul(part(0), graph.Transpose(part(1), 0, 1, 3, 2)), x.Graph().Scalar(0.5))
	return graph.Reshape(graph.Transpose(graph.MatMul(scores, part(2)), 0, 2, 1, 3), n, t, 12)
}

var matMulGolden = map[string]GoldenFunc{
	"matmul": goldenOf2(graph.MatMul),
	"linear": func(_ Golden, x map[string]*graph.Node) *graph.Node { return graph.Linear(x["x"], x["w"], x["b"]) },
}

func matMulRounding(n *graph.Node) Rounding {
	a := n.Inputs()[0].Shape()
	inner := a[len(a)-1]
	if n.Op().(graph.MatMulOp).TransA {
		inner = a[len(a)-2]
	}
	return Rounding{Terms: inner, Sum: n.Inputs()[:2]}
}
