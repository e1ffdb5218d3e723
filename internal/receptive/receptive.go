// Package receptive finds the receptive fields of the values of a graph from the shapes
// of windows (Araujo, Norris, Sim 2019, Computing Receptive Fields of Convolutional
// Neural Networks), exactly at the borders of the picture, too. Package explain does so
// for trained networks.
package receptive

import (
	"image"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// A Field is the receptive field of a unit; package explain has one of the same fields.
type Field struct {
	Box       image.Rectangle
	Unclipped image.Rectangle
	Global    bool
}

// Of returns the receptive field of row y and column x of a node N×C×H×W, which must
// exist, in the input of the graph; ok is false if the node does not depend on that.
func Of(n, input *graph.Node, y, x int) (f Field, ok bool) {
	start := Box{{0, 0}, {0, n.Shape()[1] - 1}, {y, y}, {x, x}}
	local := TrackBack(n, input, start, Mode{Local: true})
	all := TrackBack(n, input, start, Mode{})
	if local == nil {
		if all == nil {
			return Field{}, false
		}
		whole := Full(input.Shape()).Rectangle()
		return Field{Box: whole, Unclipped: whole, Global: true}, true
	}
	unclipped := TrackBack(n, input, start, Mode{Local: true, Unclipped: true})
	return Field{Box: local.Rectangle(), Unclipped: unclipped.Rectangle(), Global: all.Rectangle() != local.Rectangle()}, true
}

// A Span is the indices Lo ≤ i ≤ Hi of an axis; a Box has one for each axis.
type Span struct{ Lo, Hi int }

// A Box has a span for each axis.
type Box []Span

// Rectangle is the Box of an image N×C×H×W.
func (b Box) Rectangle() image.Rectangle {
	return image.Rect(b[3].Lo, b[2].Lo, b[3].Hi+1, b[2].Hi+1)
}

// Full returns the box of all elements of a shape.
func Full(s tensor.Shape) Box {
	b := make(Box, len(s))
	for i, n := range s {
		b[i] = Span{0, n - 1}
	}
	return b
}

// clipped returns the part of a Box within a shape, nil if there is none.
func (b Box) clipped(s tensor.Shape) Box {
	out := make(Box, len(b))
	for i, r := range b {
		out[i] = Span{max(r.Lo, 0), min(r.Hi, s[i]-1)}
		if out[i].Lo > out[i].Hi {
			return nil
		}
	}
	return out
}

// union returns the smallest Box around both.
func (b Box) union(c Box) Box {
	if b == nil {
		return c
	}
	out := make(Box, len(b))
	for i := range b {
		out[i] = Span{min(b[i].Lo, c[i].Lo), max(b[i].Hi, c[i].Hi)}
	}
	return out
}

// A Mode says how dependence is followed.
type Mode struct {
	Local     bool // not through what looks at whole maps
	Unclipped bool // as if images had no borders
}

// TrackBack returns the Box of input that a Box of n is computed from, nil if it is none.
func TrackBack(n, input *graph.Node, start Box, how Mode) Box {
	boxes := map[*graph.Node]Box{n: start}
	for id := n.ID(); id > input.ID(); id-- {
		at := n.Graph().Nodes()[id]
		b := boxes[at]
		if b == nil {
			continue
		}
		for i, in := range at.Inputs() {
			if from := argument(at, i, b, how); from != nil {
				boxes[in] = boxes[in].union(from)
			}
		}
	}
	return boxes[input]
}
