// Command lenet is the chapter on LeNet: the network, its shapes and parameters,
// training it on Fashion-MNIST, and what it has learnt.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/strideml/stride/book/internal/chapter"
	"github.com/strideml/stride/d2l"
	"github.com/strideml/stride/data/fashionmnist"
	"github.com/strideml/stride/metrics"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
)

var page = &chapter.Chapter{Name: "lenet"}

func init() {
	page.Sections = []chapter.Section{
		{Name: "shapes", Run: shapes},
		{Name: "costs", Run: costs},
		{Name: "data", Run: loadData},
		{Name: "start", Run: start},
		{Name: "train", Run: trainSection, Long: true},
		{Name: "evaluate", Run: evaluate, Long: true},
		{Name: "predict", Run: predict, Long: true},
		{Name: "maps", Run: maps, Long: true},
		{Name: "count", Run: count},
		{Name: "modern", Run: modern, Long: true},
		{Name: "linear", Run: linear, Long: true},
		{Name: "bigger", Run: bigger, Long: true},
		{Name: "original", Run: original},
		{Name: "slow", Run: slow, Long: true},
	}
}

func main() { chapter.Main(page) }

//region net

// lenet returns LeNet for grey pictures of 28×28 pixels and ten classes.
func lenet() nn.Layer {
	return nn.Sequential(
		nn.Conv2D(6, 5).Pad(2), nn.Sigmoid(),
		nn.AvgPool2D(2),
		nn.Conv2D(16, 5), nn.Sigmoid(),
		nn.AvgPool2D(2),
		nn.Flatten(),
		nn.Linear(120), nn.Sigmoid(),
		nn.Linear(84), nn.Sigmoid(),
		nn.Linear(10),
	)
}

//endregion

func shapes() error {
	//region shapes
	err := d2l.LayerShapes(os.Stdout, lenet(), tensor.Shape{1, 1, 28, 28})
	//endregion
	return err
}

func costs() error {
	//region costs
	trace, err := nn.Outline(lenet(), tensor.Shape{1, 28, 28}, 1)
	if err != nil {
		return err
	}
	parameters, multiplyAdds := 0, int64(0)
	for _, l := range trace.Rows() {
		parameters += l.Parameters
		multiplyAdds += l.MultiplyAdds
		if l.Parameters > 0 {
			fmt.Printf("%-3s %-7s %6d parameters %7d multiply-adds\n", l.Path, l.Kind, l.Parameters, l.MultiplyAdds)
		}
	}
	fmt.Printf("together    %6d parameters %7d multiply-adds\n", parameters, multiplyAdds)
	//endregion
	return nil
}

func loadData() error {
	//region data
	trainSet, testSet, err := d2l.LoadDataFashionMNIST(256, 0)
	if err != nil {
		return err
	}
	fmt.Println(trainSet.Items(), "training images,", testSet.Items(), "test images")
	for batch, err := range trainSet.Epoch(context.Background(), 0, 0) {
		if err != nil {
			return err
		}
		names, err := d2l.GetFashionMNISTLabels(batch.Labels)
		if err != nil {
			return err
		}
		fmt.Println("a batch has images", batch.Images.Shape(), "and labels", batch.Labels.Shape())
		fmt.Println(names[:4])
		break
	}
	//endregion
	return nil
}

// start computes loss and accuracy before any training.
func start() error {
	//region start
	model, err := nn.New(lenet(), tensor.Shape{1, 28, 28}, nn.Options{Init: nn.XavierUniform()})
	if err != nil {
		return err
	}
	_, testSet, err := d2l.LoadDataFashionMNIST(256, 0)
	if err != nil {
		return err
	}
	result, err := train.Evaluate(context.Background(), model, testSet.Dataset(), train.EvalConfig{})
	if err != nil {
		return err
	}
	fmt.Printf("loss %.2f, accuracy %.2f\n", result.Loss, result.Accuracy)
	//endregion
	return nil
}

// trained is the network of the text, with the history of its training.
var trained struct {
	model   *nn.Model
	history *train.History
}

func trainSection() error {
	//region settings
	batch, epochs, lr := 16, 8, float32(2)
	//endregion
	if page.Full {
		batch, epochs, lr = 256, 10, 0.9
	}
	//region train
	trainSet, testSet, err := d2l.LoadDataFashionMNIST(batch, 0)
	if err != nil {
		return err
	}
	model, err := nn.New(lenet(), tensor.Shape{1, 28, 28}, nn.Options{})
	if err != nil {
		return err
	}
	history, err := d2l.TrainCh6(context.Background(), model, trainSet, testSet, epochs, lr, d2l.TryGPU(0), nil)
	if err != nil {
		return err
	}
	//endregion
	trained.model, trained.history = model, history
	return nil
}

// trainedModel is the network of the text, trained, and printing that, if no section has
// done so yet.
func trainedModel() (*nn.Model, error) {
	if trained.model == nil {
		if err := trainSection(); err != nil {
			return nil, err
		}
	}
	return trained.model, nil
}

// confusion counts the test images by class and prediction.
var confusion *metrics.ConfusionMatrix

func evaluate() error {
	model, err := trainedModel()
	if err != nil {
		return err
	}
	_, testSet, err := d2l.LoadDataFashionMNIST(256, 0)
	if err != nil {
		return err
	}
	//region evaluate
	result, err := train.Evaluate(context.Background(), model, testSet.Dataset(), train.EvalConfig{})
	if err != nil {
		return err
	}
	fmt.Printf("accuracy %.3f\n\n%v", result.Accuracy, result.Confusion.Report())
	//endregion
	confusion = result.Confusion
	return nil
}

func predict() error {
	model, err := trainedModel()
	if err != nil {
		return err
	}
	_, testSet, err := d2l.LoadDataFashionMNIST(256, 0)
	if err != nil {
		return err
	}
	//region predict
	x := tensor.New(1, 28, 28)
	label, err := testSet.Dataset().Read(boot, x.Data())
	if err != nil {
		return err
	}
	logits, err := model.Predict(nil, x)
	if err != nil {
		return err
	}
	classes, p := fashionmnist.Classes(), metrics.Softmax(logits.Data())
	fmt.Println("it is:", classes[label])
	for _, class := range metrics.Top(logits.Data(), 3) {
		fmt.Printf("%-10s %.2f\n", classes[class], p[class])
	}
	//endregion
	return nil
}

// boot is a test image of an ankle boot.
const boot = 0

// activations are the outputs of LeNet's layers for the boot.
var activations []*tensor.Tensor

func maps() error {
	model, err := trainedModel()
	if err != nil {
		return err
	}
	x, err := testImage(boot)
	if err != nil {
		return err
	}
	//region maps
	outputs, err := model.Activations(nil, x, "1", "2", "4", "5")
	if err != nil {
		return err
	}
	for i, path := range []string{"1", "2", "4", "5"} {
		fmt.Println("layer", path, "makes", outputs[i].Shape())
	}
	kernels, err := model.Param("0.weight")
	if err != nil {
		return err
	}
	fmt.Println("the first kernels are", kernels.Value.Shape())
	//endregion
	activations = outputs
	return nil
}

// testImage returns a test image, 1×28×28.
func testImage(i int) (*tensor.Tensor, error) {
	_, testSet, err := d2l.LoadDataFashionMNIST(256, 0)
	if err != nil {
		return nil, err
	}
	x := tensor.New(1, 28, 28)
	_, err = testSet.Dataset().Read(i, x.Data())
	return x, err
}
