// Package objective says what a training minimises and what its test measures: a loss of
// the network's output and the targets of a dataset, and whether an output names a class.
package objective

import (
	"errors"
	"fmt"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

// An Objective is what a training minimises. Its zero value is that of classification.
type Objective struct {
	// Loss is cross-entropy if nil.
	Loss func(output, target *graph.Node) *graph.Node
	// Targeted says that targets are no class labels, and Target is then the shape
	// of one of them, without the batch.
	Targeted bool
	Target   tensor.Shape
	// Classes is what labels must be below; 0 if targets are no labels.
	Classes int
	// NoAccuracy says that the output does not name a class.
	NoAccuracy bool
	// Soft says that targets are the probabilities of the classes, N×classes, and
	// the loss is cross-entropy.
	Soft bool
	// Entropy is the cross-entropy of training, if there is no other loss. Tests are
	// measured without its options, so that runs can be compared.
	Entropy nn.CrossEntropy
}

// New checks a dataset against the model, and its labels, where they can
// be seen without reading the images. A nil loss is cross-entropy.
func New(what string, model *nn.Model, set data.Dataset, loss func(output, target *graph.Node) *graph.Node) (o Objective, err error) {
	switch {
	case model == nil:
		return o, errors.New("there is no model")
	case set == nil:
		return o, fmt.Errorf("there is no %s set", what)
	case set.Len() < 1:
		return o, fmt.Errorf("the %s set has no images", what)
	}
	if got, want := set.ImageShape(), model.Input(); !got.Equal(want) {
		return o, fmt.Errorf("images of the %s set are %v, the network takes %v", what, got, want)
	}
	trace, err := model.Trace(1, nn.Eval)
	if err != nil {
		return o, err
	}
	out, classes := trace.Output.Shape(), len(set.Classes())
	o.Loss = loss
	if targeted, ok := set.(data.Targeted); ok {
		if loss == nil && len(out) == 2 && classes > 0 && out[1] == classes && targeted.TargetShape().Equal(tensor.Shape{classes}) {
			o.Soft, o.Targeted, o.Target = true, true, targeted.TargetShape()
			return o, nil
		}
		if loss == nil {
			return o, fmt.Errorf("the %s set has targets of shape %v: a loss for them must be given, for cross-entropy takes class labels, or a probability for each class", what, targeted.TargetShape())
		}
		o.Targeted, o.Target, o.NoAccuracy = true, targeted.TargetShape(), true
		return o, nil
	}
	switch {
	case loss != nil:
		o.NoAccuracy = len(out) != 2 || out[1] != classes
	case len(out) != 2:
		return o, fmt.Errorf("the network's output has shape %v: want N×classes", out)
	case out[1] != classes:
		return o, fmt.Errorf("the network has %d outputs, the %s set %d classes", out[1], what, classes)
	}
	o.Classes = classes
	if known, ok := set.(interface{ Label(i int) int }); ok && classes > 0 {
		for i := range set.Len() {
			if err := checkLabel(what, i, float32(known.Label(i)), classes); err != nil {
				return o, err
			}
		}
	}
	return o, nil
}

// Both returns what is minimised and what is measured in the test, whose dataset may be
// nil. mixed says that the images of a training batch are mixed with each other.
func Both(model *nn.Model, train, test data.Dataset, loss func(output, target *graph.Node) *graph.Node, entropy nn.CrossEntropy, mixed bool) (o, tested Objective, err error) {
	if o, err = New("training", model, train, loss); err != nil {
		return o, tested, err
	}
	if test != nil {
		if tested, err = New("test", model, test, loss); err != nil {
			return o, tested, err
		}
		different := o.Classes != tested.Classes || o.Targeted != tested.Targeted || !o.Target.Equal(tested.Target)
		if different && !o.Soft && !tested.Soft {
			return o, tested, fmt.Errorf("%s in the test set, %s in the training set", tested.describe(), o.describe())
		}
	}
	o.Entropy = entropy
	if err := o.Entropy.CheckWeights(len(train.Classes())); err != nil {
		return o, tested, err
	}
	if mixed {
		if o.Targeted {
			return o, tested, errors.New("images can only be mixed where their targets are labels")
		}
		o.Soft, o.Target = true, tensor.Shape{o.Classes} // labels become probabilities
	}
	return o, tested, nil
}

// Custom says that the loss is not the default.
func (o Objective) Custom() bool { return o.Loss != nil }

// describe says what the targets are: "targets are labels of 10 classes".
func (o Objective) describe() string {
	if !o.Targeted {
		return fmt.Sprintf("targets are labels of %d classes", o.Classes)
	}
	return fmt.Sprintf("targets have shape %v", o.Target)
}

// Build adds the loss for an output and its targets, an input that it makes.
func (o Objective) Build(output *graph.Node) (loss, target *graph.Node, err error) {
	target = o.input(output)
	loss = o.Function()(output, target)
	return loss, target, CheckLoss(output.Graph(), loss)
}

// ByWeight says that images count in the mean loss of a batch by the weights of their
// classes.
func (o Objective) ByWeight() bool { return o.Loss == nil && !o.Soft && o.Entropy.Weights != nil }

// Weight is that of the images of a batch, or of a part of it, in the mean loss.
func (o Objective) Weight(b *data.Batch) (sum float64) {
	if !o.ByWeight() || b.Len() == 0 {
		return float64(b.Len())
	}
	for _, label := range b.Labels.Data() {
		sum += float64(o.Entropy.Weights[int(label)])
	}
	return sum
}

// BuildPart is Build for a part of a batch, whose loss is then multiplied by the part's
// share: the mean loss of the part by its share of the images or, where images have
// weights, the sum of their losses by what the weights of the whole batch come to.
func (o Objective) BuildPart(output *graph.Node) (loss, target *graph.Node, err error) {
	if !o.ByWeight() {
		return o.Build(output)
	}
	target = o.input(output)
	return graph.Sum(o.Entropy.Losses(output, target)), target, nil
}

// Function is the loss of training.
func (o Objective) Function() func(output, target *graph.Node) *graph.Node {
	if o.Loss == nil {
		return o.Entropy.Loss
	}
	return o.Loss
}

// class returns the class of each target.
func (o Objective) class(target *graph.Node) *graph.Node {
	if o.Soft {
		return graph.ArgMax(target, 1)
	}
	return target
}

// Hits is the number of outputs whose greatest score is that of the target's class.
func (o Objective) Hits(output, target *graph.Node) *graph.Node {
	return graph.Sum(graph.Equal(graph.ArgMax(output, 1), o.class(target)))
}

// BuildTest is Build for tests. Cross-entropy is not averaged there but has a value
// for each image: a graph in which images do not meet can be computed in parts.
func (o Objective) BuildTest(output *graph.Node) (losses, target *graph.Node, err error) {
	if o.Loss == nil {
		target = o.input(output)
		return nn.CrossEntropy{}.Losses(output, target), target, nil
	}
	return o.Build(output)
}

// input adds the targets for an output.
func (o Objective) input(output *graph.Node) *graph.Node {
	return output.Graph().Input("target", append(tensor.Shape{output.Shape()[0]}, o.Target...)...)
}

// CheckBatch checks the labels of a batch before it is used.
func (o Objective) CheckBatch(what string, b *data.Batch) error {
	if o.Classes == 0 || b.Len() == 0 {
		return nil
	}
	for i, label := range b.Labels.Data() {
		if err := checkLabel(what, b.Items[i], label, o.Classes); err != nil {
			return err
		}
	}
	return nil
}

func checkLabel(what string, i int, label float32, classes int) error {
	if label >= 0 && int(label) < classes {
		return nil
	}
	return fmt.Errorf("image %d of the %s set has label %v: there are %d classes, numbered from 0", i, what, label, classes)
}

// CheckLoss reports what a loss function cannot return for nodes of g.
func CheckLoss(g *graph.Graph, loss *graph.Node) error {
	switch {
	case loss == nil:
		return errors.New("the loss function returned nil")
	case loss.Graph() != g:
		return errors.New("the loss function returned a node of another graph")
	case loss.Shape().Size() != 1:
		return fmt.Errorf("the loss function returned shape %v: want a single number, such as the mean of all (graph.Mean)", loss.Shape())
	}
	return nil
}
