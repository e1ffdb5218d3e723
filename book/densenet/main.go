// Command densenet is the chapter on densely connected networks: from the Taylor
// expansion to concatenation, dense blocks, transitions, and their memory.
package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"

	"github.com/strideml/stride/book/internal/chapter"
	"github.com/strideml/stride/d2l"
	"github.com/strideml/stride/data"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/zoo"
)

var page = &chapter.Chapter{Name: "densenet"}

func init() {
	page.Sections = []chapter.Section{
		{Name: "taylor", Run: taylor},
		{Name: "block", Run: blockShapes},
		{Name: "keeps", Run: keeps},
		{Name: "layers", Run: layers},
		{Name: "growth", Run: growthRates},
		{Name: "budget", Run: budgets, Long: true},
		{Name: "train", Run: trainIt, Long: true},
		{Name: "ex-bottleneck", Run: exerciseBottleneck},
		{Name: "ex-121", Run: exercise121},
		{Name: "ex-resolution", Run: exerciseResolution},
		{Name: "ex-mlp", Run: exerciseMLP},
	}
	page.Figures = figures
}

func main() { chapter.Main(page) }

func taylor() error {
	//region taylor
	x := 0.8
	features := []float64{x} // what a dense block would keep
	weights := []float64{1}  // of the last layer: 1/n!
	for n := 2; n <= 6; n++ {
		features = append(features, features[0]*features[len(features)-1]) // from what is there: xⁿ
		weights = append(weights, weights[len(weights)-1]/float64(n))
		sum := 1.0
		for i, f := range features {
			sum += weights[i] * f
		}
		fmt.Printf("%d features: %.6f, error %.6f\n", len(features), sum, math.Exp(x)-sum)
	}
	//endregion
	return nil
}

//region conv-block

func convBlock(channels int) *nn.SequentialLayer {
	return nn.Sequential(nn.BatchNorm(), nn.ReLU(), nn.Conv2D(channels, 3).Pad(1))
}

//endregion

//region dense-block

// DenseBlock concatenates its input with what each of its convolutions makes of all that
// is there so far.
type DenseBlock struct{ Net *nn.SequentialLayer }

// NewDenseBlock takes the number of convolutions, and how many channels each adds.
func NewDenseBlock(convolutions, growth int) *DenseBlock {
	net := nn.Sequential()
	for range convolutions {
		net.Append(convBlock(growth))
	}
	return &DenseBlock{net}
}

func (b *DenseBlock) Forward(x *graph.Node) *graph.Node {
	for _, block := range b.Net.Layers() {
		x = graph.Concat(1, x, block.Forward(x))
	}
	return x
}

//endregion

//region transition

func transitionBlock(channels int) *nn.SequentialLayer {
	return nn.Sequential(nn.BatchNorm(), nn.ReLU(), nn.Conv2D(channels, 1), nn.AvgPool2D(2))
}

//endregion

func blockShapes() error {
	//region block
	x := tensor.Randn(tensor.Seed(0), 4, 3, 8, 8)
	y, err := d2l.Apply(NewDenseBlock(2, 10), x)
	if err != nil {
		return err
	}
	fmt.Println(y.Shape())
	y, err = d2l.Apply(transitionBlock(10), y)
	if err != nil {
		return err
	}
	fmt.Println(y.Shape())
	//endregion
	return nil
}

func keeps() error {
	//region keeps
	x := tensor.Randn(tensor.Seed(0), 4, 3, 8, 8)
	model, err := nn.New(NewDenseBlock(2, 10), tensor.Shape{3, 8, 8}, nn.Options{})
	if err != nil {
		return err
	}
	y, err := model.Predict(d2l.TryGPU(0), x)
	if err != nil {
		return err
	}
	parts, err := model.Activations(d2l.TryGPU(0), x, "net.0", "net.1")
	if err != nil {
		return err
	}
	at := 0
	for i, part := range append([]*tensor.Tensor{x}, parts...) {
		n := part.Shape()[1]
		same := tensor.Must(y.Slice(1, at, at+n)).AllClose(part, 1e-5, 1e-6)
		fmt.Printf("channels %2d to %2d are %s: %v\n",
			at, at+n-1, []string{"the input", "the first convolution", "the second"}[i], same)
		at += n
	}
	//endregion
	return nil
}

//region network

