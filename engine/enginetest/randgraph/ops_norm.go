package randgraph

import (
	"fmt"

	"github.com/strideml/stride/graph"
)

// normalizations are layer and group normalization; batch normalization is among the
// operators for images.
func normalizations() map[string]operator {
	return map[string]operator{
		"LayerNorm": {weight: 6, draw: drawLayerNorm, build: buildLayerNorm, code: codeLayerNorm, fit: fitLayerNorm},
		"GroupNorm": {weight: 6, draw: drawGroupNorm, build: buildGroupNorm, code: codeGroupNorm, fit: fitGroupNorm},
		"GroupStats": {
			weight: 1,
			draw: func(g *grower, x int) Step {
				if s := g.shape(x); len(s) != 2 && len(s) != 4 {
					return Step{}
				}
				s := drawGroupNorm(g, x)
				if len(s.Ints) == 0 {
					return Step{}
				}
				return Step{Op: "GroupStats", Args: []int{x}, Ints: s.Ints}
			},
			build: func(x []*graph.Node, s Step) *graph.Node { return graph.GroupStats(x[0], s.Ints[0]) },
		},
		"InstanceNorm": {
			weight: 2, draw: drawInstanceNorm, fit: fitGroupNorm,
			build: func(x []*graph.Node, s Step) *graph.Node {
				gamma, beta := optional(x)
				return graph.InstanceNorm(x[0], gamma, beta, s.Floats[0])
			},
			code: func(x []string, s Step) string {
				return fmt.Sprintf("graph.InstanceNorm(%s, %v)", list(withNil(x)), s.Floats[0])
			},
		},
	}
}

// leastTerms is how many elements must share a variance: that of fewer is nearly 0.
const leastTerms = 4

// affine returns the arguments x, gamma and beta, which have the given shape, or x
// alone.
func (g *grower) affine(x int, shape ...int) []int {
	if g.chance(0.2) {
		return []int{x}
	}
	return []int{x, g.weight(shape...), g.weight(shape...)}
}

// optional returns the second and the third argument, or nil.
func optional(x []*graph.Node) (gamma, beta *graph.Node) {
	if len(x) > 1 {
		return x[1], x[2]
	}
	return nil, nil
}

// withNil returns the code of three arguments.
func withNil(x []string) []string {
	if len(x) == 1 {
		return []string{x[0], "nil", "nil"}
	}
	return x
}

// A layer normalization's Ints are the axes, in rising order; Floats holds ε.
func drawLayerNorm(g *grower, x int) Step {
	s := g.shape(x)
	var axes []int
	switch {
	case len(s) == 4 && g.chance(0.6): // the channels of each pixel
		axes = []int{1}
	case g.chance(0.7):
		axes = []int{len(s) - 1}
	default:
		axes = g.axes(x)
	}
	row, terms := []int{}, 1
	for _, a := range axes {
		if a < 0 || a == 0 && g.batch > 0 {
			return Step{}
		}
		row = append(row, s[a])
		terms *= s[a]
	}
	if terms < leastTerms {
		return Step{}
	}
	return Step{Op: "LayerNorm", Args: g.affine(x, row...), Ints: axes, Floats: []float32{0.1}}
}

func buildLayerNorm(x []*graph.Node, s Step) *graph.Node {
	gamma, beta := optional(x)
	return graph.LayerNorm(x[0], gamma, beta, s.Floats[0], s.Ints...)
}

func codeLayerNorm(x []string, s Step) string {
	return fmt.Sprintf("graph.LayerNorm(%s, %v, %s)", list(withNil(x)), s.Floats[0], list(s.Ints))
}

func fitLayerNorm(in [][]int, s *Step) [][]int {
	var row []int
	for _, a := range s.Ints {
		if a >= len(in[0]) {
			return nil
		}
		row = append(row, in[0][a])
	}
	return [][]int{nil, row, row}[:len(in)]
}

// A group normalization's Ints hold the number of groups.
func drawGroupNorm(g *grower, x int) Step {
	s := g.shape(x)
	if len(s) < 2 {
		return Step{}
	}
	groups := g.between(1, 3)
	if s[1]%groups != 0 {
		groups = 1
	}
	if g.size(x)/(s[0]*groups) < leastTerms {
		return Step{}
	}
	return Step{Op: "GroupNorm", Args: g.affine(x, s[1]), Ints: []int{groups}, Floats: []float32{0.1}}
}

func buildGroupNorm(x []*graph.Node, s Step) *graph.Node {
	gamma, beta := optional(x)
	return graph.GroupNorm(x[0], s.Ints[0], gamma, beta, s.Floats[0])
}

func codeGroupNorm(x []string, s Step) string {
	return fmt.Sprintf("graph.GroupNorm(%s, %d, %s, %v)", x[0], s.Ints[0], list(withNil(x)[1:]), s.Floats[0])
}

func drawInstanceNorm(g *grower, x int) Step {
	s := g.shape(x)
	if len(s) < 3 || g.size(x)/(s[0]*s[1]) < leastTerms {
		return Step{}
	}
	return Step{Op: "InstanceNorm", Args: g.affine(x, s[1]), Floats: []float32{0.1}}
}

func fitGroupNorm(in [][]int, s *Step) [][]int {
	if len(in[0]) < 2 {
		return nil
	}
	c := in[0][1]
	if len(s.Ints) > 0 && c%s.Ints[0] != 0 {
		s.Ints[0] = 1
	}
	return [][]int{nil, {c}, {c}}[:len(in)]
}
