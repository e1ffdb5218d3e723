package main

import (
	"context"
	"fmt"
	"io"
	"math"

	"github.com/strideml/stride/d2l"
	"github.com/strideml/stride/data"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/metrics"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

func exerciseBias() error {
	//region ex-bias
	x := tensor.Randn(tensor.Seed(0), 8, 1, 12, 12)
	net := nn.Sequential(nn.Conv2D(6, 5), nn.BatchNorm())
	model, err := nn.New(net, tensor.Shape{1, 12, 12}, nn.Options{})
	if err != nil {
		return err
	}
	before, err := runInTraining(model, x)
	if err != nil {
		return err
	}
	bias, err := model.Param("0.bias")
	if err != nil {
		return err
	}
	for i := range bias.Value.Data() {
		bias.Value.Data()[i] += 10
	}
	bias.Changed()
	after, err := runInTraining(model, x)
	if err != nil {
		return err
	}
	fmt.Println("the same output with all biases 10 higher:", before.AllClose(after, 0, 1e-4))
	//endregion
	return nil
}

func exerciseOne() error {
	//region ex-one
	for _, shape := range []tensor.Shape{{3}, {3, 4, 4}} {
		model, err := nn.New(nn.BatchNorm(), shape, nn.Options{})
		if err != nil {
			return err
		}
		_, err = runInTraining(model, tensor.New(append(tensor.Shape{1}, shape...)...))
		fmt.Printf("one sample of %v: %v\n", shape, err)
	}
	// The function has no such check: a single value minus its mean is 0.
	moving := &statistics{mean: tensor.New(1, 3), variance: tensor.Full(1, 1, 3)}
	x := tensor.Randn(tensor.Seed(0), 1, 3)
	y := batchNorm(x, tensor.Full(1, 1, 3), tensor.New(1, 3), moving, 1e-5, 0.9, true)
	fmt.Println(y)
	//endregion
	return nil
}

//region ex-gradient

// losses returns Σ w·y of the layer's output y for a batch x, and its gradient.
func losses(layer *nn.Model, x, w *tensor.Tensor) (loss float64, gradient *tensor.Tensor, err error) {
	defer graph.Catch(&err)
	g := graph.New()
	in := g.Input("x", x.Shape()...)
	sum := graph.Sum(graph.Mul(layer.Forward(in, nn.Train), g.Constant(w)))
	out, err := engine.Run(d2l.TryGPU(0), engine.Feeds{in: x}, sum, graph.Gradients(sum, in)[0])
	if err != nil {
		return 0, nil, err
	}
	return float64(out[0].At()), out[1], nil
}

//endregion

func exerciseGradient() error {
	//region ex-gradient-check
	r := tensor.Seed(0)
	x, w := tensor.Randn(r, 4, 1), tensor.Randn(r, 4, 1)
	layer, err := nn.New(NewBatchNorm(1, 2), tensor.Shape{1}, nn.Options{})
	if err != nil {
		return err
	}
	_, gradient, err := losses(layer, x, w)
	if err != nil {
		return err
	}
	const eps = 1e-2
	for i := range 4 {
		var f [2]float64
		for j, step := range []float32{eps, -eps} {
			moved := x.Clone()
			moved.Data()[i] += step
			if f[j], _, err = losses(layer, moved, w); err != nil {
				return err
			}
		}
		fmt.Printf("gradient %+.3f, central difference %+.3f\n",
			gradient.At(i, 0), (f[0]-f[1])/(2*eps))
	}
	sum, along := gradient.Sum().At(), gradient.Mul(x).Sum().At()
	fmt.Printf("sum %.3f, sum of gradient times x %.3f\n", math.Abs(float64(sum)), math.Abs(float64(along)))
	//endregion
	return nil
}

func exerciseStatistics() error {
	//region ex-statistics
	model, err := nn.New(lenet(), tensor.Shape{1, 28, 28}, nn.Options{})
	if err != nil {
		return err
	}
	trainSet, testSet, err := d2l.LoadDataFashionMNIST(256, 0)
	if err != nil {
		return err
	}
	silent := &d2l.Animator{Out: io.Discard}
	_, err = d2l.TrainCh6(context.Background(), model, trainSet, testSet,
		2, 1.0, d2l.TryGPU(0), silent)
	if err != nil {
		return err
	}
	mixed, err := data.NewLoader(testSet.Dataset(), data.LoaderConfig{BatchSize: 1000, Shuffle: true})
	if err != nil {
		return err
	}
	for batch, err := range mixed.Epoch(context.Background(), 0, 0) {
		if err != nil {
			return err
		}
		running, err := model.Predict(d2l.TryGPU(0), batch.Images)
		if err != nil {
			return err
		}
		own, err := runInTraining(model, batch.Images)
		if err != nil {
			return err
		}
		a, err := metrics.Accuracy(running, batch.Labels)
		if err != nil {
			return err
		}
		b, err := metrics.Accuracy(own, batch.Labels)
		if err != nil {
			return err
		}
		fmt.Printf("test accuracy with moving averages %.2f, with the statistics of 1,000 test images %.2f\n",
			a, b)
		break
	}
	//endregion
	return nil
}

//region ex-where

// lenetWhere is LeNet with batch normalization after the convolutions, the linear
// layers, both or none.
func lenetWhere(convolutions, linear bool) nn.Layer {
	net := nn.Sequential()
	add := func(norm bool, layers ...nn.Layer) {
		net.Append(layers[0])
		if norm {
			net.Append(nn.BatchNorm())
		}
		net.Append(layers[1:]...)
	}
	add(convolutions, nn.Conv2D(6, 5), nn.Sigmoid(), nn.AvgPool2D(2))
	add(convolutions, nn.Conv2D(16, 5), nn.Sigmoid(), nn.AvgPool2D(2), nn.Flatten())
	add(linear, nn.Linear(120), nn.Sigmoid())
	add(linear, nn.Linear(84), nn.Sigmoid())
	net.Append(nn.Linear(10))
	return net
}

//endregion

func exerciseWhere() error {
	//region ex-where-train
	trainSet, testSet, err := d2l.LoadDataFashionMNIST(256, 0)
	if err != nil {
		return err
	}
	for _, where := range [][2]bool{{true, true}, {true, false}, {false, true}} {
		model, err := nn.New(lenetWhere(where[0], where[1]), tensor.Shape{1, 28, 28}, nn.Options{})
		if err != nil {
			return err
		}
		silent := &d2l.Animator{Out: io.Discard}
		history, err := d2l.TrainCh6(context.Background(), model, trainSet, testSet,
			2, 1.0, d2l.TryGPU(0), silent)
		if err != nil {
			return err
		}
		fmt.Printf("after convolutions: %-5v  after linear layers: %-5v  train loss %.2f\n",
			where[0], where[1], history.Last().TrainLoss)
	}
	//endregion
	return nil
}
