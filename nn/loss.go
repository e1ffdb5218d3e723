package nn

import "github.com/strideml/stride/graph"

// CrossEntropyLoss returns the mean over a batch of −log softmax(logits)[label],
// the loss of classification; PyTorch's CrossEntropyLoss. logits have shape N×K,
// labels have shape N and hold class indices 0 ≤ label < K.
func CrossEntropyLoss(logits, labels *graph.Node) *graph.Node {
	return graph.Mean(graph.CrossEntropy(logits, labels))
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
