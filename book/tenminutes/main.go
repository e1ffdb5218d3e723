// Command tenminutes is the page for those who come from PyTorch: one program in both,
// what differs, and how weights and networks go to and from PyTorch.
//
// program.py is the PyTorch side.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/strideml/stride/book/internal/chapter"
	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/fashionmnist"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/metrics"
	"github.com/strideml/stride/modelfile"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
)

var page = &chapter.Chapter{Name: "tenminutes"}

func init() {
	page.Sections = []chapter.Section{
		{Name: "program", Run: program, Long: true},
		{Name: "names", Run: names},
		{Name: "errors", Run: errorTexts},
		{Name: "gradient", Run: gradient},
		{Name: "modes", Run: modes},
		{Name: "pth", Run: loadPTH, Long: true},
		{Name: "onnx", Run: exportONNX},
	}
}

func main() { chapter.Main(page) }

//region model

type Net struct {
	Conv1, Conv2 *nn.Conv2DLayer
	BN1, BN2     *nn.BatchNormLayer
	Pool         *nn.Pool2DLayer
	FC           *nn.LinearLayer
}

func NewNet() *Net {
	return &Net{
		Conv1: nn.Conv2D(8, 3).Pad(1), BN1: nn.BatchNorm(),
		Conv2: nn.Conv2D(16, 3).Pad(1), BN2: nn.BatchNorm(),
		Pool: nn.MaxPool2D(2),
		FC:   nn.Linear(10),
	}
}

func (n *Net) Forward(x *graph.Node) *graph.Node {
	x = n.Pool.Forward(graph.ReLU(n.BN1.Forward(n.Conv1.Forward(x))))
	x = n.Pool.Forward(graph.ReLU(n.BN2.Forward(n.Conv2.Forward(x))))
	return n.FC.Forward(graph.Flatten(x))
}

//endregion

func program() error {
	dir, err := os.MkdirTemp("", "tenminutes")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "net.safetensors")

	//region data
	ctx := context.Background()
	set, err := fashionmnist.Load(ctx, fashionmnist.Options{})
	if err != nil {
		return err
	}
	loader, err := data.NewLoader(set.Train, data.LoaderConfig{BatchSize: 64, Shuffle: true, Seed: 1})
	if err != nil {
		return err
	}
	//endregion

	//region new
	device := cpu.Default()
	model, err := nn.New(NewNet(), tensor.Shape{1, 28, 28}, nn.Options{Seed: 1})
	if err != nil {
		return err
	}
	//endregion

	//region loop
	objective := func(x, y *graph.Node) *graph.Node {
		return nn.CrossEntropyLoss(model.Forward(x, nn.Train), y)
	}
	step := train.NewMinimizer(device, optim.SGD{Momentum: 0.9}, model.Parameters(), objective)
	defer step.Close()
	for epoch := range 2 {
		total := 0.0
		for batch, err := range loader.Epoch(ctx, epoch, 0) {
			if err != nil {
				return err
			}
			loss, err := step.Run(0.05, batch.Images, batch.Labels)
			if err != nil {
				return err
			}
			total += loss
		}
		fmt.Printf("epoch %d: loss %.2f\n", epoch+1, total/float64(loader.Batches()))
	}
	//endregion

	//region evaluate
	result, err := train.Evaluate(ctx, model, set.Test, train.EvalConfig{Device: device})
	if err != nil {
		return err
	}
	fmt.Printf("test accuracy %.2f\n", result.Accuracy)
	//endregion

	//region save
	if err := modelfile.Save(model, path); err != nil {
		return err
	}

	again, err := nn.New(NewNet(), tensor.Shape{1, 28, 28}, nn.Options{})
	if err != nil {
		return err
	}
	if err := modelfile.Load(again, path); err != nil {
		return err
	}
	//endregion

	//region predict
	image := tensor.New(1, 28, 28)
	if _, err := set.Test.Read(0, image.Data()); err != nil {
		return err
	}
	scores, err := again.Predict(device, image)
	if err != nil {
		return err
	}
	fmt.Println(set.Test.Classes()[metrics.ArgMax(scores.Data())])
	//endregion
	return nil
}

func names() error {
	//region names
	model, err := nn.New(NewNet(), tensor.Shape{1, 28, 28}, nn.Options{})
	if err != nil {
		return err
	}
	for _, entry := range model.State() {
		fmt.Printf("%-18s %v\n", entry.Name, entry.Tensor.Shape())
	}
	//endregion
	return nil
}

func errorTexts() error {
	//region errors
	net := nn.Sequential(nn.Conv2D(8, 3), nn.Linear(10))
	_, err := nn.New(net, tensor.Shape{1, 28, 28}, nn.Options{})
	fmt.Println(err)
	net = nn.Sequential(nn.Conv2D(8, 5), nn.MaxPool2D(2), nn.Conv2D(16, 5))
	_, err = nn.New(net, tensor.Shape{1, 8, 8}, nn.Options{})
	fmt.Println(err)
	//endregion
	return nil
}
