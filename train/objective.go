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
		if loss == nil {
			return o, fmt.Errorf("the %s set has targets of shape %v: a loss for them must be given, for cross-entropy takes class labels", what, targeted.TargetShape())
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
	if o.loss == nil {
		return nn.CrossEntropyLoss(output, target), target, nil
	}
	loss = o.loss(output, target)
	return loss, target, checkLoss(output.Graph(), loss)
}

// buildTest is build for tests. Cross-entropy is not averaged there but has a value
// for each image: a graph in which images do not meet can be computed in parts.
func (o objective) buildTest(output *graph.Node) (losses, target *graph.Node, err error) {
	if o.loss == nil {
		target = o.input(output)
		return graph.CrossEntropy(output, target), target, nil
	}
	return o.build(output)
}

// input adds the targets for an output.
func (o objective) input(output *graph.Node) *graph.Node {
	return output.Graph().Input("target", append(tensor.Shape{output.Shape()[0]}, o.target...)...)
}

// checkBatch checks the labels of a batch before it is used.
func (o objective) checkBatch(what string, b *data.Batch) error {
	if o.classes == 0 {
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
