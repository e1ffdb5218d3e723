package main

import (
	"fmt"
	"math"

	"github.com/strideml/stride/d2l"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

func pixelwise() error {
	//region pixelwise
	r := tensor.Seed(0)
	x := tensor.Randn(r, 3, 4, 4)    // 3 channels
	k := tensor.Randn(r, 2, 3, 1, 1) // to 2 channels
	order := r.Perm(16)
	shuffle := func(t *tensor.Tensor) *tensor.Tensor { // the pixels of each channel
		s := t.Clone()
		for c := range t.Shape()[0] {
			copy(s.Data()[c*16:], permute(t.Data()[c*16:(c+1)*16], order))
		}
		return s
	}
	before, err := d2l.Corr2DMultiInOut(shuffle(x), k)
	if err != nil {
		return err
	}
	after, err := d2l.Corr2DMultiInOut(x, k)
	if err != nil {
		return err
	}
	fmt.Println(before.Equal(shuffle(after)))
	//endregion
	return nil
}

func whereIsIt() error {
	//region where
	net := nn.Sequential(
		nn.Conv2D(4, 3), nn.ReLU(),
		nn.Conv2D(4, 3), nn.ReLU(), nn.GlobalAvgPool2D(), nn.Flatten())
	for _, column := range []int{4, 11} { // a dot on the left, a dot on the right
		x := tensor.New(1, 1, 16, 16)
		x.Set(1, 0, 0, 8, column)
		y, err := d2l.Apply(net, x)
		if err != nil {
			return err
		}
		fmt.Printf("%.5f\n", y.Data())
	}
	//endregion
	return nil
}

func borders() error {
	//region borders
	count := tensor.New(5, 5)
	for i := range 3 { // the 3×3 positions of a 3×3 kernel
		for j := range 3 {
			for a := range 3 {
				for b := range 3 {
					count.Set(count.At(i+a, j+b)+1, i+a, j+b)
				}
			}
		}
	}
	fmt.Println(count)
	//endregion
	return nil
}

func variances() error {
	//region variance
	moments := func(p []float64) (mean, variance float64) {
		for v, p := range p {
			mean += float64(v) * p
		}
		for v, p := range p {
			variance += (float64(v) - mean) * (float64(v) - mean) * p
		}
		return mean, variance
	}
	sum := []float64{1} // the sum of no dice is 0 for certain
	for n := 1; n <= 4; n++ {
		sum = convolve(sum, die())
		mean, variance := moments(sum)
		fmt.Printf("%d dice: mean %.2f, variance %.3f\n", n, mean, variance)
	}
	mean, variance := moments(sum)
	normal := math.Exp(-(17-mean)*(17-mean)/(2*variance)) / math.Sqrt(2*math.Pi*variance)
	fmt.Printf("P(17) = %.4f, the normal density there %.4f\n", sum[17], normal)
	//endregion
	return nil
}

func sound() error {
	//region sound
	const second = 16000 // samples
	layer := nn.Conv2D(32, 1).Kernel(1, 400).StrideHW(1, 160)
	shapes, err := nn.StateShapes(layer, tensor.Shape{1, 1, second})
	if err != nil {
		return err
	}
	fmt.Println("weight", shapes["weight"], "bias", shapes["bias"])
	fmt.Println("fully connected, to as many outputs:", second*32*((second-400)/160+1))
	//endregion
	return nil
}
