package graph_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// try builds a graph and returns the error that the building functions
// panicked with.
func try(build func(g *graph.Graph)) (err error) {
	defer graph.Catch(&err)
	build(graph.New())
	return nil
}

func TestShapeErrors(t *testing.T) {
	in := func(g *graph.Graph, shape ...int) *graph.Node { return g.Input("x", shape...) }
	none := graph.Window{}
	tests := []struct {
		name, want string
		build      func(g *graph.Graph)
	}{
		{"a kernel that is too large", "features.3 (Conv2D 5×5, stride 1, padding 0): input 16×3×3 is smaller than the kernel: output height ⌊(3+2·0−5)/1⌋+1 = −1", func(g *graph.Graph) {
			defer g.SetPath(g.SetPath("features.3"))
			graph.Conv2D(in(g, 8, 16, 3, 3), in(g, 32, 16, 5, 5), nil, none, 1)
		}},
		{"too narrow", "Conv2D 3×5, stride 2×3, padding 1×0: input 1×9×4 is smaller than the kernel: output width ⌊(4+2·0−5)/3⌋+1 = 0", func(g *graph.Graph) {
			graph.Conv2D(in(g, 1, 1, 9, 4), in(g, 1, 1, 3, 5), nil, graph.Window{Stride: [2]int{2, 3}, Pad: [2]int{1, 0}}, 1)
		}},
		{"dilation", "Conv2D 3×3, stride 1, padding 0, dilation 2: input 1×4×9 is smaller than the kernel: output height ⌊(4+2·0−5)/1⌋+1 = 0", func(g *graph.Graph) {
			graph.Conv2D(in(g, 1, 1, 4, 9), in(g, 1, 1, 3, 3), nil, graph.Window{Dilation: [2]int{2, 2}}, 1)
		}},
		{"channels", "Conv2D 3×3, stride 1, padding 0: input 2×5×9×9 has 5 channels, the weight 4×3×3×3 expects 3", func(g *graph.Graph) {
			graph.Conv2D(in(g, 2, 5, 9, 9), in(g, 4, 3, 3, 3), nil, none, 1)
		}},
		{"groups", "Conv2D 3×3, stride 1, padding 0, groups 2: 2 groups must divide the 5 input and 4 output channels", func(g *graph.Graph) {
			graph.Conv2D(in(g, 2, 5, 9, 9), in(g, 4, 2, 3, 3), nil, none, 2)
		}},
		{"bias", "Conv2D 3×3, stride 1, padding 0: bias must have shape 4, got 3", func(g *graph.Graph) {
			graph.Conv2D(in(g, 2, 5, 9, 9), in(g, 4, 5, 3, 3), in(g, 3), none, 1)
		}},
		{"rank", "Conv2D 3×3, stride 1, padding 0: input must have rank 4 (N×C×H×W), got 5×9×9", func(g *graph.Graph) {
			graph.Conv2D(in(g, 5, 9, 9), in(g, 4, 5, 3, 3), nil, none, 1)
		}},
		{"negative padding", "Conv2D 3×3, stride 1, padding -1: stride [1 1] and dilation [1 1] must be at least 1 and padding [-1 -1] at least 0", func(g *graph.Graph) {
			graph.Conv2D(in(g, 1, 1, 9, 9), in(g, 1, 1, 3, 3), nil, graph.Window{Pad: [2]int{-1, -1}}, 1)
		}},
		{"negative extra padding", "Conv2D 3×3, stride 1, padding 0 before and -1 after: extra padding [-1 -1] takes away more than the padding [0 0]", func(g *graph.Graph) {
			graph.Conv2D(in(g, 1, 1, 9, 9), in(g, 1, 1, 3, 3), nil, graph.Window{ExtraPad: [2]int{-1, -1}}, 1)
		}},
		{"extra padding", "Conv2D 5×5, stride 1, padding 0×1 before and 1×2 after: input 1×3×3 is smaller than the kernel: output height ⌊(3+2·0+1−5)/1⌋+1 = 0", func(g *graph.Graph) {
			graph.Conv2D(in(g, 1, 1, 3, 3), in(g, 1, 1, 5, 5), nil, graph.Window{Pad: [2]int{0, 1}, ExtraPad: [2]int{1, 1}}, 1)
		}},
		{"extra padding of a pool", "MaxPool2D 3×3, stride 3, padding 0 before and 0×3 after: padding 0 before and 0×3 after must be smaller than the window, whose width is 3", func(g *graph.Graph) {
			graph.MaxPool2D(in(g, 1, 2, 5, 5), [2]int{3, 3}, graph.Window{ExtraPad: [2]int{0, 3}}, false)
		}},
		{"less padding than none", "MaxPool2D 3×3, stride 3, padding 1 before and 1×-1 after, dilation 2: extra padding [0 -2] takes away more than the padding [1 1]", func(g *graph.Graph) {
			graph.MaxPool2D(in(g, 1, 2, 9, 9), [2]int{3, 3}, graph.Window{Pad: [2]int{1, 1}, ExtraPad: [2]int{0, -2}, Dilation: [2]int{2, 2}}, false)
		}},
		{"pooling", "MaxPool2D 3×3, stride 3, padding 0: input 2×2×5 is smaller than the kernel: output height ⌊(2+2·0−3)/3⌋+1 = 0", func(g *graph.Graph) {
			graph.MaxPool2D(in(g, 1, 2, 2, 5), [2]int{3, 3}, none, false)
		}},
		{"pool padding", "AvgPool2D 2×2, stride 2, padding 2: padding 2 must be smaller than the window, whose height is 2", func(g *graph.Graph) {
			graph.AvgPool2D(in(g, 1, 2, 5, 5), [2]int{2, 2}, graph.Window{Pad: [2]int{2, 2}}, false, true)
		}},
		{"resizing to nothing", "Resize2D to 0×3: output size 0×3 must be at least 1×1", func(g *graph.Graph) {
			graph.Resize2D(in(g, 1, 2, 5, 5), 0, 3, graph.Resize{})
		}},
		{"scale of resizing", "Resize2D to 3×4: scale 0.1 of width 5 does not give 4", func(g *graph.Graph) {
			graph.Resize2D(in(g, 1, 2, 5, 5), 3, 4, graph.Resize{Scale: [2]float64{0.6, 0.1}})
		}},
		{"mode of resizing", "Resize2D to 3×3: unknown mode 3", func(g *graph.Graph) {
			graph.Resize2D(in(g, 1, 2, 5, 5), 3, 3, graph.Resize{Mode: 3})
		}},
		{"output padding", "ConvTranspose2D 2×2, stride 1, padding 0, output padding 0×-1: output padding [0 -1] must be at least 0", func(g *graph.Graph) {
			graph.ConvTranspose2D(in(g, 1, 2, 5, 5), in(g, 2, 3, 2, 2), nil, none, [2]int{0, -1}, 1)
		}},
		{"channels of a transposed convolution", "has 2 channels, the weight 3×3×2×2 expects 3", func(g *graph.Graph) {
			graph.ConvTranspose2D(in(g, 1, 2, 5, 5), in(g, 3, 3, 2, 2), nil, none, [2]int{}, 1)
		}},
		{"bias of a transposed convolution", "ConvTranspose2D: bias must have shape 3, got 2", func(g *graph.Graph) {
			graph.ConvTranspose2D(in(g, 1, 2, 5, 5), in(g, 2, 3, 2, 2), in(g, 2), none, [2]int{}, 1)
		}},
		{"row of LayerNorm", "LayerNorm: input 2×3 needs scale and shift of shape 3, got 2 and 3", func(g *graph.Graph) {
			graph.LayerNorm(in(g, 2, 3), in(g, 2), in(g, 3), 0, -1)
		}},
		{"eps of GroupNorm", "GroupNorm: eps must be at least 0, got -1", func(g *graph.Graph) { graph.GroupNorm(in(g, 2, 4), 2, nil, nil, -1) }},
		{"bounds", "Clip: the lower bound 2 is above the upper bound 1", func(g *graph.Graph) { graph.Clip(in(g, 3), 2, 1) }},
		{"beta of Softplus", "Softplus: beta must be above 0, got 0", func(g *graph.Graph) { graph.Softplus(in(g, 3), 0, 20) }},
		{"a parameter that is no number", "LeakyReLU: parameters must be numbers, got NaN and 0", func(g *graph.Graph) {
			graph.LeakyReLU(in(g, 3), float32(math.NaN()))
		}},
		{"size of LRN", "LRN: size must be at least 1, got 0", func(g *graph.Graph) { graph.LRN(in(g, 2, 3), 0, 1, 1, 1) }},
		{"k of LRN", "LRN: alpha 1 must be at least 0, k 0 above 0 and beta 1 a number", func(g *graph.Graph) { graph.LRN(in(g, 2, 3), 5, 1, 1, 0) }},
		{"rank of LRN", "LRN: input must be N×C or N×C×H×W, got 3", func(g *graph.Graph) { graph.LRN(in(g, 3), 5, 1, 1, 1) }},
		{"pool kernel", "kernel 0×2 must be at least 1×1", func(g *graph.Graph) {
			graph.MaxPool2D(in(g, 1, 2, 5, 5), [2]int{0, 2}, none, false)
		}},
		{"matmul", "MatMul: inner sizes differ: 2×3 times 4×5", func(g *graph.Graph) { graph.MatMul(in(g, 2, 3), in(g, 4, 5)) }},
		{"matmul transposed", "MatMul: inner sizes differ: 3×2 times 5×4", func(g *graph.Graph) { graph.MatMulT(in(g, 2, 3), in(g, 4, 5), true, true) }},
		{"matmul rank", "arguments must be matrices, got 2×3 and 3", func(g *graph.Graph) { graph.MatMul(in(g, 2, 3), in(g, 3)) }},
		{"broadcasting", "Add: shapes 2×3 and 4 cannot be broadcast: sizes 3 and 4 differ and neither is 1", func(g *graph.Graph) { graph.Add(in(g, 2, 3), in(g, 4)) }},
		{"broadcast to smaller", "BroadcastTo: shape 2×3 cannot be broadcast to 1×3", func(g *graph.Graph) { graph.Broadcast(in(g, 2, 3), 1, 3) }},
		{"broadcast to nothing", "BroadcastTo: sizes must be at least 1, got 0", func(g *graph.Graph) { graph.Broadcast(in(g, 1), 0) }},
		{"reshape", "Reshape: cannot reshape 2×3 (6 elements) to 4 (4 elements)", func(g *graph.Graph) { graph.Reshape(in(g, 2, 3), 4) }},
		{"reshape with −1", "Reshape: cannot reshape 2×3 to [4 -1]: 4 does not divide 6 elements", func(g *graph.Graph) { graph.Reshape(in(g, 2, 3), 4, -1) }},
		{"reshape with two −1", "Reshape: only one size may be -1, got [-1 -1]", func(g *graph.Graph) { graph.Reshape(in(g, 2, 3), -1, -1) }},
		{"reshape to a negative size", "Reshape: sizes must be at least 1, got [-2 -3]", func(g *graph.Graph) { graph.Reshape(in(g, 2, 3), -2, -3) }},
		{"transpose", "[0 0] is not a permutation of the 2 axes of 2×3", func(g *graph.Graph) { graph.Transpose(in(g, 2, 3), 0, 0) }},
		{"transpose rank", "[0 1 2] is not a permutation of the 2 axes of 2×3", func(g *graph.Graph) { graph.Transpose(in(g, 2, 3), 0, 1, 2) }},
		{"concat", "argument 1 has shape 2×4, the first 3×4: only axis 1 may differ", func(g *graph.Graph) { graph.Concat(1, in(g, 3, 4), in(g, 2, 4)) }},
		{"concat ranks", "ranks differ", func(g *graph.Graph) { graph.Concat(1, in(g, 3, 4), in(g, 3, 4, 1)) }},
		{"concat of nothing", "Concat: takes at least one argument", func(*graph.Graph) { graph.Concat(0) }},
		{"slice", "range 2 to 4 is empty or outside of axis 1 of 2×3", func(g *graph.Graph) { graph.Slice(in(g, 2, 3), 1, 2, 4) }},
		{"empty slice", "range 2 to 2 is empty", func(g *graph.Graph) { graph.Slice(in(g, 2, 3), 1, 2, 2) }},
		{"pad", "padding [1], [1] must have one entry for each axis of 2×3", func(g *graph.Graph) { graph.Pad(in(g, 2, 3), []int{1}, []int{1}, 0) }},
		{"negative pad", "must not be negative", func(g *graph.Graph) { graph.Pad(in(g, 3), []int{-1}, []int{1}, 0) }},
		{"axis", "Sum: axis 2 is out of range for rank 2", func(g *graph.Graph) { graph.Sum(in(g, 2, 3), 2) }},
		{"negative axis", "ArgMax: axis -3 is out of range for rank 2", func(g *graph.Graph) { graph.ArgMax(in(g, 2, 3), -3) }},
		{"an axis twice", "Max: axis -1 is given twice", func(g *graph.Graph) { graph.Max(in(g, 2, 3), 1, -1) }},
		{"softmax of a scalar", "Softmax: axis 0 is out of range for rank 0", func(g *graph.Graph) { graph.Softmax(in(g), 0) }},
		{"labels", "CrossEntropy: logits are 4×10, so labels must have shape 4, got 5", func(g *graph.Graph) { graph.CrossEntropy(in(g, 4, 10), in(g, 5)) }},
		{"logits", "CrossEntropy: logits must have rank 2 (N×classes), got 4×10×1", func(g *graph.Graph) { graph.CrossEntropy(in(g, 4, 10, 1), in(g, 4)) }},
		{"batch norm", "BatchStats: input must be N×C or N×C×H×W, got 4×10×1", func(g *graph.Graph) { graph.BatchStats(in(g, 4, 10, 1)) }},
		{"batch norm scale", "BatchNorm: input 4×10 needs statistics 2×10 and scale and shift of 10, got 2×10, 9 and 10", func(g *graph.Graph) {
			x := in(g, 4, 10)
			graph.BatchNorm(x, graph.BatchStats(x), in(g, 9), in(g, 10), 1e-5)
		}},
		{"dropout probability", "Dropout: probability must be at least 0 and below 1, got 1", func(g *graph.Graph) { graph.Dropout(in(g, 3), in(g, 2), 1, 0) }},
		{"dropout step", "Dropout: step must have shape 2 or 3, got 4", func(g *graph.Graph) { graph.Dropout(in(g, 3), in(g, 4), 0.5, 0) }},
		{"share of a batch", "SyncBatchNorm: the share of the batch must be above 0 and at most 1, got 0", func(g *graph.Graph) {
			graph.SyncBatchNorm(in(g, 4, 3), in(g, 2, 3), in(g, 3), in(g, 3), 1, 0)
		}},
		{"empty input", `Input: input "x" has shape 2×0: sizes must be at least 1`, func(g *graph.Graph) { in(g, 2, 0) }},
		{"empty constant", "Constant: sizes must be at least 1, got 0", func(g *graph.Graph) { g.Constant(tensor.New(0)) }},
		{"nil constant", "Constant: constant without a value", func(g *graph.Graph) { g.Constant(nil) }},
		{"variable without value", "Variable: variable without a value", func(g *graph.Graph) { g.Variable(&graph.Variable{Name: "v"}) }},
		{"another graph", "Add: argument 1 belongs to another graph", func(g *graph.Graph) { graph.Add(in(g, 2), in(graph.New(), 2)) }},
		{"nil", "Add: argument 1 is nil", func(g *graph.Graph) { graph.Add(in(g, 2), nil) }},
		{"loss", "Gradients: the loss must be a single number, got shape 2", func(g *graph.Graph) { graph.Gradients(in(g, 2)) }},
		{"gradient in another graph", "belongs to another graph", func(g *graph.Graph) { graph.Gradients(in(g), in(graph.New())) }},
		{"second derivative", "Conv2DInputGrad: second derivatives are not defined", func(g *graph.Graph) {
			x := in(g, 1, 1, 3, 3)
			w := in(g, 1, 1, 2, 2)
			dx := graph.Gradients(graph.Sum(graph.Conv2D(x, w, nil, none, 1)), x)[0]
			graph.Gradients(graph.Sum(dx), w)
		}},
		{"assignment target", "Assign: target %0 Input 2 is not a variable", func(g *graph.Graph) { x := in(g, 2); g.Assign(x, x) }},
		{"assignment shape", `Assign: variable "v" has shape 3, its new value 2`, func(g *graph.Graph) {
			g.Assign(g.Variable(&graph.Variable{Name: "v", Value: tensor.New(3)}), in(g, 2))
		}},
		{"a layer's own rule", "block.1 (Inception): 3 paths", func(g *graph.Graph) {
			g.SetPath("block.1")
			g.Fail("Inception", "%d paths", 3)
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := try(test.build)
			if err == nil {
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("got  %v\nwant %v", err, test.want)
			}
			if e := (*graph.Error)(nil); !errors.As(err, &e) || errors.Unwrap(e) == nil {
				t.Errorf("%T is not a *graph.Error with a rule", err)
			}
		})
	}
}

