// Command conv is the chapter on the convolution of images: cross-correlation,
// edges, a kernel that is learnt, feature maps and receptive fields.
package main

import (
	"fmt"

	"github.com/strideml/stride/book/internal/chapter"
	"github.com/strideml/stride/d2l"
	"github.com/strideml/stride/tensor"
)

var page = &chapter.Chapter{
	Name: "conv",
	Sections: []chapter.Section{
		{Name: "by-hand", Run: byHand},
		{Name: "edges", Run: edges},
	},
}

func main() { chapter.Main(page) }

//region corr2d

// corr2d computes the two-dimensional cross-correlation of picture x and kernel k.
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

func byHand() error {
	//region by-hand
	x := tensor.Must(tensor.Arange(0, 9, 1).Reshape(3, 3))
	k := tensor.Must(tensor.Arange(0, 4, 1).Reshape(2, 2))
	fmt.Println(corr2d(x, k))
	//endregion
	return nil
}

func edges() error {
	//region edges
	white, black := tensor.Full(1, 6, 2), tensor.New(6, 4)
	x := tensor.Must(tensor.Concat(1, white, black, white))
	k := tensor.Must(tensor.FromSlice([]float32{1, -1}, 1, 2))
	y, err := d2l.Corr2D(x, k)
	if err != nil {
		return err
	}
	fmt.Println(y)
	//endregion
	return nil
}
