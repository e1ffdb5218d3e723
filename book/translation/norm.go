package main

import (
	"github.com/strideml/stride/d2l"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

//region L8

func batchNorm(
	x, gamma, beta, movingMean, movingVar *graph.Node, eps, momentum float32,
) (y, newMean, newVar *graph.Node) {
	number := x.Graph().Scalar
	mean, variance := movingMean, movingVar
	if nn.ModeOf(x) == nn.Train {
		axes := []int{0}
		if len(x.Shape()) == 4 {
			axes = []int{0, 2, 3}
		}
		mean = graph.MeanKeep(x, axes...)
		off := graph.Sub(x, mean)
		variance = graph.MeanKeep(graph.Mul(off, off), axes...)
		old, new := number(momentum), number(1-momentum)
		movingMean = graph.Add(graph.Mul(old, movingMean), graph.Mul(new, mean))
		movingVar = graph.Add(graph.Mul(old, movingVar), graph.Mul(new, variance))
	}
	deviation := graph.Sqrt(graph.Add(variance, number(eps)))
	normal := graph.Div(graph.Sub(x, mean), deviation)
	return graph.Add(graph.Mul(gamma, normal), beta), movingMean, movingVar
}

type BatchNorm struct {
	Gamma, Beta           *nn.Param
	MovingMean, MovingVar *nn.Param
}

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
	y, mean, variance := batchNorm(x, b.Gamma.Value(x), b.Beta.Value(x),
		b.MovingMean.Value(x), b.MovingVar.Value(x), 1e-5, 0.9)
	b.MovingMean.Update(x, func(*graph.Node) *graph.Node { return mean })
	b.MovingVar.Update(x, func(*graph.Node) *graph.Node { return variance })
	return y
}

//endregion

//region L9

func scratch() nn.Layer {
	return nn.Sequential(
		nn.Conv2D(6, 5), NewBatchNorm(6, 4),
		nn.Sigmoid(), nn.AvgPool2D(2),
		nn.Conv2D(16, 5), NewBatchNorm(16, 4),
		nn.Sigmoid(), nn.AvgPool2D(2), nn.Flatten(),
		nn.Linear(120), NewBatchNorm(120, 2), nn.Sigmoid(),
		nn.Linear(84), NewBatchNorm(84, 2), nn.Sigmoid(),
		nn.Linear(10))
}

//endregion

//region L10

func concise() nn.Layer {
	return nn.Sequential(
		nn.Conv2D(6, 5), nn.BatchNorm(),
		nn.Sigmoid(), nn.AvgPool2D(2),
		nn.Conv2D(16, 5), nn.BatchNorm(),
		nn.Sigmoid(), nn.AvgPool2D(2), nn.Flatten(),
		nn.Linear(120), nn.BatchNorm(), nn.Sigmoid(),
		nn.Linear(84), nn.BatchNorm(), nn.Sigmoid(),
		nn.Linear(10))
}

//endregion

// runInTraining runs a model once in training mode, and returns its output and some
// buffers.
func runInTraining(model *nn.Model, x *tensor.Tensor, buffers ...string) ([]*tensor.Tensor, error) {
	trace, err := model.Trace(x.Shape()[0], nn.Train)
	if err != nil {
		return nil, err
	}
	result, err := engine.Run(d2l.TryGPU(0), engine.Feeds{trace.Input: x}, trace.Output)
	if err != nil {
		return nil, err
	}
	for _, name := range buffers {
		b, err := model.Param(name)
		if err != nil {
			return nil, err
		}
		result = append(result, b.Value)
	}
	return result, nil
}

func batchNormalization() ([]*tensor.Tensor, error) {
	model, err := nn.New(NewBatchNorm(2, 4), tensor.Shape{2, 2, 2}, nn.Options{})
	if err != nil {
		return nil, err
	}
	return runInTraining(model, count(0, 2, 2, 2, 2), "moving_mean", "moving_var")
}

func forwardInTraining(net nn.Layer, buffer string) ([]*tensor.Tensor, error) {
	x := picture(4, 1, 28, 28)
	model, err := filled(net, x)
	if err != nil {
		return nil, err
	}
	result, err := runInTraining(model, x, buffer)
	return result, err
}
