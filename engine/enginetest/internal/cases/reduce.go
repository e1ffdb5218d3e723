package cases

import (
	"fmt"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// reduceCases reduces over every subset of the axes of arrays of rank 0 to 4.
func reduceCases() []Case {
	type reduction struct {
		name       string
		drop, keep func(x *graph.Node, axes ...int) *graph.Node
		tol        Tolerance
	}
	reductions := []reduction{
		{"Sum", graph.Sum, graph.SumKeep, Sums},
		{"Mean", graph.Mean, graph.MeanKeep, Sums},
		{"Max", graph.Max, graph.MaxKeep, Exact},
	}
	var cases []Case
	add := func(r reduction, x Arg, axes []int, note string) {
		for _, keep := range []bool{false, true} {
			f := r.drop
			if keep {
				f = r.keep
			}
			cases = append(cases, Case{
				Name:    fmt.Sprintf("%s %v over %v, keep %v%s", r.name, x.shape, axes, keep, note),
				Args:    []Arg{x},
				Build:   func(x []*graph.Node) *graph.Node { return f(x[0], axes...) },
				Forward: r.tol, Backward: Sums,
			})
		}
	}
	for _, r := range reductions {
		for _, shape := range []tensor.Shape{{}, {13}, {5, 9}, {3, 4, 5}, {2, 3, 4, 5}, {2, 8, 3, 3}} {
			for subset := range 1 << len(shape) {
				var axes []int
				for a := range shape {
					if subset>>a&1 == 1 {
						axes = append(axes, a)
					}
				}
				if len(axes) > 0 || len(shape) == 0 {
					add(r, Arg{shape: shape}, axes, "")
				}
			}
		}
		add(r, of(3, 17, 7, 7), []int{-1, -2}, "")
		add(r, of(1, 33, 5, 5), []int{0, 2, 3}, "")
		add(r, of(2, 1, 4, 4), []int{1}, "")
		add(r, of(70, 33), []int{0}, "")
		add(r, of(1237), nil, "")
		add(r, of(6, 7).with(digit), []int{1}, ", ties")
		add(r, of(2, 3, 4, 4).with(digit), []int{2, 3}, ", ties")
	}
	return cases
}

var reduceGolden = map[string]GoldenFunc{
	"sum":  goldenReduction(graph.Sum, graph.SumKeep),
	"mean": goldenReduction(graph.Mean, graph.MeanKeep),
	"amax": goldenReduction(graph.Max, graph.MaxKeep),
}

func goldenReduction(drop, keep func(*graph.Node, ...int) *graph.Node) GoldenFunc {
	return func(c Golden, x map[string]*graph.Node) *graph.Node {
		if c.Keep {
			return keep(x["x"], c.Axes...)
		}
		return drop(x["x"], c.Axes...)
	}
}

func reduceRounding(n *graph.Node) Rounding {
	terms := n.Inputs()[0].Shape().Size() / n.Shape().Size()
	switch n.Op().(graph.ReduceOp).Func {
	case graph.KindMax:
		return Rounding{None: true, Terms: terms}
	case graph.KindMean:
		return Rounding{Terms: terms, Sum: n.Inputs(), Mean: true}
	}
	return Rounding{Terms: terms, Sum: n.Inputs()}
}
