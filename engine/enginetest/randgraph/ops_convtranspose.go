package randgraph

import (
	"fmt"

	"github.com/strideml/stride/graph"
)

// convTranspose is the transposed convolution. Its Ints are its window, the number of
// groups, the extra padding and the output padding.
func convTranspose() map[string]operator {
	return map[string]operator{"ConvTranspose2D": {
		weight: 6, draw: drawConvTranspose,
		build: func(x []*graph.Node, s Step) *graph.Node {
			var bias *graph.Node
			if len(x) > 2 {
				bias = x[2]
			}
			return graph.ConvTranspose2D(x[0], x[1], bias, convWindow(s.Ints[:9]), [2]int{s.Ints[9], s.Ints[10]}, s.Ints[6])
		},
		code: func(x []string, s Step) string {
			if len(x) == 2 {
				x = append(x, "nil")
			}
			return fmt.Sprintf("graph.ConvTranspose2D(%s, %s, %#v, %d)", list(x), windowCode(convWindow(s.Ints[:9])), [2]int{s.Ints[9], s.Ints[10]}, s.Ints[6])
		},
		fit: func(in [][]int, s *Step) [][]int {
			if len(in[0]) != 4 || len(in[1]) != 4 {
				return nil
			}
			c, w := in[0][1], in[1]
			out := w[1] * s.Ints[6]
			if c%s.Ints[6] != 0 {
				s.Ints[6] = 1
			}
			want := [][]int{nil, {c, max(1, out/s.Ints[6]), w[2], w[3]}}
			if len(in) > 2 {
				want = append(want, []int{want[1][1] * s.Ints[6]})
			}
			return want
		},
	}}
}

func drawConvTranspose(g *grower, x int) Step {
	s := g.shape(x)
	if len(s) != 4 || g.special { // zeros around an image times an infinity are NaN, unless they are skipped
		return Step{}
	}
	v := []int{1, 1, 0, 0, 1, 1, 1, 0, 0, 0, 0}
	c, out, k := s[1], g.channels(), g.between(1, 4)
	for i := range 2 {
		v[i], v[2+i] = g.between(1, 2), g.r.IntN((k+1)/2)
		if g.chance(0.1) {
			v[4+i] = 2
		}
		if g.chance(0.2) {
			v[7+i] = g.r.IntN(2) - v[2+i]
		}
		v[9+i] = g.r.IntN(v[i])
	}
	switch {
	case g.chance(0.15):
		v[6], out = c, c
	case c%2 == 0 && g.chance(0.1):
		v[6], out = 2, roundUp(out, 2)
	}
	args := []int{x, g.weight(c, out/v[6], k, k)}
	if g.chance(0.5) {
		args = append(args, g.weight(out))
	}
	return Step{Op: "ConvTranspose2D", Args: args, Ints: v}
}
