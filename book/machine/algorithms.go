package main

import (
	"fmt"

	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

//region im2col

// im2col returns a matrix with a column for each position of a k×k window on x,
// C×H×W, and a row for each element of the window.
func im2col(x *tensor.Tensor, k int) *tensor.Tensor {
	channels, rows, columns := x.Shape()[0], x.Shape()[1]-k+1, x.Shape()[2]-k+1
	m := tensor.New(channels*k*k, rows*columns)
	for c := range channels {
		for a := range k {
			for b := range k {
				for i := range rows {
					for j := range columns {
						m.Set(x.At(c, i+a, j+b), (c*k+a)*k+b, i*columns+j)
					}
				}
			}
		}
	}
	return m
}

//endregion

func showIm2col() error {
	//region im2col-example
	x := tensor.Must(tensor.Arange(0, 9, 1).Reshape(1, 3, 3))
	kernel := tensor.Must(tensor.Arange(0, 4, 1).Reshape(1, 4)) // the 2×2 kernel as a row
	m := im2col(x, 2)
	fmt.Println(m)
	fmt.Println(kernel.MatMul(m))
	//endregion
	return nil
}

//region winograd

// f23 returns two neighbouring outputs of a kernel of three numbers, with four
// multiplications.
func f23(d [4]float32, g [3]float32) [2]float32 {
	m1 := (d[0] - d[2]) * g[0]
	m2 := (d[1] + d[2]) * ((g[0] + g[1] + g[2]) / 2)
	m3 := (d[2] - d[1]) * ((g[0] - g[1] + g[2]) / 2)
	m4 := (d[1] - d[3]) * g[2]
	return [2]float32{m1 + m2 + m3, m2 - m3 - m4}
}

//endregion

func showWinograd() error {
	//region winograd-example
	d, g := [4]float32{1, 2, 4, 8}, [3]float32{0.5, -1, 3}
	direct := [2]float32{
		d[0]*g[0] + d[1]*g[1] + d[2]*g[2],
		d[1]*g[0] + d[2]*g[1] + d[3]*g[2],
	}
	fmt.Println("direct:  ", direct)
	fmt.Println("Winograd:", f23(d, g))
	//endregion
	return nil
}

func counts() error {
	//region counts
	for _, t := range []struct{ m, r int }{{2, 3}, {3, 3}, {4, 3}, {2, 5}, {3, 5}} {
		direct, products := t.m*t.m*t.r*t.r, (t.m+t.r-1)*(t.m+t.r-1)
		fmt.Printf("F(%d×%d, %d×%d): %3d products directly, %2d by Winograd's algorithm, %.2f times fewer\n",
			t.m, t.m, t.r, t.r, direct, products, float64(direct)/float64(products))
	}
	//endregion
	return nil
}

func copying() error {
	//region copy
	from, to := make([]float32, 32<<20), make([]float32, 32<<20) // 128 MB each
	took, err := best(5, func() error { copy(to, from); return nil })
	if err != nil {
		return err
	}
	fmt.Printf("%.1f GB/s read, and as much written\n",
		4*float64(len(from))/took.Seconds()/1e9)
	//endregion
	return nil
}

// layerCost is how much a layer computes and moves.
type layerCost struct {
	name         string
	flops, bytes float64
}

// costs are those of some layers for a single image.
func costs() ([]layerCost, error) {
	var list []layerCost
	for _, l := range []struct {
		name  string
		layer nn.Layer
		input tensor.Shape
	}{
		{"3×3 conv, 64→64", nn.Conv2D(64, 3).Pad(1), tensor.Shape{64, 24, 24}},
		{"1×1 conv, 64→64", nn.Conv2D(64, 1), tensor.Shape{64, 24, 24}},
		{"depthwise 3×3, 64", nn.Conv2D(64, 3).Pad(1).Groups(64), tensor.Shape{64, 24, 24}},
		{"linear, 4096→4096", nn.Linear(4096), tensor.Shape{4096}},
		{"ReLU, 64", nn.ReLU(), tensor.Shape{64, 24, 24}},
	} {
		//region cost
		trace, err := nn.Outline(l.layer, l.input, 1)
		if err != nil {
			return nil, err
		}
		cost := layerCost{name: l.name}
		values := l.input.Size() + trace.Output.Shape().Size() // read and written
		for _, row := range trace.Rows() {
			cost.flops += 2 * float64(row.MultiplyAdds)
			values += row.Parameters
		}
		if cost.flops == 0 {
			cost.flops = float64(trace.Output.Shape().Size()) // one comparison a value
		}
		cost.bytes = 4 * float64(values)
		//endregion
		list = append(list, cost)
	}
	return list, nil
}

func intensity() error {
	//region intensity
	list, err := costs()
	if err != nil {
		return err
	}
	for _, c := range list {
		fmt.Printf("%-18s %7.3f MFLOP, %6.3f MB: %6.2f FLOP a byte\n",
			c.name, c.flops/1e6, c.bytes/1e6, c.flops/c.bytes)
	}
	//endregion
	return nil
}
