package d2l

import (
	"fmt"
	"io"
	"strings"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/accelerator"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

// TryGPU returns accelerator number i, from 0, if there is one that works, and else the
// engine for the CPU, with all its threads. Its Name and Description say which it is.
// The book's try_gpu.
//
// Accelerators are those of package engine/accelerator: a program has some if it
// imports an engine for them, as with
//
//	import _ "github.com/strideml/stride/engine/xla/register"
//
// All calls for the same i return the same device.
func TryGPU(i int) engine.Device {
	if d, err := accelerator.Open(i); err == nil {
		return d
	}
	return cpu.Default()
}

// TryAllGPUs returns all accelerators that work, and where there is none, the engine
// for the CPU alone. The book's try_all_gpus.
func TryAllGPUs() []engine.Device {
	n, _ := accelerator.Count() // those that were found count
	var all []engine.Device
	for i := range n {
		if d, err := accelerator.Open(i); err == nil {
			all = append(all, d)
		}
	}
	if len(all) == 0 {
		return []engine.Device{cpu.Default()}
	}
	return all
}

// Apply applies a layer or a whole network to a batch x (N×C×H×W, or N×features)
// at once, as the book's layer(X) does: its weights are drawn as PyTorch would,
// the same at each call, and dropout and batch normalization are in Eval mode.
// To keep the weights, or run often, make a model: nn.New, Model.Predict.
func Apply(layer nn.Layer, x *tensor.Tensor) (*tensor.Tensor, error) {
	if x.Rank() < 2 {
		return nil, fmt.Errorf("apply a layer to %v: want a batch, such as N×C×H×W", x.Shape())
	}
	model, err := nn.New(layer, x.Shape()[1:], nn.Options{})
	if err != nil {
		return nil, err
	}
	defer model.Close()
	return model.Predict(nil, x)
}

// CompConv2D applies a layer, such as a convolution of one output channel with
// freshly drawn weights, to an image x (H×W) and returns its result without
// the batch and channel axes. The book's comp_conv2d, which shows how padding
// and stride change shapes.
func CompConv2D(layer nn.Layer, x *tensor.Tensor) (*tensor.Tensor, error) {
	if x.Rank() != 2 {
		return nil, fmt.Errorf("image %v: want H×W", x.Shape())
	}
	image, err := x.Reshape(1, 1, x.Shape()[0], x.Shape()[1])
	if err != nil {
		return nil, err
	}
	y, err := Apply(layer, image)
	if err != nil {
		return nil, err
	}
	if y.Rank() != 4 || y.Shape()[1] != 1 {
		return nil, fmt.Errorf("the layer makes %v of the image: want one channel", y.Shape())
	}
	return y.Index(0, 0)
}

// LayerShapes prints the shape after each layer of a network, for an input of
// the given shape N×C×H×W, in the manner of the book's loop over a network:
//
//	Conv2d output shape: 	 1×6×28×28
//
// A block counts as one layer, as there. Layers have PyTorch's names, blocks
// that of their Go type. The layers of a network that is not a Sequential are
// those that its Forward applies. Parameters take no memory. For all layers at
// once see nn.Model.Summary.
func LayerShapes(w io.Writer, net nn.Layer, shape tensor.Shape) error {
	if len(shape) < 2 {
		return fmt.Errorf("input shape %v: want N×C×H×W", shape)
	}
	trace, err := nn.Outline(net, shape[1:], shape[0])
	if err != nil {
		return err
	}
	layers := trace.Layers() // the network comes last
	for i, l := range layers {
		if l.Depth == 1 || i == 0 && l.Depth == 0 { // a network that is one layer
			if _, err := fmt.Fprintf(w, "%s output shape: \t %v\n", torchName(l), l.Node.Shape()); err != nil {
				return err
			}
		}
	}
	return nil
}

// torchName is the name of a layer's class in PyTorch.
func torchName(l nn.LayerOutput) string {
	switch l.Kind {
	case "BatchNorm":
		return fmt.Sprintf("BatchNorm%dd", max(len(l.Node.Shape())-2, 1))
	case "GlobalAvgPool2D":
		return "AdaptiveAvgPool2d"
	}
	return strings.Replace(l.Kind, "2D", "2d", 1)
}

// A Window is a convolution or pooling along one axis. A zero stride or
// dilation means 1.
type Window struct {
	Kernel, Stride, Dilation int
}

// ReceptiveField returns how many input pixels along an axis one output pixel
// of a chain of layers depends on, and by how many pixels the fields of two
// neighbours are apart. From r = j = 1 each layer makes it
//
//	r ← r + d·(k−1)·j   j ← j·s
//
// for kernel k, stride s and dilation d.
func ReceptiveField(layers ...Window) (size, step int) {
	size, step = 1, 1
	for _, l := range layers {
		size += max(l.Dilation, 1) * (l.Kernel - 1) * step
		step *= max(l.Stride, 1)
	}
	return size, step
}
