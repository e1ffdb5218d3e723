package modelfolder

import (
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

// openONNX reads an ONNX file. size, if above 0, is the height and width of its input; all asks for all outputs.
func openONNX(path string, size int, all bool) (*imported, error) {
	open := openSize
	if size > 0 {
		open = size
	}
	net, err := onnx.Load(path, onnx.Options{Default: tensor.Shape{3, open, open}, AllOutputs: all})
	if err != nil {
		return nil, err
	}
	net.DropSoftmax()
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
	return &headed{Network: &net, head: head}
}

// headed is a network whose last layer is known.
type headed struct {
	*onnx.Network
	head string // path of the layer that gives the scores; "" if it is not known
}

// Head returns the path of the layer that gives the scores, for package finetune.
func (l *headed) Head() []string {
	if l.head == "" {
		return nil
	}
	return []string{l.head}
}
