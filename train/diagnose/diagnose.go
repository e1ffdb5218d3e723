// Package diagnose looks for what is wrong with a network that does not train as it
// should: [FindNonFinite] finds the first value of a training step that is infinite
// or not a number, [DeadReLUs] counts units that never fire.
package diagnose

import (
	"errors"
	"fmt"
	"slices"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

// NonFinite is a place where a training step has a value that is infinite or
// not a number.
type NonFinite struct {
	// What is "images", "parameter", "output", "loss" or "gradient".
	What string
	// Path is that of the layer, or the name of the parameter.
	Path string
	// Kind is the layer's: "Conv2D", "Linear"; or that of an operator which a
	// custom block adds by itself.
	Kind string
	// Value is NaN, if there is one, or else an infinity.
	Value float32
}

// String says it in words: "the output of layer 3 (Conv2D) holds +Inf".
func (n *NonFinite) String() string {
	layer := n.Kind
	if n.Path != "" {
		layer = fmt.Sprintf("layer %s (%s)", n.Path, n.Kind)
	}
	what := "the " + n.What
	switch n.What {
	case "images":
		return fmt.Sprintf("the images hold %+v", n.Value)
	case "parameter":
		what += " " + n.Path
	case "output":
		what += " of " + layer
	case "gradient":
		what += " in " + layer
	}
	return fmt.Sprintf("%s holds %+v", what, n.Value)
}

// FindNonFinite looks for the first value of a training step that is infinite
// or not a number, with the model's weights as they are: in the images
// (N×C×H×W), the parameters, the outputs of the layers in their order, the loss
// (nn.CrossEntropyLoss if nil) of the output and the targets, for example labels
// (N), and the derivatives in the order in which they
// are computed, which is from the last layer to the first. It returns nil
// if all are finite. The step number, from 0, says what dropout drops. Nothing
// is trained. A nil device means cpu.Default().
func FindNonFinite(model *nn.Model, device engine.Device, loss func(output, target *graph.Node) *graph.Node, images, targets *tensor.Tensor, step uint64) (*NonFinite, error) {
	if loss == nil {
		loss = nn.CrossEntropyLoss
	}
	if v, found := nonFinite(images.Data()); found {
		return &NonFinite{What: "images", Value: v}, nil
	}
	for _, p := range model.Parameters() {
		if v, found := nonFinite(p.Value.Data()); found {
			return &NonFinite{What: "parameter", Path: p.Name, Value: v}, nil
		}
	}
	infos, err := model.Summary(1)
	if err != nil {
		return nil, err
	}
	kinds := map[string]string{}
	for _, info := range infos {
		kinds[info.Path] = info.Kind
	}
	// A run in Train mode updates running statistics.
	defer restore(model.Buffers())()
	// Derivatives need the memory of all layers, so they have a second turn.
	for _, backward := range []bool{false, true} {
		probe, err := newProbe(model, loss, images.Shape()[0], targets.Shape(), backward)
		if err != nil {
			return nil, err
		}
		found, err := probe.run(device, kinds, images, targets, step)
		if found != nil || err != nil {
			return found, err
		}
	}
	return nil, nil
}

// restore returns a function that gives variables the values that they have
// now.
func restore(variables []*graph.Variable) func() {
	var values []*tensor.Tensor
	for _, v := range variables {
		values = append(values, v.Value.Clone())
	}
	return func() {
		for i, v := range variables {
			copy(v.Value.Data(), values[i].Data())
			v.Changed()
		}
	}
}

// nonFinite returns NaN if there is one in values, or else an infinity.
func nonFinite(values []float32) (value float32, found bool) {
	for _, v := range values {
		if v != v {
			return v, true
		}
		if v-v != 0 {
			value, found = v, true
		}
	}
	return value, found
}

// A probe is the graph of a step that yields the greatest and the least
// element of the nodes that it watches.
type probe struct {
	trace   *nn.Trace
	target  *graph.Node
	loss    *graph.Node
	forward int // number of nodes of the forward pass
	watched []*graph.Node
	outputs []*graph.Node // two for each: the maxima of x and of −x
}

func newProbe(model *nn.Model, loss func(output, target *graph.Node) *graph.Node, batch int, targets tensor.Shape, backward bool) (p *probe, err error) {
	p = &probe{}
	if p.trace, err = model.Trace(batch, nn.Train); err != nil {
		return nil, err
	}
	defer graph.Catch(&err)
	g := p.trace.Graph
	p.forward = len(g.Nodes())
	p.target = g.Input("target", targets...)
	if p.loss = loss(p.trace.Output, p.target); p.loss == nil || p.loss.Graph() != g {
		return nil, errors.New("the loss function returned no node of its graph")
	}
	nodes := slices.Clone(g.Nodes()[:p.forward])
	if backward {
		var params []*graph.Node
		for _, v := range model.Parameters() {
			params = append(params, g.Variable(v))
		}
		from := len(g.Nodes())
		graph.Gradients(p.loss, params...)
		nodes = slices.Clone(g.Nodes()[from:])
	} else {
		nodes = append(nodes, p.loss)
	}
	for _, n := range nodes {
		if len(n.Inputs()) == 0 {
			continue
		}
		p.watched = append(p.watched, n)
		p.outputs = append(p.outputs, graph.Max(n), graph.Max(graph.Neg(n)))
	}
	return p, nil
}

// run runs the step and returns the first watched node that is not finite.
func (p *probe) run(device engine.Device, kinds map[string]string, images, targets *tensor.Tensor, step uint64) (*NonFinite, error) {
	feeds := engine.Feeds{p.trace.Input: images, p.target: targets}
	p.trace.FeedStep(feeds, step)
	results, err := engine.Run(cpu.OrDefault(device), feeds, p.outputs...)
	if err != nil {
		return nil, fmt.Errorf("look for values that are not finite: %w", err)
	}
	for i, n := range p.watched {
		most, least := results[2*i].Data()[0], -results[2*i+1].Data()[0]
		v, found := nonFinite([]float32{most, least})
		if !found {
			continue
		}
		kind, ok := kinds[n.Path()]
		if !ok || n.Path() == "" {
			kind = n.Op().Kind()
		}
		what := "gradient"
		switch {
		case n == p.loss:
			what = "loss"
		case n.ID() < p.forward:
			what = "output"
		}
		return &NonFinite{What: what, Path: n.Path(), Kind: kind, Value: v}, nil
	}
	return nil, nil
}
