package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/strideml/stride/data/fashionmnist"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/modelfile"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/onnx"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
)

func gradient() error {
	//region gradient
	g := graph.New()
	x := g.Input("x", 3)
	y := graph.Sum(graph.Mul(x, x)) // nothing is computed yet
	dx := graph.Gradients(y, x)[0]  // a node, too
	values, err := engine.Run(cpu.Default(), engine.Feeds{
		x: tensor.Must(tensor.FromSlice([]float32{1, 2, 3}, 3)),
	}, y, dx)
	if err != nil {
		return err
	}
	fmt.Println(values[0], values[1])
	//endregion
	return nil
}

func modes() error {
	//region modes
	model, err := nn.New(nn.Dropout(0.5), tensor.Shape{8}, nn.Options{})
	if err != nil {
		return err
	}
	x := tensor.Full(1, 1, 8)
	trace, err := model.Trace(1, nn.Train)
	if err != nil {
		return err
	}
	feeds := engine.Feeds{trace.Input: x}
	trace.FeedStep(feeds, 0) // which elements go depends on the number of the step
	training, err := engine.Run(cpu.Default(), feeds, trace.Output)
	if err != nil {
		return err
	}
	prediction, err := model.Predict(nil, x)
	if err != nil {
		return err
	}
	fmt.Println("nn.Train:", training[0], " Predict:", prediction)
	//endregion
	return nil
}

// torchFile is the file that program.py has written, from the folder of the repository or
// from that of this program, where its test runs.
func torchFile(name string) string {
	if path := filepath.Join("book", page.Name, name); exists(path) {
		return path
	}
	return name
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// loadTorch returns the network with the weights that PyTorch has trained.
func loadTorch() (*nn.Model, error) {
	path := torchFile("net.pth")
	//region pth-load
	model, err := nn.New(NewNet(), tensor.Shape{1, 28, 28}, nn.Options{})
	if err != nil {
		return nil, err
	}
	if err := modelfile.Load(model, path); err != nil { // net.pth, as torch.save wrote it
		return nil, err
	}
	//endregion
	return model, nil
}

func loadPTH() error {
	model, err := loadTorch()
	if err != nil {
		return err
	}
	//region pth
	set, err := fashionmnist.Load(context.Background(), fashionmnist.Options{})
	if err != nil {
		return err
	}
	result, err := train.Evaluate(context.Background(), model, set.Test, train.EvalConfig{})
	if err != nil {
		return err
	}
	fmt.Printf("trained by PyTorch, evaluated by Stride: test accuracy %.2f\n",
		result.Accuracy)
	//endregion
	return nil
}

func exportONNX() error {
	model, err := loadTorch()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "tenminutes")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "net.onnx")
	//region onnx
	if err := onnx.Save(path, model, onnx.WriteOptions{Classes: fashionmnist.Classes()}); err != nil {
		return err
	}

	net, err := onnx.Load(path, onnx.Options{})
	if err != nil {
		return err
	}
	loaded, err := nn.New(net, net.Input(), nn.Options{})
	if err != nil {
		return err
	}
	x := tensor.Rand(tensor.Seed(0), 2, 1, 28, 28)
	a, err := model.Predict(nil, x)
	if err != nil {
		return err
	}
	b, err := loaded.Predict(nil, x)
	if err != nil {
		return err
	}
	fmt.Println("the ONNX file computes the same:", a.AllClose(b, 1e-4, 1e-4))
	//endregion
	return nil
}
