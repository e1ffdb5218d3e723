package main

import (
	"fmt"
	"math"

	"github.com/strideml/stride/d2l"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

func asConvolution() error {
	//region as-convolution
	x := tensor.Rand(tensor.Seed(0), 2, 3, 6, 6)
	conv := nn.Conv2D(3, 2).Stride(2).Groups(3).NoBias().Init(nn.Constant(0.25))
	y1, err := d2l.Apply(conv, x)
	if err != nil {
		return err
	}
	y2, err := d2l.Apply(nn.AvgPool2D(2), x)
	if err != nil {
		return err
	}
	fmt.Println(y1.Shape(), y1.AllClose(y2, 1e-6, 1e-6))
	//endregion
	return nil
}

func notLinear() error {
	//region not-linear
	a := tensor.Must(tensor.FromSlice([]float32{1, 0, 0, 0}, 2, 2))
	b := tensor.Must(tensor.FromSlice([]float32{0, 0, 0, 1}, 2, 2))
	fmt.Println(maximum(a.Add(b)), maximum(a)+maximum(b))
	relu := func(v float32) float32 { return max(v, 0) }
	p, q := float32(3), float32(5)
	fmt.Println(max(p, q), relu(p-q)+q) // the maximum of two numbers by ReLU
	//endregion
	return nil
}

func minimum() error {
	//region minimum
	x := tensor.Must(tensor.Arange(0, 9, 1).Reshape(3, 3))
	fmt.Println(pool2D(x.MulScalar(-1), 2, 2, maximum).MulScalar(-1))
	//endregion
	return nil
}

func soft() error {
	//region soft
	x := tensor.Must(tensor.Arange(0, 9, 1).Reshape(3, 3))
	for _, beta := range []float64{0, 1, 10} {
		y := pool2D(x, 2, 2, func(window *tensor.Tensor) float32 {
			var sum, weights float64
			for _, v := range window.Data() {
				w := math.Exp(beta * float64(v))
				sum, weights = sum+w*float64(v), weights+w
			}
			return float32(sum / weights)
		})
		fmt.Printf("β = %2.0f: %.3f\n", beta, y.Data())
	}
	//endregion
	return nil
}

func counted() error {
	//region counted
	x := tensor.Full(-1, 1, 1, 4, 4)
	for _, layer := range []nn.Layer{
		nn.AvgPool2D(2).Pad(1),
		nn.AvgPool2D(2).Pad(1).ExcludePad(),
		nn.MaxPool2D(2).Pad(1),
	} {
		y, err := d2l.Apply(layer, x)
		if err != nil {
			return err
		}
		fmt.Println(tensor.Must(y.Index(0, 0)))
	}
	//endregion
	return nil
}

func costs() error {
	//region costs
	const channels, side, window, stride = 64, 56, 3, 2
	out := (side+2*1-window)/stride + 1 // padding 1
	places := channels * out * out
	fmt.Println("comparisons:               ", places*(window*window-1))
	fmt.Println("multiply-adds, convolution:", places*channels*window*window)
	//endregion
	return nil
}
