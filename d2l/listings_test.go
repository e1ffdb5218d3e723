package d2l_test

import (
	"fmt"
	"log"

	"github.com/strideml/stride/d2l"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/zoo"
)

// Listings of the book, as they read in Go.

// A detector of vertical edges: white, black, white, and the kernel (1, −1).
func Example_edges() {
	white, black := tensor.Full(1, 6, 2), tensor.New(6, 4)
	x := tensor.Must(tensor.Concat(1, white, black, white))
	k := tensor.Must(tensor.FromSlice([]float32{1, -1}, 1, 2))
	y, err := d2l.Corr2D(x, k)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(y)
	// Turned by 90 degrees there are none.
	y, err = d2l.Corr2D(tensor.Must(x.Transpose()), k)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(y.Abs().Sum())
	// Output:
	// [[ 0.  1.  0.  0.  0. -1.  0.]
	//  [ 0.  1.  0.  0.  0. -1.  0.]
	//  [ 0.  1.  0.  0.  0. -1.  0.]
	//  [ 0.  1.  0.  0.  0. -1.  0.]
	//  [ 0.  1.  0.  0.  0. -1.  0.]
	//  [ 0.  1.  0.  0.  0. -1.  0.]]
	// 0.0
}

// A kernel that finds edges, learnt from an image and its edges.
func Example_learnAKernel() {
	white, black := tensor.Full(1, 1, 1, 6, 2), tensor.New(1, 1, 6, 4)
	x := tensor.Must(tensor.Concat(3, white, black, white))
	y := tensor.New(1, 1, 6, 7)
	for i := range 6 {
		y.Set(1, 0, 0, i, 1)
		y.Set(-1, 0, 0, i, 5)
	}

	conv, err := nn.New(nn.Conv2D(1, 1).Kernel(1, 2).NoBias(), tensor.Shape{1, 6, 8}, nn.Options{Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	step := train.NewMinimizer(d2l.TryGPU(0), optim.SGD{}, conv.Parameters(), func(x, y *graph.Node) *graph.Node {
		d := graph.Sub(conv.Forward(x, nn.Train), y)
		return graph.Sum(graph.Mul(d, d))
	})
	defer step.Close()
	for i := range 10 {
		loss, err := step.Run(3e-2, x, y)
		if err != nil {
			log.Fatal(err)
		}
		if (i+1)%2 == 0 {
			fmt.Printf("epoch %d, loss %.3f\n", i+1, loss)
		}
	}
	weight, err := conv.Param("weight")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.2f\n", weight.Value.Data())
	// Output:
	// epoch 2, loss 8.450
	// epoch 4, loss 1.457
	// epoch 6, loss 0.260
	// epoch 8, loss 0.050
	// epoch 10, loss 0.011
	// [0.99 -0.98]
}

// A 1×1 convolution is a fully connected layer that is applied to each pixel.
func Example_oneByOne() {
	r := tensor.Seed(0)
	x, k := tensor.Randn(r, 3, 3, 3), tensor.Randn(r, 2, 3, 1, 1)
	y1, err := d2l.Corr2DMultiInOut1x1(x, k)
	if err != nil {
		log.Fatal(err)
	}
	y2, err := d2l.Corr2DMultiInOut(x, k)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(y1.Sub(y2).Abs().Sum().At() < 1e-5)
	// Output: true
}

// Pooling layers, applied at once.
func ExampleApply() {
	x := count(0, 1, 1, 4, 4)
	for _, pool := range []nn.Layer{nn.MaxPool2D(3), nn.MaxPool2D(3).Pad(1).Stride(2)} {
		y, err := d2l.Apply(pool, x)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(y)
	}
	// Each channel is pooled by itself.
	x = tensor.Must(tensor.Concat(1, x, x.AddScalar(1)))
	y, err := d2l.Apply(nn.MaxPool2D(3).Pad(1).Stride(2), x)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(y)
	// Output:
	// [[[[10.]]]]
	// [[[[ 5.  7.]
	//    [13. 15.]]]]
	// [[[[ 5.  7.]
	//    [13. 15.]]
	//
	//   [[ 6.  8.]
	//    [14. 16.]]]]
}

// Blocks of ResNet and DenseNet on random images.
func ExampleApply_blocks() {
	r := tensor.Seed(0)
	x := tensor.Rand(r, 4, 3, 6, 6)
	for _, block := range []nn.Layer{zoo.NewResidual(3), zoo.NewResidual(6).Use1x1(2)} {
		y, err := d2l.Apply(block, x)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(y.Shape())
	}
	x = tensor.Randn(r, 4, 3, 8, 8)
	y, err := d2l.Apply(zoo.NewDenseBlock(2, 10), x)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(y.Shape())
	y, err = d2l.Apply(zoo.Transition(10), y)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(y.Shape())
	// Output:
	// 4×3×6×6
	// 4×6×3×3
	// 4×23×8×8
	// 4×10×4×4
}

// batchNorm is the book's batch_norm: it normalises N×C or N×C×H×W with the
// statistics of the batch or, in prediction mode, with moving averages, which it
// returns. Parameters and averages have the shape 1×C or 1×C×1×1.
func batchNorm(x, gamma, beta, movingMean, movingVar *tensor.Tensor, eps, momentum float32, training bool) (y, newMean, newVar *tensor.Tensor) {
	mean, variance := movingMean, movingVar
	if training {
		axes := []int{0}
		if x.Rank() == 4 {
			axes = []int{0, 2, 3}
		}
		mean = x.MeanKeep(axes...)
		off := x.Sub(mean)
		variance = off.Mul(off).MeanKeep(axes...)
		movingMean = movingMean.MulScalar(momentum).Add(mean.MulScalar(1 - momentum))
		movingVar = movingVar.MulScalar(momentum).Add(variance.MulScalar(1 - momentum))
	}
	normal := x.Sub(mean).Div(variance.AddScalar(eps).Sqrt())
	return gamma.Mul(normal).Add(beta), movingMean, movingVar
}

// Batch normalization from scratch, on a batch of two images with two channels.
func Example_batchNorm() {
	x := count(0, 2, 2, 2, 2)
	gamma, beta := tensor.Full(1, 1, 2, 1, 1), tensor.New(1, 2, 1, 1)
	mean, variance := tensor.New(1, 2, 1, 1), tensor.Full(1, 1, 2, 1, 1)

	y, newMean, newVar := batchNorm(x, gamma, beta, mean, variance, 1e-5, 0.9, true)
	fmt.Printf("mean %.3f, variance %.3f\n", y.Mean(0, 2, 3).Data(), y.Mul(y).Mean(0, 2, 3).Data())
	fmt.Printf("moving mean %.3f, variance %.3f\n", newMean.Data(), newVar.Data())

	// In prediction mode it is what the layer computes.
	y, _, _ = batchNorm(x, gamma, beta, mean, variance, 1e-5, 0.9, false)
	layer, err := d2l.Apply(nn.BatchNorm(), x)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(y.AllClose(layer, 1e-5, 1e-6))
	// Output:
	// mean [0.000 0.000], variance [1.000 1.000]
	// moving mean [0.550 0.950], variance [2.625 2.625]
	// true
}

// What is learnt by a layer of LeNet with batch normalization, by its name.
func Example_gamma() {
	net := nn.Sequential(
		nn.Conv2D(6, 5), nn.BatchNormScratch(6, 4), nn.Sigmoid(), nn.AvgPool2D(2),
		nn.Conv2D(16, 5), nn.BatchNormScratch(16, 4), nn.Sigmoid(), nn.AvgPool2D(2), nn.Flatten(),
		nn.Linear(120), nn.BatchNormScratch(120, 2), nn.Sigmoid(),
		nn.Linear(84), nn.BatchNormScratch(84, 2), nn.Sigmoid(), nn.Linear(10))
	model, err := nn.New(net, tensor.Shape{1, 28, 28}, nn.Options{})
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range []string{"1.gamma", "1.beta"} {
		p, err := model.Param(name)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(name, tensor.Must(p.Value.Reshape(-1)))
	}
	// Output:
	// 1.gamma [1. 1. 1. 1. 1. 1.]
	// 1.beta [0. 0. 0. 0. 0. 0.]
}
