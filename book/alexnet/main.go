// Command alexnet is the chapter on AlexNet: a larger network, ReLU, dropout, and
// image augmentation.
package main

import (
	"context"
	"fmt"
	"math"
	"os"

	"github.com/strideml/stride/book/internal/chapter"
	"github.com/strideml/stride/d2l"
	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/augment"
	"github.com/strideml/stride/data/fashionmnist"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/train/diagnose"
)

var page = &chapter.Chapter{Name: "alexnet"}

func init() {
	page.Sections = []chapter.Section{
		{Name: "shapes", Run: shapes},
		{Name: "costs", Run: costs},
		{Name: "gradients", Run: gradients},
		{Name: "dropout", Run: dropout},
		{Name: "augment", Run: augmented},
		{Name: "streams", Run: streams},
		{Name: "train", Run: trainSection, Long: true},
		{Name: "small", Run: small, Long: true},
		{Name: "few", Run: few, Long: true},
		{Name: "saturated", Run: saturated},
		{Name: "lrn", Run: localResponse},
		{Name: "memory", Run: memory},
	}
}

func main() { chapter.Main(page) }

//region net

// alexnet returns AlexNet with its channels and hidden units divided by ratio.
func alexnet(ratio int) nn.Layer {
	return nn.Sequential(
		nn.Conv2D(96/ratio, 11).Stride(4).Pad(1), nn.ReLU(),
		nn.MaxPool2D(3).Stride(2),
		nn.Conv2D(256/ratio, 5).Pad(2), nn.ReLU(),
		nn.MaxPool2D(3).Stride(2),
		nn.Conv2D(384/ratio, 3).Pad(1), nn.ReLU(),
		nn.Conv2D(384/ratio, 3).Pad(1), nn.ReLU(),
		nn.Conv2D(256/ratio, 3).Pad(1), nn.ReLU(),
		nn.MaxPool2D(3).Stride(2),
		nn.Flatten(),
		nn.Linear(4096/ratio), nn.ReLU(), nn.Dropout(0.5),
		nn.Linear(4096/ratio), nn.ReLU(), nn.Dropout(0.5),
		nn.Linear(10),
	)
}

//endregion

func shapes() error {
	//region shapes
	err := d2l.LayerShapes(os.Stdout, alexnet(1), tensor.Shape{1, 1, 224, 224})
	//endregion
	return err
}

func costs() error {
	//region costs
	trace, err := nn.Outline(alexnet(1), tensor.Shape{1, 224, 224}, 1)
	if err != nil {
		return err
	}
	parameters, multiplyAdds := 0, int64(0)
	for _, l := range trace.Rows() {
		parameters += l.Parameters
		multiplyAdds += l.MultiplyAdds
		if l.Parameters > 0 {
			fmt.Printf("%-3s %-7s %8d parameters %10d multiply-adds\n", l.Path, l.Kind, l.Parameters, l.MultiplyAdds)
		}
	}
	fmt.Printf("together    %8d parameters %10d multiply-adds\n", parameters, multiplyAdds)
	//endregion
	return nil
}

//region deep

// deep returns eight convolutions with activation functions, and a classifier.
func deep(activation func() *nn.ActivationLayer) nn.Layer {
	net := nn.Sequential()
	for range 8 {
		net.Append(nn.Conv2D(16, 3).Pad(1), activation())
	}
	return net.Append(nn.Flatten(), nn.Linear(10))
}

// gradientSizes returns, for each convolution, the root mean square of the gradient
// of its kernels, for some images with random weights.
func gradientSizes(net nn.Layer, images, labels *tensor.Tensor) ([]float64, error) {
	model, err := nn.New(net, images.Shape()[1:], nn.Options{Init: nn.XavierUniform()})
	if err != nil {
		return nil, err
	}
	probe, err := diagnose.NewGradientProbe(model, nil, nil, images.Shape()[0], labels.Shape())
	if err != nil {
		return nil, err
	}
	defer probe.Close()
	gradients, err := probe.Run(images, labels, 0)
	if err != nil {
		return nil, err
	}
	var sizes []float64
	for i, p := range model.Parameters() {
		if len(p.Value.Shape()) == 4 { // a kernel, not a bias
			g := gradients[i]
			sizes = append(sizes, math.Sqrt(float64(g.Mul(g).Mean().At())))
		}
	}
	return sizes, nil
}

//endregion

// sizes are the results of section gradients.
var sizes struct{ sigmoid, relu []float64 }

func gradients() error {
	images, labels, err := firstBatch(64)
	if err != nil {
		return err
	}
	//region gradients
	sigmoid, err := gradientSizes(deep(nn.Sigmoid), images, labels)
	if err != nil {
		return err
	}
	relu, err := gradientSizes(deep(nn.ReLU), images, labels)
	if err != nil {
		return err
	}
	for i := range sigmoid {
		fmt.Printf("convolution %d   sigmoid %.1e   ReLU %.1e\n", i+1, sigmoid[i], relu[i])
	}
	//endregion
	sizes.sigmoid, sizes.relu = sigmoid, relu
	return nil
}

