package explain

import (
	"context"
	"fmt"
	"image"

	"github.com/strideml/stride/internal/receptive"
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
	field, ok := receptive.Of(n, m.outline.trace.Input, y, x)
	if !ok {
		return Field{}, fmt.Errorf("explain: layer %q does not depend on the input", layer)
	}
	return Field(field), nil
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
