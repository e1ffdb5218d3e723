// Command resnet is the chapter on residual networks: nested function classes, the
// residual block, ResNet-18, and what shortcuts do to gradients.
package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"slices"

	"github.com/strideml/stride/book/internal/chapter"
	"github.com/strideml/stride/d2l"
	"github.com/strideml/stride/data"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

var page = &chapter.Chapter{Name: "resnet"}

func init() {
	page.Sections = []chapter.Section{
		{Name: "classes", Run: classes},
		{Name: "shapes", Run: shapes},
		{Name: "layers", Run: layers},
		{Name: "gradients", Run: gradients},
		{Name: "depth", Run: depth, Long: true},
		{Name: "train", Run: trainIt, Long: true},
		{Name: "ex-mismatch", Run: exerciseMismatch},
		{Name: "ex-bottleneck", Run: exerciseBottleneck},
		{Name: "ex-preactivation", Run: exercisePreActivation},
		{Name: "ex-variants", Run: exerciseVariants},
		{Name: "ex-without", Run: exerciseWithout, Long: true},
	}
	page.Figures = figures
}

func main() { chapter.Main(page) }

//region distance

// distance returns how far the values f are from the nearest sum a·cos(from·t) + … +
// b·cos(to·t). At these points the cosines are orthogonal, so each factor is found by
// itself.
func distance(f []float64, from, to int) float64 {
	rest := slices.Clone(f)
	for k := from; k <= to; k++ {
		cos := make([]float64, len(f))
		var dot, norm float64
		for i := range f {
			cos[i] = math.Cos(math.Pi * float64(k) * (float64(i) + 0.5) / float64(len(f)))
			dot += f[i] * cos[i]
			norm += cos[i] * cos[i]
		}
		for i := range rest {
			rest[i] -= dot / norm * cos[i]
		}
	}
	var sum float64
	for _, r := range rest {
		sum += r * r
	}
	return math.Sqrt(sum / float64(len(f)))
}

//endregion

func classes() error {
	//region classes
	f := make([]float64, 64)
	for i := range f {
		t := float64(i) / 64
		f[i] = math.Exp(-20*(t-0.3)*(t-0.3)) + t // the function that we look for
	}
	for n := range 7 {
		fmt.Printf("cosines 0 to %d: %.3f    cosines %d to %2d: %.3f\n",
			n, distance(f, 0, n), n, 2*n, distance(f, n, 2*n))
	}
	//endregion
	return nil
}

//region residual

// Residual adds its input to what two convolutions make of it.
type Residual struct {
	Conv1, Conv2 *nn.Conv2DLayer
	Conv3        *nn.Conv2DLayer // on the shortcut; nil: the input itself
	BN1, BN2     *nn.BatchNormLayer
}

func NewResidual(channels int, use1x1 bool, stride int) *Residual {
	b := &Residual{
		Conv1: nn.Conv2D(channels, 3).Pad(1).Stride(stride), BN1: nn.BatchNorm(),
		Conv2: nn.Conv2D(channels, 3).Pad(1), BN2: nn.BatchNorm(),
	}
	if use1x1 {
		b.Conv3 = nn.Conv2D(channels, 1).Stride(stride)
	}
	return b
}

func (b *Residual) Forward(x *graph.Node) *graph.Node {
	y := graph.ReLU(b.BN1.Forward(b.Conv1.Forward(x)))
	y = b.BN2.Forward(b.Conv2.Forward(y))
	if b.Conv3 != nil {
		x = b.Conv3.Forward(x)
	}
	return graph.ReLU(graph.Add(y, x))
}

//endregion

func shapes() error {
	//region shapes
	x := tensor.Rand(tensor.Seed(0), 4, 3, 6, 6)
	for _, block := range []nn.Layer{NewResidual(3, false, 1), NewResidual(6, true, 2)} {
		y, err := d2l.Apply(block, x)
		if err != nil {
			return err
		}
		fmt.Println(y.Shape())
	}
	//endregion
	return nil
}

//region stage

// resnetBlock is a stage: residual blocks of which the first halves the image,
// except in the first stage of a network.
func resnetBlock(channels, residuals int, first bool) *nn.SequentialLayer {
	stage := nn.Sequential()
	for i := range residuals {
		if i == 0 && !first {
			stage.Append(NewResidual(channels, true, 2))
		} else {
			stage.Append(NewResidual(channels, false, 1))
		}
	}
	return stage
}

//endregion

//region network

func resnet18() nn.Layer {
	b1 := nn.Sequential(
		nn.Conv2D(64, 7).Stride(2).Pad(3), nn.BatchNorm(), nn.ReLU(),
		nn.MaxPool2D(3).Stride(2).Pad(1))
	b2 := resnetBlock(64, 2, true)
	b3 := resnetBlock(128, 2, false)
	b4 := resnetBlock(256, 2, false)
	b5 := resnetBlock(512, 2, false)
	return nn.Sequential(b1, b2, b3, b4, b5, nn.GlobalAvgPool2D(), nn.Flatten(), nn.Linear(10))
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
	if err := d2l.LayerShapes(os.Stdout, resnet18(), tensor.Shape{1, 1, 224, 224}); err != nil {
		return err
	}
	n, err := parameters(resnet18(), tensor.Shape{1, 224, 224})
	if err != nil {
		return err
	}
	fmt.Println(n, "parameters")
	//endregion
	return nil
}

// loaders returns n training images in random order and 1,000 test images, resized,
// or those of the book's settings with -full.
func loaders(n, size, batch int) (trainSet, testSet *data.Loader, err error) {
	if page.Full {
		return d2l.LoadDataFashionMNIST(256, 96)
	}
	trainSet, testSet, err = d2l.LoadDataFashionMNIST(batch, size)
	if err != nil {
		return nil, nil, err
	}
	//region subset
	// The first images of the sample are of all classes.
	trainSet, err = data.NewLoader(data.Limit(trainSet.Dataset(), n),
		data.LoaderConfig{BatchSize: batch, Shuffle: true})
	if err != nil {
		return nil, nil, err
	}
	testSet, err = data.NewLoader(data.Limit(testSet.Dataset(), 1000),
		data.LoaderConfig{BatchSize: batch})
	//endregion
	return trainSet, testSet, err
}

func trainIt() error {
	size, batch, epochs, rate := 28, 32, 2, float32(0.01)
	if page.Full {
		size, batch, epochs, rate = 96, 256, 10, 0.05
	}
	//region train
	trainSet, testSet, err := loaders(1000, size, batch)
	if err != nil {
		return err
	}
	model, err := nn.New(resnet18(), tensor.Shape{1, size, size}, nn.Options{})
	if err != nil {
		return err
	}
	_, err = d2l.TrainCh6(context.Background(), model, trainSet, testSet,
		epochs, rate, d2l.TryGPU(0), nil)
	//endregion
	return err
}
