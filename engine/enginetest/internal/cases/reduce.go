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
		{"Min", graph.Min, graph.MinKeep, Exact},
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
	// Products with no zero, one and several in a line.
	prod := reduction{"Prod", graph.Prod, graph.ProdKeep, Pointwise}
	for _, axes := range [][]int{{0}, {1}, {2}, {0, 2}, {0, 1, 2}} {
		add(prod, of(3, 4, 5).with(positive), axes, "")
		add(prod, of(3, 4, 5).with(digit), axes, ", zeros")
	}
	for _, axes := range [][]int{{1}, {1, 2}, {1, 3}, {2, 3}, {0, 2, 3}} { // inner axes, and those of images
		add(prod, of(2, 8, 3, 2).with(positive), axes, "")
	}
	return cases
}

var reduceGolden = map[string]GoldenFunc{
	"sum":  goldenReduction(graph.Sum, graph.SumKeep),
	"mean": goldenReduction(graph.Mean, graph.MeanKeep),
	"amax": goldenReduction(graph.Max, graph.MaxKeep),
	"amin": goldenReduction(graph.Min, graph.MinKeep),
	"prod": goldenReduction(graph.Prod, graph.ProdKeep),
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
	op, ok := n.Op().(graph.ReduceOp)
	if !ok { // the derivative of a product
		return Rounding{}
	}
	terms := n.Inputs()[0].Shape().Size() / n.Shape().Size()
	switch op.Func {
	case graph.KindProd:
		return Rounding{}
	case graph.KindMax:
		return Rounding{None: true, Terms: terms}
	case graph.KindMean:
		return Rounding{Terms: terms, Sum: n.Inputs(), Mean: true}
	}
	return Rounding{Terms: terms, Sum: n.Inputs()}
}
