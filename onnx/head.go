package onnx

import (
	"fmt"
	"math/rand/v2"

	"github.com/strideml/stride/nn"
)

// ReplaceHead gives the network a last layer for another number of classes: the last
// convolution or linear layer on the way to the output gets a weight and a bias of that size,
// drawn at random by nn.New as PyTorch does. A softmax behind it is dropped, so that the result
// are logits, as training wants them.
//
// It returns the path of the layer, in which its parameters lie and by which all other layers
// can be frozen: "fc" for a ResNet of PyTorch. Where the file's names for the weight and the
// bias have no path in common, they become "head.weight" and "head.bias".
//
// ReplaceHead must be called before nn.New. On an error the network is unchanged.
func (n *Network) ReplaceHead(classes int) (path string, err error) {
	if classes < 1 {
		return "", fmt.Errorf("replace the head: %d classes, want at least 1", classes)
	}
	changed := *n
	if changed.program, path, err = n.program.ReplaceHead(classes); err != nil {
		return "", fmt.Errorf("replace the head: %w", err)
	}
	issues, err := changed.check()
	if err == nil {
		err = unsupported(issues)
	}
	if err == nil && changed.Classes() != classes {
		err = fmt.Errorf("the result has the shape %v then", changed.output)
	}
	if err != nil {
		return "", fmt.Errorf("replace the head: %w", err)
	}
	for name, p := range n.params { // whose tensors may be those of a model already
		if changed.params[name] != nil && n.program.SameWeight(changed.program, name) {
			for i, c := range changed.children {
				if c.Name == name {
					changed.children[i].Layer = p
				}
			}
			changed.params[name] = p
		}
	}
	changed.labels = nil
	*n = changed
	return path, nil
}

// DropSoftmax leaves out a softmax at the end, so that a classifier gives logits; it does
// nothing where there is none. It must be called before nn.New.
func (n *Network) DropSoftmax() {
	before := n.program
	n.program = n.program.DropSoftmax(len(n.output) + 1)
	n.dropped = n.dropped || n.program != before
}

// fans is PyTorch's default initializer for a layer whose weight has its inputs along another
// axis than the second.
type fans struct{ in int }

func (f fans) String() string { return nn.PyTorchDefault().String() }

// Fill implements nn.Initializer.
func (f fans) Fill(r *rand.Rand, w []float32, _, fanOut int) {
	nn.PyTorchDefault().Fill(r, w, f.in, fanOut)
}
