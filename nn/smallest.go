package nn

import (
	"errors"
	"fmt"
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
		_, err := probe.trace(1, Eval, Frozen{}, map[string]*graph.Variable{})
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
	probed := map[string]*graph.Variable{}
	if _, err := outline(net, input, 1, probed); err != nil {
		return nil, err
	}
	shapes := map[string]tensor.Shape{}
	for name, v := range probed {
		shapes[name] = v.Value.Shape()
	}
	return shapes, nil
}

// Outline traces a network in Eval mode, for batches of the given size, without
// allocating memory for its parameters: they have shapes, but no values, so that the
// graph cannot be computed. [Trace.Rows] has the layers with their shapes, parameters
// and multiply-adds, as [Model.Summary] has those of a model. Errors are those of New.
func Outline(net Layer, input tensor.Shape, batch int) (*Trace, error) {
	return outline(net, input, batch, map[string]*graph.Variable{})
}

func outline(net Layer, input tensor.Shape, batch int, probed map[string]*graph.Variable) (*Trace, error) {
	m, err := untraced(net, input, Options{})
	if err != nil {
		return nil, err
	}
	t, err := m.trace(batch, Eval, Frozen{}, probed)
	if err != nil {
		return nil, m.withSmallestInput(err)
	}
	return t, nil
}

// stand returns a node in the place of a variable, which takes no memory: a
// trace that probes sizes knows only the shapes of its variables.
func (t *tracing) stand(g *graph.Graph, name string, trainable bool, shape tensor.Shape) (*graph.Node, error) {
	if v, ok := t.probed[name]; ok {
		if !v.Value.HasShape(shape) {
			return nil, fmt.Errorf("%s has shape %v, but this use of the layer needs %v", name, v.Value.Shape(), shape)
		}
		return g.Variable(v), nil
	}
	value, err := tensor.NewReleased(shape...)
	if err != nil {
		return nil, err
	}
	v := &graph.Variable{Name: name, Value: value, Trainable: trainable}
	t.probed[name] = v
	return g.Variable(v), nil
}
