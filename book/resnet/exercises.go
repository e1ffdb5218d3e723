package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/strideml/stride/d2l"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
)

func exerciseMismatch() error {
	//region ex-mismatch
	for _, block := range []*Residual{NewResidual(6, false, 1), NewResidual(3, false, 2)} {
		_, err := nn.New(block, tensor.Shape{3, 6, 6}, nn.Options{})
		fmt.Println(err)
	}
	//endregion
	return nil
}

//region bottleneck

// A Bottleneck has its 3×3 convolution between two of 1×1, with a quarter of the
// channels.
type Bottleneck struct {
	Conv1, Conv2, Conv3 *nn.Conv2DLayer
	BN1, BN2, BN3       *nn.BatchNormLayer
}

func NewBottleneck(channels int) *Bottleneck {
	return &Bottleneck{
		Conv1: nn.Conv2D(channels/4, 1), BN1: nn.BatchNorm(),
		Conv2: nn.Conv2D(channels/4, 3).Pad(1), BN2: nn.BatchNorm(),
		Conv3: nn.Conv2D(channels, 1), BN3: nn.BatchNorm(),
	}
}

func (b *Bottleneck) Forward(x *graph.Node) *graph.Node {
	y := graph.ReLU(b.BN1.Forward(b.Conv1.Forward(x)))
	y = graph.ReLU(b.BN2.Forward(b.Conv2.Forward(y)))
	y = b.BN3.Forward(b.Conv3.Forward(y))
	return graph.ReLU(graph.Add(y, x))
}

//endregion

func exerciseBottleneck() error {
	//region ex-bottleneck
	for _, block := range []nn.Layer{NewResidual(256, false, 1), NewBottleneck(256)} {
		model, err := nn.New(block, tensor.Shape{256, 14, 14}, nn.Options{})
		if err != nil {
			return err
		}
		rows, err := model.Summary(1)
		if err != nil {
			return err
		}
		var numbers int
		var multiplyAdds int64
		for _, row := range rows {
			numbers += row.Parameters
			multiplyAdds += row.MultiplyAdds
		}
		fmt.Printf("%-16T %7d parameters, %5.1f million multiply-adds\n",
			block, numbers, float64(multiplyAdds)/1e6)
	}
	//endregion
	return nil
}

//region preactivation

// PreActivation normalizes and activates before each convolution; nothing is on the
// way of x.
type PreActivation struct {
	BN1, BN2     *nn.BatchNormLayer
	Conv1, Conv2 *nn.Conv2DLayer
}

func NewPreActivation(channels int) *PreActivation {
	return &PreActivation{
		BN1: nn.BatchNorm(), Conv1: nn.Conv2D(channels, 3).Pad(1),
		BN2: nn.BatchNorm(), Conv2: nn.Conv2D(channels, 3).Pad(1),
	}
}

func (b *PreActivation) Forward(x *graph.Node) *graph.Node {
	y := b.Conv1.Forward(graph.ReLU(b.BN1.Forward(x)))
	y = b.Conv2.Forward(graph.ReLU(b.BN2.Forward(y)))
	return graph.Add(y, x)
}

//endregion

func exercisePreActivation() error {
	//region ex-preactivation
	x := tensor.Randn(tensor.Seed(0), 1, 3, 6, 6)
	for _, block := range []nn.Layer{NewResidual(3, false, 1), NewPreActivation(3)} {
		model, err := nn.New(block, tensor.Shape{3, 6, 6}, nn.Options{})
		if err != nil {
			return err
		}
		for _, p := range model.Parameters() {
			p.Value = tensor.New(p.Value.Shape()...) // all weights 0
			p.Changed()
		}
		y, err := model.Predict(d2l.TryGPU(0), x)
		if err != nil {
			return err
		}
		fmt.Printf("%T with weights 0 is the identity: %v\n", block, y.Equal(x))
	}
	//endregion
	return nil
}

func exerciseVariants() error {
	//region ex-variants
	for _, v := range []struct {
		name   string
		blocks [4]int
	}{{"ResNet-10", [4]int{1, 1, 1, 1}}, {"ResNet-18", [4]int{2, 2, 2, 2}}, {"ResNet-34", [4]int{3, 4, 6, 3}}} {
		net := nn.Sequential(nn.Sequential(
			nn.Conv2D(64, 7).Stride(2).Pad(3), nn.BatchNorm(), nn.ReLU(), nn.MaxPool2D(3).Stride(2).Pad(1)))
		for i, n := range v.blocks {
			net.Append(resnetBlock(64<<i, n, i == 0))
		}
		net.Append(nn.GlobalAvgPool2D(), nn.Flatten(), nn.Linear(10))
		n, err := parameters(net, tensor.Shape{1, 96, 96})
		if err != nil {
			return err
		}
		fmt.Println(v.name, n, "parameters")
	}
	//endregion
	return nil
}

func exerciseWithout() error {
	//region ex-without
	trainSet, testSet, err := loaders(1000, 28, 32)
	if err != nil {
		return err
	}
	for _, rate := range []float32{0.05, 0.2, 0.8} {
		fmt.Printf("learning rate %.2f:", rate)
		for _, norm := range []bool{true, false} {
			model, err := nn.New(stack(8, true, norm), tensor.Shape{1, 28, 28}, nn.Options{})
			if err != nil {
				return err
			}
			history, err := train.Fit(context.Background(), model, trainSet.Dataset(), testSet.Dataset(),
				train.Config{Epochs: 2, BatchSize: 32, LearningRate: rate})
			switch name := map[bool]string{true: "with", false: "without"}[norm]; {
			case errors.Is(err, train.ErrDiverged):
				fmt.Printf("  %s batch normalization diverged", name)
			case err != nil:
				return err
			default:
				fmt.Printf("  %s batch normalization %.2f", name, history.Last().TrainLoss)
			}
		}
		fmt.Println()
	}
	//endregion
	return nil
}
