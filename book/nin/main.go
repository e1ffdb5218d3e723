// Command nin is the chapter on Network in Network: 1×1 convolutions, and a global
// average in place of fully connected layers.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/strideml/stride/book/internal/chapter"
	"github.com/strideml/stride/d2l"
	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/fashionmnist"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/train/diagnose"
	"github.com/strideml/stride/zoo"
)

var page = &chapter.Chapter{Name: "nin"}

func init() {
	page.Sections = []chapter.Section{
		{Name: "block", Run: blockShape},
		{Name: "pixelwise", Run: pixelwise},
		{Name: "shapes", Run: shapes},
		{Name: "compare", Run: compare},
		{Name: "train", Run: trainSection, Long: true},
		{Name: "maps", Run: classMaps, Long: true},
		{Name: "chance", Run: chance},
		{Name: "count", Run: count},
		{Name: "one", Run: one, Long: true},
		{Name: "sizes", Run: sizes},
		{Name: "stage", Run: stage},
	}
	page.Figures = []chapter.Figure{
		{File: "network.svg", Draw: drawNetwork},
		{File: "costs.svg", Draw: drawCosts},
		{File: "classes.png", Wordless: true, Long: true, Draw: drawClassMaps},
	}
}

func main() { chapter.Main(page) }

//region block

// ninBlock returns a convolution and two 1×1 convolutions, each followed by a ReLU.
func ninBlock(channels, kernel, stride, padding int) *nn.SequentialLayer {
	return nn.Sequential(
		nn.Conv2D(channels, kernel).Stride(stride).Pad(padding), nn.ReLU(),
		nn.Conv2D(channels, 1), nn.ReLU(),
		nn.Conv2D(channels, 1), nn.ReLU(),
	)
}

//endregion

func blockShape() error {
	//region block-shape
	y, err := d2l.Apply(ninBlock(96, 11, 4, 0), tensor.New(1, 1, 224, 224))
	if err != nil {
		return err
	}
	fmt.Println(y.Shape())
	//endregion
	return nil
}

func pixelwise() error {
	//region pixelwise
	r := tensor.Seed(0)
	x := tensor.Randn(r, 3, 2, 2)    // three channels, 2×2 pixels
	k := tensor.Randn(r, 4, 3, 1, 1) // four output channels
	y, err := d2l.Corr2DMultiInOut(x, k)
	if err != nil {
		return err
	}
	matrix := tensor.Must(k.Reshape(4, 3))
	for i := range 2 {
		for j := range 2 {
			pixel := tensor.New(3, 1) // the channels of one pixel
			for c := range 3 {
				pixel.Set(x.At(c, i, j), c, 0)
			}
			out := matrix.MatMul(pixel)
			for c := range 4 {
				if d := out.At(c, 0) - y.At(c, i, j); d > 1e-6 || d < -1e-6 {
					return fmt.Errorf("pixel %d,%d, channel %d differs by %g", i, j, c, d)
				}
			}
		}
	}
	fmt.Println("the 1×1 convolution is a 4×3 matrix, applied to each pixel:", y.Shape())
	//endregion
	return nil
}

//region net

// nin returns Network in Network with its channels divided by ratio.
func nin(ratio int) nn.Layer {
	return nn.Sequential(
		ninBlock(96/ratio, 11, 4, 0),
		nn.MaxPool2D(3).Stride(2),
		ninBlock(256/ratio, 5, 1, 2),
		nn.MaxPool2D(3).Stride(2),
		ninBlock(384/ratio, 3, 1, 1),
		nn.MaxPool2D(3).Stride(2),
		nn.Dropout(0.5),
		ninBlock(10, 3, 1, 1), // a channel for each class
		nn.GlobalAvgPool2D(),
		nn.Flatten(),
	)
}

//endregion

func shapes() error {
	//region shapes
	err := d2l.LayerShapes(os.Stdout, nin(1), tensor.Shape{1, 1, 224, 224})
	//endregion
	return err
}

//region costs

// costs returns the parameters and the multiply-adds of a network for an input.
func costs(net nn.Layer, input tensor.Shape) (parameters int, multiplyAdds int64, err error) {
	trace, err := nn.Outline(net, input, 1)
	if err != nil {
		return 0, 0, err
	}
	for _, l := range trace.Rows() {
		parameters += l.Parameters
		multiplyAdds += l.MultiplyAdds
	}
	return parameters, multiplyAdds, nil
}

//endregion

func compare() error {
	//region compare
	input := tensor.Shape{1, 224, 224}
	for _, net := range []struct {
		name string
		net  nn.Layer
	}{{"AlexNet", zoo.AlexNet(10, zoo.AlexNetConfig{})}, {"VGG-11", zoo.VGG(10, zoo.VGGConfig{})}, {"NiN", nin(1)}} {
		parameters, multiplyAdds, err := costs(net.net, input)
		if err != nil {
			return err
		}
		fmt.Printf("%-8s %9d parameters %11d multiply-adds\n", net.name, parameters, multiplyAdds)
	}
	//endregion
	return nil
}

