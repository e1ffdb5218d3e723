// Command ownblock is the program of the book's front page as a whole: a network
// with a custom block is trained, saved, and loaded again. Copy it to begin
// with something of your own:
//
//	cp -r examples/ownblock mynet
//	go run ./mynet
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/strideml/stride/d2l"
	"github.com/strideml/stride/data/fashionmnist"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/modelfile"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
)

// A Residual adds to its input what two convolutions make of it.
type Residual struct {
	Conv1, Conv2 *nn.Conv2DLayer
}

// NewResidual returns a block for the given number of channels.
func NewResidual(channels int) *Residual {
	return &Residual{nn.Conv2D(channels, 3).Pad(1), nn.Conv2D(channels, 3).Pad(1)}
}

// Forward computes the block's output.
func (r *Residual) Forward(x *graph.Node) *graph.Node {
	y := graph.ReLU(r.Conv1.Forward(x))
	y = r.Conv2.Forward(y)
	return graph.ReLU(graph.Add(x, y))
}

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	set, err := fashionmnist.Load(ctx, fashionmnist.Options{Dir: "sample"})
	if err != nil {
		return err
	}
	net := nn.Sequential(
		nn.Conv2D(16, 3).Pad(1), nn.ReLU(), nn.MaxPool2D(2),
		NewResidual(16), nn.MaxPool2D(2),
		nn.Flatten(), nn.Linear(10))
	if err := d2l.LayerShapes(os.Stdout, net, tensor.Shape{1, 1, 28, 28}); err != nil {
		return err
	}
	model, err := nn.New(net, tensor.Shape{1, 28, 28}, nn.Options{})
	if err != nil {
		return err
	}
	history, err := train.Fit(ctx, model, set.Train, set.Test,
		train.Config{Epochs: 3, BatchSize: 32, LearningRate: 0.1})
	if err != nil {
		return err
	}
	fmt.Printf("test accuracy %.2f after %d epochs\n", history.Last().TestAccuracy, history.Last().Epoch)
	return save(model, net)
}

// save saves the model, and loads its weights into another one.
func save(model *nn.Model, net nn.Layer) error {
	if err := modelfile.Save(model, "mynet.safetensors"); err != nil {
		return err
	}
	again, err := nn.New(net, tensor.Shape{1, 28, 28}, nn.Options{Seed: 1})
	if err != nil {
		return err
	}
	return modelfile.Load(again, "mynet.safetensors")
}
