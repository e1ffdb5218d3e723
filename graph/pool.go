package graph

import (
	"fmt"

	"github.com/strideml/stride/tensor"
)

// Pool holds what max and average pooling share. With Ceil the output size is
// rounded up, as by ceil_mode of PyTorch and of ONNX: a last window may hang over the
// right or lower edge as long as it starts inside the image or its left padding.
// PyTorch has the same padding on both sides, at most half of the window; here it must
// only be smaller than the window, as in ONNX Runtime.
type Pool struct {
	Window
	Kernel [2]int
	Ceil   bool
}

func (p Pool) describe(kind string) string {
	s := fmt.Sprintf("%s %s, stride %s, padding %s", kind, pair(p.Kernel, false), pair(p.Stride, true), p.padding())
	if p.Dilation != [2]int{1, 1} {
		s += ", dilation " + pair(p.Dilation, true)
	}
	return s
}

func (p Pool) infer(x tensor.Shape) (tensor.Shape, error) {
	if err := rank("input", x, 4, "N×C×H×W"); err != nil {
		return nil, err
	}
	for i := range 2 {
		if p.Kernel[i] < 1 {
			return nil, fmt.Errorf("kernel %v must be at least 1×1", pair(p.Kernel, false))
		}
		if e := p.extent(i, p.Kernel[i]); p.Pad[i] >= e || p.after(i) >= e {
			return nil, fmt.Errorf("padding %s must be smaller than the window, whose %s is %d", p.padding(), axisNames[i], e)
		}
	}
	out, err := p.outputSize(x, p.Kernel, p.Ceil)
	if err != nil {
		return nil, err
	}
	return tensor.Shape{x[0], x[1], out[0], out[1]}, nil
}

func pool(kernel [2]int, w Window, ceil bool) Pool {
	for i := range 2 {
		if w.Stride[i] == 0 {
			w.Stride[i] = kernel[i]
		}
	}
	return Pool{w.normal(), kernel, ceil}
}
