package cases

import (
	"fmt"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/rng"
)

// A convSpec describes a convolution of an n×c×h×w image with o kernels.
type convSpec struct {
	n, c, h, w, o int
	kernel        [2]int
	window        graph.Window
	groups        int
	bias          bool
}

func (s convSpec) String() string {
	text := fmt.Sprintf("%d×%d×%d×%d to %d, kernel %v, stride %v, pad %v, dilation %v, groups %d, bias %v",
		s.n, s.c, s.h, s.w, s.o, s.kernel, s.window.Stride, s.window.Pad, s.window.Dilation, s.groups, s.bias)
	if s.window.ExtraPad != [2]int{} {
		text += fmt.Sprintf(", extra pad %v", s.window.ExtraPad)
	}
	return text
}

// output is the size of the result, at most 0 if the image is too small.
func (s convSpec) output() (h, w int) {
	size := func(n, k, stride, pad, extra, dilation int) int {
		span := n + 2*pad + extra - max(dilation, 1)*(k-1) - 1
		if span < 0 {
			return 0
		}
		return span/max(stride, 1) + 1
	}
	return size(s.h, s.kernel[0], s.window.Stride[0], s.window.Pad[0], s.window.ExtraPad[0], s.window.Dilation[0]),
		size(s.w, s.kernel[1], s.window.Stride[1], s.window.Pad[1], s.window.ExtraPad[1], s.window.Dilation[1])
}

// work is the number of multiply-adds.
func (s convSpec) work() int {
	h, w := s.output()
	return s.n * s.o * h * w * (s.c / s.groups) * s.kernel[0] * s.kernel[1]
}

func (s convSpec) Case() Case {
	args := []Arg{of(s.n, s.c, s.h, s.w), of(s.o, s.c/s.groups, s.kernel[0], s.kernel[1])}
	if s.bias {
		args = append(args, of(s.o))
	}
	return Case{
		Name: s.String(),
		Args: args,
		Build: func(x []*graph.Node) *graph.Node {
			var bias *graph.Node
			if s.bias {
				bias = x[2]
			}
			return graph.Conv2D(x[0], x[1], bias, s.window, s.groups)
		},
		Forward: Sums, Backward: Sums,
	}
}

func convCases() []Case {
	k := func(n int) [2]int { return [2]int{n, n} }
	specs := []convSpec{
		// The layers of the classic networks, scaled down.
		{2, 1, 14, 14, 6, k(5), square(1, 2, 1), 1, true},
		{2, 6, 10, 10, 16, k(5), square(1, 0, 1), 1, true},
		{1, 1, 23, 23, 12, k(11), square(4, 1, 1), 1, true},
		{1, 3, 17, 17, 8, k(7), square(2, 3, 1), 1, false},
		{1, 16, 7, 7, 33, k(3), square(1, 1, 1), 1, true},
		{2, 33, 5, 5, 17, k(1), square(1, 0, 1), 1, true},
		{2, 16, 6, 6, 8, k(1), square(2, 0, 1), 1, false},
		{3, 8, 8, 8, 8, k(3), square(2, 1, 1), 1, true},
		// Kernels as large as the image, images of one pixel.
		{2, 3, 5, 5, 4, k(5), square(1, 0, 1), 1, true},
		{1, 1, 1, 1, 1, k(1), square(1, 0, 1), 1, false},
		{3, 5, 1, 1, 7, k(1), square(1, 0, 1), 1, true},
		{1, 3, 1, 1, 2, k(3), square(1, 1, 1), 1, true},
		{1, 2, 1, 9, 3, [2]int{1, 3}, square(1, 0, 1), 1, true},
		{1, 2, 9, 1, 3, [2]int{3, 1}, square(1, 0, 1), 1, true},
		// Padding larger than the kernel needs.
		{1, 2, 3, 3, 3, k(1), square(1, 2, 1), 1, true},
		{1, 2, 4, 4, 3, k(3), square(2, 4, 1), 1, true},
		{1, 3, 2, 2, 2, k(2), square(3, 3, 1), 1, false},
		// Strides larger than the kernel, which skip pixels.
		{2, 3, 9, 9, 5, k(1), square(3, 0, 1), 1, true},
		{1, 3, 11, 10, 5, k(2), square(3, 0, 1), 1, false},
		{1, 2, 8, 8, 2, [2]int{3, 5}, graph.Window{Stride: [2]int{3, 4}, Pad: [2]int{0, 1}}, 1, true},
		// Even kernels, asymmetric everything.
		{1, 3, 7, 6, 4, k(2), square(1, 0, 1), 1, true},
		{1, 3, 7, 8, 4, k(4), square(2, 1, 1), 1, true},
		{1, 5, 6, 9, 6, [2]int{1, 3}, graph.Window{Stride: [2]int{1, 2}, Pad: [2]int{0, 1}}, 1, true},
		{2, 3, 9, 7, 5, [2]int{3, 5}, graph.Window{Stride: [2]int{2, 1}, Pad: [2]int{1, 2}}, 1, false},
		// Dilation.
		{1, 3, 9, 9, 4, k(3), square(1, 2, 2), 1, true},
		{2, 2, 11, 12, 3, [2]int{3, 2}, graph.Window{Stride: [2]int{2, 1}, Pad: [2]int{1, 0}, Dilation: [2]int{3, 2}}, 1, true},
		{1, 4, 7, 7, 4, k(3), square(2, 3, 3), 2, true},
		// Groups, up to depthwise with a multiplier.
		{2, 4, 6, 6, 6, k(3), square(1, 1, 1), 2, true},
		{1, 8, 7, 7, 8, k(3), square(1, 1, 1), 8, true},
		{2, 17, 5, 5, 17, k(3), square(2, 1, 1), 17, false},
		{1, 3, 6, 6, 9, k(3), square(1, 1, 1), 3, true},
		{1, 16, 5, 5, 32, k(1), square(1, 0, 1), 4, true},
		{1, 33, 4, 4, 33, k(5), square(1, 2, 1), 33, true},
		{3, 40, 15, 15, 40, k(3), square(2, 1, 1), 40, true},
		{1, 24, 28, 28, 24, k(3), square(1, 1, 1), 24, false},
		{2, 6, 9, 8, 6, [2]int{2, 5}, graph.Window{Stride: [2]int{3, 2}, Pad: [2]int{2, 1}, Dilation: [2]int{2, 1}}, 6, true},
		// Enough work for several blocks and threads.
		{1, 33, 12, 12, 35, k(3), square(1, 1, 1), 1, true},
		{5, 8, 14, 14, 17, k(3), square(1, 1, 1), 1, true},
		{1, 70, 6, 6, 66, k(1), square(1, 0, 1), 1, true},
		{2, 3, 40, 41, 5, k(3), square(1, 1, 1), 1, true},
		// The same with more output rows than the image has.
		{1, 16, 5, 5, 16, k(11), square(1, 9, 1), 1, true},
		{1, 16, 13, 13, 16, k(11), square(1, 0, 1), 1, true},
	}
	cases := make([]Case, 0, len(specs))
	for _, s := range specs {
		cases = append(cases, s.Case())
	}
	cases = append(cases, sameConvs()...)
	cases = append(cases, randomConvs(70, 40_000, false)...)
	return append(cases, randomConvs(30, 40_000, true)...)
}

