package graph

import (
	"fmt"

	"github.com/strideml/stride/tensor"
)

// CrossEntropyOp gives for each row of logits (N×K) and its class index
// (labels, N) the loss −log softmax(logits)[label]. A label that is not a
// whole number from 0 to K−1 gives NaN.
type CrossEntropyOp struct{}

// Kind returns "CrossEntropy".
func (CrossEntropyOp) Kind() string { return "CrossEntropy" }

// Infer returns N.
func (CrossEntropyOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 2); err != nil {
		return nil, err
	}
	return checkLogits(in[0], in[1])
}

func checkLogits(logits, labels tensor.Shape) (tensor.Shape, error) {
	if err := rank("logits", logits, 2, "N×classes"); err != nil {
		return nil, err
	}
	if len(labels) != 1 || labels[0] != logits[0] {
		return nil, fmt.Errorf("logits are %v, so labels must have shape %d, got %v", logits, logits[0], labels)
	}
	return labels, nil
}

func (CrossEntropyOp) gradient(y, dy *Node) []*Node {
	return []*Node{dy.graph.add(CrossEntropyGradOp{}, y.inputs[0], y.inputs[1], dy), nil}
}

// CrossEntropyGradOp is the derivative of CrossEntropyOp with respect to the
// logits: (softmax(logits) − onehot(label)) · dy, NaN in the whole row of a
// label that CrossEntropyOp gives NaN for. Arguments: logits (N×K), labels
// (N), dy (N).
type CrossEntropyGradOp struct{ noGradient }

// Kind returns "CrossEntropyGrad".
func (CrossEntropyGradOp) Kind() string { return "CrossEntropyGrad" }

// Infer returns the shape of the logits.
func (CrossEntropyGradOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 3); err != nil {
		return nil, err
	}
	if _, err := checkLogits(in[0], in[1]); err != nil {
		return nil, err
	}
	return in[0], nil
}

// CrossEntropy returns the loss −log softmax(logits)[label] of each of N
// samples, for logits N×K and labels N (class indices as float32). Its Mean
// is PyTorch's CrossEntropyLoss.
func CrossEntropy(logits, labels *Node) *Node {
	return logits.graph.add(CrossEntropyOp{}, logits, labels)
}