// firstBatch returns the first n training images in random order, and their labels.
func firstBatch(n int) (images, labels *tensor.Tensor, err error) {
	trainSet, _, err := d2l.LoadDataFashionMNIST(n, 0)
	if err != nil {
		return nil, nil, err
	}
	for batch, err := range trainSet.Epoch(context.Background(), 0, 0) {
		if err != nil {
			return nil, nil, err
		}
		return batch.Images.Clone(), batch.Labels.Clone(), nil
	}
	return nil, nil, nil
}

func dropout() error {
	//region dropout
	model, err := nn.New(nn.Dropout(0.5), tensor.Shape{8}, nn.Options{})
	if err != nil {
		return err
	}
	ones := tensor.Full(1, 1, 8)
	trace, err := model.Trace(1, nn.Train)
	if err != nil {
		return err
	}
	feeds := engine.Feeds{trace.Input: ones}
	for step := range uint64(3) {
		trace.FeedStep(feeds, step)
		outputs, err := engine.Run(cpu.Default(), feeds, trace.Output)
		if err != nil {
			return err
		}
		fmt.Println("training step", step, outputs[0])
	}
	prediction, err := model.Predict(nil, ones)
	if err != nil {
		return err
	}
	fmt.Println("prediction     ", prediction)
	//endregion
	return nil
}

//region pipeline

// pipeline is what happens to each training image.
var pipeline = augment.Pipeline{
	augment.RandomHorizontalFlip{},
	augment.RandomResizedCrop{Scale: [2]float64{0.6, 1}},
	augment.ColorJitter{Brightness: 0.5, Contrast: 0.5},
}

//endregion

func augmented() error {
	//region augment
	set, err := fashionmnist.Load(context.Background(), fashionmnist.Options{})
	if err != nil {
		return err
	}
	fmt.Println("as text:", pipeline)
	sheet, err := augment.Sheet(set.Train, []int{0, 5, 8, 23}, pipeline, 5, 0) // four images, five epochs, seed 0
	if err != nil {
		return err
	}
	//endregion
	augmentedSheet = sheet
	return nil
}

func streams() error {
	set, err := fashionmnist.Load(context.Background(), fashionmnist.Options{})
	if err != nil {
		return err
	}
	//region streams
	hook, err := pipeline.Hook(set.Train.ImageShape())
	if err != nil {
		return err
	}
	batch := func(epoch, workers int) (images *tensor.Tensor, err error) {
		loader, err := data.NewLoader(set.Train, data.LoaderConfig{BatchSize: 64, Seed: 1, Workers: workers, Transform: hook})
		if err != nil {
			return nil, err
		}
		for b, err := range loader.Epoch(context.Background(), epoch, 0) {
			if err != nil {
				return nil, err
			}
			images = b.Images.Clone() // a batch is valid until the next one
			break
		}
		return images, nil
	}
	first, err := batch(0, 1)
	if err != nil {
		return err
	}
	again, err := batch(0, 4)
	if err != nil {
		return err
	}
	next, err := batch(1, 1)
	if err != nil {
		return err
	}
	fmt.Println("epoch 0, one worker and four: the same images:", again.Equal(first))
	fmt.Println("epochs 0 and 1: the same images:", next.Equal(first))
	//endregion
	return nil
}

func trainSection() error {
	//region settings
	ratio, side, images, test := 4, 96, 4000, 1000
	config := train.Config{Epochs: 6, BatchSize: 16, LearningRate: 0.05}
	//endregion
	if page.Full {
		ratio, side, images, test = 1, 224, 0, 0
		config = train.Config{Epochs: 10, BatchSize: 128, LearningRate: 0.01}
	}
	//region train
	ctx := context.Background()
	set, err := fashionmnist.Load(ctx, fashionmnist.Options{})
	if err != nil {
		return err
	}
	trainSet, err := set.Train.Resize(side, side)
	if err != nil {
		return err
	}
	testSet, err := set.Test.Resize(side, side)
	if err != nil {
		return err
	}
	model, err := nn.New(alexnet(ratio), tensor.Shape{1, side, side}, nn.Options{Init: nn.XavierUniform()})
	if err != nil {
		return err
	}
	config.Callbacks.OnEpoch = func(e train.EpochInfo) {
		fmt.Printf("epoch %d, loss %.2f, training accuracy %.2f\n", e.Epoch, e.TrainLoss, e.TrainAccuracy)
	}
	history, err := train.Fit(ctx, model, data.Limit(trainSet, images), data.Limit(testSet, test), config)
	if err != nil {
		return err
	}
	fmt.Printf("test accuracy %.2f, %.0f images/s\n", history.Last().TestAccuracy, history.ImagesPerSecond)
	//endregion
	return nil
}
