package randgraph

import (
	"fmt"

	"github.com/strideml/stride/graph"
)

// jumps are the functions that jump where their argument changes a little, so that
// engines agree only on arguments without any rounding: leaves of the shape of x.
func jumps() map[string]operator {
	return map[string]operator{
		"Floor": jump("Floor", graph.Floor),
		"Ceil":  jump("Ceil", graph.Ceil),
		"Round": jump("Round", graph.Round),
		"Sign":  jump("Sign", graph.Sign),

		"Less":         comparison("Less", graph.Less),
		"LessEqual":    comparison("LessEqual", graph.LessEqual),
		"Greater":      comparison("Greater", graph.Greater),
		"GreaterEqual": comparison("GreaterEqual", graph.GreaterEqual),

		"Mod":  comparison("Mod", graph.Mod),
		"FMod": comparison("FMod", graph.FMod),

		"FakeQuantize": {weight: 2, // Ints: the range of the integers
			draw: func(g *grower, x int) Step {
				s := g.shape(x)
				args := []int{g.anyLeaf(s...), g.leaf("Variable", "positive"), g.leaf("Constant", "digits")}
				if len(s) > 1 && g.chance(0.6) { // a scale for each channel
					shape := make([]int, len(s)-1)
					for i := range shape {
						shape[i] = 1
					}
					shape[0] = s[1]
					args[1] = g.leaf("Variable", "positive", shape...)
				}
				return Step{Op: "FakeQuantize", Args: args, Ints: [][]int{{-128, 127}, {0, 255}, {-2, 3}}[g.r.IntN(3)]}
			},
			build: func(x []*graph.Node, s Step) *graph.Node {
				return graph.FakeQuantize(x[0], x[1], x[2], graph.FakeQuantizeOp{Min: s.Ints[0], Max: s.Ints[1]})
			},
			code: func(x []string, s Step) string {
				return fmt.Sprintf("graph.FakeQuantize(%s, %s, %s, graph.FakeQuantizeOp{Min: %d, Max: %d})", x[0], x[1], x[2], s.Ints[0], s.Ints[1])
			}},

		"TopKIndices": {weight: 1, draw: drawTopK,
			build: func(x []*graph.Node, s Step) *graph.Node {
				return graph.TopKIndices(x[0], s.Ints[0], s.Ints[1], s.Ints[2] == 1)
			},
			code: func(x []string, s Step) string {
				return fmt.Sprintf("graph.TopKIndices(%s, %d, %d, %v)", x[0], s.Ints[0], s.Ints[1], s.Ints[2] == 1)
			},
			fit: func(in [][]int, s *Step) [][]int {
				s.Ints[1] = min(s.Ints[1], in[0][s.Ints[0]])
				return nil
			}},
		"GatherElements": {weight: 2,
			draw: func(g *grower, x int) Step {
				s := drawTopK(g, x)
				return Step{Op: "GatherElements", Args: []int{x, g.add(s)}, Ints: s.Ints[:min(1, len(s.Ints))]}
			},
			build: func(x []*graph.Node, s Step) *graph.Node { return graph.GatherElements(x[0], s.Ints[0], x[1]) },
			code: func(x []string, s Step) string {
				return fmt.Sprintf("graph.GatherElements(%s, %d, %s)", x[0], s.Ints[0], x[1])
			}},

		"Not": {weight: 1,
			draw:  func(g *grower, x int) Step { return Step{Op: "Not", Args: []int{g.truth(x)}} },
			build: func(x []*graph.Node, _ Step) *graph.Node { return graph.Not(x[0]) }},
		"And": logic("And", graph.And),
		"Or":  logic("Or", graph.Or),
		"Xor": logic("Xor", graph.Xor),

		"Where": {weight: 8,
			draw: func(g *grower, x int) Step {
				return Step{Op: "Where", Args: []int{g.truth(x), x, g.partner(x)}}
			},
			build: func(x []*graph.Node, _ Step) *graph.Node { return graph.Where(x[0], x[1], x[2]) },
			fit: func(in [][]int, _ *Step) [][]int {
				return [][]int{broadcastTo(in[0], in[1]), nil, broadcastTo(in[2], in[1])}
			}},
	}
}

// drawTopK orders a leaf of the shape of x.
func drawTopK(g *grower, x int) Step {
	axis, ok := g.axis(x)
	if !ok {
		return Step{}
	}
	return Step{Op: "TopKIndices", Args: []int{g.anyLeaf(g.shape(x)...)}, Ints: []int{axis, g.between(1, g.shape(x)[axis]), g.r.IntN(2)}}
}

// jump is a function of one number.
func jump(name string, f func(*graph.Node) *graph.Node) operator {
	return operator{
		weight: 1,
		draw:   func(g *grower, x int) Step { return Step{Op: name, Args: []int{g.anyLeaf(g.shape(x)...)}} },
		build:  func(x []*graph.Node, _ Step) *graph.Node { return f(x[0]) },
	}
}

// comparison is a function of two numbers.
func comparison(name string, f func(a, b *graph.Node) *graph.Node) operator {
	o := pair(name, f, 1, anywhere)
	o.draw = func(g *grower, x int) Step { return g.compared(name, x) }
	return o
}

// compared compares a leaf of the shape of x with one that is broadcast to it.
func (g *grower) compared(name string, x int) Step {
	s := append([]int{}, g.shape(x)...)
	a := g.anyLeaf(s...)
	for i := range s {
		if i > 0 && g.chance(0.3) {
			s[i] = 1
		}
	}
	if g.chance(0.2) {
		s = s[:0]
	}
	return Step{Op: name, Args: []int{a, g.anyLeaf(s...)}}
}

// truth adds a node of the shape of x, or one that is broadcast to it, of zeros and
// ones.
func (g *grower) truth(x int) int {
	return g.add(g.compared([]string{"Less", "LessEqual", "Greater", "GreaterEqual"}[g.r.IntN(4)], x))
}

// logic is a function of two truth values.
func logic(name string, f func(a, b *graph.Node) *graph.Node) operator {
	o := pair(name, f, 1, anywhere)
	o.draw = func(g *grower, x int) Step { return Step{Op: name, Args: []int{g.truth(x), g.truth(x)}} }
	return o
}

// power has a positive base, and an exponent between −1 and 1.
func power() operator {
	o := pair("Power", graph.Power, 2, anywhere)
	o.draw = func(g *grower, x int) Step {
		return Step{Op: "Power", Args: []int{g.within(x, positive), g.within(g.partner(x), bounded)}}
	}
	return o
}
