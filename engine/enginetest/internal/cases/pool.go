package cases

import (
	"fmt"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/tensor"
)

// A poolSpec describes a pooling of an image.
type poolSpec struct {
	shape  tensor.Shape
	kernel [2]int
	window graph.Window
	ceil   bool
}

func (s poolSpec) String() string {
	text := fmt.Sprintf("%v, kernel %v, stride %v, pad %v, ceil %v", s.shape, s.kernel, s.window.Stride, s.window.Pad, s.ceil)
	if s.window.ExtraPad != [2]int{} {
		text += fmt.Sprintf(", extra pad %v", s.window.ExtraPad)
	}
	return text
}

func poolSpecs() []poolSpec {
	k := func(n int) [2]int { return [2]int{n, n} }
	specs := []poolSpec{
		{tensor.Shape{1, 1, 1, 1}, k(1), square(1, 0, 0), false},
		{tensor.Shape{2, 6, 8, 8}, k(2), square(2, 0, 0), false},
		{tensor.Shape{2, 5, 9, 7}, k(2), square(2, 0, 0), false},
		{tensor.Shape{2, 5, 9, 7}, k(2), square(2, 0, 0), true},
		{tensor.Shape{1, 16, 11, 11}, k(3), square(2, 0, 0), false},
		{tensor.Shape{1, 17, 10, 10}, k(3), square(2, 0, 0), true},
		{tensor.Shape{2, 3, 10, 10}, k(3), square(2, 1, 0), false},
		{tensor.Shape{2, 3, 10, 10}, k(3), square(2, 1, 0), true},
		{tensor.Shape{3, 8, 6, 6}, k(3), square(1, 1, 0), false},
		{tensor.Shape{1, 33, 5, 5}, k(5), square(5, 0, 0), false},
		{tensor.Shape{2, 4, 7, 7}, k(2), square(3, 1, 0), true},
		{tensor.Shape{2, 4, 7, 7}, k(1), square(3, 0, 0), true},
		{tensor.Shape{1, 2, 6, 9}, [2]int{2, 3}, graph.Window{Stride: [2]int{1, 2}, Pad: [2]int{1, 1}}, true},
		{tensor.Shape{1, 3, 1, 12}, [2]int{1, 4}, graph.Window{Stride: [2]int{1, 2}, Pad: [2]int{0, 2}}, false},
		{tensor.Shape{1, 3, 5, 5}, k(4), square(4, 2, 0), true},
		{tensor.Shape{2, 1, 3, 3}, k(2), graph.Window{}, false},
		{tensor.Shape{2, 5, 2, 2}, k(3), square(2, 0, 0), true}, // a window larger than the image
	}
	r := rng.New(2, "enginetest pool")
	for len(specs) < 60 {
		s := poolSpec{
			shape:  tensor.Shape{1 + r.IntN(3), pick(r, []int{1, 3, 5, 6, 8, 16, 17, 33}), 1 + r.IntN(9), 1 + r.IntN(9)},
			kernel: [2]int{1 + r.IntN(4), 1 + r.IntN(4)},
			ceil:   r.IntN(2) == 0,
		}
		s.window.Stride = [2]int{1 + r.IntN(4), 1 + r.IntN(4)}
		for i := range 2 {
			s.window.Pad[i] = r.IntN(s.kernel[i]/2 + 1)
		}
		if s.kernel[0] <= s.shape[2]+2*s.window.Pad[0] && s.kernel[1] <= s.shape[3]+2*s.window.Pad[1] {
			specs = append(specs, s)
		}
	}
	return specs
}

// unevenSpecs are poolings with other padding on one side than on the other, and with
// dilation, where some windows have elements in the padding only.
func unevenSpecs() (specs []poolSpec) {
	r := rng.New(3, "enginetest uneven pool")
	for len(specs) < 24 {
		s := poolSpec{
			shape:  tensor.Shape{1 + r.IntN(2), pick(r, []int{1, 5, 8, 17}), 1 + r.IntN(9), 1 + r.IntN(9)},
			kernel: [2]int{1 + r.IntN(4), 1 + r.IntN(4)},
			ceil:   r.IntN(2) == 0,
		}
		fits := true
		for i := range 2 {
			d := 1 + r.IntN(2)*r.IntN(3)
			s.window.Stride[i], s.window.Dilation[i] = 1+r.IntN(4), max(1, d)
			extent := s.window.Dilation[i]*(s.kernel[i]-1) + 1
			s.window.Pad[i] = r.IntN(extent)
			s.window.ExtraPad[i] = r.IntN(extent) - s.window.Pad[i]
			fits = fits && extent <= s.shape[2+i]+2*s.window.Pad[i]+s.window.ExtraPad[i]
		}
		if fits {
			specs = append(specs, s)
		}
	}
	return specs
}
