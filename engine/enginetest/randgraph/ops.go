package randgraph

import (
	"fmt"
	"slices"

	"github.com/strideml/stride/graph"
)

// An operator is an entry of the table: all that is known of an operator here.
type operator struct {
	// weight is how often the operator is drawn, compared with others.
	weight int
	// draw describes an application to step x, or returns a Step without a
	// name if the operator does not fit. It may add leaves for its other
	// arguments. nil means that only the templates use it.
	draw func(g *grower, x int) Step
	// build adds the operator to a graph.
	build func(x []*graph.Node, s Step) *graph.Node
	// code is the call in Go; nil means graph.Name(arguments, Ints…).
	code func(x []string, s Step) string
	// fit returns shapes that the arguments should have, given those that
	// they have: how shrinking finds the shape of a weight. nil entries stay
	// as they are. fit itself may be nil, and may correct the attributes.
	fit func(in [][]int, s *Step) [][]int
}

// operators is the table. To add an elementwise operator, add a line to
// elementwise; other operators stand in the file of their family.
var operators = map[string]operator{}

func init() {
	for _, table := range []map[string]operator{elementwise(), pairs(), jumps(), reductions(), movements(), images(), convTranspose(), resizing(), normalizations(), matrices(), groupSums()} {
		for name, o := range table {
			operators[name] = o
			operatorNames = append(operatorNames, name)
			operatorWeight += o.weight
		}
	}
	slices.Sort(operatorNames)
}

// operatorNames lists the table in a fixed order; operatorWeight is the sum of
// the weights.
var (
	operatorNames  []string
	operatorWeight int
)

// domain is where a function of one number is drawn.
type domain int

const (
	anywhere domain = iota
	bounded         // between −1 and 1
	positive        // between ½ and 1½
)

// elementwise are the functions of single numbers.
func elementwise() map[string]operator {
	return map[string]operator{
		"Neg":     unary("Neg", graph.Neg, anywhere),
		"ReLU":    unary("ReLU", graph.ReLU, anywhere),
		"ReLU6":   unary("ReLU6", graph.ReLU6, anywhere),
		"Sigmoid": unary("Sigmoid", graph.Sigmoid, anywhere),
		"Tanh":    unary("Tanh", graph.Tanh, anywhere),
		"Exp":     unary("Exp", graph.Exp, bounded),
		"Log":     unary("Log", graph.Log, positive),
		"Sqrt":    unary("Sqrt", graph.Sqrt, positive),

		"SiLU":        seldom(unary("SiLU", graph.SiLU, anywhere)),
		"HardSigmoid": seldom(unary("HardSigmoid", graph.HardSigmoid, anywhere)),
		"HardSwish":   seldom(unary("HardSwish", graph.HardSwish, anywhere)),
		"GELU":        seldom(unary("GELU", graph.GELU, anywhere)),
		"GELUTanh":    seldom(unary("GELUTanh", graph.GELUTanh, anywhere)),
		"Erf":         seldom(unary("Erf", graph.Erf, anywhere)),
		"Sin":         seldom(unary("Sin", graph.Sin, anywhere)),
		"Cos":         seldom(unary("Cos", graph.Cos, anywhere)),
		"Abs":         seldom(unary("Abs", graph.Abs, anywhere)),
		"LeakyReLU":   unaryWith("LeakyReLU", graph.LeakyReLU, anywhere, 0.01, 0.3),
		"ELU":         unaryWith("ELU", graph.ELU, anywhere, 0.5, 1),
		"Pow":         unaryWith("Pow", graph.Pow, positive, -1, 0.5, 2, 2.5, 3),
		"Softplus":    unaryWith2("Softplus", graph.Softplus, [2]float32{1, 20}, [2]float32{2, 10}),
		"Clip":        unaryWith2("Clip", graph.Clip, [2]float32{-0.5, 0.75}, [2]float32{0, 1}),
	}
}

