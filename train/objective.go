package train

import (
	"errors"
	"fmt"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

// An objective says what is minimised: a loss of the network's output and the
// targets of a dataset. Its zero value is that of classification.
type objective struct {
	// loss is cross-entropy if nil.
	loss func(output, target *graph.Node) *graph.Node
	// targeted says that targets are no class labels, and target is then the shape
	// of one of them, without the batch.
	targeted bool
	target   tensor.Shape
	// classes is what labels must be below; 0 if targets are no labels.
	classes int
	// noAccuracy says that the output does not name a class.
	noAccuracy bool
	// soft says that targets are the probabilities of the classes, N×classes, and
	// the loss is cross-entropy.
	soft bool
	// entropy is the cross-entropy of training, if there is no other loss. Tests are
	// measured without its options, so that runs can be compared.
	entropy nn.CrossEntropy
}

// newObjective checks a dataset against the model, and its labels, where they can
// be seen without reading the images. A nil loss is cross-entropy.
func newObjective(what string, model *nn.Model, set data.Dataset, loss func(output, target *graph.Node) *graph.Node) (o objective, err error) {
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
	o.loss = loss
	if targeted, ok := set.(data.Targeted); ok {
		if loss == nil && len(out) == 2 && classes > 0 && out[1] == classes && targeted.TargetShape().Equal(tensor.Shape{classes}) {
			o.soft, o.targeted, o.target = true, true, targeted.TargetShape()
			return o, nil
		}
		if loss == nil {
			return o, fmt.Errorf("the %s set has targets of shape %v: a loss for them must be given, for cross-entropy takes class labels, or a probability for each class", what, targeted.TargetShape())
		}
		o.targeted, o.target, o.noAccuracy = true, targeted.TargetShape(), true
		return o, nil
	}
	switch {
	case loss != nil:
		o.noAccuracy = len(out) != 2 || out[1] != classes
	case len(out) != 2:
		return o, fmt.Errorf("the network's output has shape %v: want N×classes", out)
	case out[1] != classes:
		return o, fmt.Errorf("the network has %d outputs, the %s set %d classes", out[1], what, classes)
	}
	o.classes = classes
	if known, ok := set.(interface{ Label(i int) int }); ok && classes > 0 {
		for i := range set.Len() {
			if err := checkLabel(what, i, float32(known.Label(i)), classes); err != nil {
				return o, err
			}
		}
	}
	return o, nil
}

// objectives returns what is minimised and what is measured in the test, which may be
// nil.
func (c Config) objectives(model *nn.Model, train, test data.Dataset) (o, tested objective, err error) {
	if o, err = newObjective("training", model, train, c.Loss); err != nil {
		return o, tested, err
	}
	if test != nil {
		if tested, err = newObjective("test", model, test, c.Loss); err != nil {
			return o, tested, err
		}
		different := o.classes != tested.classes || o.targeted != tested.targeted || !o.target.Equal(tested.target)
		if different && !o.soft && !tested.soft {
			return o, tested, fmt.Errorf("%s in the test set, %s in the training set", tested.describe(), o.describe())
		}
	}
	o.entropy = nn.CrossEntropy{LabelSmoothing: c.LabelSmoothing, Weights: c.ClassWeights}
	if err := o.entropy.CheckWeights(len(train.Classes())); err != nil {
		return o, tested, err
	}
	if c.Mix != nil {
		if o.targeted {
			return o, tested, errors.New("images can only be mixed where their targets are labels")
		}
		o = o.mixed()
	}
	return o, tested, nil
}

// custom says that the loss is not the default.
func (o objective) custom() bool { return o.loss != nil }

// describe says what the targets are: "targets are labels of 10 classes".
func (o objective) describe() string {
	if !o.targeted {
		return fmt.Sprintf("targets are labels of %d classes", o.classes)
	}
	return fmt.Sprintf("targets have shape %v", o.target)
}

// build adds the loss for an output and its targets, an input that it makes.
func (o objective) build(output *graph.Node) (loss, target *graph.Node, err error) {
	target = o.input(output)
	loss = o.function()(output, target)
	return loss, target, checkLoss(output.Graph(), loss)
}

// byWeight says that images count in the mean loss of a batch by the weights of their
// classes.
func (o objective) byWeight() bool { return o.loss == nil && !o.soft && o.entropy.Weights != nil }

// weight is that of the images of a batch, or of a part of it, in the mean loss.
func (o objective) weight(b *data.Batch) (sum float64) {
	if !o.byWeight() || b.Len() == 0 {
		return float64(b.Len())
	}
	for _, label := range b.Labels.Data() {
		sum += float64(o.entropy.Weights[int(label)])
	}
	return sum
}

// buildPart is build for a part of a batch, whose loss is then multiplied by the part's
// share: the mean loss of the part by its share of the images or, where images have
// weights, the sum of their losses by what the weights of the whole batch come to.
func (o objective) buildPart(output *graph.Node) (loss, target *graph.Node, err error) {
	if !o.byWeight() {
		return o.build(output)
	}
	target = o.input(output)
	return graph.Sum(o.entropy.Losses(output, target)), target, nil
}

// function is the loss of training.
func (o objective) function() func(output, target *graph.Node) *graph.Node {
	if o.loss == nil {
		return o.entropy.Loss
	}
	return o.loss
}

// class returns the class of each target, and hits the number of outputs that name it.
func (o objective) class(target *graph.Node) *graph.Node {
	if o.soft {
		return graph.ArgMax(target, 1)
	}
	return target
}

func (o objective) hits(output, target *graph.Node) *graph.Node {
	return graph.Sum(graph.Equal(graph.ArgMax(output, 1), o.class(target)))
}

// mixed is the objective for batches of a Mixer: labels become probabilities.
func (o objective) mixed() objective {
	o.soft, o.target = true, tensor.Shape{o.classes}
	return o
}

// buildTest is build for tests. Cross-entropy is not averaged there but has a value
// for each image: a graph in which images do not meet can be computed in parts.
func (o objective) buildTest(output *graph.Node) (losses, target *graph.Node, err error) {
	if o.loss == nil {
		target = o.input(output)
		return nn.CrossEntropy{}.Losses(output, target), target, nil
	}
	return o.build(output)
}

// input adds the targets for an output.
func (o objective) input(output *graph.Node) *graph.Node {
	return output.Graph().Input("target", append(tensor.Shape{output.Shape()[0]}, o.target...)...)
}

// checkBatch checks the labels of a batch before it is used.
func (o objective) checkBatch(what string, b *data.Batch) error {
	if o.classes == 0 || b.Len() == 0 {
		return nil
	}
	for i, label := range b.Labels.Data() {
		if err := checkLabel(what, b.Items[i], label, o.classes); err != nil {
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

// targetsOf returns the targets of a batch, which may have been made without any.
func targetsOf(b *data.Batch) *tensor.Tensor {
	if b.Targets == nil {
		return b.Labels
	}
	return b.Targets
}
