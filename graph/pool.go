package graph

import (
	"fmt"

	"github.com/strideml/stride/tensor"
)

// Pool holds what max and average pooling share. With Ceil the output size is
// rounded up, as PyTorch's ceil_mode: a last window may hang over the right
// or lower edge as long as it starts inside the image or its left padding.
type Pool struct {
	Window
	Kernel [2]int
	Ceil   bool
}

func (p Pool) describe(kind string) string {
	return fmt.Sprintf("%s %s, stride %s, padding %s", kind, pair(p.Kernel, false), pair(p.Stride, true), pair(p.Pad, true))
}

func (p Pool) infer(x tensor.Shape) (tensor.Shape, error) {
	if err := rank("input", x, 4, "N×C×H×W"); err != nil {
		return nil, err
	}
	if p.ExtraPad != [2]int{} {
		return nil, fmt.Errorf("extra padding %v is for convolutions only: use graph.Pad", p.ExtraPad)
	}
	for i := range 2 {
		if p.Kernel[i] < 1 {
			return nil, fmt.Errorf("kernel %v must be at least 1×1", pair(p.Kernel, false))
		}
		if 2*p.Pad[i] > p.Kernel[i] {
			return nil, fmt.Errorf("padding %s must be at most half of the kernel %s", pair(p.Pad, true), pair(p.Kernel, false))
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