// densenet has dense blocks of four convolutions that add growth channels each. A
// transition between two blocks halves channels, height and width.
func densenet(growth int) nn.Layer {
	channels := 64
	net := nn.Sequential(nn.Sequential(
		nn.Conv2D(channels, 7).Stride(2).Pad(3), nn.BatchNorm(), nn.ReLU(),
		nn.MaxPool2D(3).Stride(2).Pad(1)))
	for i := range 4 {
		net.Append(NewDenseBlock(4, growth))
		channels += 4 * growth
		if i < 3 {
			channels /= 2
			net.Append(transitionBlock(channels))
		}
	}
	net.Append(
		nn.BatchNorm(), nn.ReLU(), nn.GlobalAvgPool2D(), nn.Flatten(),
		nn.Linear(10))
	return net
}

//endregion

//region parameters

// parameters counts the numbers that training changes.
func parameters(net nn.Layer, input tensor.Shape) (int, error) {
	model, err := nn.New(net, input, nn.Options{})
	if err != nil {
		return 0, err
	}
	sum := 0
	for _, p := range model.Parameters() {
		sum += p.Value.Size()
	}
	return sum, nil
}

//endregion

func layers() error {
	//region layers
	if err := d2l.LayerShapes(os.Stdout, densenet(32), tensor.Shape{1, 1, 96, 96}); err != nil {
		return err
	}
	n, err := parameters(densenet(32), tensor.Shape{1, 96, 96})
	if err != nil {
		return err
	}
	fmt.Println(n, "parameters")
	//endregion
	return nil
}

//region memory

// memory returns how much a training step holds, within a budget if that is not 0, in
// megabytes, and how many values of the forward pass are computed again in the
// backward pass.
func memory(net nn.Layer, size, batch int, budget float64) (megabytes float64, again int, err error) {
	model, err := nn.New(net, tensor.Shape{1, size, size}, nn.Options{})
	if err != nil {
		return 0, 0, err
	}
	step := train.NewStepper(model, d2l.TryGPU(0), optim.SGD{})
	defer step.Close()
	step.SetMemoryBudget(int64(budget * 1e6))
	m, err := step.Memory(batch)
	return float64(m.Total()) / 1e6, m.Recomputed, err
}

//endregion

func growthRates() error {
	//region growth
	for _, growth := range []int{8, 16, 32, 48} {
		n, err := parameters(densenet(growth), tensor.Shape{1, 96, 96})
		if err != nil {
			return err
		}
		megabytes, _, err := memory(densenet(growth), 96, 16, 0)
		if err != nil {
			return err
		}
		fmt.Printf("growth %2d: %8d parameters, a training step of 16 images holds %3.0f MB\n",
			growth, n, megabytes)
	}
	resnet := zoo.ResNet(10, zoo.ResNetConfig{})
	n, err := parameters(resnet, tensor.Shape{1, 96, 96})
	if err != nil {
		return err
	}
	megabytes, _, err := memory(resnet, 96, 16, 0)
	if err != nil {
		return err
	}
	fmt.Printf("ResNet-18: %8d parameters, a training step of 16 images holds %3.0f MB\n",
		n, megabytes)
	//endregion
	return nil
}

func budgets() error {
	//region budget
	for _, budget := range []float64{0, 250, 230, 210, 190} {
		megabytes, again, err := memory(densenet(32), 96, 64, budget)
		if errors.Is(err, train.ErrBudget) {
			fmt.Printf("budget %3.0f MB: %v\n", budget, err)
			break
		}
		if err != nil {
			return err
		}
		fmt.Printf("budget %3.0f MB: the step holds %3.0f MB and computes %2d values again\n",
			budget, megabytes, again)
	}
	//endregion
	return nil
}

// loaders returns n training images in random order and 1,000 test images, resized,
// or those of the book's settings with -full.
func loaders(n, size, batch int) (trainSet, testSet *data.Loader, err error) {
	trainSet, testSet, err = d2l.LoadDataFashionMNIST(batch, size)
	if page.Full || err != nil {
		return trainSet, testSet, err
	}
	trainSet, err = data.NewLoader(data.Limit(trainSet.Dataset(), n), data.LoaderConfig{BatchSize: batch, Shuffle: true})
	if err != nil {
		return nil, nil, err
	}
	testSet, err = data.NewLoader(data.Limit(testSet.Dataset(), 1000), data.LoaderConfig{BatchSize: batch})
	return trainSet, testSet, err
}

func trainIt() error {
	size, batch, epochs := 32, 32, 2
	if page.Full {
		size, batch, epochs = 96, 256, 10
	}
	//region train
	trainSet, testSet, err := loaders(1000, size, batch)
	if err != nil {
		return err
	}
	model, err := nn.New(densenet(32), tensor.Shape{1, size, size}, nn.Options{})
	if err != nil {
		return err
	}
	_, err = d2l.TrainCh6(context.Background(), model, trainSet, testSet,
		epochs, 0.1, d2l.TryGPU(0), nil)
	//endregion
	return err
}
