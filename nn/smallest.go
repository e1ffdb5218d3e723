package nn

import (
	"errors"
	"fmt"
	"slices"
	"sort"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// largestProbe is the side of the largest image that smallestInput tries.
const largestProbe = 512

// withSmallestInput adds to the error of a network that cannot be traced the
// smallest image that it takes, where the size of the image is what is wrong.
func (m *Model) withSmallestInput(err error) error {
	var rule *graph.Error
	if !errors.As(err, &rule) || len(m.input) != 3 {
		return err
	}
	smallest := m.smallestInput()
	if smallest == nil || min(m.input[1], m.input[2]) >= smallest[1] {
		return err
	}
	return fmt.Errorf("%w; the smallest input that works is %v", err, smallest)
}

// smallestInput returns the smallest square image, with the channels of the
// model's input, that the network can be traced for, or nil if no image of up
// to 512×512 can. The search takes for granted that larger images work where
// smaller ones do; a network where the next few do not has no smallest input.
func (m *Model) smallestInput() tensor.Shape {
	works := func(side int) bool {
		probe := &Model{net: m.net, input: tensor.Shape{m.input[0], side, side}, places: m.places, blocks: m.blocks, init: m.init, seed: m.seed}
		_, err := probe.trace(1, Eval, Frozen{}, map[string]tensor.Shape{})
		return err == nil
	}
	side := 1 + sort.Search(largestProbe, func(i int) bool { return works(i + 1) })
	if side > largestProbe || !works(side+1) || !works(side+2) || !works(side+3) {
		return nil
	}
	return tensor.Shape{m.input[0], side, side}
}

// StateShapes returns the names and shapes of the parameters and buffers that New
// would make, without allocating memory for them: it traces the network in Eval mode.
// Errors are those of New.
func StateShapes(net Layer, input tensor.Shape) (map[string]tensor.Shape, error) {
	m, err := untraced(net, input, Options{})
	if err != nil {
		return nil, err
	}
	shapes := map[string]tensor.Shape{}
	if _, err := m.trace(1, Eval, Frozen{}, shapes); err != nil {
		return nil, m.withSmallestInput(err)
	}
	return shapes, nil
}

// stand returns a node in the place of a variable, which takes no memory: a
// trace that probes sizes knows only the shapes of its variables.
func (t *tracing) stand(g *graph.Graph, name string, shape tensor.Shape) (*graph.Node, error) {
	if known, ok := t.probed[name]; ok && !known.Equal(shape) {
		return nil, fmt.Errorf("%s has shape %v, but this use of the layer needs %v", name, known, shape)
	}
	t.probed[name] = slices.Clone(shape)
	return g.Input(name, shape...), nil
}
