// Command channels is the chapter on many input and output channels, and on 1×1
// convolutions.
package main

import (
	"fmt"

	"github.com/strideml/stride/book/internal/chapter"
	"github.com/strideml/stride/d2l"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

var page = &chapter.Chapter{
	Name: "channels",
	Sections: []chapter.Section{
		{Name: "multi-in", Run: multiIn},
		{Name: "terms", Run: terms},
		{Name: "multi-out", Run: multiOut},
		{Name: "layer", Run: layer},
		{Name: "one-by-one", Run: oneByOne},
		{Name: "grey", Run: grey},
		{Name: "costs", Run: costs},
		{Name: "two-in-one", Run: twoInOne},
		{Name: "double", Run: double},
		{Name: "exactly", Run: exactly},
		{Name: "permuted", Run: permuted},
		{Name: "groups", Run: groups},
		{Name: "separable", Run: separable},
	},
	Figures: figures,
}

func main() { chapter.Main(page) }

//region corr2d-multi-in

// corr2dMultiIn computes the cross-correlation of a picture x (C×H×W) with a
// kernel for each channel, k (C×h×w), and adds the channels up.
func corr2dMultiIn(x, k *tensor.Tensor) (*tensor.Tensor, error) {
	var sum *tensor.Tensor
	for c := range x.Shape()[0] {
		y, err := d2l.Corr2D(tensor.Must(x.Index(c)), tensor.Must(k.Index(c)))
		if err != nil {
			return nil, err
		}
		if c == 0 {
			sum = y
		} else {
			sum = sum.Add(y)
		}
	}
	return sum, nil
}

//endregion

//region count

// count returns a tensor of a shape that counts up from first.
func count(first float32, shape ...int) *tensor.Tensor {
	n := tensor.Shape(shape).Size()
	return tensor.Must(tensor.Arange(first, first+float32(n), 1).Reshape(shape...))
}

//endregion

func multiIn() error {
	//region multi-in
	// Two channels of the picture, 0 to 8 and 1 to 9, and of the kernel.
	x := tensor.Must(tensor.Stack(0, count(0, 3, 3), count(1, 3, 3)))
	k := tensor.Must(tensor.Stack(0, count(0, 2, 2), count(1, 2, 2)))
	y, err := corr2dMultiIn(x, k)
	if err != nil {
		return err
	}
	fmt.Println(y)
	//endregion
	return nil
}

func terms() error {
	//region terms
	for c := range 2 {
		y, err := d2l.Corr2D(count(float32(c), 3, 3), count(float32(c), 2, 2))
		if err != nil {
			return err
		}
		fmt.Println(y)
	}
	//endregion
	return nil
}

//region corr2d-multi-in-out

// corr2dMultiInOut computes an output channel for each of the kernels k (O×C×h×w).
func corr2dMultiInOut(x, k *tensor.Tensor) (*tensor.Tensor, error) {
	var outputs []*tensor.Tensor
	for o := range k.Shape()[0] {
		y, err := corr2dMultiIn(x, tensor.Must(k.Index(o)))
		if err != nil {
			return nil, err
		}
		outputs = append(outputs, y)
	}
	return tensor.Stack(0, outputs...)
}

//endregion

func multiOut() error {
	//region multi-out
	x := tensor.Must(tensor.Stack(0, count(0, 3, 3), count(1, 3, 3)))
	k := tensor.Must(tensor.Stack(0, count(0, 2, 2), count(1, 2, 2)))
	k = tensor.Must(tensor.Stack(0, k, k.AddScalar(1), k.AddScalar(2)))
	y, err := corr2dMultiInOut(x, k)
	if err != nil {
		return err
	}
	fmt.Println(k.Shape())
	fmt.Println(y)
	//endregion
	return nil
}

func layer() error {
	//region layer
	model, err := nn.New(nn.Conv2D(3, 2), tensor.Shape{2, 3, 3}, nn.Options{})
	if err != nil {
		return err
	}
	defer model.Close()
	for _, p := range model.Parameters() {
		fmt.Println(p.Name, p.Value.Shape())
	}
	x := tensor.Must(tensor.Stack(0, count(0, 3, 3), count(1, 3, 3)))
	y, err := model.Predict(nil, x)
	if err != nil {
		return err
	}
	kernels, bias := model.Parameters()[0].Value, model.Parameters()[1].Value
	want, err := corr2dMultiInOut(x, kernels)
	if err != nil {
		return err
	}
	want = want.Add(tensor.Must(bias.Reshape(3, 1, 1))) // one for each output channel
	fmt.Println(tensor.Must(y.Index(0)).AllClose(want, 1e-5, 1e-5))
	//endregion
	return nil
}

//region one-by-one-function

// corr2dMultiInOut1x1 does the same for 1×1 kernels (O×C×1×1), as a fully
// connected layer does it: a product of matrices, O×C times C×(H·W).
func corr2dMultiInOut1x1(x, k *tensor.Tensor) *tensor.Tensor {
	in, height, width := x.Shape()[0], x.Shape()[1], x.Shape()[2]
	out := k.Shape()[0]
	pixels := tensor.Must(x.Reshape(in, height*width)) // a column for each pixel
	weights := tensor.Must(k.Reshape(out, in))
	return tensor.Must(weights.MatMul(pixels).Reshape(out, height, width))
}

//endregion

func oneByOne() error {
	//region one-by-one
	r := tensor.Seed(0)
	x, k := tensor.Randn(r, 3, 3, 3), tensor.Randn(r, 2, 3, 1, 1)
	y1 := corr2dMultiInOut1x1(x, k)
	y2, err := corr2dMultiInOut(x, k)
	if err != nil {
		return err
	}
	fmt.Println(y1.Shape(), y1.Sub(y2).Abs().Sum().At() < 1e-5)
	//endregion
	return nil
}

//region palette

// palette returns a picture of 3×8×48: red, green, blue, yellow, cyan and magenta.
func palette() *tensor.Tensor {
	x := tensor.New(3, 8, 48)
	for i, rgb := range [][3]float32{
		{1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {1, 1, 0}, {0, 1, 1}, {1, 0, 1},
	} {
		for c, v := range rgb {
			for row := range 8 {
				for column := 8 * i; column < 8*i+8; column++ {
					x.Set(v, c, row, column)
				}
			}
		}
	}
	return x
}

//endregion

//region to-grey

// toGrey returns the brightness of a picture of red, green and blue, by the weights
// of the standard ITU-R BT.601.
func toGrey(x *tensor.Tensor) *tensor.Tensor {
	k := tensor.Must(tensor.FromSlice([]float32{0.299, 0.587, 0.114}, 1, 3, 1, 1))
	return corr2dMultiInOut1x1(x, k)
}

//endregion

func grey() error {
	//region grey
	y := toGrey(palette())
	fmt.Println(y.Shape())
	for i, name := range []string{"red", "green", "blue", "yellow", "cyan", "magenta"} {
		fmt.Printf("%-7s %.3f\n", name, y.At(0, 0, 8*i))
	}
	//endregion
	return nil
}

func costs() error {
	//region costs
	for _, kernel := range []int{1, 3, 5} {
		layer := nn.Conv2D(64, kernel).Same()
		model, err := nn.New(layer, tensor.Shape{32, 28, 28}, nn.Options{})
		if err != nil {
			return err
		}
		layers, err := model.Summary(1)
		if err != nil {
			return err
		}
		l, byFormula := layers[0], 64*32*kernel*kernel*28*28
		fmt.Printf("%d×%[1]d: %5d parameters, ", kernel, l.Parameters)
		fmt.Printf("%8d multiply-adds = %d\n", l.MultiplyAdds, byFormula)
	}
	//endregion
	return nil
}
