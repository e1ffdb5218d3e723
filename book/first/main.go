// Command first is the program of the front page: a network with a block of the
// reader's own is defined and trained.
package main

import (
	"context"
	"fmt"

	"github.com/strideml/stride/book/internal/chapter"
	"github.com/strideml/stride/data/fashionmnist"
	"github.com/strideml/stride/graph"
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

// NewResidual returns a block for so many channels.
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
	return nil
}
