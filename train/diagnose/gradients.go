package diagnose

import (
	"errors"
	"fmt"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

// A GradientProbe computes the gradients that a training step would have, and trains
// nothing. It is not safe for concurrent use.
type GradientProbe struct {
	model     *nn.Model
	trace     *nn.Trace
	program   engine.Program
	target    *graph.Node
	gradients []*tensor.Tensor
}

// NewGradientProbe compiles a probe for batches of so many images, with targets of the given
// shape, the batch included: N for labels. loss is a function of the network's output and
// the targets that returns a single number, the mean over the batch; nil means
// nn.CrossEntropyLoss. A nil device means cpu.Default().
func NewGradientProbe(model *nn.Model, device engine.Device, loss func(output, target *graph.Node) *graph.Node, images int, targets tensor.Shape) (p *GradientProbe, err error) {
	if loss == nil {
		loss = nn.CrossEntropyLoss
	}
	p = &GradientProbe{model: model}
	if p.trace, err = model.Trace(images, nn.Train); err != nil {
		return nil, err
	}
	defer graph.Catch(&err)
	g := p.trace.Graph
	p.target = g.Input("target", targets...)
	value := loss(p.trace.Output, p.target)
	if value == nil || value.Graph() != g {
		return nil, errors.New("the loss function returned no node of its graph")
	}
	var params []*graph.Node
	for _, v := range model.Parameters() {
		params = append(params, g.Variable(v))
		p.gradients = append(p.gradients, tensor.New(v.Value.Shape()...))
	}
	if p.program, err = cpu.OrDefault(device).Compile(g, graph.Gradients(value, params...)...); err != nil {
		return nil, fmt.Errorf("compute gradients: %w", err)
	}
	return p, nil
}

// Run returns the gradients of the mean loss of a batch, images N×C×H×W, with the weights as
// they are: one for each of the model's Parameters, in their order and of their shapes, valid
// until the next call. The network is in Train mode; the step number, from 0, says what dropout drops. Running
// statistics are as before afterwards.
func (p *GradientProbe) Run(images, targets *tensor.Tensor, step uint64) ([]*tensor.Tensor, error) {
	defer restore(p.model.Buffers())()
	feeds := engine.Feeds{p.trace.Input: images, p.target: targets}
	p.trace.FeedStep(feeds, step)
	if err := p.program.Run(feeds, p.gradients); err != nil {
		return nil, fmt.Errorf("compute gradients: %w", err)
	}
	return p.gradients, nil
}

// Close releases the program.
func (p *GradientProbe) Close() error { return p.program.Close() }
