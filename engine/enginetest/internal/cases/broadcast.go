package cases

import (
	"fmt"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

func broadcastCases() []Case {
	var cases []Case
	for _, s := range [][2]tensor.Shape{
		{{}, {5}}, {{}, {2, 3, 4, 5}}, {{1}, {9}}, {{5}, {4, 5}}, {{4, 1}, {4, 5}}, {{1, 5}, {4, 5}}, {{1, 1}, {4, 5}},
		{{3, 1, 1}, {2, 3, 4, 5}}, {{2, 3, 1, 1}, {2, 3, 4, 5}}, {{4, 5}, {2, 3, 4, 5}}, {{2, 1, 1, 5}, {2, 3, 4, 5}}, {{1, 8, 1, 1}, {3, 8, 2, 2}}, {{3, 1}, {2, 3, 4}},
	} {
		cases = append(cases, Case{
			Name:    fmt.Sprintf("%v to %v", s[0], s[1]),
			Args:    []Arg{{shape: s[0]}},
			Build:   func(x []*graph.Node) *graph.Node { return graph.Broadcast(x[0], s[1]...) },
			Forward: Exact, Backward: Sums,
		})
	}
	return cases
}

var broadcastGolden = map[string]GoldenFunc{
	"broadcast_to": func(c Golden, x map[string]*graph.Node) *graph.Node { return graph.Broadcast(x["x"], c.Shape...) },
}
