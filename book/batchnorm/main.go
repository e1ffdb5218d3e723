// Command batchnorm is the chapter on batch normalization: the formula for linear
// layers and convolutions, running statistics, a custom layer, and LeNet with
// and without it.
package main

import (
	"context"
	"fmt"

	"github.com/strideml/stride/book/internal/chapter"
	"github.com/strideml/stride/d2l"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

var page = &chapter.Chapter{Name: "batchnorm"}

func init() {
	page.Sections = []chapter.Section{
		{Name: "linear", Run: linear},
		{Name: "convolution", Run: convolution},
		{Name: "moving", Run: movingAverages},
		{Name: "compare", Run: compare},
		{Name: "lenet", Run: describe},
		{Name: "train", Run: trainWith, Long: true},
		{Name: "gamma", Run: learned, Long: true},
		{Name: "train-without", Run: trainWithout, Long: true},
		{Name: "distributions", Run: distributions, Long: true},
		{Name: "ex-bias", Run: exerciseBias},
		{Name: "ex-one", Run: exerciseOne},
		{Name: "ex-gradient", Run: exerciseGradient},
		{Name: "ex-statistics", Run: exerciseStatistics, Long: true},
		{Name: "ex-where", Run: exerciseWhere, Long: true},
	}
	page.Figures = figures
}

func main() { chapter.Main(page) }

//region batchnorm

// statistics are the moving averages of a layer's means and variances.
type statistics struct{ mean, variance *tensor.Tensor }

// batchNorm normalizes x, N×C or N×C×H×W. In training it uses the mean and the
// variance of the batch, and moves the moving averages towards them; in prediction it
// uses these.
func batchNorm(
	x, gamma, beta *tensor.Tensor, moving *statistics, eps, momentum float32, training bool,
) *tensor.Tensor {
	mean, variance := moving.mean, moving.variance
	if training {
		axes := []int{0} // N×C: a mean for each feature
		if x.Rank() == 4 {
			axes = []int{0, 2, 3} // N×C×H×W: a mean for each channel
		}
		mean = x.MeanKeep(axes...)
		off := x.Sub(mean)
		variance = off.Mul(off).MeanKeep(axes...)
		old, new := momentum, 1-momentum
		moving.mean = moving.mean.MulScalar(old).Add(mean.MulScalar(new))
		moving.variance = moving.variance.MulScalar(old).Add(variance.MulScalar(new))
	}
	normal := x.Sub(mean).Div(variance.AddScalar(eps).Sqrt())
	return normal.Mul(gamma).Add(beta)
}

//endregion

func linear() error {
	//region linear
	x := tensor.Must(tensor.FromSlice([]float32{
		1, 100,
		2, 300,
		3, 200,
		6, 400,
	}, 4, 2))
	gamma, beta := tensor.Full(1, 1, 2), tensor.New(1, 2)
	moving := &statistics{mean: tensor.New(1, 2), variance: tensor.Full(1, 1, 2)}
	y := batchNorm(x, gamma, beta, moving, 1e-5, 0.9, true)
	fmt.Println(y)
	fmt.Printf("mean %.3f, mean square %.3f\n", y.Mean(0).Data(), y.Mul(y).Mean(0).Data())
	//endregion
	return nil
}

func convolution() error {
	//region convolution
	x := tensor.Must(tensor.Arange(0, 16, 1).Reshape(2, 2, 2, 2)) // 2 images of 2 channels
	gamma, beta := tensor.Full(1, 1, 2, 1, 1), tensor.New(1, 2, 1, 1)
	moving := &statistics{mean: tensor.New(1, 2, 1, 1), variance: tensor.Full(1, 1, 2, 1, 1)}
	y := batchNorm(x, gamma, beta, moving, 1e-5, 0.9, true)
	fmt.Println(y)
	fmt.Printf("moving mean %.3f, moving variance %.3f\n",
		moving.mean.Data(), moving.variance.Data())
	//endregion
	return nil
}

func movingAverages() error {
	//region moving
	r := tensor.Seed(0)
	gamma, beta := tensor.Full(1, 1, 1), tensor.New(1, 1)
	moving := &statistics{mean: tensor.New(1, 1), variance: tensor.Full(1, 1, 1)}
	for batch := 1; batch <= 50; batch++ {
		x := tensor.Randn(r, 64, 1).MulScalar(3).AddScalar(5) // mean 5, variance 9
		batchNorm(x, gamma, beta, moving, 1e-5, 0.9, true)
		if batch == 1 || batch == 10 || batch == 50 {
			fmt.Printf("after %2d batches: moving mean %.2f, moving variance %.2f\n",
				batch, moving.mean.At(0, 0), moving.variance.At(0, 0))
		}
	}
	//endregion
	return nil
}

//region layer

// BatchNorm is batch normalization as a custom layer.
type BatchNorm struct {
	Gamma, Beta           *nn.Param
	MovingMean, MovingVar *nn.Param
}

// NewBatchNorm takes the number of features or channels, and 2 for N×C or 4 for N×C×H×W.
func NewBatchNorm(features, dims int) *BatchNorm {
	shape := []int{1, features, 1, 1}[:dims]
	return &BatchNorm{
		Gamma:      nn.Parameter(shape...).Init(nn.Constant(1)),
		Beta:       nn.Parameter(shape...),
		MovingMean: nn.Buffer(shape...),
		MovingVar:  nn.Buffer(shape...).Init(nn.Constant(1)),
	}
}

func (b *BatchNorm) Forward(x *graph.Node) *graph.Node {
	number := x.Graph().Scalar
	mean, variance := b.MovingMean.Value(x), b.MovingVar.Value(x)
	if nn.ModeOf(x) == nn.Train {
		axes := []int{0}
		if len(x.Shape()) == 4 {
			axes = []int{0, 2, 3}
		}
		mean = graph.MeanKeep(x, axes...)
		off := graph.Sub(x, mean)
		variance = graph.MeanKeep(graph.Mul(off, off), axes...)
		b.MovingMean.Update(x, func(old *graph.Node) *graph.Node {
			return graph.Add(graph.Mul(number(0.9), old), graph.Mul(number(0.1), mean))
		})
		b.MovingVar.Update(x, func(old *graph.Node) *graph.Node {
			return graph.Add(graph.Mul(number(0.9), old), graph.Mul(number(0.1), variance))
		})
	}
	normal := graph.Div(graph.Sub(x, mean), graph.Sqrt(graph.Add(variance, number(1e-5))))
	return graph.Add(graph.Mul(normal, b.Gamma.Value(x)), b.Beta.Value(x))
}

//endregion

//region run-in-training

// runInTraining runs a model once in training mode: its running statistics move.
func runInTraining(model *nn.Model, x *tensor.Tensor) (*tensor.Tensor, error) {
	trace, err := model.Trace(x.Shape()[0], nn.Train)
	if err != nil {
		return nil, err
	}
	y, err := engine.Run(d2l.TryGPU(0), engine.Feeds{trace.Input: x}, trace.Output)
	if err != nil {
		return nil, err
	}
	return y[0], nil
}

//endregion

func compare() error {
	//region compare
	x := tensor.Randn(tensor.Seed(0), 4, 3).MulScalar(2).AddScalar(1)
	own, err := nn.New(NewBatchNorm(3, 2), tensor.Shape{3}, nn.Options{})
	if err != nil {
		return err
	}
	library, err := nn.New(nn.BatchNorm(), tensor.Shape{3}, nn.Options{})
	if err != nil {
		return err
	}
	y1, err := runInTraining(own, x)
	if err != nil {
		return err
	}
	y2, err := runInTraining(library, x)
	if err != nil {
		return err
	}
	fmt.Println("the outputs agree within 10⁻⁶:", y1.AllClose(y2, 1e-6, 1e-6))
	for _, m := range []*nn.Model{own, library} {
		for _, b := range m.Buffers() {
			fmt.Printf("%-12s %.4f\n", b.Name, b.Value.Data())
		}
	}
	//endregion
	return nil
}

//region lenet-scratch

func lenetScratch() nn.Layer {
	return nn.Sequential(
		nn.Conv2D(6, 5), NewBatchNorm(6, 4), nn.Sigmoid(), nn.AvgPool2D(2),
		nn.Conv2D(16, 5), NewBatchNorm(16, 4), nn.Sigmoid(), nn.AvgPool2D(2), nn.Flatten(),
		nn.Linear(120), NewBatchNorm(120, 2), nn.Sigmoid(),
		nn.Linear(84), NewBatchNorm(84, 2), nn.Sigmoid(),
		nn.Linear(10))
}

//endregion

//region lenet

func lenet() nn.Layer {
	return nn.Sequential(
		nn.Conv2D(6, 5), nn.BatchNorm(), nn.Sigmoid(), nn.AvgPool2D(2),
		nn.Conv2D(16, 5), nn.BatchNorm(), nn.Sigmoid(), nn.AvgPool2D(2), nn.Flatten(),
		nn.Linear(120), nn.BatchNorm(), nn.Sigmoid(),
		nn.Linear(84), nn.BatchNorm(), nn.Sigmoid(),
		nn.Linear(10))
}

//endregion

//region plain

func lenetWithout() nn.Layer {
	return nn.Sequential(
		nn.Conv2D(6, 5), nn.Sigmoid(), nn.AvgPool2D(2),
		nn.Conv2D(16, 5), nn.Sigmoid(), nn.AvgPool2D(2), nn.Flatten(),
		nn.Linear(120), nn.Sigmoid(),
		nn.Linear(84), nn.Sigmoid(),
		nn.Linear(10))
}

//endregion

func describe() error {
	//region describe
	model, err := nn.New(lenet(), tensor.Shape{1, 28, 28}, nn.Options{})
	if err != nil {
		return err
	}
	layers, err := model.Summary(1)
	if err != nil {
		return err
	}
	sum := 0
	for _, l := range layers {
		if l.Parameters > 0 {
			fmt.Printf("%-3s %-10s %-12v %6d parameters\n",
				l.Path, l.Kind, l.Output, l.Parameters)
		}
		sum += l.Parameters
	}
	fmt.Println(sum, "parameters")
	//endregion
	return nil
}

// epochs is how many a training has.
func epochs() int {
	if page.Full {
		return 10
	}
	return 3
}

// trained is the model of section train, for the sections after it.
var trained *nn.Model

func trainWith() error {
	//region train
	model, err := nn.New(lenetScratch(), tensor.Shape{1, 28, 28}, nn.Options{})
	if err != nil {
		return err
	}
	trainSet, testSet, err := d2l.LoadDataFashionMNIST(256, 0)
	if err != nil {
		return err
	}
	_, err = d2l.TrainCh6(context.Background(), model, trainSet, testSet,
		epochs(), 1.0, d2l.TryGPU(0), nil)
	if err != nil {
		return err
	}
	//endregion
	trained = model
	return nil
}

func learned() error {
	model := trained
	//region gamma
	for _, name := range []string{"1.gamma", "1.beta"} {
		p, err := model.Param(name)
		if err != nil {
			return err
		}
		fmt.Printf("%-7s %.2f\n", name, p.Value.Data())
	}
	//endregion
	return nil
}

func trainWithout() error {
	//region train-without
	model, err := nn.New(lenetWithout(), tensor.Shape{1, 28, 28}, nn.Options{})
	if err != nil {
		return err
	}
	trainSet, testSet, err := d2l.LoadDataFashionMNIST(256, 0)
	if err != nil {
		return err
	}
	_, err = d2l.TrainCh6(context.Background(), model, trainSet, testSet,
		epochs(), 1.0, d2l.TryGPU(0), nil)
	if err != nil {
		return err
	}
	//endregion
	return nil
}
