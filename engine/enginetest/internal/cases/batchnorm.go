package cases

import (
	"fmt"
	"math/rand/v2"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/tensor"
)

func batchNormCases() []Case {
	var cases []Case
	shapes := []tensor.Shape{{4, 1}, {5, 3}, {33, 17}, {2, 3, 4, 4}, {1, 8, 5, 5}, {3, 33, 3, 3}, {7, 5, 1, 1}, {2, 16, 6, 7}, {1, 1, 3, 3}, {37, 6, 2, 2}}
	for _, s := range shapes {
		c := s[1]
		for _, x := range []Arg{{shape: s}, shifted(s)} {
			note := ""
			if x.data != nil {
				note = ", shifted"
			}
			cases = append(cases, Case{
				Name:    fmt.Sprintf("statistics of %v%s", s, note),
				Args:    []Arg{x},
				Build:   func(x []*graph.Node) *graph.Node { return graph.BatchStats(x[0]) },
				Forward: Measured, Flat: true,
			}, Case{
				Name: fmt.Sprintf("training %v%s", s, note),
				Args: []Arg{x, of(c), of(c)},
				Build: func(x []*graph.Node) *graph.Node {
					return graph.BatchNorm(x[0], graph.BatchStats(x[0]), x[1], x[2], 1e-5)
				},
				Forward: Measured, Backward: Measured,
			})
		}
		cases = append(cases, Case{
			Name: fmt.Sprintf("group of one %v", s),
			Args: []Arg{shifted(s), of(c), of(c), Arg{shape: tensor.Shape{c}, Fixed: true}.with(near10)},
			Build: func(x []*graph.Node) *graph.Node {
				return graph.SyncBatchNorm(x[0], graph.SyncBatchStats(x[0], x[3], 1), x[1], x[2], 1e-5, 1)
			},
			Forward: Measured, Backward: Measured,
		}, Case{
			Name: fmt.Sprintf("inference %v", s),
			Args: []Arg{{shape: s}, Arg{shape: tensor.Shape{2, c}, Fixed: true}.with(positive), of(c), of(c)},
			Build: func(x []*graph.Node) *graph.Node {
				return graph.BatchNormInference(x[0], x[1], x[2], x[3], 1e-3)
			},
			Forward: Measured, Backward: Measured,
		}, Case{
			Name: fmt.Sprintf("inference %v, ReLU", s),
			Args: []Arg{{shape: s}, Arg{shape: tensor.Shape{2, c}, Fixed: true}.with(positive), of(c), of(c)},
			Build: func(x []*graph.Node) *graph.Node {
				return graph.ReLU(graph.BatchNormInference(x[0], x[1], x[2], x[3], 1e-3))
			},
			Forward: Measured, Backward: Measured,
		})
	}
	return cases
}

// near10 draws numbers near the mean of what shifted returns.
func near10(r *rand.Rand) float32 { return 10 + r.Float32() }

// shifted returns an argument whose mean is far from 0, which shows cancellation.
func shifted(s tensor.Shape) Arg {
	r := rng.New(5, "enginetest shift")
	x := normal(r, s...)
	for i := range x.Data() {
		x.Data()[i] += 10
	}
	return Arg{shape: s, data: x.Data()}
}

var batchNormGolden = map[string]GoldenFunc{
	"batch_norm_train": func(c Golden, x map[string]*graph.Node) *graph.Node {
		return graph.BatchNorm(x["x"], graph.BatchStats(x["x"]), x["weight"], x["bias"], c.Eps)
	},
	"batch_norm_eval": func(c Golden, x map[string]*graph.Node) *graph.Node {
		n := x["x"].Shape()[1]
		stats := graph.Concat(0, graph.Reshape(x["mean"], 1, n), graph.Reshape(x["var"], 1, n))
		return graph.BatchNormInference(x["x"], stats, x["weight"], x["bias"], c.Eps)
	},
}

func batchNormRounding(n *graph.Node) Rounding {
	x := n.Inputs()[0].Shape()
	terms := x.Size() / x[1]
	switch n.Op().(type) {
	case graph.BatchStatsOp:
		return Rounding{Terms: terms, Sum: n.Inputs(), Mean: true}
	case graph.BatchNormParamGradOp: // what dy is multiplied by has variance 1
		return Rounding{Terms: terms, Sum: n.Inputs()[2:]}
	}
	return Rounding{}
}
