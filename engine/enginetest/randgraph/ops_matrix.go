package randgraph

import (
	"fmt"
	"slices"

	"github.com/strideml/stride/graph"
)

// matrices are the matrix products.
func matrices() map[string]operator {
	return map[string]operator{
		"MatMulT": {
			weight: 8, // Ints: whether each is transposed
			draw:   drawMatMul,
			build: func(x []*graph.Node, s Step) *graph.Node {
				return graph.MatMulT(x[0], x[1], s.Ints[0] == 1, s.Ints[1] == 1)
			},
			code: func(x []string, s Step) string {
				return fmt.Sprintf("graph.MatMulT(%s, %v, %v)", list(x), s.Ints[0] == 1, s.Ints[1] == 1)
			},
			fit: fitMatMul,
		},
		"Linear": {
			weight: 12,
			draw: func(g *grower, x int) Step {
				s := g.shape(x)
				if len(s) < 2 {
					return Step{}
				}
				out := g.channels()
				args := []int{x, g.weight(out, s[len(s)-1])}
				if g.chance(0.6) {
					args = append(args, g.weight(out))
				}
				return Step{Op: "Linear", Args: args}
			},
			build: func(x []*graph.Node, _ Step) *graph.Node {
				if len(x) == 2 {
					return graph.Linear(x[0], x[1], nil)
				}
				return graph.Linear(x[0], x[1], x[2])
			},
			code: func(x []string, _ Step) string {
				if len(x) == 2 {
					x = append(x, "nil")
				}
				return "graph.Linear(" + list(x) + ")"
			},
			fit: func(in [][]int, _ *Step) [][]int {
				if len(in[0]) < 2 || len(in[1]) != 2 {
					return nil
				}
				return [][]int{nil, {in[1][0], in[0][len(in[0])-1]}, {in[1][0]}}[:len(in)]
			},
		},
	}
}

// drawMatMul multiplies the matrices of x by one matrix, or by as many.
func drawMatMul(g *grower, x int) Step {
	s := g.shape(x)
	rank := len(s)
	if rank < 2 || rank == 2 && g.batch > 0 {
		return Step{}
	}
	a, b := g.r.IntN(2), g.r.IntN(2)
	inner := s[rank-1-a]
	fits := func(t []int) bool {
		return len(t) == rank && t[rank-2+b] == inner && slices.Equal(t[:rank-2], s[:rank-2])
	}
	y, ok := g.find(fits)
	if !ok || g.chance(0.5) {
		other := []int{g.channels(), g.channels()}
		other[b] = inner
		if rank == 2 || g.chance(0.4) {
			y = g.weight(other...)
		} else {
			batch := slices.Clone(s[:rank-2])
			for i := range batch {
				if g.chance(0.2) && (i > 0 || g.batch == 0) {
					batch[i] = 1
				}
			}
			y = g.anyLeaf(append(batch, other...)...)
		}
	}
	return Step{Op: "MatMulT", Args: []int{x, y}, Ints: []int{a, b}}
}

// fitMatMul makes the inner sizes and the batch axes agree.
func fitMatMul(in [][]int, s *Step) [][]int {
	p, q := len(in[0]), len(in[1])
	if p < 2 || q < 2 {
		return nil
	}
	want := append(broadcastTo(in[1][:q-2], in[0][:p-2]), in[1][q-2:]...)
	want[q-2+s.Ints[1]] = in[0][p-1-s.Ints[0]]
	return [][]int{nil, want}
}
