// Command padding is the chapter on padding and stride: which size the output of a
// convolution has, and what zeros at the border do to values and to gradients.
package main

import (
	"fmt"

	"github.com/strideml/stride/book/internal/chapter"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

var page = &chapter.Chapter{
	Name: "padding",
	Sections: []chapter.Section{
		{Name: "shrink", Run: shrink},
		{Name: "same", Run: same},
		{Name: "same-uneven", Run: sameUneven},
		{Name: "even", Run: even},
		{Name: "stride", Run: stride},
		{Name: "stride-uneven", Run: strideUneven},
		{Name: "sizes", Run: sizes},
		{Name: "border", Run: border},
		{Name: "spread", Run: spread},
		{Name: "gradient", Run: gradient},
		{Name: "weight-gradient", Run: weightGradient},
		{Name: "formula", Run: formula},
		{Name: "every-second", Run: everySecond},
		{Name: "cost", Run: cost},
		{Name: "reflect", Run: reflect},
		{Name: "unread", Run: unread},
		{Name: "dilated", Run: dilated},
	},
	Figures: figures,
}

func main() { chapter.Main(page) }

//region comp-conv2d

// compConv2D applies a layer to a picture of H×W pixels: it adds the axes of the
// batch and of the channels, and takes them away from the result.
func compConv2D(layer nn.Layer, x *tensor.Tensor) (*tensor.Tensor, error) {
	height, width := x.Shape()[0], x.Shape()[1]
	model, err := nn.New(layer, tensor.Shape{1, height, width}, nn.Options{})
	if err != nil {
		return nil, err
	}
	defer model.Close()
	y, err := model.Predict(nil, tensor.Must(x.Reshape(1, 1, height, width)))
	if err != nil {
		return nil, err
	}
	return y.Index(0, 0) // picture 0, channel 0
}

//endregion

func shrink() error {
	//region shrink
	n := 240
	for layer := 1; layer <= 10; layer++ {
		n = n - 5 + 1
	}
	share := float64(n*n) / (240 * 240)
	fmt.Printf("%d×%[1]d pixels, %.0f %% of the picture's\n", n, 100*share)
	//endregion
	return nil
}

func same() error {
	//region same
	x := tensor.Rand(tensor.Seed(0), 8, 8)
	y, err := compConv2D(nn.Conv2D(1, 3).Pad(1), x)
	if err != nil {
		return err
	}
	fmt.Println(y.Shape())
	//endregion
	return nil
}

func sameUneven() error {
	//region same-uneven
	x := tensor.Rand(tensor.Seed(0), 8, 8)
	y, err := compConv2D(nn.Conv2D(1, 5).Kernel(5, 3).PadHW(2, 1), x)
	if err != nil {
		return err
	}
	fmt.Println(y.Shape())
	//endregion
	return nil
}

func even() error {
	//region even
	x := tensor.Rand(tensor.Seed(0), 8, 8)
	for _, layer := range []nn.Layer{
		nn.Conv2D(1, 4).Pad(1), nn.Conv2D(1, 4).Pad(2), nn.Conv2D(1, 4).Same(),
	} {
		y, err := compConv2D(layer, x)
		if err != nil {
			return err
		}
		fmt.Println(y.Shape())
	}
	window := graph.Window{}.SamePad(8, 8, [2]int{4, 4})
	fmt.Println("before", window.Pad[0], "after", window.Pad[0]+window.ExtraPad[0])
	//endregion
	return nil
}

func stride() error {
	//region stride
	x := tensor.Rand(tensor.Seed(0), 8, 8)
	y, err := compConv2D(nn.Conv2D(1, 3).Pad(1).Stride(2), x)
	if err != nil {
		return err
	}
	fmt.Println(y.Shape())
	//endregion
	return nil
}

func strideUneven() error {
	//region stride-uneven
	x := tensor.Rand(tensor.Seed(0), 8, 8)
	layer := nn.Conv2D(1, 3).Kernel(3, 5).PadHW(0, 1).StrideHW(3, 4)
	y, err := compConv2D(layer, x)
	if err != nil {
		return err
	}
	fmt.Println(y.Shape())
	//endregion
	return nil
}

//region output-size

// outputSize returns how many positions a kernel of k elements has on n pixels with
// padding p on each side, stride s and dilation d.
func outputSize(n, k, p, s, d int) int {
	return (n+2*p-d*(k-1)-1)/s + 1
}

//endregion

func sizes() error {
	//region sizes
	fmt.Println("  n   k   p   s   d  formula  layer")
	for _, c := range [][5]int{
		{8, 3, 1, 1, 1}, {8, 3, 1, 2, 1}, {8, 3, 0, 3, 1}, {8, 5, 1, 4, 1},
		{8, 3, 2, 1, 2}, {224, 7, 3, 2, 1}, {224, 11, 1, 4, 1},
	} {
		n, k, p, s, d := c[0], c[1], c[2], c[3], c[4]
		layer := nn.Conv2D(1, k).Pad(p).Stride(s).Dilation(d)
		y, err := compConv2D(layer, tensor.New(n, n))
		if err != nil {
			return err
		}
		formula := outputSize(n, k, p, s, d)
		fmt.Printf("%3d %3d %3d %3d %3d  %7d  %v\n", n, k, p, s, d, formula, y.Shape())
	}
	//endregion
	return nil
}

func border() error {
	//region border
	layer := nn.Conv2D(1, 3).Pad(1).NoBias().Init(nn.Constant(1)) // adds 3×3 pixels up
	y, err := compConv2D(layer, tensor.Full(1, 5, 5))
	if err != nil {
		return err
	}
	fmt.Println(y)
	//endregion
	return nil
}

//region mean-layer

// meanLayer returns a layer that computes the mean of 3×3 pixels.
func meanLayer() nn.Layer {
	return nn.Conv2D(1, 3).Pad(1).NoBias().Init(nn.Constant(1.0 / 9))
}

//endregion

func spread() error {
	//region spread
	x := tensor.Full(1, 9, 9)
	for layers := 1; layers <= 4; layers++ {
		var err error
		if x, err = compConv2D(meanLayer(), x); err != nil {
			return err
		}
		exact := 0
		for _, v := range x.Data() {
			if v > 0.9999 {
				exact++
			}
		}
		middle := tensor.Must(x.Index(4)).Data()
		fmt.Printf("row 4: %.2f, still 1: %2d of 81\n", middle, exact)
	}
	//endregion
	return nil
}

func gradient() error {
	//region gradient
	g := graph.New()
	x := g.Input("x", 1, 1, 3, 3)
	kernel := g.Constant(tensor.Must(tensor.Arange(1, 10, 1).Reshape(1, 1, 3, 3)))
	padded := graph.Pad(x, []int{0, 0, 1, 1}, []int{0, 0, 1, 1}, 0) // 5×5
	y := graph.Conv2D(padded, kernel, nil, graph.Window{}, 1)       // 3×3
	gradients := graph.Gradients(graph.Sum(y), padded, x)
	feeds := engine.Feeds{x: tensor.New(1, 1, 3, 3)}
	values, err := engine.Run(cpu.Default(), feeds, gradients...)
	if err != nil {
		return err
	}
	for _, v := range values {
		fmt.Println(tensor.Must(v.Index(0, 0)))
	}
	//endregion
	return nil
}

func weightGradient() error {
	//region weight-gradient
	g := graph.New()
	x := g.Constant(tensor.Full(1, 1, 1, 5, 5))
	kernel := g.Input("kernel", 1, 1, 3, 3)
	y := graph.Conv2D(x, kernel, nil, graph.Window{Pad: [2]int{1, 1}}, 1)
	gradient := graph.Gradients(graph.Sum(y), kernel)
	feeds := engine.Feeds{kernel: tensor.New(1, 1, 3, 3)}
	values, err := engine.Run(cpu.Default(), feeds, gradient...)
	if err != nil {
		return err
	}
	fmt.Println(tensor.Must(values[0].Index(0, 0)))
	//endregion
	return nil
}
