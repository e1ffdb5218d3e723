package main

import (
	"fmt"
	"math"

	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
)

//region conv-rows

// convRows computes what conv does: for each weight it adds a row of x, times the
// weight, to a row of the result.
func convRows(x, w *tensor.Tensor) *tensor.Tensor {
	channels, height, width := x.Shape()[0], x.Shape()[1], x.Shape()[2]
	outputs, k := w.Shape()[0], w.Shape()[2]
	rows, columns := height-k+1, width-k+1
	y := tensor.New(outputs, rows, columns)
	xs, ws, ys := x.Data(), w.Data(), y.Data()
	for o := range outputs {
		for c := range channels {
			for a := range k {
				for b := range k {
					weight := ws[((o*channels+c)*k+a)*k+b]
					for i := range rows {
						to := ys[(o*rows+i)*columns:][:columns]
						from := xs[(c*height+i+a)*width+b:][:columns]
						for j, v := range from {
							to[j] += v * weight
						}
					}
				}
			}
		}
	}
	return y
}

//endregion

func exerciseOrder() error {
	//region ex-order
	x, w := layer()
	if !convRows(x, w).AllClose(conv(x, w), 1e-3, 1e-3) {
		return fmt.Errorf("convRows computes something else")
	}
	for _, way := range []struct {
		name string
		conv func(x, w *tensor.Tensor) *tensor.Tensor
	}{{"pixel by pixel", conv}, {"row by row", convRows}} {
		took, err := best(5, func() error { way.conv(x, w); return nil })
		if err != nil {
			return err
		}
		fmt.Printf("%-15s %5.1f GFLOP/s\n", way.name, flops/took.Seconds()/1e9)
	}
	//endregion
	return nil
}

func exerciseIm2col() error {
	//region ex-im2col
	x, w := layer()
	m := im2col(x, 3)
	y := tensor.Must(w.Reshape(64, 64*9)).MatMul(m)
	fmt.Println("x", x.Shape(), "becomes", m.Shape(), "and the product", y.Shape())
	fmt.Println("equal to the sums:", y.AllClose(tensor.Must(conv(x, w).Reshape(64, side*side)), 1e-3, 1e-3))
	//endregion
	return nil
}

//region fold

// fold makes a batch normalization part of the convolution before it. Names of the
// state are those of nn.Sequential(nn.Conv2D(…), nn.BatchNorm()).
func fold(model *nn.Model) (weight, bias *tensor.Tensor) {
	state := map[string]*tensor.Tensor{}
	for _, entry := range model.State() {
		state[entry.Name] = entry.Tensor
	}
	weight, bias = state["0.weight"].Clone(), state["0.bias"].Clone()
	each := weight.Size() / bias.Size()
	for o := range bias.Size() {
		scale := state["1.weight"].At(o) / float32(math.Sqrt(float64(state["1.running_var"].At(o))+1e-5))
		for i := range each {
			weight.Data()[o*each+i] *= scale
		}
		bias.Set((bias.At(o)-state["1.running_mean"].At(o))*scale+state["1.bias"].At(o), o)
	}
	return weight, bias
}

//endregion

func exerciseFold() error {
	//region ex-fold
	model, err := nn.New(nn.Sequential(nn.Conv2D(8, 3), nn.BatchNorm()), tensor.Shape{3, 12, 12}, nn.Options{})
	if err != nil {
		return err
	}
	r := tensor.Seed(0)
	for _, b := range model.Buffers() { // as after a training
		if err := b.Value.CopyFrom(tensor.Rand(r, 8).AddScalar(0.5)); err != nil {
			return err
		}
		b.Changed()
	}
	folded, err := nn.New(nn.Conv2D(8, 3), tensor.Shape{3, 12, 12}, nn.Options{})
	if err != nil {
		return err
	}
	weight, bias := fold(model)
	if err := folded.LoadState([]tensor.Named{{Name: "weight", Tensor: weight}, {Name: "bias", Tensor: bias}}); err != nil {
		return err
	}
	x := tensor.Rand(r, 2, 3, 12, 12)
	a, err := model.Predict(nil, x)
	if err != nil {
		return err
	}
	b, err := folded.Predict(nil, x)
	if err != nil {
		return err
	}
	fmt.Println("one convolution computes the same:", a.AllClose(b, 1e-4, 1e-5))
	//endregion
	return nil
}

func exerciseBatch() error {
	//region ex-batch
	for _, batch := range []int{1, 16, 256} {
		speed, err := throughput(zoo.LeNet(10), tensor.Shape{1, 28, 28}, batch)
		if err != nil {
			return err
		}
		fmt.Printf("batch %3d: %7.0f images/s\n", batch, speed)
	}
	//endregion
	return nil
}
