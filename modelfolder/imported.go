package modelfolder

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/onnx"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
)

// openSize is the height and width of pictures where an ONNX file leaves them open.
const openSize = 224

// imported is the network of an ONNX file.
type imported struct {
	path string
	net  *onnx.Network
}

// openONNX reads an ONNX file. size, if above 0, is the height and width of its input.
func openONNX(path string, size int) (*imported, error) {
	net, err := onnx.Load(path, onnx.Options{})
	var open *onnx.OpenInputError
	if errors.As(err, &open) && len(open.Shape) == 3 {
		net, err = onnx.Load(path, onnx.Options{Input: fill(open.Shape, size)})
	}
	if err != nil {
		return nil, err
	}
	i := &imported{path, net}
	input := net.Input()
	switch {
	case len(input) != 3 || input[0] != 1 && input[0] != 3:
		return nil, fmt.Errorf("%s takes inputs of %v: want pictures, 1×H×W or 3×H×W", path, input)
	case net.Classes() == 0:
		return nil, fmt.Errorf("%s gives %v for a picture: want a score for each class", path, net.Output())
	case size > 0 && (input[1] != size || input[2] != size):
		return nil, fmt.Errorf("%s takes pictures of %d×%d pixels, not of %d×%d", path, input[1], input[2], size, size)
	}
	return i, nil
}

// fill returns a shape whose open sizes, which are 0, are those of a colour picture.
func fill(shape tensor.Shape, size int) tensor.Shape {
	if size == 0 {
		size = openSize
	}
	shape = shape.Clone()
	for axis, usual := range []int{3, size, size} {
		if shape[axis] == 0 {
			shape[axis] = usual
		}
	}
	return shape
}

// spec describes the network as an entry of package zoo.
func (i *imported) spec() zoo.Spec {
	name := filepath.Base(i.path)
	usual := zoo.Defaults{Batch: 32, LearningRate: 0.01, Epochs: 10}
	return zoo.Spec{
		Name: name, Title: name, Doc: "A network from an ONNX file.", Input: i.net.Input(), Classes: i.net.Classes(),
		Defaults: usual, Sample: usual, Init: nn.PyTorchDefault(), New: i.layer,
	}
}

// layer returns the network with a new head. One whose head is not found has only the
// classes that it came with.
func (i *imported) layer(classes int) nn.Layer {
	net := *i.net // ReplaceHead changes it
	head, err := net.ReplaceHead(classes)
	if err != nil && classes != i.net.Classes() {
		return nn.Func("ONNX", func(x *graph.Node) *graph.Node {
			x.Graph().Fail("ONNX", "%w", err)
			return nil
		})
	}
	return &logits{Network: &net, head: head}
}

// logits is a network without the softmax at its end.
type logits struct {
	*onnx.Network
	head string // path of the layer that gives the scores; "" if it is not known
}

// Forward adds the network to the graph of x, a batch of pictures.
func (l *logits) Forward(x *graph.Node) *graph.Node {
	y := l.Network.Forward(x)
	if s, ok := y.Op().(graph.SoftmaxOp); ok && s.Axis == len(y.Shape())-1 {
		return y.Inputs()[0]
	}
	return y
}

// Head returns the path of the layer that gives the scores, for package finetune.
func (l *logits) Head() []string {
	if l.head == "" {
		return nil
	}
	return []string{l.head}
}