// unary is a function of single numbers.
func unary(name string, f func(*graph.Node) *graph.Node, d domain) operator {
	return operator{
		weight: 6,
		draw:   func(g *grower, x int) Step { return Step{Op: name, Args: []int{g.within(x, d)}} },
		build:  func(x []*graph.Node, _ Step) *graph.Node { return f(x[0]) },
	}
}

// seldom is an operator that is drawn less often.
func seldom(o operator) operator {
	o.weight = 2
	return o
}

// unaryWith is a function of single numbers with a parameter, such as a slope,
// which is one of some and stands in Floats.
func unaryWith(name string, f func(x *graph.Node, a float32) *graph.Node, d domain, some ...float32) operator {
	o := seldom(unary(name, nil, d))
	draw := o.draw
	o.draw = func(g *grower, x int) Step {
		s := draw(g, x)
		s.Floats = []float32{some[g.r.IntN(len(some))]}
		return s
	}
	o.build = func(x []*graph.Node, s Step) *graph.Node { return f(x[0], s.Floats[0]) }
	o.code = floatsCode
	return o
}

// unaryWith2 is unaryWith for two parameters.
func unaryWith2(name string, f func(x *graph.Node, a, b float32) *graph.Node, some ...[2]float32) operator {
	o := unaryWith(name, nil, anywhere, 0)
	o.draw = func(g *grower, x int) Step {
		pair := some[g.r.IntN(len(some))]
		return Step{Op: name, Args: []int{x}, Floats: pair[:]}
	}
	o.build = func(x []*graph.Node, s Step) *graph.Node { return f(x[0], s.Floats[0], s.Floats[1]) }
	return o
}

// floatsCode is the call of a function whose attributes stand in Floats.
func floatsCode(x []string, s Step) string {
	return fmt.Sprintf("graph.%s(%s, %s)", s.Op, x[0], list(s.Floats))
}

// pairs are the functions of two arguments, broadcast.
func pairs() map[string]operator {
	return map[string]operator{
		"Add":   pair("Add", graph.Add, 24, anywhere),
		"Sub":   pair("Sub", graph.Sub, 8, anywhere),
		"Mul":   pair("Mul", graph.Mul, 16, anywhere),
		"Div":   pair("Div", graph.Div, 6, positive),
		"Equal": equal(),

		"Minimum": pair("Minimum", graph.Minimum, 4, anywhere),
		"Maximum": pair("Maximum", graph.Maximum, 4, anywhere),
		"Power":   power(),
	}
}

// pair is a function of two arguments; d is where the second is drawn.
func pair(name string, f func(a, b *graph.Node) *graph.Node, weight int, d domain) operator {
	return operator{
		weight: weight,
		draw: func(g *grower, x int) Step {
			y := g.within(g.partner(x), d)
			if d == anywhere && g.chance(0.3) {
				x, y = y, x
			}
			return Step{Op: name, Args: []int{x, y}}
		},
		build: func(x []*graph.Node, _ Step) *graph.Node { return f(x[0], x[1]) },
		fit: func(in [][]int, _ *Step) [][]int {
			return [][]int{broadcastTo(in[0], in[1]), broadcastTo(in[1], in[0])}
		},
	}
}

// broadcastTo returns a shape of the rank of s that broadcasts with t: s where it does.
func broadcastTo(s, t []int) []int {
	out := append([]int{}, s...)
	for k := 1; k <= min(len(s), len(t)); k++ {
		if a, b := s[len(s)-k], t[len(t)-k]; a != b && a != 1 && b != 1 {
			out[len(s)-k] = b
		}
	}
	return out
}

// equal compares with the maximum along an axis, so that some are equal: the
// two must have the same bits.
func equal() operator {
	return operator{
		weight: 2,
		draw: func(g *grower, x int) Step {
			axis, ok := g.axis(x)
			if !ok {
				return Step{}
			}
			return Step{Op: "Equal", Args: []int{x, g.add(Step{Op: "MaxKeep", Args: []int{x}, Ints: []int{axis}})}}
		},
		build: func(x []*graph.Node, _ Step) *graph.Node { return graph.Equal(x[0], x[1]) },
	}
}

