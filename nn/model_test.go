package nn_test

import (
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

func model(t *testing.T, net nn.Layer, input ...int) *nn.Model {
	t.Helper()
	m, err := nn.New(net, input, nn.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func names(m *nn.Model) []string {
	var list []string
	for _, e := range m.State() {
		list = append(list, e.Name)
	}
	return list
}

// chain applies its parts in order, whatever they are held in.
type chain struct {
	DownSample nn.Layer `nn:"downsample"`
	BNFirst    nn.Layer
	conv2D     *nn.Conv2DLayer
	Skipped    nn.Layer `nn:"-"`
	nn.SequentialLayer
	Inner  struct{ Array [2]*nn.Conv2DLayer }
	ByKey  map[int]nn.Layer
	Nested [][]nn.Layer
	Value  pair
	Weird  map[float64]nn.Layer
	Self   any
}

type pair struct{ A, B nn.Layer }

func (p pair) Forward(x *graph.Node) *graph.Node { return p.B.Forward(p.A.Forward(x)) }

func (c *chain) Forward(x *graph.Node) *graph.Node {
	for _, l := range []nn.Layer{
		c.Value, c.DownSample, c.BNFirst, c.conv2D, &c.SequentialLayer, c.Inner.Array[1], c.Inner.Array[0], c.ByKey[10], c.ByKey[9], c.Nested[0][1],
	} {
		x = l.Forward(x)
	}
	return x
}

func conv() *nn.Conv2DLayer { return nn.Conv2D(2, 1).NoBias() }

func TestNames(t *testing.T) {
	c := &chain{
		DownSample: nn.Conv2D(2, 1), BNFirst: nn.BatchNorm(), conv2D: conv(),
		SequentialLayer: *nn.Sequential(conv(), nn.ReLU(), conv()),
		ByKey:           map[int]nn.Layer{9: conv(), 10: conv()},
		Nested:          [][]nn.Layer{{nn.ReLU(), conv()}},
		Value:           pair{conv(), conv()},
	}
	c.Inner.Array = [2]*nn.Conv2DLayer{conv(), conv()}
	c.Self = c // the walk visits a pointer once
	shared := nn.Linear(4)
	for _, test := range []struct {
		name  string
		net   nn.Layer
		input []int
		want  string
	}{
		{"one layer", nn.Linear(2), []int{3}, "weight bias"},
		{"sequential", nn.Sequential(nn.Conv2D(2, 1), nn.ReLU(), nn.BatchNorm()), []int{1, 2, 2},
			"0.weight 0.bias 2.weight 2.bias 2.running_mean 2.running_var"},
		{"nested", nn.Sequential(nn.Flatten(), nn.Sequential(nn.Linear(2), nn.Linear(3).NoBias())), []int{1, 2, 2},
			"1.0.weight 1.0.bias 1.1.weight"},
		{"value in a sequential", nn.Sequential(pair{nn.Linear(2).NoBias(), nn.Linear(2).NoBias()}), []int{2}, "0.a.weight 0.b.weight"},
		{"value as root", pair{nn.Linear(2).NoBias(), nn.Linear(2).NoBias()}, []int{2}, "a.weight b.weight"},
		{"shared", nn.Sequential(shared, nn.Tanh(), shared), []int{4}, "0.weight 0.bias"},
		{"containers", c, []int{1, 3, 3}, "downsample.weight downsample.bias bn_first.weight bn_first.bias bn_first.running_mean bn_first.running_var " +
			"conv2d.weight 0.weight 2.weight inner.array.0.weight inner.array.1.weight by_key.9.weight by_key.10.weight nested.0.1.weight value.a.weight value.b.weight"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := strings.Join(names(model(t, test.net, test.input...)), " "); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// lazy makes its layer where the walk cannot see it.
type lazy struct{}

func (lazy) Forward(x *graph.Node) *graph.Node { return nn.Linear(2).Forward(x) }

type lazyDropout struct{}

func (lazyDropout) Forward(x *graph.Node) *graph.Node { return nn.Dropout(0.5).Forward(x) }

type clash struct {
	A, B nn.Layer `nn:"same"`
}

func (c clash) Forward(x *graph.Node) *graph.Node { return c.B.Forward(c.A.Forward(x)) }

type badTag struct {
	A nn.Layer `nn:"a.b"`
}

func (b badTag) Forward(x *graph.Node) *graph.Node { return x }

type funcLayer func(*graph.Node) *graph.Node

func (f funcLayer) Forward(x *graph.Node) *graph.Node { return f(x) }

type loop struct{ Items []any }

func (l *loop) Forward(x *graph.Node) *graph.Node { return x }

func TestErrors(t *testing.T) {
	shared := nn.Linear(3)
	endless := &loop{make([]any, 1)}
	endless.Items[0] = endless.Items
	image := tensor.Shape{3, 8, 8}
	for _, test := range []struct {
		name  string
		net   nn.Layer
		input tensor.Shape
		want  []string
	}{
		{"nil", nil, image, []string{"no network"}},
		{"nil pointer", (*residual)(nil), image, []string{"no network"}},
		{"no input", nn.ReLU(), nil, []string{"input shape"}},
		{"bad input", nn.ReLU(), tensor.Shape{3, 0, 8}, []string{"input shape 3×0×8"}},
		{"too small", nn.Sequential(nn.ReLU(), nn.Sequential(nn.Conv2D(4, 9))), image,
			[]string{"1.0 (Conv2D 9×9, stride 1, padding 0)", "3×8×8 is smaller than the kernel", "= 0"}},
		{"no flatten", nn.Sequential(nn.Conv2D(4, 3), nn.Linear(10)), image, []string{"1 (Linear)", "1×4×6×6", "Flatten"}},
		{"conv of a vector", nn.Conv2D(4, 3), tensor.Shape{5}, []string{"Conv2D", "rank 4", "1×5"}},
		{"groups", nn.Sequential(nn.Conv2D(4, 3).Groups(2)), image, []string{"0 (Conv2D)", "2 groups must divide the 3 input"}},
		{"no channels", nn.Conv2D(0, 3), image, []string{"output channels 0"}},
		{"no outputs", nn.Linear(0), tensor.Shape{3}, []string{"output size must be at least 1"}},
		{"stride", nn.Conv2D(1, 3).Stride(0), image, []string{"stride [0 0]"}},
		{"pool pad", nn.Sequential(nn.MaxPool2D(2).Pad(2)), image, []string{"0 (MaxPool2D", "padding 2 must be smaller than the window"}},
		{"global pool", nn.GlobalAvgPool2D(), tensor.Shape{5}, []string{"rank 4"}},
		{"unreachable", nn.Sequential(lazy{}), tensor.Shape{3}, []string{"0 (Linear)", "not part of the network", "inside Forward"}},
		{"unreachable dropout", lazyDropout{}, tensor.Shape{3}, []string{"Dropout", "not part of the network"}},
		{"names clash", clash{nn.Linear(3), nn.Linear(3)}, tensor.Shape{3}, []string{`two layers are both named "same"`}},
		{"bad tag", badTag{}, tensor.Shape{3}, []string{"field A", `nn:"a.b"`}},
		{"shared sizes", nn.Sequential(shared, nn.Linear(5), shared), tensor.Shape{3}, []string{"0.weight has shape 3×3", "needs 3×5"}},
		{"nil layer", nn.Sequential(nn.ReLU(), nil), image, []string{"1 (Sequential)", "layer 1 is nil"}},
		{"dropout", nn.Sequential(nn.Dropout(1)), image, []string{"0 (Dropout)", "below 1"}},
		{"batch norm rank", nn.BatchNorm(), tensor.Shape{3, 4}, []string{"N×C or N×C×H×W"}},
		{"batch norm momentum", nn.BatchNorm().Momentum(2), image, []string{"momentum 2"}},
		{"nil result", funcLayer(func(*graph.Node) *graph.Node { return nil }), image, []string{"returned nil"}},
		{"other graph", funcLayer(func(*graph.Node) *graph.Node { return graph.New().Scalar(1) }), image, []string{"another graph"}},
		{"contains itself", endless, image, []string{"contain itself"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := nn.New(test.net, test.input, nn.Options{})
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q lacks %q", err, want)
				}
			}
		})
	}
}

func TestTraceErrors(t *testing.T) {
	m := model(t, nn.Sequential(nn.Linear(3), nn.BatchNorm()), 4)
	for _, test := range []struct {
		batch int
		mode  nn.Mode
		want  string
	}{
		{0, nn.Eval, "batch size"},
		{-3, nn.Train, "batch size"},
		{1, nn.Mode(7), "unknown mode"},
		{1, nn.Train, "more than one value for each channel"},
	} {
		if _, err := m.Trace(test.batch, test.mode); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("batch %d, %v: error %v, want %q", test.batch, test.mode, err, test.want)
		}
	}
}

func TestWithoutModel(t *testing.T) {
	build := func(l nn.Layer) (y *graph.Node, err error) {
		defer graph.Catch(&err)
		return l.Forward(graph.New().Input("x", 2, 3)), nil
	}
	if y, err := build(nn.Sequential(nn.ReLU(), nn.Dropout(0.5), nn.Softmax())); err != nil || y.Shape().Size() != 6 {
		t.Errorf("layers without parameters: %v, %v", y, err)
	}
	if _, err := build(nn.Linear(2)); err == nil || !strings.Contains(err.Error(), "nn.New") {
		t.Errorf("error %v does not mention nn.New", err)
	}
}

func TestDropout(t *testing.T) {
	shared := nn.Dropout(0.25)
	m := model(t, nn.Sequential(shared, shared), 1000)
	eval, err := m.Trace(1, nn.Eval)
	if err != nil || eval.Step != nil || eval.Output != eval.Input {
		t.Fatalf("eval: %+v, %v", eval, err)
	}
	tr, err := m.Trace(1, nn.Train)
	if err != nil {
		t.Fatal(err)
	}
	if in := tr.Graph.Inputs(); len(in) != 2 || in[0] != tr.Input || in[1] != tr.Step {
		t.Fatalf("inputs %v", in)
	}
	run := func(step uint64) *tensor.Tensor {
		feeds := engine.Feeds{tr.Input: tensor.Full(1, 1, 1000)}
		tr.FeedStep(feeds, step)
		y, err := engine.Run(reference.New(), feeds, tr.Output)
		if err != nil {
			t.Fatal(err)
		}
		return y[0]
	}
	y := run(1)
	kept := 0
	for _, v := range y.Data() {
		if v != 0 {
			kept++
		}
	}
	// The two uses have different masks: about 0.75² of the elements are left.
	if kept < 500 || kept > 625 {
		t.Errorf("%d of 1000 kept", kept)
	}
	if !y.Equal(run(1)) || y.Equal(run(2)) {
		t.Error("the mask must depend on the step and on nothing else")
	}
}

func TestBatchNormUsedTwice(t *testing.T) {
	bn := nn.BatchNorm().Momentum(0.5)
	m := model(t, nn.Sequential(bn, bn), 1)
	tr, err := m.Trace(2, nn.Train)
	if err != nil {
		t.Fatal(err)
	}
	x := tensor.Must(tensor.FromSlice([]float32{0, 8}, 2, 1))
	if _, err := engine.Run(reference.New(), engine.Feeds{tr.Input: x}, tr.Output); err != nil {
		t.Fatal(err)
	}
	// First use: mean 4, unbiased variance 32. Second: mean 0, variance 2.
	mean, variance := m.Buffers()[0].Value.At(0), m.Buffers()[1].Value.At(0)
	if math.Abs(float64(mean)-1) > 1e-5 || math.Abs(float64(variance)-(0.5*16.5+1)) > 1e-4 {
		t.Errorf("running mean %v, variance %v; want 1 and 9.25", mean, variance)
	}
}

// TestTakeState makes the tensors given those of the model, and changes nothing where
// they do not fit.
func TestTakeState(t *testing.T) {
	net := func() *nn.Model { return model(t, nn.Sequential(nn.Linear(4), nn.BatchNorm()), 5) }
	from, to := net(), net()
	var state []tensor.Named
	for i, e := range from.State() {
		state = append(state, tensor.Named{Name: e.Name, Tensor: tensor.Full(float32(i), e.Tensor.Shape()...)})
	}
	before := to.State()
	if err := to.TakeState(state[1:]); err == nil || to.State()[0].Tensor != before[0].Tensor {
		t.Errorf("error %v", err)
	}
	version := to.Parameters()[0].Version()
	if err := to.TakeState(state); err != nil {
		t.Fatal(err)
	}
	for i, e := range to.State() {
		if e.Tensor != state[i].Tensor {
			t.Errorf("%s is a copy", e.Name)
		}
	}
	if to.Parameters()[0].Version() == version {
		t.Error("the parameter has not changed")
	}
	if err := from.LoadState(state); err != nil {
		t.Fatal(err)
	}
	x := tensor.Must(tensor.Arange(0, 10, 1).Reshape(2, 5))
	want, err := from.Predict(nil, x)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := to.Predict(nil, x); err != nil || !got.Equal(want) {
		t.Errorf("%v, want %v, error %v", got, want, err)
	}
}

func TestLoadState(t *testing.T) {
	net := func() nn.Layer { return nn.Sequential(nn.Linear(3), nn.BatchNorm()) }
	m := model(t, net(), 2)
	other, err := nn.New(net(), tensor.Shape{2}, nn.Options{Seed: 2})
	if err != nil {
		t.Fatal(err)
	}
	state := append(other.State(), tensor.Named{Name: "1.num_batches_tracked", Tensor: tensor.Scalar(7)})
	slices.Reverse(state)
	version := m.Parameters()[0].Version()
	if err := m.LoadState(state); err != nil {
		t.Fatal(err)
	}
	if !m.State()[0].Tensor.Equal(other.State()[0].Tensor) {
		t.Error("values were not copied")
	}
	if m.Parameters()[0].Version() == version {
		t.Error("engines are not told of the change")
	}

	bad := []tensor.Named{
		{Name: "0.weight", Tensor: tensor.New(2, 3)}, {Name: "0.bias", Tensor: nil},
		{Name: "1.weight", Tensor: tensor.New(3)}, {Name: "1.weight", Tensor: tensor.New(3)},
		{Name: "0.num_batches_tracked", Tensor: tensor.Scalar(1)},
	}
	for _, extra := range strings.Fields("z y x w v u") {
		bad = append(bad, tensor.Named{Name: extra, Tensor: tensor.New(1)})
	}
	before := m.State()[0].Tensor.Clone()
	err = m.LoadState(bad)
	want := "nn: state is not that of this network: missing: 1.bias, 1.running_mean, 1.running_var; " +
		"unexpected: 0.num_batches_tracked, u, v, w, x, y and 1 more; " +
		"wrong shape: 0.bias has no tensor, 0.weight is 2×3, want 3×2; given twice: 1.weight"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if !m.State()[0].Tensor.Equal(before) {
		t.Error("a failed load changed the model")
	}
}

func TestPredict(t *testing.T) {
	m := model(t, nn.Sequential(nn.Linear(2), nn.Dropout(0.5)), 3)
	d := reference.New()
	x := tensor.Arange(0, 18, 1)
	all, err := m.Predict(d, tensor.Must(x.Reshape(6, 3)))
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 6; n++ { // more batch sizes than are kept
		y, err := m.Predict(d, tensor.Must(tensor.Must(x.Reshape(6, 3)).Slice(0, 0, n)))
		if err != nil {
			t.Fatal(err)
		}
		if !y.AllClose(tensor.Must(all.Slice(0, 0, n)), 1e-6, 1e-6) {
			t.Errorf("batch of %d: %v", n, y)
		}
	}
	one, err := m.Predict(d, tensor.Must(x.Slice(0, 0, 3)))
	if err != nil || !one.Shape().Equal(tensor.Shape{1, 2}) {
		t.Errorf("a single input: %v, %v", one, err)
	}
	if _, err := m.Predict(d, tensor.New(6, 4)); err == nil || !strings.Contains(err.Error(), "input 6×4: the network takes batches of 3") {
		t.Errorf("error %v", err)
	}
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			if _, err := m.Predict(d, tensor.New(n%3+1, 3)); err != nil {
				t.Error(err)
			}
			m.Parameters()
		})
	}
	group.Wait()
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if _, err := m.Predict(d, one); err == nil {
		t.Error("no error for the wrong size")
	}
}

