package main

import (
	"context"
	"fmt"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/fashionmnist"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
)

//region naive-block

// A Naive block is an Inception block without the 1×1 convolutions before the 3×3 and
// the 5×5 kernels and after the pooling.
type Naive struct{ One, Three, Five, Pool nn.Layer }

// NewNaive returns a block with c1, c3 and c5 channels, and those of the input from the pooling.
func NewNaive(c1, c3, c5 int) *Naive {
	return &Naive{nn.Conv2D(c1, 1), nn.Conv2D(c3, 3).Pad(1), nn.Conv2D(c5, 5).Pad(2), nn.MaxPool2D(3).Stride(1).Pad(1)}
}

// Forward applies the four paths to x and joins their channels.
func (b *Naive) Forward(x *graph.Node) *graph.Node {
	return graph.Concat(1, graph.ReLU(b.One.Forward(x)), graph.ReLU(b.Three.Forward(x)),
		graph.ReLU(b.Five.Forward(x)), b.Pool.Forward(x))
}

//endregion

func naive() error {
	//region naive
	input := tensor.Shape{192, 12, 12}
	for _, block := range []struct {
		name string
		net  nn.Layer
	}{
		{"with 1×1 convolutions", NewInception(64, [2]int{96, 128}, [2]int{16, 32}, 32)},
		{"without", NewNaive(64, 128, 32)},
	} {
		trace, err := nn.Outline(block.net, input, 1)
		if err != nil {
			return err
		}
		var sum cost
		for _, l := range trace.Rows() {
			sum = cost{sum.parameters + l.Parameters, sum.multiplyAdds + l.MultiplyAdds}
		}
		fmt.Printf("%-21s %6d parameters, %8d multiply-adds, output %v\n",
			block.name, sum.parameters, sum.multiplyAdds, trace.Output.Shape())
	}
	//endregion
	return nil
}

func head() error {
	//region head
	maps := tensor.Shape{1024, 3, 3} // what the last stage makes of 96×96 pixels
	for _, try := range []struct {
		name string
		net  nn.Layer
	}{
		{"mean and one linear layer", nn.Sequential(nn.GlobalAvgPool2D(), nn.Flatten(), nn.Linear(10))},
		{"three linear layers as in VGG", nn.Sequential(nn.Flatten(), nn.Linear(4096), nn.ReLU(), nn.Linear(4096), nn.ReLU(), nn.Linear(10))},
	} {
		trace, err := nn.Outline(try.net, maps, 1)
		if err != nil {
			return err
		}
		parameters := 0
		for _, l := range trace.Rows() {
			parameters += l.Parameters
		}
		fmt.Printf("%s: %d parameters\n", try.name, parameters)
	}
	//endregion
	return nil
}

func smallest() error {
	//region smallest
	for _, side := range []int{16, 32, 96, 224} {
		trace, err := nn.Outline(googlenet(1), tensor.Shape{1, side, side}, 1)
		if err != nil {
			return err
		}
		last, err := trace.OutputOf("4.1") // the last Inception block
		if err != nil {
			return err
		}
		fmt.Printf("%d pixels: the last maps are %v\n", side, last.Shape())
	}
	//endregion
	return nil
}

//region quick

// quick trains a network on a part of the sample and prints how it does.
func quick(name string, net nn.Layer) error {
	ctx := context.Background()
	set, err := fashionmnist.Load(ctx, fashionmnist.Options{Dir: "sample"})
	if err != nil {
		return err
	}
	model, err := nn.New(net, tensor.Shape{1, 28, 28}, nn.Options{Init: nn.XavierUniform()})
	if err != nil {
		return err
	}
	history, err := train.Fit(ctx, model, data.Limit(set.Train, 3000), data.Limit(set.Test, 1000),
		train.Config{Epochs: 3, BatchSize: 16, LearningRate: 0.1})
	if err != nil {
		return err
	}
	fmt.Printf("%-28s test accuracy %.2f after %d epochs\n", name, history.Last().TestAccuracy, len(history.Rows))
	return nil
}

//endregion

//region normalized-block

// Normalized is an Inception block with batch normalization before each ReLU.
type Normalized struct {
	Inception
	BN [6]*nn.BatchNormLayer
}

// NewNormalized returns a block as NewInception does.
func NewNormalized(c1 int, c2, c3 [2]int, c4 int) *Normalized {
	b := &Normalized{Inception: *NewInception(c1, c2, c3, c4)}
	for i := range b.BN {
		b.BN[i] = nn.BatchNorm()
	}
	return b
}

// Forward applies the four paths to x and joins their channels.
func (b *Normalized) Forward(x *graph.Node) *graph.Node {
	apply := func(i int, conv *nn.Conv2DLayer, x *graph.Node) *graph.Node {
		return graph.ReLU(b.BN[i].Forward(conv.Forward(x)))
	}
	p1 := apply(0, b.One, x)
	p2 := apply(2, b.Three, apply(1, b.ReduceThree, x))
	p3 := apply(4, b.Five, apply(3, b.ReduceFive, x))
	p4 := apply(5, b.AfterPool, b.Pool.Forward(x))
	return graph.Concat(1, p1, p2, p3, p4)
}

// stack returns a small network of four blocks.
func stack(block func(c1 int, c2, c3 [2]int, c4 int) nn.Layer) nn.Layer {
	net := nn.Sequential(nn.Conv2D(16, 3).Pad(1), nn.ReLU(), nn.MaxPool2D(2))
	for i := range 4 {
		net.Append(block(16, [2]int{16, 24}, [2]int{4, 8}, 8))
		if i%2 == 1 {
			net.Append(nn.MaxPool2D(2))
		}
	}
	return net.Append(nn.GlobalAvgPool2D(), nn.Flatten(), nn.Linear(10))
}

//endregion

func normalized() error {
	//region normalized
	plain := func(c1 int, c2, c3 [2]int, c4 int) nn.Layer { return NewInception(c1, c2, c3, c4) }
	bn := func(c1 int, c2, c3 [2]int, c4 int) nn.Layer { return NewNormalized(c1, c2, c3, c4) }
	if err := quick("four Inception blocks", stack(plain)); err != nil {
		return err
	}
	if err := quick("with batch normalization", stack(bn)); err != nil {
		return err
	}
	//endregion
	return nil
}