func TestCatchLetsOtherPanicsPass(t *testing.T) {
	defer func() {
		if r := recover(); r != "other" {
			t.Errorf("recovered %v, want the panic with \"other\"", r)
		}
	}()
	err := try(func(*graph.Graph) { panic("other") })
	t.Errorf("returned %v", err)
}

func TestShapes(t *testing.T) {
	g := graph.New()
	image, matrix := g.Input("x", 2, 6, 8, 9), g.Input("m", 4, 5)
	conv := func(kh, kw int, w graph.Window) *graph.Node {
		return graph.Conv2D(image, g.Input("w", 7, 6, kh, kw), nil, w, 0)
	}
	tests := []struct {
		n    *graph.Node
		want tensor.Shape
	}{
		{conv(3, 3, graph.Window{}), tensor.Shape{2, 7, 6, 7}},
		{conv(3, 5, graph.Window{Stride: [2]int{3, 4}, Pad: [2]int{0, 1}}), tensor.Shape{2, 7, 2, 2}},
		{conv(3, 3, graph.Window{Dilation: [2]int{3, 4}}), tensor.Shape{2, 7, 2, 1}},
		{graph.MaxPool2D(image, [2]int{2, 2}, graph.Window{}, false), tensor.Shape{2, 6, 4, 4}},
		{graph.MaxPool2D(image, [2]int{2, 2}, graph.Window{}, true), tensor.Shape{2, 6, 4, 5}},
		{graph.MaxPool2D(graph.Pad(image, []int{0, 0, 1, 1}, []int{0, 0, 1, 0}, 0), [2]int{12, 10}, graph.Window{Stride: [2]int{3, 3}}, true), tensor.Shape{2, 6, 1, 1}},
		// The last window would start in the right padding, so it is dropped.
		{graph.AvgPool2D(image, [2]int{2, 2}, graph.Window{Stride: [2]int{3, 3}, Pad: [2]int{1, 1}}, true, true), tensor.Shape{2, 6, 3, 4}},
		{graph.AvgPool2D(image, [2]int{2, 2}, graph.Window{Stride: [2]int{2, 2}, Pad: [2]int{1, 1}}, true, true), tensor.Shape{2, 6, 5, 5}},
		{graph.Flatten(image), tensor.Shape{2, 432}},
		{graph.Reshape(image, 3, -1, 9), tensor.Shape{3, 32, 9}},
		{graph.Transpose(image), tensor.Shape{9, 8, 6, 2}},
		{graph.Transpose(image, 0, 2, 3, 1), tensor.Shape{2, 8, 9, 6}},
		{graph.Sum(image), tensor.Shape{}},
		{graph.Mean(image, -1, 1), tensor.Shape{2, 8}},
		{graph.MaxKeep(image, 2, 3), tensor.Shape{2, 6, 1, 1}},
		{graph.ArgMax(matrix, -1), tensor.Shape{4}},
		{graph.Concat(-1, matrix, matrix, matrix), tensor.Shape{4, 15}},
		{graph.Slice(matrix, -1, 1, 3), tensor.Shape{4, 2}},
		{graph.Pad(matrix, []int{1, 0}, []int{0, 2}, 0), tensor.Shape{5, 7}},
		{graph.Linear(matrix, g.Input("w", 3, 5), g.Input("b", 3)), tensor.Shape{4, 3}},
		{graph.MatMulT(matrix, g.Input("w", 3, 4), true, true), tensor.Shape{5, 3}},
		{graph.Add(matrix, g.Input("s")), tensor.Shape{4, 5}},
		{graph.Add(g.Input("c", 6, 1, 1), image), tensor.Shape{2, 6, 8, 9}},
		{graph.BatchStats(image), tensor.Shape{2, 6}},
		{graph.CrossEntropy(matrix, g.Input("labels", 4)), tensor.Shape{4}},
	}
	for _, test := range tests {
		if !test.n.Shape().Equal(test.want) {
			t.Errorf("%v: want shape %v", test.n, test.want)
		}
	}
}

