package main

import (
	"fmt"

	"github.com/strideml/stride/d2l"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

func twoInOne() error {
	//region two-in-one
	r := tensor.Seed(0)
	x, k1, k2 := tensor.Randn(r, 8, 8), tensor.Randn(r, 3, 3), tensor.Randn(r, 2, 2)
	y, err := d2l.Corr2D(x, k1)
	if err != nil {
		return err
	}
	if y, err = d2l.Corr2D(y, k2); err != nil {
		return err
	}
	one := tensor.New(4, 4) // 3 + 2 − 1
	for a := range 3 {
		for b := range 3 {
			for c := range 2 {
				for d := range 2 {
					one.Set(one.At(a+c, b+d)+k1.At(a, b)*k2.At(c, d), a+c, b+d)
				}
			}
		}
	}
	z, err := d2l.Corr2D(x, one)
	if err != nil {
		return err
	}
	fmt.Println(y.Shape(), z.Shape(), y.AllClose(z, 1e-4, 1e-4))
	//endregion
	return nil
}

//region cost-of

// costOf returns the parameters and the multiply-adds of a network for one picture.
func costOf(net nn.Layer, input ...int) (params int, multiplyAdds int64, err error) {
	model, err := nn.New(net, input, nn.Options{})
	if err != nil {
		return 0, 0, err
	}
	layers, err := model.Summary(1)
	for _, l := range layers {
		params += l.Parameters
		multiplyAdds += l.MultiplyAdds
	}
	return params, multiplyAdds, err
}

//endregion

func double() error {
	//region double
	for _, c := range [][4]int{
		{32, 64, 3, 28}, {64, 128, 3, 28}, {32, 64, 6, 28}, {32, 64, 3, 56},
	} {
		in, out, kernel, side := c[0], c[1], c[2], c[3]
		layer := nn.Conv2D(out, kernel).Same().NoBias()
		weights, multiplyAdds, err := costOf(layer, in, side, side)
		if err != nil {
			return err
		}
		millions := float64(multiplyAdds) / 1e6
		fmt.Printf("%d → %3d, %d×%[3]d, %d×%[4]d pixels: ", in, out, kernel, side)
		fmt.Printf("%d weights, %.1f million multiply-adds\n", weights, millions)
	}
	//endregion
	return nil
}

func exactly() error {
	//region exactly
	r := tensor.Seed(0)
	x, k := tensor.Randn(r, 100, 8, 8), tensor.Randn(r, 10, 100, 1, 1)
	y1 := corr2dMultiInOut1x1(x, k)
	y2, err := corr2dMultiInOut(x, k)
	if err != nil {
		return err
	}
	fmt.Println(y1.Equal(y2), y1.AllClose(y2, 1e-4, 1e-4))
	//endregion
	return nil
}

func permuted() error {
	//region permuted
	x := tensor.Must(tensor.Stack(0, count(0, 3, 3), count(1, 3, 3)))
	k := tensor.Must(tensor.Stack(0, count(0, 2, 2), count(1, 2, 2)))
	swap := func(t *tensor.Tensor) *tensor.Tensor {
		first, second := tensor.Must(t.Index(0)), tensor.Must(t.Index(1))
		return tensor.Must(tensor.Stack(0, second, first))
	}
	for _, p := range [][2]*tensor.Tensor{{x, k}, {swap(x), swap(k)}, {swap(x), k}} {
		y, err := corr2dMultiIn(p[0], p[1])
		if err != nil {
			return err
		}
		fmt.Println(y)
	}
	//endregion
	return nil
}

func groups() error {
	//region groups
	for _, n := range []int{1, 2, 4, 64} {
		layer := nn.Conv2D(64, 3).Pad(1).NoBias().Groups(n)
		parameters, multiplyAdds, err := costOf(layer, 64, 28, 28)
		if err != nil {
			return err
		}
		fmt.Printf("%2d groups: 64×%d×3×3 = %d weights, ", n, 64/n, parameters)
		fmt.Printf("%d multiply-adds\n", multiplyAdds)
	}
	//endregion
	return nil
}

func separable() error {
	//region separable
	full := nn.Conv2D(128, 3).Pad(1).NoBias()
	split := nn.Sequential(
		nn.Conv2D(64, 3).Pad(1).NoBias().Groups(64), // depthwise: each channel by itself
		nn.Conv2D(128, 1).NoBias(),                  // pointwise: across the channels
	)
	for _, net := range []nn.Layer{full, split} {
		parameters, multiplyAdds, err := costOf(net, 64, 28, 28)
		if err != nil {
			return err
		}
		fmt.Printf("%5d parameters, %8d multiply-adds\n", parameters, multiplyAdds)
	}
	fmt.Printf("1/128 + 1/9 = %.3f\n", 1.0/128+1.0/9)
	//endregion
	return nil
}
