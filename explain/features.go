package explain

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

// Features returns the output C'×H'×W' of a layer for x, the input C×H×W or 1×C×H×W of a picture.
func (m *Model) Features(ctx context.Context, x *tensor.Tensor, layer string) (*tensor.Tensor, error) {
	x, err := m.asInput(x)
	if err != nil {
		return nil, err
	}
	n, err := m.outline.layer(layer)
	if err != nil {
		return nil, err
	}
	results, err := m.run(ctx, key{task: features, layer: layer}, x, nil)
	if err != nil {
		return nil, err
	}
	return results[0].Reshape(n.Shape()[1:]...)
}

// FilterLayers returns the names of the layers that Filters takes, in the order in which they are computed.
func (m *Model) FilterLayers() (names []string) {
	for _, r := range m.outline.rows {
		if convolution(r.Nodes) != nil {
			names = append(names, r.name)
		}
	}
	return names
}

// Filters returns a copy of the weights of a convolution, O×(C/groups)×Kh×Kw, or C×(O/groups)×Kh×Kw for a
// transposed one. layer "" means the first convolution. An error says that the layer is none.
func (m *Model) Filters(layer string) (*tensor.Tensor, error) {
	names := m.FilterLayers()
	if len(names) == 0 {
		return nil, fmt.Errorf("explain: the network has no convolutions")
	}
	if layer == "" {
		layer = names[0]
	}
	for _, r := range m.outline.rows {
		if conv := convolution(r.Nodes); r.name == layer && conv != nil {
			return m.weights(conv)
		}
	}
	if m.outline.named[layer] == nil {
		return nil, m.outline.unknown(layer)
	}
	var within []string
	for _, n := range names {
		if strings.HasPrefix(n, layer+".") {
			within = append(within, strconv.Quote(n))
		}
	}
	if len(within) > 0 {
		return nil, fmt.Errorf("explain: layer %q is not a convolution, but has some: %s", layer, strings.Join(within[:min(3, len(within))], ", "))
	}
	return nil, fmt.Errorf("explain: layer %q is not a convolution", layer)
}

// weights returns the weights of a convolution of the outline, which do not depend on the input.
func (m *Model) weights(conv *graph.Node) (*tensor.Tensor, error) {
	arg := 1
	n := conv.Inputs()[arg]
	switch op := n.Op().(type) {
	case graph.VariableOp:
		return op.Variable.Value.Clone(), nil
	case graph.ConstantOp:
		return op.Value.Clone(), nil
	}
	if dependents(m.outline.trace.Input)[n.ID()] {
		return nil, fmt.Errorf("explain: the weights of layer %q depend on the input", conv.Path())
	}
	return m.constant(n)
}

// constant computes a node of the outline that does not depend on the input.
func (m *Model) constant(n *graph.Node) (*tensor.Tensor, error) {
	t, err := m.net.Trace(1, nn.Eval)
	if err != nil {
		return nil, fmt.Errorf("explain: %w", err)
	}
	if err := m.state.enter(context.Background()); err != nil {
		return nil, err
	}
	defer m.state.leave()
	x := tensor.New(t.Input.Shape()...)
	results, err := engine.Run(m.state.device, engine.Feeds{t.Input: x}, t.Graph.Nodes()[n.ID()])
	if err != nil {
		return nil, fmt.Errorf("explain: %w", err)
	}
	return results[0], nil
}