// Operators that change nothing add no node.
func TestNothingToDo(t *testing.T) {
	g := graph.New()
	x := g.Input("x", 2, 3)
	for name, y := range map[string]*graph.Node{
		"Reshape":   graph.Reshape(x, 2, -1),
		"Slice":     graph.Slice(x, 0, 0, 2),
		"Concat":    graph.Concat(1, x),
		"Broadcast": graph.Broadcast(x, 2, 3),
	} {
		if y != x {
			t.Errorf("%s made a new node", name)
		}
	}
}

// The padding of TensorFlow's SAME, by its formula, and the size of the output.
func TestSamePad(t *testing.T) {
	for _, c := range []struct {
		n, k, s, d    int
		before, after int
	}{
		{224, 3, 2, 1, 0, 1}, {225, 3, 2, 1, 1, 1}, {56, 5, 2, 1, 1, 2}, {112, 3, 1, 1, 1, 1},
		{7, 4, 1, 1, 1, 2}, {9, 3, 1, 2, 2, 2}, {8, 1, 2, 1, 0, 0}, {1, 5, 3, 1, 2, 2}, {10, 2, 5, 1, 0, 0}, {6, 2, 0, 0, 0, 1},
	} {
		w := graph.Window{Stride: [2]int{c.s, 1}, Dilation: [2]int{c.d, 1}, Pad: [2]int{9, 9}, ExtraPad: [2]int{9, 9}}.SamePad(c.n, 5, [2]int{c.k, 1})
		if w.Pad != [2]int{c.before, 0} || w.ExtraPad != [2]int{c.after - c.before, 0} {
			t.Errorf("%+v: got %+v", c, w)
		}
		g := graph.New()
		y := graph.Conv2D(g.Input("x", 1, 1, c.n, 5), g.Input("w", 1, 1, c.k, 1), nil, w, 1)
		if s := max(c.s, 1); y.Shape()[2] != (c.n+s-1)/s {
			t.Errorf("%+v: output %v", c, y.Shape())
		}
	}
}
