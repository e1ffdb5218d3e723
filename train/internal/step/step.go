// Package step computes the steps of a training: forward pass, loss, gradients and update.
//
// There are three ways. A [Single] computes a step in one program, in a single process. A
// [Fused] is that with other ranks: the program adds up gradients with them while it
// computes others. A [Split] cuts the step between the gradients and the update, and adds
// up in between: shard by shard, and with other ranks. All of them build the same update
// of the same [Training].
package step

import (
	"slices"
	"time"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train/internal/objective"
)

// A Stepper does the steps of a training in one of the ways. It compiles a program for each
// batch size; the programs share the model's variables and the optimizer's state. It is not
// safe for concurrent use.
type Stepper interface {
	// Prepare compiles what a step on a whole batch of so many images needs. hold is for a
	// batch whose gradients are added to those before it, for an update to come.
	Prepare(images, phase int, hold bool) error
	// Run does a step with a batch, or with this rank's part of it. The results are those
	// of the whole batch: the loss and how many images were classified correctly, both from
	// before the update.
	Run(b *data.Batch, at At) (loss float64, correct int, err error)
	// Recomputed is how many values the largest backward pass computes again.
	Recomputed() int
	// Close releases the programs.
	Close()
}

// A Ranked is the Stepper of one of several ranks.
type Ranked interface {
	Stepper
	// Busy is how long this rank itself was busy in the last step.
	Busy() time.Duration
}

// A Training is what is trained and how, in whichever way the steps are computed.
type Training struct {
	Model     *nn.Model
	Device    engine.Device
	Optimizer optim.Optimizer
	State     optim.State
	Objective objective.Objective
	// Budget limits the memory of a step, in bytes; 0 is no limit.
	Budget int64
	// Phases say what is frozen in each phase of the training, a number of epochs in a row;
	// nil is nothing.
	Phases []nn.Frozen
	// FullBatch is the number of images in a batch whose gradient counts as 1, in an update
	// from several batches; 0 if each batch has an update.
	FullBatch int
	// EMA keeps a moving average of the weights.
	EMA optim.EMA
}

// An At says which step is to be done.
type At struct {
	Step   uint64 // from 0, a batch each
	Update uint64 // from 0; that which the batch is a part of
	Phase  int
	Rate   float32
	// First and Last say where the batch is among those of its update; Images is the
	// number of images of them all.
	First, Last bool
	Images      int
	// Weight is that of the whole batch in its loss; see objective.Weight. A Single has no
	// use for it.
	Weight float64
}

// Alone is a step whose update has one batch.
func Alone(b *data.Batch, step uint64, rate float32) At {
	return At{Step: step, Update: step, Rate: rate, First: true, Last: true, Images: b.Images.Shape()[0]}
}

// weight is that of a batch of so many images in its update.
func (t *Training) weight(images int) float64 {
	if t.FullBatch == 0 {
		return 1
	}
	return float64(images) / float64(t.FullBatch)
}

// frozen is what a phase does not train.
func (t *Training) frozen(phase int) (frozen nn.Frozen) {
	if phase < len(t.Phases) {
		frozen = t.Phases[phase]
	}
	return frozen
}

// Trained returns the parameters that are not frozen.
func Trained(model *nn.Model, frozen nn.Frozen) []*graph.Variable {
	params := model.Parameters()
	if frozen.Layers == nil {
		return params
	}
	return slices.DeleteFunc(params, func(p *graph.Variable) bool { return frozen.Layers(p.Name) })
}

// Gradients adds those of a loss to its graph, and returns them with the nodes of the
// parameters.
func Gradients(loss *graph.Node, params []*graph.Variable) (nodes, grads []*graph.Node) {
	for _, p := range params {
		nodes = append(nodes, loss.Graph().Variable(p))
	}
	return nodes, graph.Gradients(loss, nodes...)
}

// finish adds the update of the weights, and of their moving average, unless it is to
// come.
func (t *Training) finish(b *builtStep, hold bool, params, grads []*graph.Node) {
	g := b.trace.Graph
	variables := slices.Concat(t.Model.Parameters(), t.Model.Buffers())
	if t.EMA.Decay != 0 {
		t.EMA.Begin(variables, &t.State) // from before the first step, whichever that is
	}
	if hold {
		return
	}
	t.Optimizer.Update(g, b.numbers.rate, params, grads, &t.State)
	if t.EMA.Decay != 0 {
		b.numbers.average = g.Input("weight of the update in the moving average")
		t.EMA.Update(g, b.numbers.average, variables, &t.State)
	}
}

// accumulate adds the gradients to those of the batches before, each batch by the
// number of its images, and returns their mean, if it is time for an update.
func (t *Training) accumulate(b *builtStep, kind stepKind, params, grads []*graph.Node) []*graph.Node {
	g := b.trace.Graph
	b.numbers.keep = g.Input("share of the gradients before")
	if !kind.hold {
		b.numbers.scale = g.Input("divisor of the gradients")
	}
	means := make([]*graph.Node, len(grads))
	for i, d := range grads {
		if kind.batch != t.FullBatch {
			d = graph.Mul(d, g.Scalar(float32(kind.batch)/float32(t.FullBatch)))
		}
		before := g.Variable(t.State.Variable(params[i].Op().(graph.VariableOp).Variable, "grad_sum", 0))
		sum := graph.Add(graph.Mul(before, b.numbers.keep), d)
		if kind.hold {
			g.Assign(before, sum)
		} else {
			means[i] = graph.Div(sum, b.numbers.scale)
		}
	}
	return means
}

// scalars are the values of the scalar inputs.
type scalars = stepNumbers[*tensor.Tensor]

// stepNumbers are scalar inputs of a step; nil for those that it has no use for.
type stepNumbers[T any] struct {
	rate T
	// keep is 0 for the first batch of an update and 1 for the others, and scale
	// makes a mean of the sum of the gradients.
	keep, scale T
	// average is the weight of an update in the moving average of the weights.
	average T
}

// newNumbers returns a function that makes a tensor for an input, nil for none, and feeds it.
// node returns the input of the program for one of the graph.
func newNumbers(feeds engine.Feeds, node func(n *graph.Node) *graph.Node) func(n *graph.Node) *tensor.Tensor {
	return func(n *graph.Node) *tensor.Tensor {
		if n == nil {
			return nil
		}
		t := tensor.New(n.Shape()...)
		feeds[node(n)] = t
		return t
	}
}

// newScalars makes the values of scalar inputs by a function of newNumbers.
func newScalars(n stepNumbers[*graph.Node], number func(n *graph.Node) *tensor.Tensor) scalars {
	return scalars{rate: number(n.rate), keep: number(n.keep), scale: number(n.scale), average: number(n.average)}
}

// set gives a scalar input, nil for none, its value.
func set(t *tensor.Tensor, v float32) {
	if t != nil {
		t.Data()[0] = v
	}
}

// feedNumbers fills in the scalar inputs of a step.
func (t *Training) feedNumbers(n scalars, at At) {
	set(n.rate, at.Rate)
	set(n.average, t.EMA.Weight(at.Update))
	keep := float32(1)
	if at.First {
		keep = 0
	}
	set(n.keep, keep)
	set(n.scale, float32(float64(at.Images)/float64(max(t.FullBatch, 1))))
}