// sameConvs are convolutions with TensorFlow's SAME padding, which is less
// before the image than after it where the stride or the kernel is even.
func sameConvs() []Case {
	var cases []Case
	for _, s := range []convSpec{
		{n: 2, c: 3, h: 16, w: 16, o: 8, kernel: [2]int{3, 3}, window: square(2, 0, 1), groups: 1},
		{n: 1, c: 16, h: 14, w: 15, o: 16, kernel: [2]int{3, 3}, window: square(2, 0, 1), groups: 16, bias: true},
		{n: 2, c: 17, h: 12, w: 12, o: 17, kernel: [2]int{5, 5}, window: square(2, 0, 1), groups: 17},
		{n: 1, c: 16, h: 20, w: 20, o: 16, kernel: [2]int{5, 5}, window: square(2, 0, 1), groups: 1, bias: true},
		{n: 1, c: 16, h: 9, w: 9, o: 16, kernel: [2]int{2, 4}, window: square(1, 0, 1), groups: 1, bias: true},
		{n: 1, c: 4, h: 9, w: 8, o: 6, kernel: [2]int{2, 2}, window: square(1, 0, 3), groups: 2, bias: true},
		{n: 1, c: 8, h: 1, w: 2, o: 8, kernel: [2]int{3, 3}, window: square(2, 0, 1), groups: 8},
	} {
		s.window = s.window.SamePad(s.h, s.w, s.kernel)
		cases = append(cases, s.Case())
	}
	return cases
}

// randomConvs draws combinations of all that can vary, always the same ones;
// extra says whether the padding differs between the sides.
func randomConvs(count, maxWork int, extra bool) []Case {
	stream := "enginetest conv"
	if extra {
		stream += " extra padding"
	}
	r := rng.New(1, stream)
	var cases []Case
	for len(cases) < count {
		kernel := pick(r, [][2]int{{1, 1}, {3, 3}, {5, 5}, {7, 7}, {11, 11}, {1, 3}, {3, 1}, {3, 5}, {2, 2}, {4, 4}, {2, 3}})
		s := convSpec{
			n: pick(r, []int{1, 2, 3}), c: pick(r, []int{1, 3, 5, 6, 8, 16, 17, 33}), o: pick(r, []int{1, 3, 5, 6, 8, 16, 17, 33}),
			h: 1 + r.IntN(13), w: 1 + r.IntN(13), kernel: kernel,
			window: graph.Window{
				Stride:   [2]int{1 + r.IntN(3), 1 + r.IntN(3)},
				Pad:      [2]int{r.IntN(3), r.IntN(3)},
				Dilation: [2]int{pick(r, []int{1, 1, 1, 2, 3}), pick(r, []int{1, 1, 1, 2, 3})},
			},
			groups: 1, bias: r.IntN(2) == 0,
		}
		if extra {
			for i, pad := range s.window.Pad {
				s.window.ExtraPad[i] = r.IntN(4+pad) - pad
			}
		}
		switch r.IntN(4) {
		case 0:
			s.groups, s.o = s.c, s.c*(1+r.IntN(2))
		case 1:
			if s.c%2 == 0 && s.o%2 == 0 {
				s.groups = 2
			}
		}
		if h, w := s.output(); h > 0 && w > 0 && s.work() <= maxWork {
			cases = append(cases, s.Case())
		}
	}
	return cases
}

var convGolden = map[string]GoldenFunc{
	"conv2d": func(c Golden, x map[string]*graph.Node) *graph.Node {
		return graph.Conv2D(x["x"], x["w"], x["b"], c.window(), c.Groups)
	},
}

func convRounding(n *graph.Node) Rounding {
	arguments := n.Inputs()[:2]
	first, second := arguments[0].Shape(), arguments[1].Shape()
	switch n.Op().(type) {
	case graph.Conv2DInputGradOp: // of the weight and dy
		return Rounding{Terms: first.Size() / first[1], Sum: arguments, Conv: true}
	case graph.Conv2DWeightGradOp: // of x and dy
		return Rounding{Terms: second.Size() / second[1], Sum: arguments, Conv: true}
	}
	return Rounding{Terms: second[1:].Size(), Sum: arguments, Conv: true}
}
