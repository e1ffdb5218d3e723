package randgraph

import (
	"fmt"

	"github.com/strideml/stride/graph"
)

// resizing changes the size of images. Its Ints are the height, the width and how.
func resizing() map[string]operator {
	return map[string]operator{"Resize2D": {
		weight: 4,
		draw: func(g *grower, x int) Step {
			if len(g.shape(x)) != 4 {
				return Step{}
			}
			v := []int{g.between(1, 9), g.between(1, 9), g.r.IntN(3), g.r.IntN(5), g.r.IntN(4), g.r.IntN(2), g.r.IntN(2)}
			if g.special { // a small weight times an infinity
				v[2] = 0
			}
			return Step{Op: "Resize2D", Args: []int{x}, Ints: v}
		},
		build: func(x []*graph.Node, s Step) *graph.Node {
			return graph.Resize2D(x[0], s.Ints[0], s.Ints[1], s.resize())
		},
		code: func(x []string, s Step) string {
			return fmt.Sprintf("graph.Resize2D(%s, %d, %d, %#v)", x[0], s.Ints[0], s.Ints[1], s.resize())
		},
	}}
}

func (s Step) resize() graph.Resize {
	return graph.Resize{
		Mode: graph.ResizeMode(s.Ints[2]), Coordinates: graph.ResizeCoordinates(s.Ints[3]), Rounding: graph.ResizeRounding(s.Ints[4]),
		ExcludeOutside: s.Ints[5] == 1, Antialias: s.Ints[6] == 1,
	}
}
