package live

import (
	"fmt"

	"github.com/strideml/stride/data/fashionmnist/sample"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
)

// A contestant is a network that CompareTraining trains, with the program of a step.
type contestant struct {
	name       string
	model      *nn.Model
	parameters int
	layers     []string // those that are watched

	program   engine.Program
	x, labels *graph.Node
	feeds     engine.Feeds
	rate      *tensor.Tensor
	state     optim.State
	// results are the loss and the logits, and of each layer its values before the
	// nonlinearity, their mean and deviation, and the norm of the gradient of its weights.
	results []*tensor.Tensor

	losses, accuracies     []float64 // since the latest event
	lastLoss, lastAccuracy float64
}

// A pair is two convolutions, with a shortcut around them or without.
type pair struct {
	Conv1, Conv2 *nn.Conv2DLayer
	BN1, BN2     *nn.BatchNormLayer // nil without batch normalization

	activation func() *nn.ActivationLayer
	shortcut   bool
}

// Forward implements nn.Layer.
func (p *pair) Forward(x *graph.Node) *graph.Node {
	normalize := func(l *nn.BatchNormLayer, y *graph.Node) *graph.Node {
		if l == nil {
			return y
		}
		return l.Forward(y)
	}
	y := p.activation().Forward(normalize(p.BN1, p.Conv1.Forward(x)))
	y = normalize(p.BN2, p.Conv2.Forward(y))
	if p.shortcut {
		y = graph.Add(y, x)
	}
	return p.activation().Forward(y)
}

// network returns one of the two networks: two parts with a convolution of stride 2,
// pairs, and, where one is left, another convolution; and at the end a linear layer.
func (a CompareTrainingArgs) network(with bool) *nn.SequentialLayer {
	net := nn.Sequential()
	normalized := a.What == "batchNorm" && with
	single := func(stride int) {
		net.Append(nn.Conv2D(a.Channels, 3).Pad(1).Stride(stride))
		if normalized {
			net.Append(nn.BatchNorm())
		}
		net.Append(activations[a.Activation]())
	}
	for _, convolutions := range []int{(a.Depth + 1) / 2, a.Depth / 2} {
		single(2)
		for range (convolutions - 1) / 2 {
			p := &pair{
				Conv1: nn.Conv2D(a.Channels, 3).Pad(1), Conv2: nn.Conv2D(a.Channels, 3).Pad(1),
				activation: activations[a.Activation], shortcut: a.What == "shortcuts" && with,
			}
			if normalized {
				p.BN1, p.BN2 = nn.BatchNorm(), nn.BatchNorm()
			}
			net.Append(p)
		}
		if convolutions%2 == 0 {
			single(1)
		}
	}
	return net.Append(nn.Flatten(), nn.Linear(10))
}

// newContestant makes one of the two networks and compiles its step.
func newContestant(d engine.Device, args CompareTrainingArgs, with bool) (c *contestant, err error) {
	defer graph.Catch(&err)
	c = &contestant{name: "with", rate: tensor.New()}
	if !with {
		c.name = "without"
	}
	if c.model, err = nn.New(args.network(with), tensor.Shape{1, sample.Side, sample.Side}, nn.Options{Seed: args.Seed, Init: nn.XavierUniform()}); err != nil {
		return nil, err
	}
	t, err := c.model.Trace(args.BatchSize, nn.Train)
	if err != nil {
		return nil, err
	}
	g := t.Graph
	c.x, c.labels = t.Input, g.Input("labels", args.BatchSize)
	loss := nn.CrossEntropyLoss(t.Output, c.labels)
	var nodes []*graph.Node
	for _, v := range c.model.Parameters() {
		nodes = append(nodes, g.Variable(v))
		c.parameters += v.Value.Size()
	}
	grads := graph.Gradients(loss, nodes...)
	outputs := []*graph.Node{loss, t.Output}
	for _, l := range watched(t, args.What == "batchNorm" && with) {
		norm, err := c.gradientNorm(l.weights+".weight", nodes, grads)
		if err != nil {
			return nil, err
		}
		mean := graph.Mean(l.node)
		off := graph.Sub(l.node, mean)
		outputs = append(outputs, l.node, mean, graph.Sqrt(graph.Mean(graph.Mul(off, off))), norm)
		c.layers = append(c.layers, l.weights)
	}
	rate := g.Input("learning rate")
	optim.SGD{}.Update(g, rate, nodes, grads, &c.state)
	c.feeds = engine.Feeds{rate: c.rate}
	for _, n := range outputs {
		c.results = append(c.results, tensor.New(n.Shape()...))
	}
	c.program, err = d.Compile(g, outputs...)
	return c, err
}

// A watchedLayer is a convolution: the path of its weights, and its values.
type watchedLayer struct {
	weights string
	node    *graph.Node
}

// watched are the convolutions of a trace, or the batch normalizations behind them.
func watched(t *nn.Trace, normalized bool) (list []watchedLayer) {
	for _, l := range t.Layers() {
		switch {
		case l.Kind == "Conv2D":
			list = append(list, watchedLayer{l.Path, l.Node})
		case l.Kind == "BatchNorm" && normalized:
			list[len(list)-1].node = l.Node
		}
	}
	return list
}

// gradientNorm adds ‖∂loss/∂w‖ of a weight by its name.
func (c *contestant) gradientNorm(name string, nodes, grads []*graph.Node) (*graph.Node, error) {
	v, err := c.model.Param(name)
	if err != nil {
		return nil, err
	}
	for i, n := range nodes {
		if op, ok := n.Op().(graph.VariableOp); ok && op.Variable == v {
			return graph.Sqrt(graph.Sum(graph.Mul(grads[i], grads[i]))), nil
		}
	}
	return nil, fmt.Errorf("%s is not trained", name)
}

func (c *contestant) close() { _ = c.program.Close() } // which cannot fail in the cpu engine
