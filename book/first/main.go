// Command first is the program of the front page: a network with a block of the
// reader's own is defined and trained. examples/ownblock is the same without what
// checks the text, to be copied.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/strideml/stride/book/internal/chapter"
	"github.com/strideml/stride/d2l"
	"github.com/strideml/stride/data/fashionmnist"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/modelfile"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
)

var page = &chapter.Chapter{
	Name:     "first",
	Sections: []chapter.Section{{Name: "train", Run: trainIt, Long: true}},
}

func main() { chapter.Main(page) }

//region block

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

//endregion

func trainIt() error {
	ctx := context.Background()
	//region train
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
	//endregion
	return save(model, net)
}

// save saves the model, and loads its weights into another one.
func save(model *nn.Model, net nn.Layer) error {
	dir, err := os.MkdirTemp("", "first")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	was, err := os.Getwd()
	if err != nil {
		return err
	}
	if err := os.Chdir(dir); err != nil {
		return err
	}
	defer func() { _ = os.Chdir(was) }() // it was there
	//region save
	if err := modelfile.Save(model, "mynet.safetensors"); err != nil {
		return err
	}
	again, err := nn.New(net, tensor.Shape{1, 28, 28}, nn.Options{Seed: 1})
	if err != nil {
		return err
	}
	return modelfile.Load(again, "mynet.safetensors")
	//endregion
}
