package main

import (
	"context"
	"fmt"
	"math"

	"github.com/strideml/stride/d2l"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
)

//region stack

// A Unit is a convolution and a ReLU, with batch normalization or a shortcut or without.
type Unit struct {
	Conv     *nn.Conv2DLayer
	BN       *nn.BatchNormLayer // or nil
	Shortcut bool
}

func (u *Unit) Forward(x *graph.Node) *graph.Node {
	y := u.Conv.Forward(x)
	if u.BN != nil {
		y = u.BN.Forward(y)
	}
	y = graph.ReLU(y)
	if u.Shortcut {
		y = graph.Add(x, y)
	}
	return y
}

// stack is a network of such units, with 16 channels of 14×14 pixels.
func stack(units int, shortcut, norm bool) nn.Layer {
	net := nn.Sequential(nn.Conv2D(16, 3).Stride(2).Pad(1))
	for range units {
		unit := &Unit{Conv: nn.Conv2D(16, 3).Pad(1), Shortcut: shortcut}
		if norm {
			unit.BN = nn.BatchNorm()
		}
		net.Append(unit)
	}
	net.Append(nn.GlobalAvgPool2D(), nn.Flatten(), nn.Linear(10))
	return net
}

//endregion

//region gradient-norms

// gradientNorms returns the length of the gradient of the weights of each unit's
// convolution.
func gradientNorms(
	model *nn.Model, units int, images, labels *tensor.Tensor,
) ([]float64, error) {
	trace, err := model.Trace(images.Shape()[0], nn.Train)
	if err != nil {
		return nil, err
	}
	g := trace.Graph
	y := g.Input("labels", labels.Shape()...)
	loss := nn.CrossEntropyLoss(trace.Output, y)
	var weights []*graph.Node
	for i := range units {
		w, err := model.Param(fmt.Sprintf("%d.conv.weight", i+1))
		if err != nil {
			return nil, err
		}
		weights = append(weights, g.Variable(w))
	}
	feeds := engine.Feeds{trace.Input: images, y: labels}
	grads, err := engine.Run(d2l.TryGPU(0), feeds, graph.Gradients(loss, weights...)...)
	if err != nil {
		return nil, err
	}
	var norms []float64
	for _, d := range grads {
		norms = append(norms, math.Sqrt(float64(d.Mul(d).Sum().At())))
	}
	return norms, nil
}

//endregion

// norms are those of the stacks without and with shortcuts, each without and with batch
// normalization, for the figure.
var norms [4][]float64

const units = 40

func gradients() error {
	//region gradients
	r := tensor.Seed(0)
	images, labels := tensor.Rand(r, 16, 1, 28, 28), tensor.New(16)
	for i := range labels.Data() {
		labels.Data()[i] = float32(i % 10)
	}
	fmt.Println("         plain    plain, BN  residual  residual, BN")
	for i := range norms {
		model, err := nn.New(stack(units, i >= 2, i%2 == 1), tensor.Shape{1, 28, 28}, nn.Options{})
		if err != nil {
			return err
		}
		if norms[i], err = gradientNorms(model, units, images, labels); err != nil {
			return err
		}
	}
	for _, unit := range []int{40, 30, 20, 10, 1} {
		fmt.Printf("unit %2d  %.1e  %.1e    %.1e   %.1e\n",
			unit, norms[0][unit-1], norms[1][unit-1], norms[2][unit-1], norms[3][unit-1])
	}
	//endregion
	return nil
}

func depth() error {
	//region depth
	trainSet, testSet, err := loaders(1000, 28, 32)
	if err != nil {
		return err
	}
	for _, units := range []int{2, 8} {
		var losses [2]float64
		for i, shortcut := range []bool{false, true} {
			model, err := nn.New(stack(units, shortcut, false), tensor.Shape{1, 28, 28}, nn.Options{})
			if err != nil {
				return err
			}
			history, err := train.Fit(context.Background(), model, trainSet.Dataset(), testSet.Dataset(),
				train.Config{Epochs: 4, BatchSize: 32, LearningRate: 0.05})
			if err != nil {
				return err
			}
			losses[i] = history.Last().TrainLoss
		}
		fmt.Printf("%2d units: train loss plain %.2f, residual %.2f\n",
			units, losses[0], losses[1])
	}
	//endregion
	return nil
}
