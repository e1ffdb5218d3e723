package graph_test

import (
	"math"
	"testing"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// The worked examples of the convolution and pooling chapters of Dive into
// Deep Learning.
func TestConvolutionOfTheBook(t *testing.T) {
	correlate := func(image, kernel *tensor.Tensor, w graph.Window) []*tensor.Tensor {
		g := graph.New()
		x, k := g.Input("x", image.Shape()...), g.Input("k", kernel.Shape()...)
		return run(t, []*tensor.Tensor{image, kernel}, graph.Conv2D(x, k, nil, w, 1))
	}
	count := func(start, n float32, shape ...int) *tensor.Tensor {
		return tensor.Must(tensor.Arange(start, start+n, 1).Reshape(shape...))
	}

	expect(t, "corr2d", correlate(count(0, 9, 1, 1, 3, 3), count(0, 4, 1, 1, 2, 2), graph.Window{})[0], 19, 25, 37, 43)

	channels := from(append(count(0, 9, 9).Data(), count(1, 9, 9).Data()...), 1, 2, 3, 3)
	k := append(count(0, 4, 4).Data(), count(1, 4, 4).Data()...)
	expect(t, "two input channels", correlate(channels, from(k, 1, 2, 2, 2), graph.Window{})[0], 56, 72, 104, 120)

	var kernels []float32
	for o := range 3 {
		for _, v := range k {
			kernels = append(kernels, v+float32(o))
		}
	}
	expect(t, "three output channels", correlate(channels, from(kernels, 3, 2, 2, 2), graph.Window{})[0],
		56, 72, 104, 120, 76, 100, 148, 172, 96, 128, 192, 224)

	y := correlate(tensor.New(1, 1, 8, 8), tensor.New(1, 1, 3, 5), graph.Window{Stride: [2]int{3, 4}, Pad: [2]int{0, 1}})[0]
	if !y.Shape().Equal(tensor.Shape{1, 1, 2, 2}) {
		t.Errorf("8×8, kernel 3×5, padding 0×1, stride 3×4: got %v", y.Shape())
	}
}

func TestPoolingOfTheBook(t *testing.T) {
	g := graph.New()
	x, y := g.Input("x", 1, 1, 3, 3), g.Input("y", 1, 1, 4, 4)
	one := graph.Window{Stride: [2]int{1, 1}}
	got := run(t, []*tensor.Tensor{
		tensor.Must(tensor.Arange(0, 9, 1).Reshape(1, 1, 3, 3)),
		tensor.Must(tensor.Arange(0, 16, 1).Reshape(1, 1, 4, 4)),
	},
		graph.MaxPool2D(x, [2]int{2, 2}, one, false),
		graph.AvgPool2D(x, [2]int{2, 2}, one, false, true),
		graph.MaxPool2D(y, [2]int{3, 3}, graph.Window{Stride: [2]int{2, 2}, Pad: [2]int{1, 1}}, false),
	)
	expect(t, "maximum", got[0], 4, 5, 7, 8)
	expect(t, "average", got[1], 2, 3, 5, 6)
	expect(t, "maximum, padding 1, stride 2", got[2], 5, 7, 13, 15)
}

// An edge detector learnt by gradient descent, as in the book.
func TestEdgeDetector(t *testing.T) {
	image, want := tensor.Full(1, 1, 1, 6, 8), tensor.New(1, 1, 6, 7)
	for row := range 6 {
		for col := 2; col < 6; col++ {
			image.Set(0, 0, 0, row, col)
		}
		want.Set(1, 0, 0, row, 1)
		want.Set(-1, 0, 0, row, 5)
	}
	g := graph.New()
	kernel := &graph.Variable{Name: "kernel", Value: from([]float32{0.2, -0.1}, 1, 1, 1, 2), Trainable: true}
	k := g.Variable(kernel)
	off := graph.Sub(graph.Conv2D(g.Input("x", 1, 1, 6, 8), k, nil, graph.Window{}, 1), g.Input("want", 1, 1, 6, 7))
	loss := graph.Sum(graph.Mul(off, off))
	g.Assign(k, graph.Sub(k, graph.Mul(graph.Gradients(loss, k)[0], g.Scalar(0.03))))
	var last float32
	for range 10 {
		last = run(t, []*tensor.Tensor{image, want}, loss)[0].Data()[0]
	}
	if w := kernel.Value.Data(); last > 0.5 || math.Abs(float64(w[0]-1)) > 0.1 || math.Abs(float64(w[1]+1)) > 0.1 {
		t.Errorf("after 10 steps the kernel is %v, loss %v; want about [1 -1]", w, last)
	}
}

// The random bits of dropout are part of what a seed means, so they must
// never change.
func TestDropoutBits(t *testing.T) {
	for _, test := range []struct {
		key, step uint64
		index     uint32
		want      uint32
	}{
		{0x0, 0, 0, 0xfa954d19},
		{0x0, 0, 1, 0x23b3b96c},
		{0x0, 1, 0, 0x0f2ae3a6},
		{0x1, 0, 0, 0x23b3b96c},
		{0x1234567890abcdef, 7, 1000, 0xa7c7a9bb},
		{0xffffffffffffffff, 281474976710655, 4294967295, 0x4f5e9567},
	} {
		if got := graph.DropoutBits(test.key, test.step, test.index); got != test.want {
			t.Errorf("DropoutBits(%#x, %d, %d) = %#08x, want %#08x", test.key, test.step, test.index, got, test.want)
		}
	}

	// About a fraction p of the elements is below the threshold in any step.
	for step := range uint64(4) {
		below := 0
		const n = 1 << 16
		for i := range uint32(n) {
			if graph.DropoutBits(42, step, i)>>8 < 3<<22 { // p = ¾
				below++
			}
		}
		if math.Abs(float64(below)/n-0.75) > 0.01 {
			t.Errorf("step %d drops %d of %d elements with p = 0.75", step, below, n)
		}
	}
}

func TestStepValue(t *testing.T) {
	for _, step := range []uint64{0, 1, 1<<24 - 1, 1 << 24, 1<<24 + 1, 123456789012, 1<<48 - 1} {
		hi, lo := graph.StepValue(step)
		if hi != float32(math.Trunc(float64(hi))) || lo >= 1<<24 || graph.StepNumber(hi, lo) != step {
			t.Errorf("StepValue(%d) = %v, %v", step, hi, lo)
		}
	}
}

// AvgPool2DOp.Divisor at the edges, where the cases differ.
func TestDivisor(t *testing.T) {
	divisors := func(ceil, include bool) []int {
		g := graph.New()
		y := graph.AvgPool2D(g.Input("x", 1, 1, 1, 6), [2]int{1, 3}, graph.Window{Stride: [2]int{1, 2}, Pad: [2]int{0, 1}}, ceil, include)
		var out []int
		for j := range y.Shape()[3] {
			out = append(out, y.Op().(graph.AvgPool2DOp).Divisor(0, j, 1, 6))
		}
		return out
	}
	for _, test := range []struct {
		ceil, include bool
		want          []int
	}{
		{false, true, []int{3, 3, 3}},
		{false, false, []int{2, 3, 3}},
		{true, true, []int{3, 3, 3, 2}}, // the last window hangs over the padding
		{true, false, []int{2, 3, 3, 1}},
	} {
		got := divisors(test.ceil, test.include)
		if len(got) != len(test.want) {
			t.Errorf("ceil %v, include %v: %d windows, want %d", test.ceil, test.include, len(got), len(test.want))
			continue
		}
		for j := range got {
			if got[j] != test.want[j] {
				t.Errorf("ceil %v, include %v: divisors %v, want %v", test.ceil, test.include, got, test.want)
				break
			}
		}
	}
}