// reductions are the operators that combine elements along axes.
func reductions() map[string]operator {
	reduce := func(name string, f func(*graph.Node, ...int) *graph.Node) operator {
		return operator{
			weight: 3,
			draw: func(g *grower, x int) Step {
				axes := g.axes(x)
				if len(axes) == 0 {
					return Step{}
				}
				return Step{Op: name, Args: []int{x}, Ints: axes}
			},
			build: func(x []*graph.Node, s Step) *graph.Node { return f(x[0], s.Ints...) },
		}
	}
	product := func(name string, f func(*graph.Node, ...int) *graph.Node) operator {
		o := reduce(name, f)
		o.weight = 1
		o.draw = func(g *grower, x int) Step { // of numbers from ½ to 1½ along one axis
			axis, ok := g.axis(x)
			if !ok {
				return Step{}
			}
			return Step{Op: name, Args: []int{g.within(x, positive)}, Ints: []int{axis}}
		}
		return o
	}
	along := func(name string, f func(*graph.Node, int) *graph.Node, weight int) operator {
		return operator{
			weight: weight,
			draw: func(g *grower, x int) Step {
				axis, ok := g.axis(x)
				if !ok {
					return Step{}
				}
				return Step{Op: name, Args: []int{x}, Ints: []int{axis}}
			},
			build: func(x []*graph.Node, s Step) *graph.Node { return f(x[0], s.Ints[0]) },
		}
	}
	return map[string]operator{
		"Sum": reduce("Sum", graph.Sum), "SumKeep": reduce("SumKeep", graph.SumKeep),
		"Mean": reduce("Mean", graph.Mean), "MeanKeep": reduce("MeanKeep", graph.MeanKeep),
		"Max": reduce("Max", graph.Max), "MaxKeep": reduce("MaxKeep", graph.MaxKeep),
		"Min": reduce("Min", graph.Min), "MinKeep": reduce("MinKeep", graph.MinKeep),
		"ArgMax": along("ArgMax", graph.ArgMax, 1), "ArgMin": along("ArgMin", graph.ArgMin, 1),
		"Prod": product("Prod", graph.Prod), "ProdKeep": product("ProdKeep", graph.ProdKeep),
		"CumSum": {weight: 2, // Ints: the axis, whether exclusive, whether reverse
			draw: func(g *grower, x int) Step {
				axis, ok := g.axis(x)
				if !ok {
					return Step{}
				}
				return Step{Op: "CumSum", Args: []int{x}, Ints: []int{axis, g.r.IntN(2), g.r.IntN(2)}}
			},
			build: func(x []*graph.Node, s Step) *graph.Node {
				return graph.CumSum(x[0], s.Ints[0], s.Ints[1] == 1, s.Ints[2] == 1)
			},
			code: func(x []string, s Step) string {
				return fmt.Sprintf("graph.CumSum(%s, %d, %v, %v)", x[0], s.Ints[0], s.Ints[1] == 1, s.Ints[2] == 1)
			}},
		"Softmax": along("Softmax", graph.Softmax, 5), "LogSoftmax": along("LogSoftmax", graph.LogSoftmax, 5),
		"CrossEntropy": {
			weight: 2,
			draw: func(g *grower, x int) Step {
				if s := g.shape(x); len(s) == 2 && s[1] >= 4 {
					return Step{Op: "CrossEntropy", Args: []int{x, g.leaf("Input", "labels", s[0])}}
				}
				return Step{}
			},
			build: func(x []*graph.Node, _ Step) *graph.Node { return graph.CrossEntropy(x[0], x[1]) },
			fit:   func(in [][]int, _ *Step) [][]int { return [][]int{nil, in[0][:1]} },
		},
	}
}
