package d2l

import (
	"strings"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

func random(purpose string, shape ...int) *tensor.Tensor {
	t := tensor.New(shape...)
	rng.Uniform(rng.New(1, purpose), t.Data(), -1, 1)
	return t
}

// compute runs a graph of the given inputs on two engines.
func compute(t *testing.T, build func(g *graph.Graph, inputs []*graph.Node) *graph.Node, inputs ...*tensor.Tensor) []*tensor.Tensor {
	t.Helper()
	var results []*tensor.Tensor
	for _, device := range []engine.Device{TryGPU(0), reference.New()} {
		g := graph.New()
		var nodes []*graph.Node
		feeds := engine.Feeds{}
		for _, in := range inputs {
			n := g.Input("x", in.Shape()...)
			nodes, feeds[n] = append(nodes, n), in
		}
		y, err := engine.Run(device, feeds, build(g, nodes))
		if err != nil {
			t.Fatal(err)
		}
		results = append(results, y[0])
	}
	return results
}

// batchOfOne adds a batch axis.
func batchOfOne(x *graph.Node) *graph.Node {
	return graph.Reshape(x, append([]int{1}, x.Shape()...)...)
}

func TestCorrLikeEngines(t *testing.T) {
	for _, s := range []struct{ c, o, h, w, kh, kw int }{{1, 1, 5, 7, 2, 3}, {3, 4, 6, 6, 3, 3}, {2, 5, 4, 9, 4, 1}, {7, 3, 5, 5, 1, 1}} {
		x, k := random("x", s.c, s.h, s.w), random("k", s.o, s.c, s.kh, s.kw)
		y, err := Corr2DMultiInOut(x, k)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range compute(t, func(_ *graph.Graph, in []*graph.Node) *graph.Node {
			return graph.Conv2D(batchOfOne(in[0]), in[1], nil, graph.Window{}, 1)
		}, x, k) {
			if !tensor.Must(want.Index(0)).AllClose(y, 1e-5, 1e-6) {
				t.Errorf("%+v: engine %d gives %v, want %v", s, i, want, y)
			}
		}
	}
}

// Test1x1 shows that a 1×1 convolution is a linear layer applied to each pixel.
func Test1x1(t *testing.T) {
	x, k := random("x", 3, 3, 4), random("k", 2, 3, 1, 1)
	loops, err := Corr2DMultiInOut(x, k)
	if err != nil {
		t.Fatal(err)
	}
	product, err := Corr2DMultiInOut1x1(x, k)
	if err != nil {
		t.Fatal(err)
	}
	if !product.AllClose(loops, 1e-6, 1e-6) {
		t.Errorf("as a product %v, as a convolution %v", product, loops)
	}
	for i, y := range compute(t, func(_ *graph.Graph, in []*graph.Node) *graph.Node {
		pixels := graph.Transpose(graph.Reshape(in[0], 3, 12)) // a row for each
		return graph.Reshape(graph.Transpose(graph.Linear(pixels, graph.Reshape(in[1], 2, 3), nil)), 2, 3, 4)
	}, x, k) {
		if !y.AllClose(loops, 1e-5, 1e-6) {
			t.Errorf("engine %d: as a linear layer %v, as a convolution %v", i, y, loops)
		}
	}
}

func TestPoolLikeEngines(t *testing.T) {
	x := random("x", 7, 6)
	for _, size := range [][2]int{{1, 1}, {2, 2}, {3, 2}, {7, 6}} {
		for _, mode := range []PoolMode{Max, Avg} {
			y, err := Pool2D(x, size, mode)
			if err != nil {
				t.Fatal(err)
			}
			one := graph.Window{Stride: [2]int{1, 1}}
			for i, want := range compute(t, func(_ *graph.Graph, in []*graph.Node) *graph.Node {
				image := batchOfOne(batchOfOne(in[0]))
				if mode == Max {
					return graph.MaxPool2D(image, size, one, false)
				}
				return graph.AvgPool2D(image, size, one, false, true)
			}, x) {
				if !tensor.Must(want.Index(0, 0)).AllClose(y, 1e-5, 1e-6) {
					t.Errorf("%v, mode %v: engine %d gives %v, want %v", size, mode, i, want, y)
				}
			}
		}
	}
}

func TestShapeErrors(t *testing.T) {
	z := tensor.New
	second := func(_ *tensor.Tensor, err error) error { return err }
	tests := []struct {
		err  error
		want string
	}{
		{second(Corr2D(z(3, 3), z(2, 2, 2))), "an image 3×3 and a kernel 2×2×2: both need rows and columns only"},
		{second(Corr2D(z(3, 3), z(4, 1))), "a kernel of 4×1 does not fit into an image of 3×3"},
		{second(Corr2D(z(3, 3), z(0, 1))), "does not fit"},
		{second(Corr2DMultiIn(z(3, 3, 3), z(2, 2, 2))), "the same number of channels"},
		{second(Corr2DMultiIn(z(0, 3, 3), z(0, 2, 2))), "the same number of channels"},
		{second(Corr2DMultiInOut(z(3, 3, 3), z(2, 2, 2))), "want O×C×h×w"},
		{second(Corr2DMultiInOut(z(3, 3, 3), z(2, 2, 2, 2))), "the same number of channels"},
		{second(Corr2DMultiInOut1x1(z(3, 3, 3), z(2, 3, 2, 2))), "want C×H×W and O×C×1×1"},
		{second(Pool2D(z(3, 3), [2]int{4, 1}, Max)), "a window of 4×1 does not fit"},
		{second(Pool2D(z(3, 3), [2]int{1, 0}, Max)), "a window of 1×0 does not fit"},
		{second(Pool2D(z(3), [2]int{1, 1}, Max)), "want H×W"},
		{second(Pool2D(z(3, 3), [2]int{1, 1}, 2)), "in mode 2"},
		{second(CompConv2D(nil, z(3))), "want H×W"},
		{second(CompConv2D(nn.Conv2D(2, 3), z(3, 3))), "the layer makes 1×2×1×1 of the image: want one channel"},
		{second(Apply(nn.ReLU(), z(3))), "apply a layer to 3: want a batch"},
		{second(Apply(nn.Conv2D(1, 5), z(2, 1, 4, 4))), "smaller than the kernel"},
		{second(Apply(nil, z(2, 1))), "no network"},
	}
	for _, test := range tests {
		if test.err == nil || !strings.Contains(test.err.Error(), test.want) {
			t.Errorf("error %v, want %q", test.err, test.want)
		}
	}
}
