package main

import (
	"github.com/strideml/stride/d2l"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
)

func tensors() ([]*tensor.Tensor, error) {
	//region tensors
	x := tensor.Must(tensor.Arange(0, 12, 1).Reshape(3, 4))
	y := tensor.Must(tensor.Concat(1, x, tensor.Full(1, 3, 1)))
	z := y.MulScalar(2).AddScalar(-1).Sum(0)
	//endregion
	return []*tensor.Tensor{x, y, z}, nil
}

//region L1

func corr2d(x, k *tensor.Tensor) *tensor.Tensor {
	h, w := k.Shape()[0], k.Shape()[1]
	y := tensor.New(x.Shape()[0]-h+1, x.Shape()[1]-w+1)
	for i := range y.Shape()[0] {
		for j := range y.Shape()[1] {
			var sum float32
			for a := range h {
				for b := range w {
					sum += x.At(i+a, j+b) * k.At(a, b)
				}
			}
			y.Set(sum, i, j)
		}
	}
	return y
}

//endregion

// count returns a tensor that counts up from first.
func count(first float32, shape ...int) *tensor.Tensor {
	return tensor.Must(tensor.Arange(first, first+float32(tensor.Shape(shape).Size()), 1).Reshape(shape...))
}

func crossCorrelation() ([]*tensor.Tensor, error) {
	return []*tensor.Tensor{corr2d(count(0, 3, 3), count(0, 2, 2))}, nil
}

func stripes() (x, edges *tensor.Tensor) {
	//region edges
	x = tensor.Full(1, 6, 8)
	for i := range 6 {
		for j := 2; j < 6; j++ {
			x.Set(0, i, j)
		}
	}
	k := tensor.Must(tensor.FromSlice([]float32{1, -1}, 1, 2))
	edges = corr2d(x, k)
	//endregion
	return x, edges
}

func findEdges() ([]*tensor.Tensor, error) {
	_, edges := stripes()
	return []*tensor.Tensor{edges}, nil
}

func learnKernel() ([]*tensor.Tensor, error) {
	x, edges := stripes()
	conv, err := nn.New(nn.Conv2D(1, 1).Kernel(1, 2).NoBias(), tensor.Shape{1, 6, 8}, nn.Options{})
	if err != nil {
		return nil, err
	}
	weight := conv.Parameters()[0]
	copy(weight.Value.Data(), []float32{0.1, 0.2})
	weight.Changed()
	//region learn
	pictures := tensor.Must(x.Reshape(1, 1, 6, 8))
	targets := tensor.Must(edges.Reshape(1, 1, 6, 7))
	objective := func(x, y *graph.Node) *graph.Node {
		d := graph.Sub(conv.Forward(x, nn.Train), y)
		return graph.Sum(graph.Mul(d, d))
	}
	step := train.NewMinimizer(d2l.TryGPU(0), optim.SGD{},
		conv.Parameters(), objective)
	defer step.Close()
	for range 10 {
		if _, err := step.Run(3e-2, pictures, targets); err != nil {
			return nil, err
		}
	}
	//endregion
	return []*tensor.Tensor{weight.Value}, nil
}

//region L2

func compConv2D(layer nn.Layer, x *tensor.Tensor) (*tensor.Tensor, error) {
	image, err := x.Reshape(1, 1, x.Shape()[0], x.Shape()[1])
	if err != nil {
		return nil, err
	}
	y, err := apply(layer, image)
	if err != nil {
		return nil, err
	}
	return y.Index(0, 0)
}

//endregion

// apply is d2l.Apply with the parameters of fill.
func apply(layer nn.Layer, x *tensor.Tensor) (*tensor.Tensor, error) {
	y, err := forward(layer, x)
	if err != nil {
		return nil, err
	}
	return y[0], nil
}

func padding() ([]*tensor.Tensor, error) {
	y, err := compConv2D(nn.Conv2D(1, 3).Pad(1), picture(8, 8))
	return []*tensor.Tensor{y}, err
}

//region channels

func corr2dMultiIn(x, k *tensor.Tensor) *tensor.Tensor {
	var sum *tensor.Tensor
	for i := range x.Shape()[0] {
		y := corr2d(tensor.Must(x.Index(i)), tensor.Must(k.Index(i)))
		if i == 0 {
			sum = y
		} else {
			sum = sum.Add(y)
		}
	}
	return sum
}

func corr2dMultiInOut(x, k *tensor.Tensor) *tensor.Tensor {
	var ys []*tensor.Tensor
	for i := range k.Shape()[0] {
		ys = append(ys, corr2dMultiIn(x, tensor.Must(k.Index(i))))
	}
	return tensor.Must(tensor.Stack(0, ys...))
}

//endregion

func channels() ([]*tensor.Tensor, error) {
	x := tensor.Must(tensor.Stack(0, count(0, 3, 3), count(1, 3, 3)))
	k := tensor.Must(tensor.Stack(0, count(0, 2, 2), count(1, 2, 2)))
	k = tensor.Must(tensor.Stack(0, k, k.AddScalar(1), k.AddScalar(2)))
	return []*tensor.Tensor{corr2dMultiInOut(x, k)}, nil
}

func pooling() ([]*tensor.Tensor, error) {
	//region pooling
	x := tensor.Must(tensor.Arange(0, 16, 1).Reshape(1, 1, 4, 4))
	largest, err := d2l.Apply(nn.MaxPool2D(3).Pad(1).Stride(2), x)
	if err != nil {
		return nil, err
	}
	mean, err := d2l.Apply(nn.AvgPool2D(2), x)
	if err != nil {
		return nil, err
	}
	//endregion
	return []*tensor.Tensor{largest, mean}, nil
}
