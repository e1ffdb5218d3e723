package explain

import (
	"context"
	"fmt"
	"image"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// A Field is the receptive field of a unit, in pixels of the network's input.
type Field struct {
	// Box are the pixels of the input that the unit is computed from by way of windows:
	// convolution, pooling, resizing.
	Box image.Rectangle `json:"box"`
	// Unclipped is Box as it would be if the input had no borders: its size is the same for all units of most
	// layers.
	Unclipped image.Rectangle `json:"unclipped"`
	// Global says that the unit depends on other pixels, too, by way of something that looks at whole maps,
	// such as squeeze-and-excitation, group normalization or attention. If it depends on the input in no other
	// way, Box is the whole input.
	Global bool `json:"global"`
}

// ReceptiveField returns the receptive field of the unit in row y and column x of a layer's maps, which is the
// same for all its channels. It is found from the shapes of windows (Araujo, Norris, Sim 2019,
// Computing Receptive Fields of Convolutional Neural Networks), exactly at the borders of the picture, too.
// How much of it counts shows EffectiveField. Errors say that there is no such layer or unit.
func (m *Model) ReceptiveField(layer string, y, x int) (Field, error) {
	n, err := m.outline.layer(layer)
	if err != nil {
		return Field{}, err
	}
	s := n.Shape()
	if err := checkUnit(layer, s, 0, y, x); err != nil {
		return Field{}, err
	}
	start := box{{0, 0}, {0, s[1] - 1}, {y, y}, {x, x}}
	input := m.outline.trace.Input
	local := trackBack(n, input, start, mode{local: true})
	all := trackBack(n, input, start, mode{})
	if local == nil {
		if all == nil {
			return Field{}, fmt.Errorf("explain: layer %q does not depend on the input", layer)
		}
		whole := full(input.Shape()).rectangle()
		return Field{Box: whole, Unclipped: whole, Global: true}, nil
	}
	unclipped := trackBack(n, input, start, mode{local: true, unclipped: true})
	return Field{Box: local.rectangle(), Unclipped: unclipped.rectangle(), Global: all.rectangle() != local.rectangle()}, nil
}

func checkUnit(layer string, s tensor.Shape, channel, y, x int) error {
	if channel < 0 || channel >= s[1] || y < 0 || y >= s[2] || x < 0 || x >= s[3] {
		return fmt.Errorf("explain: unit %d, %d of channel %d: layer %q has %d channels of %d×%d units, counted from 0", y, x, channel, layer, s[1], s[2], s[3])
	}
	return nil
}

// EffectiveField returns the derivative of a unit of a layer, in a channel, row and column, with respect to each
// element of the input (Luo, Li, Urtasun, Zemel 2016, Understanding the Effective Receptive Field in Deep
// Convolutional Neural Networks): C×H×W values, 0 outside of the Box of ReceptiveField unless it is Global. in is
// the input C×H×W or 1×C×H×W of a picture. activation is the unit's value for it.
func (m *Model) EffectiveField(ctx context.Context, in *tensor.Tensor, layer string, channel, y, x int) (field *tensor.Tensor, activation float32, err error) {
	in, err = m.asInput(in)
	if err != nil {
		return nil, 0, err
	}
	n, err := m.outline.layer(layer)
	if err != nil {
		return nil, 0, err
	}
	s := n.Shape()
	if err := checkUnit(layer, s, channel, y, x); err != nil {
		return nil, 0, err
	}
	weights := tensor.New(s...)
	weights.Set(1, 0, channel, y, x)
	results, err := m.run(ctx, key{task: unit, layer: layer}, in, weights)
	if err != nil {
		return nil, 0, err
	}
	theory, err := m.ReceptiveField(layer, y, x)
	if err != nil {
		return nil, 0, err
	}
	if field, err = results[1].Reshape(m.net.Input()...); err != nil {
		return nil, 0, fmt.Errorf("explain: %w", err)
	}
	if !theory.Global { // Winograd's algorithm leaves rounding errors around the field
		size := field.Shape()
		for i := range field.Data() {
			if !(image.Point{i % size[2], i / size[2] % size[1]}).In(theory.Box) {
				field.Data()[i] = 0
			}
		}
	}
	return field, results[0].At(0, channel, y, x), nil
}

// A span is the indices lo ≤ i ≤ hi of an axis; a box has one for each axis.
type span struct{ lo, hi int }

type box []span

// rectangle is the box of an image N×C×H×W.
func (b box) rectangle() image.Rectangle {
	return image.Rect(b[3].lo, b[2].lo, b[3].hi+1, b[2].hi+1)
}

func full(s tensor.Shape) box {
	b := make(box, len(s))
	for i, n := range s {
		b[i] = span{0, n - 1}
	}
	return b
}

// clipped returns the part of a box within a shape, nil if there is none.
func (b box) clipped(s tensor.Shape) box {
	out := make(box, len(b))
	for i, r := range b {
		out[i] = span{max(r.lo, 0), min(r.hi, s[i]-1)}
		if out[i].lo > out[i].hi {
			return nil
		}
	}
	return out
}

// union returns the smallest box around both.
func (b box) union(c box) box {
	if b == nil {
		return c
	}
	out := make(box, len(b))
	for i := range b {
		out[i] = span{min(b[i].lo, c[i].lo), max(b[i].hi, c[i].hi)}
	}
	return out
}

// A mode says how dependence is followed.
type mode struct {
	local     bool // not through what looks at whole maps
	unclipped bool // as if images had no borders
}

// trackBack returns the box of input that a box of n is computed from, nil if it is none.
func trackBack(n, input *graph.Node, start box, how mode) box {
	boxes := map[*graph.Node]box{n: start}
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
