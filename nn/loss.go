package nn

import (
	"errors"
	"fmt"
	"slices"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// CrossEntropyLoss returns the mean over a batch of −log softmax(logits)[label],
// the loss of classification; PyTorch's CrossEntropyLoss. logits have shape N×K,
// labels have shape N and hold class indices 0 ≤ label < K.
func CrossEntropyLoss(logits, labels *graph.Node) *graph.Node {
	return graph.Mean(graph.CrossEntropy(logits, labels))
}

// CrossEntropy is the loss of classification with the options of PyTorch's
// CrossEntropyLoss. The zero value is that of [CrossEntropyLoss].
type CrossEntropy struct {
	// LabelSmoothing ε, from 0 to 1, mixes the classes of the targets with equal
	// probabilities: q becomes (1−ε)·q + ε/K (Szegedy et al. 2016).
	LabelSmoothing float32
	// Weights has a factor for each class, at least 0, by which errors of images of
	// the class count; nil is 1 for all.
	Weights []float32
}

// Loss returns the mean loss of a batch. logits have shape N×K. targets are labels
// of shape N, class indices 0 ≤ label < K, or the probability of each class, N×K;
// see [CrossEntropy.Losses]. The mean is
//
//	Σ losses / Σ w[label]   for labels,
//	Σ losses / N            for probabilities, whatever the weights,
//
// as in PyTorch. It panics with a *graph.Error where shapes or settings are wrong.
func (c CrossEntropy) Loss(logits, targets *graph.Node) *graph.Node {
	if len(targets.Shape()) == 1 && c.plain() {
		return CrossEntropyLoss(logits, targets)
	}
	losses := c.Losses(logits, targets)
	if len(targets.Shape()) == 1 && c.Weights != nil {
		hot := oneHot(logits, targets)
		return graph.Div(graph.Sum(losses), graph.Sum(graph.Mul(hot, c.weights(logits))))
	}
	return graph.Mean(losses)
}

// Losses returns the loss of each image, shape N:
//
//	−Σ w[k]·((1−ε)·q[k] + ε/K)·log softmax(logits)[k]
//
// over the classes k with their weights w and target probabilities q, which for a
// label are 1 for its class and 0 for all others.
func (c CrossEntropy) Losses(logits, targets *graph.Node) *graph.Node {
	g, shape := logits.Graph(), logits.Shape()
	if !(c.LabelSmoothing >= 0 && c.LabelSmoothing <= 1) {
		g.Fail("CrossEntropy", "label smoothing must be from 0 to 1, got %v", c.LabelSmoothing)
	}
	if len(shape) != 2 {
		g.Fail("CrossEntropy", "logits must be N×classes, got %v", shape)
	}
	if len(targets.Shape()) == 1 && c.plain() {
		return graph.CrossEntropy(logits, targets)
	}
	q := targets
	if len(targets.Shape()) == 1 {
		q = oneHot(logits, targets)
	} else if !targets.Shape().Equal(shape) {
		g.Fail("CrossEntropy", "logits are %v, so targets must be labels %d or probabilities %v, got %v", shape, shape[0], shape, targets.Shape())
	}
	if c.LabelSmoothing != 0 {
		uniform := c.LabelSmoothing / float32(shape[1])
		q = graph.Add(graph.Mul(q, g.Scalar(1-c.LabelSmoothing)), g.Scalar(uniform))
	}
	if c.Weights != nil {
		q = graph.Mul(q, c.weights(logits))
	}
	return graph.Neg(graph.Sum(graph.Mul(q, graph.LogSoftmax(logits, 1)), 1))
}

// plain says that no option is set.
func (c CrossEntropy) plain() bool { return c.LabelSmoothing == 0 && c.Weights == nil }

// weights returns the weights of the classes, 1×K.
func (c CrossEntropy) weights(logits *graph.Node) *graph.Node {
	g, classes := logits.Graph(), logits.Shape()[1]
	if err := c.CheckWeights(classes); err != nil {
		g.Fail("CrossEntropy", "%w", err)
	}
	return g.Constant(tensor.Must(tensor.FromSlice(slices.Clone(c.Weights), 1, classes)))
}

// CheckWeights reports Weights that are not one number of at least 0 for each class,
// not all 0; nil is right.
func (c CrossEntropy) CheckWeights(classes int) error {
	if c.Weights == nil {
		return nil
	}
	if len(c.Weights) != classes {
		return fmt.Errorf("there are %d class weights for %d classes", len(c.Weights), classes)
	}
	for k, w := range c.Weights {
		if !(w >= 0 && w <= 1e30) {
			return fmt.Errorf("the weight of class %d must be a number of at least 0, got %v", k, w)
		}
	}
	if slices.Max(c.Weights) == 0 {
		return errors.New("the weights of all classes are 0")
	}
	return nil
}

// oneHot returns 1 for the class of each label and 0 for the others, N×K.
func oneHot(logits, labels *graph.Node) *graph.Node {
	g, n, k := logits.Graph(), logits.Shape()[0], logits.Shape()[1]
	if labels.Shape()[0] != n {
		g.Fail("CrossEntropy", "logits are %v, so labels must have shape %d, got %v", logits.Shape(), n, labels.Shape())
	}
	classes := tensor.New(1, k)
	for i := range k {
		classes.Data()[i] = float32(i)
	}
	return graph.Equal(graph.Reshape(labels, n, 1), g.Constant(classes))
}

// MSELoss returns the mean of (output − target)² over all elements; PyTorch's
// MSELoss. The two must have the same shape.
func MSELoss(output, target *graph.Node) *graph.Node {
	d := difference("MSELoss", output, target)
	return graph.Mean(graph.Mul(d, d))
}

// L1Loss returns the mean of |output − target| over all elements; PyTorch's
// L1Loss. The two must have the same shape. The derivative is 0 where they are
// equal.
func L1Loss(output, target *graph.Node) *graph.Node {
	return graph.Mean(graph.Abs(difference("L1Loss", output, target)))
}

// difference subtracts without broadcasting: an output N×1 and a target N would
// give N×N differences, which is hardly ever meant.
func difference(loss string, output, target *graph.Node) *graph.Node {
	if !output.Shape().Equal(target.Shape()) {
		output.Graph().Fail(loss, "output %v and target %v must have the same shape", output.Shape(), target.Shape())
	}
	return graph.Sub(output, target)
}
