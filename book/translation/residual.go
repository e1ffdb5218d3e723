package main

import (
	"github.com/strideml/stride/d2l"
	"github.com/strideml/stride/data"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
)

//region L11

type Residual struct {
	Conv1, Conv2, Conv3 *nn.Conv2DLayer // Conv3 is nil without a 1×1 convolution
	BN1, BN2            *nn.BatchNormLayer
}

func NewResidual(channels int, use1x1 bool, stride int) *Residual {
	b := &Residual{
		Conv1: nn.Conv2D(channels, 3).Pad(1).Stride(stride),
		Conv2: nn.Conv2D(channels, 3).Pad(1),
		BN1:   nn.BatchNorm(), BN2: nn.BatchNorm(),
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

func residualBlocks() ([]*tensor.Tensor, error) {
	same, err := apply(NewResidual(3, false, 1), picture(4, 3, 6, 6))
	if err != nil {
		return nil, err
	}
	halved, err := apply(NewResidual(6, true, 2), picture(4, 3, 6, 6))
	return []*tensor.Tensor{same, halved}, err
}

//region L12

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

func resnet() nn.Layer {
	b1 := nn.Sequential(
		nn.Conv2D(64, 7).Stride(2).Pad(3), nn.BatchNorm(), nn.ReLU(),
		nn.MaxPool2D(3).Stride(2).Pad(1))
	b2 := resnetBlock(64, 2, true)
	b3 := resnetBlock(128, 2, false)
	b4 := resnetBlock(256, 2, false)
	b5 := resnetBlock(512, 2, false)
	return nn.Sequential(
		b1, b2, b3, b4, b5,
		nn.GlobalAvgPool2D(), nn.Flatten(), nn.Linear(10))
}

//endregion

//region L12-train

func trainNet(
	net *nn.Model, batches []data.Batch, epochs int,
	rate float32, device engine.Device,
) (losses []float32, err error) {
	objective := func(x, y *graph.Node) *graph.Node {
		return nn.CrossEntropyLoss(net.Forward(x, nn.Train), y)
	}
	step := train.NewMinimizer(device, optim.SGD{},
		net.Parameters(), objective)
	defer step.Close()
	for range epochs {
		for _, b := range batches {
			loss, err := step.Run(rate, b.Images, b.Labels)
			if err != nil {
				return nil, err
			}
			losses = append(losses, float32(loss))
		}
	}
	return losses, nil
}

//endregion

func trainConcise() ([]*tensor.Tensor, error) {
	labels := count(0, 8)
	batches := []data.Batch{
		{Images: picture(8, 1, 28, 28), Labels: labels},
		{Images: picture(8, 1, 28, 28).MulScalar(0.5), Labels: labels},
	}
	model, err := filled(concise(), batches[0].Images)
	if err != nil {
		return nil, err
	}
	losses, err := trainNet(model, batches, 2, 0.05, d2l.TryGPU(0))
	if err != nil {
		return nil, err
	}
	t, err := tensor.FromSlice(losses, len(losses))
	return []*tensor.Tensor{t}, err
}

//region L13

func convBlock(channels int) *nn.SequentialLayer {
	return nn.Sequential(
		nn.BatchNorm(), nn.ReLU(),
		nn.Conv2D(channels, 3).Pad(1))
}

type DenseBlock struct{ Net *nn.SequentialLayer }

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

func transitionBlock(channels int) *nn.SequentialLayer {
	return nn.Sequential(
		nn.BatchNorm(), nn.ReLU(),
		nn.Conv2D(channels, 1), nn.AvgPool2D(2))
}

//endregion

func denseBlocks() ([]*tensor.Tensor, error) {
	y, err := apply(NewDenseBlock(2, 10), picture(4, 3, 8, 8))
	if err != nil {
		return nil, err
	}
	smaller, err := apply(transitionBlock(10), y)
	return []*tensor.Tensor{y, smaller}, err
}