//region small-net

// nin28 returns NiN for pictures of 28×28 pixels.
func nin28(ratio int) nn.Layer {
	return nn.Sequential(
		ninBlock(96/ratio, 5, 1, 2),
		nn.MaxPool2D(3).Stride(2),
		ninBlock(256/ratio, 5, 1, 2),
		nn.MaxPool2D(3).Stride(2),
		ninBlock(384/ratio, 3, 1, 1),
		nn.MaxPool2D(3).Stride(2),
		nn.Dropout(0.5),
		ninBlock(10, 3, 1, 1),
		nn.GlobalAvgPool2D(),
		nn.Flatten(),
	)
}

//endregion

// trained is the network of the text.
var trained *nn.Model

func trainSection() error {
	//region settings
	net, side, images, test := nin28(4), 28, 6000, 1000
	config := train.Config{Epochs: 6, BatchSize: 16, LearningRate: 0.1, Seed: 1}
	//endregion
	if page.Full {
		net, side, images, test = nin(1), 224, 0, 0
		config = train.Config{Epochs: 10, BatchSize: 128, LearningRate: 0.1}
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
	model, err := nn.New(net, tensor.Shape{1, side, side}, nn.Options{Init: nn.XavierUniform(), Seed: config.Seed})
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
	trained = model
	return nil
}

// trainedModel is the network of the text, trained if no section has done so yet.
func trainedModel() (*nn.Model, error) {
	if trained == nil {
		if err := trainSection(); err != nil {
			return nil, err
		}
	}
	return trained, nil
}

// wardrobe is a picture of nine clothes, and evidence the ten maps of the last block for it.
var wardrobe, evidence *tensor.Tensor

func classMaps() error {
	model, err := trainedModel()
	if err != nil {
		return err
	}
	clothes, err := testImages([]int{0, 2, 18, 8, 13, 1, 9, 19, 6})
	if err != nil {
		return err
	}
	//region maps
	// Nine pictures of 28×28 pixels in three rows: one of 84×84 pixels.
	var rows []*tensor.Tensor
	for i := range 3 {
		row := tensor.Must(tensor.Concat(2, tensor.Must(clothes.Index(3*i)), tensor.Must(clothes.Index(3*i+1)), tensor.Must(clothes.Index(3*i+2))))
		rows = append(rows, row)
	}
	picture := tensor.Must(tensor.Concat(1, rows...))
	large, err := nn.New(model.Net(), picture.Shape(), nn.Options{})
	if err != nil {
		return err
	}
	if err := large.LoadState(model.State()); err != nil { // the trained weights
		return err
	}
	outputs, err := large.Activations(nil, picture, "7", "9") // the last block, and the logits
	if err != nil {
		return err
	}
	fmt.Println("picture", picture.Shape(), "maps", outputs[0].Shape(), "logits", outputs[1].Shape())
	fmt.Println("the logits are the means of the maps:", outputs[0].Mean(2, 3).AllClose(outputs[1], 1e-4, 1e-4))
	//endregion
	wardrobe, evidence = picture, tensor.Must(outputs[0].Index(0))
	return nil
}

// testImages returns some test images, N×1×28×28.
func testImages(items []int) (*tensor.Tensor, error) {
	set, err := fashionmnist.Load(context.Background(), fashionmnist.Options{})
	if err != nil {
		return nil, err
	}
	x := tensor.New(len(items), 1, 28, 28)
	for i, item := range items {
		if _, err := set.Test.Read(item, tensor.Must(x.Index(i)).Data()); err != nil {
			return nil, err
		}
	}
	return x, nil
}

func chance() error {
	set, err := fashionmnist.Load(context.Background(), fashionmnist.Options{})
	if err != nil {
		return err
	}
	images, err := testImages(firstItems(256))
	if err != nil {
		return err
	}
	//region chance
	model, err := nn.New(nin28(8), tensor.Shape{1, 28, 28}, nn.Options{Init: nn.XavierUniform()})
	if err != nil {
		return err
	}
	// Steps that are far too large kill units.
	if _, err := train.Fit(context.Background(), model, data.Limit(set.Train, 256), nil,
		train.Config{Epochs: 1, BatchSize: 64, LearningRate: 20}); err != nil {
		return err
	}
	history, err := train.Fit(context.Background(), model, data.Limit(set.Train, 512), nil,
		train.Config{Epochs: 2, BatchSize: 64, LearningRate: 0.1})
	if err != nil {
		return err
	}
	for _, row := range history.Rows {
		fmt.Printf("epoch %d, loss %.3f, accuracy %.1f\n", row.Epoch, row.TrainLoss, row.TrainAccuracy)
	}
	shares, err := diagnose.DeadReLUs(model, nil, images)
	if err != nil {
		return err
	}
	for _, share := range shares {
		fmt.Println("ReLU", share)
	}
	//endregion
	return nil
}

func firstItems(n int) []int {
	var items []int
	for i := range n {
		items = append(items, i)
	}
	return items
}