// counting counts the programs that a device compiled and those that were closed.
type counting struct {
	engine.Device
	compiled, closed int
}

type countedProgram struct {
	engine.Program
	device *counting
}

func (c *counting) Compile(g *graph.Graph, outputs ...*graph.Node) (engine.Program, error) {
	c.compiled++
	p, err := c.Device.Compile(g, outputs...)
	return countedProgram{p, c}, err
}

func (p countedProgram) Close() error {
	p.device.closed++
	return p.Program.Close()
}

func TestKeepPrograms(t *testing.T) {
	m := model(t, nn.Linear(2), 3)
	device := &counting{Device: reference.New()}
	cycle := func(sizes int) (compiled int) {
		t.Helper()
		before := device.compiled
		for range 2 {
			for n := 1; n <= sizes; n++ {
				if _, err := m.Predict(device, tensor.New(n, 3)); err != nil {
					t.Fatal(err)
				}
			}
		}
		return device.compiled - before
	}
	if got := cycle(nn.DefaultPrograms); got != nn.DefaultPrograms {
		t.Errorf("%d programs for %d batch sizes", got, nn.DefaultPrograms)
	}
	if got := cycle(8); got < 8 {
		t.Errorf("%d programs for 8 batch sizes in turn: more than the default are kept", got)
	}
	if err := m.KeepPrograms(8); err != nil {
		t.Fatal(err)
	}
	if err := m.WarmUp(device, 8, 7, 6, 5, 4, 3, 2, 1, 1); err != nil {
		t.Fatal(err)
	}
	if got := cycle(8); got != 0 {
		t.Errorf("%d programs are compiled after WarmUp", got)
	}
	if err := m.KeepPrograms(1); err != nil || device.compiled-device.closed != 1 {
		t.Errorf("%d programs are kept, want 1; %v", device.compiled-device.closed, err)
	}
	for want, err := range map[string]error{
		"nn: keep 0 programs: want at least 1":                                                m.KeepPrograms(0),
		"nn: warm up for 2 batch sizes: a model keeps 1 programs, which KeepPrograms changes": m.WarmUp(device, 1, 2),
		"nn: batch size must be at least 1, got 0":                                            m.WarmUp(device, 0),
	} {
		if err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	if err := m.Close(); err != nil || device.compiled != device.closed {
		t.Errorf("%d of %d programs are closed; %v", device.closed, device.compiled, err)
	}
}

// A NaN in one image is seen in the output for that image, and only there.
func TestPredictNaN(t *testing.T) {
	m := model(t, nn.Sequential(nn.Conv2D(4, 3).Pad(1), nn.BatchNorm(), nn.ReLU(), nn.MaxPool2D(2), nn.Flatten(), nn.Linear(3)), 1, 8, 8)
	x := tensor.Randn(tensor.Seed(3), 4, 1, 8, 8)
	x.Set(float32(math.NaN()), 2, 0, 4, 4)
	for _, device := range []engine.Device{reference.New(), nil} {
		y, err := m.Predict(device, x)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range y.Data() {
			if (v != v) != (i/3 == 2) {
				t.Errorf("image %d has the score %v", i/3, v)
			}
		}
	}
}
