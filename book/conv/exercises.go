package main

import (
	"fmt"

	"github.com/strideml/stride/d2l"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
)

func diagonal() error {
	//region diagonal
	x := tensor.New(5, 5)
	for i := range 5 {
		x.Set(1, i, i)
	}
	k := tensor.Must(tensor.FromSlice([]float32{1, -1}, 1, 2))
	y := corr2d(x, k)
	fmt.Println(y)
	kT, yT := tensor.Must(k.Transpose()), tensor.Must(y.Transpose())
	fmt.Println("transposed by the transposed kernel:", corr2d(x, kT).Equal(yT))
	//endregion
	return nil
}

func windows() error {
	//region windows
	x := tensor.Must(tensor.Arange(0, 9, 1).Reshape(3, 3))
	k := tensor.Must(tensor.Arange(0, 4, 1).Reshape(4, 1)) // the kernel 2×2 as a column
	rows := tensor.New(4, 4)                               // a window in each row
	for i := range 2 {
		for j := range 2 {
			for a := range 2 {
				for b := range 2 {
					rows.Set(x.At(i+a, j+b), 2*i+j, 2*a+b)
				}
			}
		}
	}
	fmt.Println(rows)
	fmt.Println(tensor.Must(rows.MatMul(k).Reshape(2, 2)))
	//endregion
	return nil
}

func design() error {
	//region design
	squares := tensor.Arange(0, 7, 1).Map(func(v float32) float32 { return v * v })
	x := tensor.Must(squares.Reshape(1, 7))
	first := tensor.Must(tensor.FromSlice([]float32{-1, 1}, 1, 2))
	second := tensor.Must(tensor.FromSlice([]float32{1, -2, 1}, 1, 3))
	fmt.Println("values           ", x)
	fmt.Println("first derivative ", corr2d(x, first))
	fmt.Println("second derivative", corr2d(x, second))
	fmt.Println("first twice      ", corr2d(corr2d(x, first), first))
	//endregion
	return nil
}

func learnFlipped() error {
	//region learn-flipped
	r := tensor.Seed(0)
	x, k := tensor.Randn(r, 8, 8), tensor.Must(tensor.Arange(1, 5, 1).Reshape(2, 2))
	y := corr2d(x, flip(k)) // the true convolution of x and k
	model, err := nn.New(nn.Conv2D(1, 2).NoBias(), tensor.Shape{1, 8, 8}, nn.Options{})
	if err != nil {
		return err
	}
	loss := func(x, y *graph.Node) *graph.Node {
		return nn.MSELoss(model.Forward(x, nn.Train), y)
	}
	step := train.NewMinimizer(nil, optim.SGD{}, model.Parameters(), loss)
	defer step.Close()
	input := tensor.Must(x.Reshape(1, 1, 8, 8))
	target := tensor.Must(y.Reshape(1, 1, 7, 7))
	for range 200 {
		if _, err := step.Run(0.1, input, target); err != nil {
			return err
		}
	}
	fmt.Printf("%.3f\n", model.Parameters()[0].Value.Data())
	//endregion
	return nil
}

func deepField() error {
	//region deep-field
	for _, stride := range []int{1, 2} {
		var chain []d2l.Window
		size, layers := 1, 0
		for ; size < 224; layers++ {
			chain = append(chain, d2l.Window{Kernel: 3, Stride: stride})
			size, _ = d2l.ReceptiveField(chain...)
		}
		fmt.Printf("stride %d: %d layers see %d×%[3]d pixels\n", stride, layers, size)
	}
	//endregion
	return nil
}

func learnOwn() error {
	//region learn-own
	x := edgePicture()
	y := corr2d(x, tensor.Must(tensor.FromSlice([]float32{1, -1}, 1, 2)))
	model, err := nn.New(NewConv(1, 2), tensor.Shape{1, 6, 8}, nn.Options{Seed: 1})
	if err != nil {
		return err
	}
	loss := func(x, y *graph.Node) *graph.Node {
		return nn.MSELoss(model.Forward(x, nn.Train), y)
	}
	step := train.NewMinimizer(nil, optim.SGD{}, model.Parameters(), loss)
	defer step.Close()
	input := tensor.Must(x.Reshape(1, 1, 6, 8))
	target := tensor.Must(y.Reshape(1, 1, 6, 7))
	for range 200 {
		if _, err := step.Run(0.3, input, target); err != nil {
			return err
		}
	}
	for _, p := range model.Parameters() {
		fmt.Printf("%-6s %.3f\n", p.Name, p.Value.Data())
	}
	//endregion
	return nil
}
