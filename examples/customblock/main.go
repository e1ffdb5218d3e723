// Command customblock shows how to make a custom block: a residual block
// as a struct with a Forward. It trains a small network of two such blocks to
// tell horizontal bars from vertical ones.
//
//	go run ./examples/customblock
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
)

// Residual computes ReLU(x' + F(x)), where F is two convolutions with batch
// normalization and x' is x, or a 1×1 convolution of it where the shape
// changes. The fields name the parameters: "0.conv1.weight".
type Residual struct {
	Conv1, BN1 nn.Layer
	Conv2, BN2 nn.Layer
	Shortcut   nn.Layer // nil keeps x as it is
}

// NewResidual makes a block with the given number of channels and stride.
func NewResidual(channels, stride int, shortcut bool) *Residual {
	r := &Residual{
		Conv1: nn.Conv2D(channels, 3).Pad(1).Stride(stride), BN1: nn.BatchNorm(),
		Conv2: nn.Conv2D(channels, 3).Pad(1), BN2: nn.BatchNorm(),
	}
	if shortcut {
		r.Shortcut = nn.Conv2D(channels, 1).Stride(stride)
	}
	return r
}

// Forward is all there is to a layer.
func (r *Residual) Forward(x *graph.Node) *graph.Node {
	y := graph.ReLU(r.BN1.Forward(r.Conv1.Forward(x)))
	y = r.BN2.Forward(r.Conv2.Forward(y))
	if r.Shortcut != nil {
		x = r.Shortcut.Forward(x)
	}
	return graph.ReLU(graph.Add(x, y))
}

func main() {
	if err := run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "customblock:", err)
		os.Exit(1)
	}
}

func run(w io.Writer) error {
	net := nn.Sequential(
		NewResidual(4, 2, true),
		NewResidual(4, 1, false),
		nn.GlobalAvgPool2D(), nn.Flatten(), nn.Linear(2))
	model, err := nn.New(net, tensor.Shape{1, side, side}, nn.Options{Seed: 1, Init: nn.HeNormal()})
	if err != nil {
		return err
	}
	defer model.Close()
	for _, p := range model.Parameters()[:3] {
		fmt.Fprintf(w, "%-16s %v\n", p.Name, p.Value.Shape())
	}
	device := cpu.New(cpu.Options{})
	images, labels := bars()
	first, last, err := fit(device, model, images, labels, 40)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "the loss fell to less than a tenth: %v\n", last < first/10)
	right, err := count(device, model, images, labels)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%d of %d bars told apart\n", right, labels.Size())
	return nil
}

const side = 8

// bars returns an image for each row and each column: a white line on black.
// Rows are class 0, columns class 1.
func bars() (images, labels *tensor.Tensor) {
	images, labels = tensor.New(2*side, 1, side, side), tensor.New(2*side)
	for at := range side {
		labels.Set(1, side+at)
		for i := range side {
			images.Set(1, at, 0, at, i)
			images.Set(1, side+at, 0, i, at)
		}
	}
	return images, labels
}

// fit takes steps on the whole batch and returns the first and last loss.
func fit(device engine.Device, model *nn.Model, images, labels *tensor.Tensor, steps int) (first, last float64, err error) {
	step := train.NewMinimizer(device, optim.SGD{Momentum: 0.9}, model.Parameters(), func(x, y *graph.Node) *graph.Node {
		return nn.CrossEntropyLoss(model.Forward(x, nn.Train), y)
	})
	defer step.Close()
	for i := range steps {
		if last, err = step.Run(0.05, images, labels); err != nil {
			return 0, 0, err
		}
		if i == 0 {
			first = last
		}
	}
	return first, last, nil
}

// count returns how many images the model classifies correctly.
func count(device engine.Device, model *nn.Model, images, labels *tensor.Tensor) (right int, err error) {
	logits, err := model.Predict(device, images)
	if err != nil {
		return 0, err
	}
	for i := range labels.Size() {
		class := float32(0)
		if logits.At(i, 1) > logits.At(i, 0) {
			class = 1
		}
		if class == labels.At(i) {
			right++
		}
	}
	return right, nil
}
