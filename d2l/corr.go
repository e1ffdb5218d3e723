package d2l

import (
	"fmt"
	"math"

	"github.com/strideml/stride/tensor"
)

// Corr2D returns the cross-correlation of an image x (H×W) with a kernel k
// (h×w), of shape (H−h+1)×(W−w+1):
//
//	y[i,j] = Σ_{a,b} x[i+a, j+b] · k[a,b]
//
// The book's corr2d. It is the definition, not the fast way: that is
// graph.Conv2D on an engine.
func Corr2D(x, k *tensor.Tensor) (*tensor.Tensor, error) {
	if x.Rank() != 2 || k.Rank() != 2 {
		return nil, fmt.Errorf("corr2d: an image %v and a kernel %v: both need rows and columns only", x.Shape(), k.Shape())
	}
	h, w := k.Shape()[0], k.Shape()[1]
	rows, columns := x.Shape()[0]-h+1, x.Shape()[1]-w+1
	if h < 1 || w < 1 || rows < 1 || columns < 1 {
		return nil, fmt.Errorf("corr2d: a kernel of %v does not fit into an image of %v", k.Shape(), x.Shape())
	}
	y := tensor.New(rows, columns)
	for i := range rows {
		for j := range columns {
			sum := float32(0)
			for a := range h {
				for b := range w {
					sum += x.At(i+a, j+b) * k.At(a, b)
				}
			}
			y.Set(sum, i, j)
		}
	}
	return y, nil
}

// Corr2DMultiIn returns the sum over the input channels of the
// cross-correlations of an image x (C×H×W) with kernels k (C×h×w), of shape
// (H−h+1)×(W−w+1). The book's corr2d_multi_in.
func Corr2DMultiIn(x, k *tensor.Tensor) (*tensor.Tensor, error) {
	if x.Rank() != 3 || k.Rank() != 3 || x.Shape()[0] != k.Shape()[0] || x.Shape()[0] < 1 {
		return nil, fmt.Errorf("corr2d: an image %v and kernels %v: want C×H×W and C×h×w with the same number of channels, C", x.Shape(), k.Shape())
	}
	var sum *tensor.Tensor
	for c := range x.Shape()[0] {
		y, err := Corr2D(tensor.Must(x.Index(c)), tensor.Must(k.Index(c)))
		switch {
		case err != nil:
			return nil, err
		case c == 0:
			sum = y
		default:
			sum = sum.Add(y)
		}
	}
	return sum, nil
}

// Corr2DMultiInOut returns the cross-correlations of an image x (C×H×W) with
// each of the kernels k (O×C×h×w), of shape O×(H−h+1)×(W−w+1). The book's
// corr2d_multi_in_out.
func Corr2DMultiInOut(x, k *tensor.Tensor) (*tensor.Tensor, error) {
	if k.Rank() != 4 || k.Shape()[0] < 1 {
		return nil, fmt.Errorf("corr2d: kernels %v: want O×C×h×w", k.Shape())
	}
	outputs := make([]*tensor.Tensor, k.Shape()[0])
	for o := range outputs {
		var err error
		if outputs[o], err = Corr2DMultiIn(x, tensor.Must(k.Index(o))); err != nil {
			return nil, err
		}
	}
	return tensor.Stack(0, outputs...)
}

// Corr2DMultiInOut1x1 returns what Corr2DMultiInOut does for kernels k of
// 1×1 pixels (O×C×1×1), computed as a fully connected layer that is applied to
// each pixel: the product of k as an O×C matrix with x (C×H×W) as a C×(H·W)
// matrix. The book's corr2d_multi_in_out_1x1.
func Corr2DMultiInOut1x1(x, k *tensor.Tensor) (*tensor.Tensor, error) {
	if x.Rank() != 3 || k.Rank() != 4 || k.Shape()[2] != 1 || k.Shape()[3] != 1 || k.Shape()[1] != x.Shape()[0] {
		return nil, fmt.Errorf("corr2d: an image %v and kernels %v: want C×H×W and O×C×1×1", x.Shape(), k.Shape())
	}
	in, height, width := x.Shape()[0], x.Shape()[1], x.Shape()[2]
	pixels, err := x.Reshape(in, height*width)
	if err != nil {
		return nil, err
	}
	weights, err := k.Reshape(k.Shape()[0], in)
	if err != nil {
		return nil, err
	}
	return weights.MatMul(pixels).Reshape(k.Shape()[0], height, width)
}

// PoolMode says what Pool2D makes of a window.
type PoolMode int

// The modes of Pool2D: the maximum and the mean.
const (
	Max PoolMode = iota
	Avg
)

// Pool2D returns the maximum or the mean of each window of the given size
// {height, width} of an image x (H×W), moved by one pixel at a time, so of
// shape (H−h+1)×(W−w+1). The book's pool2d.
func Pool2D(x *tensor.Tensor, size [2]int, mode PoolMode) (*tensor.Tensor, error) {
	if x.Rank() != 2 || mode != Max && mode != Avg {
		return nil, fmt.Errorf("pool2d: an image %v in mode %d: want H×W, and Max or Avg", x.Shape(), mode)
	}
	h, w := size[0], size[1]
	rows, columns := x.Shape()[0]-h+1, x.Shape()[1]-w+1
	if h < 1 || w < 1 || rows < 1 || columns < 1 {
		return nil, fmt.Errorf("pool2d: a window of %d×%d does not fit into an image of %v", h, w, x.Shape())
	}
	y := tensor.New(rows, columns)
	for i := range rows {
		for j := range columns {
			most, sum := float32(math.Inf(-1)), float32(0)
			for a := range h {
				for b := range w {
					v := x.At(i+a, j+b)
					most, sum = max(most, v), sum+v
				}
			}
			if mode == Avg {
				most = sum / float32(h*w)
			}
			y.Set(most, i, j)
		}
	}
	return y, nil
}
