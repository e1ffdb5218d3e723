package nn_test

import (
	"strings"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

// run runs a graph once, as step number step.
func run(t *testing.T, feeds engine.Feeds, step uint64, outputs ...*graph.Node) []*tensor.Tensor {
	t.Helper()
	nn.FeedStep(outputs[0].Graph(), feeds, step)
	y, err := engine.Run(reference.New(), feeds, outputs...)
	if err != nil {
		t.Fatal(err)
	}
	return y
}

// A model in a custom graph is what Trace makes of it.
func TestForward(t *testing.T) {
	m := model(t, nn.Sequential(nn.Linear(4), nn.Dropout(0.5), nn.Linear(2)), 3)
	x := tensor.Randn(tensor.Seed(1), 5, 3)
	trace, err := m.Trace(5, nn.Train)
	if err != nil {
		t.Fatal(err)
	}
	g := graph.New()
	in := g.Input("x", 5, 3)
	y := m.Forward(in, nn.Train)
	if y.Path() != "2" || g.CurrentPath() != "" {
		t.Errorf("the output's path is %q, the graph's %q", y.Path(), g.CurrentPath())
	}
	want := run(t, engine.Feeds{trace.Input: x}, 3, trace.Output)[0]
	if got := run(t, engine.Feeds{in: x}, 3, y)[0]; !got.Equal(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if run(t, engine.Feeds{in: x}, 4, y)[0].Equal(want) {
		t.Error("Dropout does not depend on the step")
	}
}

// Models in one graph share the step input. The second use of a model drops other
// elements than the first, and adds to its running statistics.
func TestForwardTwice(t *testing.T) {
	a, b := model(t, nn.Dropout(0.5), 64), model(t, nn.Dropout(0.25), 64)
	norm := model(t, nn.BatchNorm().Momentum(0.5), 64)
	g := graph.New()
	x := g.Input("x", 2, 64)
	if nn.StepInput(g) != nil {
		t.Error("a graph without Dropout has a step input")
	}
	if y := a.Forward(x, nn.Eval); y != x || nn.StepInput(g) != nil {
		t.Error("Dropout does something in Eval mode")
	}
	first, second := a.Forward(x, nn.Train), a.Forward(x, nn.Train)
	b.Forward(first, nn.Train)
	norm.Forward(x, nn.Train)
	norm.Forward(graph.Add(x, g.Scalar(3)), nn.Train)
	if in := g.Inputs(); len(in) != 2 || in[1] != nn.StepInput(g) {
		t.Errorf("inputs %v", in)
	}
	y := run(t, engine.Feeds{x: tensor.Full(1, 2, 64)}, 0, first, second)
	if y[0].Equal(y[1]) {
		t.Error("both uses drop the same elements")
	}
	if mean := norm.Buffers()[0].Value; !mean.Equal(tensor.Full(2.25, 64)) { // ½·(½·1) + ½·4
		t.Errorf("running mean %v after two uses", mean)
	}
}

func TestForwardErrors(t *testing.T) {
	err := func() (err error) {
		defer graph.Catch(&err)
		g := graph.New()
		model(t, nn.Linear(2), 3).Forward(g.Input("x", 5, 4), nn.Train)
		return nil
	}()
	if err == nil || !strings.Contains(err.Error(), "input 5×4: the network takes batches of 3") {
		t.Errorf("error %v", err)
	}
}

func TestLosses(t *testing.T) {
	g := graph.New()
	y, target, labels := g.Input("y", 2, 2), g.Input("target", 2, 2), g.Input("labels", 2)
	mse, l1, entropy := nn.MSELoss(y, target), nn.L1Loss(y, target), nn.CrossEntropyLoss(y, labels)
	from := func(v []float32, shape ...int) *tensor.Tensor { return tensor.Must(tensor.FromSlice(v, shape...)) }
	feeds := engine.Feeds{
		y: from([]float32{1, 2, -1, 0}, 2, 2), target: from([]float32{1, 4, 2, -1}, 2, 2), labels: from([]float32{0, 1}, 2),
	}
	got := run(t, feeds, 0, append([]*graph.Node{mse, l1, entropy}, append(graph.Gradients(mse, y), graph.Gradients(l1, y)...)...)...)
	// (0² + 2² + 3² + 1²)/4, (0 + 2 + 3 + 1)/4, (ln(1+e) + ln(1+1/e))/2, and derivatives.
	for i, want := range [][]float32{{3.5}, {1.5}, {0.8132616}, {0, -1, -1.5, 0.5}, {0, -0.25, -0.25, 0.25}} {
		if shape := got[i].Shape(); !got[i].AllClose(from(want, shape...), 1e-6, 1e-6) {
			t.Errorf("result %d: %v, want %v", i, got[i], want)
		}
	}
	for name, loss := range map[string]func(a, b *graph.Node) *graph.Node{"MSELoss": nn.MSELoss, "L1Loss": nn.L1Loss} {
		err := func() (err error) {
			defer graph.Catch(&err)
			loss(g.Input("y", 4, 1), g.Input("target", 4))
			return nil
		}()
		if err == nil || !strings.Contains(err.Error(), name+": output 4×1 and target 4 must have the same shape") {
			t.Errorf("error %v", err)
		}
	}
}

// A convolution with SAME padding is one without padding of the padded image.
func TestSamePadding(t *testing.T) {
	for _, c := range []struct{ h, w, kernel, stride, dilation, top, bottom, left, right int }{
		{8, 7, 3, 2, 1, 0, 1, 1, 1}, {5, 6, 4, 1, 1, 1, 2, 1, 2}, {9, 9, 3, 1, 2, 2, 2, 2, 2}, {6, 5, 2, 3, 2, 0, 0, 0, 1},
	} {
		same := model(t, nn.Conv2D(4, c.kernel).Stride(c.stride).Dilation(c.dilation).Pad(7).Same(), 2, c.h, c.w)
		plain := model(t, nn.Conv2D(4, c.kernel).Stride(c.stride).Dilation(c.dilation), 2, c.h+c.top+c.bottom, c.w+c.left+c.right)
		if err := plain.LoadState(same.State()); err != nil {
			t.Fatal(err)
		}
		g := graph.New()
		in := g.Input("x", 3, 2, c.h, c.w)
		got := same.Forward(in, nn.Eval)
		want := plain.Forward(graph.Pad(in, []int{0, 0, c.top, c.left}, []int{0, 0, c.bottom, c.right}, 0), nn.Eval)
		if s := got.Shape(); s[2] != (c.h+c.stride-1)/c.stride || s[3] != (c.w+c.stride-1)/c.stride {
			t.Errorf("%+v: shape %v", c, s)
		}
		y := run(t, engine.Feeds{in: tensor.Randn(tensor.Seed(1), 3, 2, c.h, c.w)}, 0, got, want)
		if !y[0].Equal(y[1]) {
			t.Errorf("%+v: got %v, want %v", c, y[0], y[1])
		}
	}
}
