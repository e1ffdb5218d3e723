package main

import (
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
)

//region L3

func lenet() nn.Layer {
	return nn.Sequential(
		nn.Conv2D(6, 5).Pad(2), nn.Sigmoid(),
		nn.AvgPool2D(2),
		nn.Conv2D(16, 5), nn.Sigmoid(),
		nn.AvgPool2D(2),
		nn.Flatten(),
		nn.Linear(120), nn.Sigmoid(),
		nn.Linear(84), nn.Sigmoid(),
		nn.Linear(10))
}

//endregion

//region L4

func vggBlock(convolutions, channels int) *nn.SequentialLayer {
	block := nn.Sequential()
	for range convolutions {
		block.Append(nn.Conv2D(channels, 3).Pad(1), nn.ReLU())
	}
	block.Append(nn.MaxPool2D(2))
	return block
}

//endregion

//region L5

type VGGBlock struct {
	Convs []*nn.Conv2DLayer
	Pool  *nn.Pool2DLayer
}

func NewVGGBlock(convolutions, channels int) *VGGBlock {
	b := &VGGBlock{Pool: nn.MaxPool2D(2)}
	for range convolutions {
		b.Convs = append(b.Convs, nn.Conv2D(channels, 3).Pad(1))
	}
	return b
}

func (b *VGGBlock) Forward(x *graph.Node) *graph.Node {
	for _, conv := range b.Convs {
		x = graph.ReLU(conv.Forward(x))
	}
	return b.Pool.Forward(x)
}

//endregion

//region L6

func ninBlock(channels, kernel, stride, pad int) *nn.SequentialLayer {
	return nn.Sequential(
		nn.Conv2D(channels, kernel).Stride(stride).Pad(pad), nn.ReLU(),
		nn.Conv2D(channels, 1), nn.ReLU(),
		nn.Conv2D(channels, 1), nn.ReLU())
}

func nin() nn.Layer {
	return nn.Sequential(
		ninBlock(96, 11, 4, 0),
		nn.MaxPool2D(3).Stride(2),
		ninBlock(256, 5, 1, 2),
		nn.MaxPool2D(3).Stride(2),
		ninBlock(384, 3, 1, 1),
		nn.MaxPool2D(3).Stride(2),
		nn.Dropout(0.5),
		ninBlock(10, 3, 1, 1),
		nn.GlobalAvgPool2D(),
		nn.Flatten())
}

//endregion

//region L7

type Inception struct {
	P1       *nn.Conv2DLayer
	P21, P22 *nn.Conv2DLayer
	P31, P32 *nn.Conv2DLayer
	P41      *nn.Pool2DLayer
	P42      *nn.Conv2DLayer
}

func NewInception(c1 int, c2, c3 [2]int, c4 int) *Inception {
	return &Inception{
		P1:  nn.Conv2D(c1, 1),
		P21: nn.Conv2D(c2[0], 1), P22: nn.Conv2D(c2[1], 3).Pad(1),
		P31: nn.Conv2D(c3[0], 1), P32: nn.Conv2D(c3[1], 5).Pad(2),
		P41: nn.MaxPool2D(3).Stride(1).Pad(1), P42: nn.Conv2D(c4, 1),
	}
}

func (b *Inception) Forward(x *graph.Node) *graph.Node {
	p1 := graph.ReLU(b.P1.Forward(x))
	p2 := graph.ReLU(b.P22.Forward(graph.ReLU(b.P21.Forward(x))))
	p3 := graph.ReLU(b.P32.Forward(graph.ReLU(b.P31.Forward(x))))
	p4 := graph.ReLU(b.P42.Forward(b.P41.Forward(x)))
	return graph.Concat(1, p1, p2, p3, p4)
}

//endregion
