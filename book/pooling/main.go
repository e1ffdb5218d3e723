// Command pooling is the chapter on pooling: maximum and average, what they are for,
// and how gradients pass through them.
package main

import (
	"context"
	"fmt"
	"math"

	"github.com/strideml/stride/book/internal/chapter"
	"github.com/strideml/stride/d2l"
	"github.com/strideml/stride/data/fashionmnist"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

var page = &chapter.Chapter{
	Name: "pooling",
	Sections: []chapter.Section{
		{Name: "by-hand", Run: byHand},
		{Name: "layers", Run: layers},
		{Name: "uneven", Run: uneven},
		{Name: "channels", Run: channels},
		{Name: "edge", Run: edge},
		{Name: "boots", Run: boots},
		{Name: "stripes", Run: stripes},
		{Name: "global", Run: global},
		{Name: "gradient", Run: gradient},
		{Name: "as-convolution", Run: asConvolution},
		{Name: "not-linear", Run: notLinear},
		{Name: "minimum", Run: minimum},
		{Name: "soft", Run: soft},
		{Name: "counted", Run: counted},
		{Name: "costs", Run: costs},
	},
	Figures: figures,
}

func main() { chapter.Main(page) }

//region pool2d

// A Reduction makes one number of a window.
type Reduction func(window *tensor.Tensor) float32

// pool2D returns what f makes of each window of h×w elements of a picture x.
func pool2D(x *tensor.Tensor, h, w int, f Reduction) *tensor.Tensor {
	y := tensor.New(x.Shape()[0]-h+1, x.Shape()[1]-w+1)
	for i := range y.Shape()[0] {
		for j := range y.Shape()[1] {
			rows := tensor.Must(x.Slice(0, i, i+h))
			y.Set(f(tensor.Must(rows.Slice(1, j, j+w))), i, j)
		}
	}
	return y
}

func maximum(window *tensor.Tensor) float32 { return window.Max().At() }
func average(window *tensor.Tensor) float32 { return window.Mean().At() }

//endregion

func byHand() error {
	//region by-hand
	x := tensor.Must(tensor.Arange(0, 9, 1).Reshape(3, 3))
	fmt.Println(pool2D(x, 2, 2, maximum))
	fmt.Println(pool2D(x, 2, 2, average))
	//endregion
	return nil
}

func layers() error {
	//region layers
	x := tensor.Must(tensor.Arange(0, 16, 1).Reshape(1, 1, 4, 4))
	for _, layer := range []nn.Layer{nn.MaxPool2D(3), nn.MaxPool2D(3).Pad(1).Stride(2)} {
		y, err := d2l.Apply(layer, x)
		if err != nil {
			return err
		}
		fmt.Println(tensor.Must(y.Index(0, 0)))
	}
	//endregion
	return nil
}

func uneven() error {
	//region uneven
	x := tensor.Must(tensor.Arange(0, 16, 1).Reshape(1, 1, 4, 4))
	y, err := d2l.Apply(nn.MaxPool2D(2).Kernel(2, 3).StrideHW(2, 3).PadHW(0, 1), x)
	if err != nil {
		return err
	}
	fmt.Println(tensor.Must(y.Index(0, 0)))
	//endregion
	return nil
}

func channels() error {
	//region channels
	x := tensor.Must(tensor.Arange(0, 16, 1).Reshape(1, 1, 4, 4))
	x = tensor.Must(tensor.Concat(1, x, x.AddScalar(1))) // two channels
	y, err := d2l.Apply(nn.MaxPool2D(3).Pad(1).Stride(2), x)
	if err != nil {
		return err
	}
	fmt.Println(y.Shape())
	fmt.Println(tensor.Must(y.Index(0)))
	//endregion
	return nil
}

func edge() error {
	//region edge
	k := tensor.Must(tensor.FromSlice([]float32{1, -1}, 1, 2))
	for _, white := range []int{3, 4} { // pixels to the left of the edge
		left, right := tensor.Full(1, 2, white), tensor.New(2, 8-white)
		x := tensor.Must(tensor.Concat(1, left, right))
		edges, err := d2l.Corr2D(x, k)
		if err != nil {
			return err
		}
		pooled := pool2D(edges, 2, 2, maximum)
		fmt.Println("edges ", tensor.Must(edges.Index(0)))
		fmt.Println("pooled", tensor.Must(pooled.Index(0)))
	}
	//endregion
	return nil
}

//region change

// change returns how far b is from a, as a share of a: |b − a| / |a|.
func change(a, b *tensor.Tensor) float64 {
	d := b.Sub(a)
	return math.Sqrt(float64(d.Mul(d).Sum().At() / a.Mul(a).Sum().At()))
}

//endregion

func boots() error {
	//region boots
	options := fashionmnist.Options{Dir: fashionmnist.SampleDir}
	set, err := fashionmnist.Load(context.Background(), options)
	if err != nil {
		return err
	}
	x := tensor.New(100, 1, 28, 28)
	for i := range 100 {
		if _, err := set.Test.Read(i, tensor.Must(x.Index(i)).Data()); err != nil {
			return err
		}
	}
	column := tensor.New(100, 1, 28, 1)
	moved := tensor.Must(tensor.Concat(3, column, tensor.Must(x.Slice(3, 0, 27))))
	edges := nn.Func("Edges", func(x *graph.Node) *graph.Node { // x[j] − x[j−1]
		before, after := []int{0, 0, 0, 1}, []int{0, 0, 0, 0}
		left := graph.Pad(graph.Slice(x, 3, 0, 27), before, after, 0)
		return graph.Abs(graph.Sub(x, left))
	})
	for _, pool := range []int{1, 2, 4, 7, 14, 28} {
		net := nn.Sequential(edges, nn.MaxPool2D(pool))
		y, err := d2l.Apply(net, x)
		if err != nil {
			return err
		}
		y2, err := d2l.Apply(net, moved)
		if err != nil {
			return err
		}
		fmt.Printf("%2d×%-2[1]d %v, changed by %.2f\n", pool, y.Shape(), change(y, y2))
	}
	//endregion
	return nil
}

func stripes() error {
	//region stripes
	for first := range 2 { // the stripes begin with white, with black
		x := tensor.New(1, 1, 4, 8)
		for i := range 4 {
			for j := first; j < 8; j += 2 {
				x.Set(1, 0, 0, i, j)
			}
		}
		fmt.Println("a row of the picture", tensor.Must(x.Index(0, 0, 0)))
		for _, l := range []struct {
			name  string
			layer nn.Layer
		}{
			{"every second pixel", nn.AvgPool2D(1).Stride(2)},
			{"maximum", nn.MaxPool2D(2)},
			{"average", nn.AvgPool2D(2)},
		} {
			y, err := d2l.Apply(l.layer, x)
			if err != nil {
				return err
			}
			fmt.Printf("  %-18s %v\n", l.name, tensor.Must(y.Index(0, 0, 0)))
		}
	}
	//endregion
	return nil
}

//region rings

// rings returns 128×128 pixels with rings that get narrower towards the border.
func rings() *tensor.Tensor {
	x := tensor.New(1, 1, 128, 128)
	for i := range 128 {
		for j := range 128 {
			dy, dx := float64(i)-63.5, float64(j)-63.5
			x.Set(float32(0.5+0.5*math.Cos(math.Pi*(dx*dx+dy*dy)/160)), 0, 0, i, j)
		}
	}
	return x
}

// smaller returns x, and three ways to make it smaller by a factor of 4: every
// fourth pixel, the mean and the maximum of 4×4, all enlarged to 128×128 again.
func smaller(x *tensor.Tensor) (*tensor.Tensor, error) {
	images := []*tensor.Tensor{x}
	for _, layer := range []nn.Layer{
		nn.AvgPool2D(1).Stride(4), nn.AvgPool2D(4), nn.MaxPool2D(4),
	} {
		y, err := d2l.Apply(nn.Sequential(layer, nn.Upsample(4)), x)
		if err != nil {
			return nil, err
		}
		images = append(images, y)
	}
	return tensor.Concat(0, images...)
}

//endregion

func global() error {
	//region global
	net := nn.Sequential(nn.Conv2D(10, 3), nn.GlobalAvgPool2D(), nn.Flatten())
	for _, side := range []int{12, 28, 100} {
		x := tensor.Rand(tensor.Seed(0), 1, 1, side, side)
		y, err := d2l.Apply(net, x)
		if err != nil {
			return err
		}
		fmt.Println(x.Shape(), "→", y.Shape())
	}
	//endregion
	return nil
}

func gradient() error {
	//region gradient
	g := graph.New()
	x := g.Input("x", 1, 1, 4, 4)
	picture := tensor.Must(tensor.FromSlice([]float32{
		1, 5, 2, 2,
		3, 4, 2, 2,
		9, 0, 1, 7,
		8, 6, 0, 3,
	}, 1, 1, 4, 4))
	for _, y := range []*graph.Node{
		nn.MaxPool2D(2).Forward(x),
		nn.AvgPool2D(2).Forward(x),
	} {
		dx := graph.Gradients(graph.Sum(y), x)
		values, err := engine.Run(cpu.Default(), engine.Feeds{x: picture}, y, dx[0])
		if err != nil {
			return err
		}
		fmt.Println(tensor.Must(values[0].Index(0, 0)))
		fmt.Println(tensor.Must(values[1].Index(0, 0)))
	}
	//endregion
	return nil
}
