package nn_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/tensor"
)

// devices are the engines that must reproduce the golden files.
var devices = []engine.Device{reference.New(), cpu.New(cpu.Options{})}

// residual and golden are the network of testdata/make_golden.py.
type residual struct {
	Conv1, BN1, Conv2, BN2, Shortcut nn.Layer
}

func newResidual(c, stride int) *residual {
	return &residual{
		Conv1: nn.Conv2D(c, 3).Pad(1).Stride(stride), BN1: nn.BatchNorm(),
		Conv2: nn.Conv2D(c, 3).Pad(2).Dilation(2).Groups(2).NoBias(), BN2: nn.BatchNorm().Eps(1e-3).Momentum(0.2),
		Shortcut: nn.Conv2D(c, 1).Stride(stride),
	}
}

func (r *residual) Forward(x *graph.Node) *graph.Node {
	y := graph.ReLU(r.BN1.Forward(r.Conv1.Forward(x)))
	return graph.ReLU(graph.Add(r.BN2.Forward(r.Conv2.Forward(y)), r.Shortcut.Forward(x)))
}

type golden struct {
	Stem   *nn.SequentialLayer
	Block  residual
	Paths  []nn.Layer
	Pool   *nn.Pool2DLayer
	hidden *nn.LinearLayer
	Norm   *nn.BatchNormLayer
	Heads  map[string]nn.Layer
}

func newGolden() *golden {
	return &golden{
		Stem: nn.Sequential(
			nn.Conv2D(6, 3).Kernel(3, 5).StrideHW(1, 2).PadHW(0, 2), nn.Tanh(),
			nn.MaxPool2D(3).Stride(2).Pad(1)),
		Block: *newResidual(8, 2),
		Paths: []nn.Layer{
			nn.Sequential(nn.Conv2D(4, 1), nn.ReLU()),
			nn.Sequential(nn.AvgPool2D(3).Stride(1).Pad(1).ExcludePad(), nn.Conv2D(4, 1), nn.Sigmoid()),
		},
		Pool:   nn.AvgPool2D(2).Ceil(),
		hidden: nn.Linear(12).NoBias(),
		Norm:   nn.BatchNorm(),
		Heads:  map[string]nn.Layer{"classes": nn.Linear(5)},
	}
}

func (n *golden) Forward(x *graph.Node) *graph.Node {
	x = n.Block.Forward(n.Stem.Forward(x))
	x = graph.Concat(1, n.Paths[0].Forward(x), n.Paths[1].Forward(x))
	x = graph.Flatten(n.Pool.Forward(x))
	return n.Heads["classes"].Forward(graph.ReLU(n.Norm.Forward(n.hidden.Forward(x))))
}

func goldenFile(t *testing.T) *safetensors.File {
	t.Helper()
	f, err := safetensors.Load("testdata/golden.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func get(t *testing.T, f *safetensors.File, name string) *tensor.Tensor {
	t.Helper()
	x, ok := f.Get(name)
	if !ok {
		t.Fatalf("golden file lacks %q", name)
	}
	return x
}

// under returns the entries whose names have the prefix, without it.
func under(f *safetensors.File, prefix string) []safetensors.Entry {
	var entries []safetensors.Entry
	for _, e := range f.Entries {
		if name, ok := strings.CutPrefix(e.Name, prefix); ok {
			entries = append(entries, safetensors.Entry{Name: name, Tensor: e.Tensor})
		}
	}
	return entries
}

// trainer is a compiled training step.
type trainer struct {
	program            engine.Program
	images, labels, lr *graph.Node
	outputs            []*tensor.Tensor
}

func newTrainer(t *testing.T, d engine.Device, m *nn.Model, batch int, o optim.Optimizer) *trainer {
	t.Helper()
	tr, err := m.Trace(batch, nn.Train)
	if err != nil {
		t.Fatal(err)
	}
	labels, lr := tr.Graph.Input("labels", batch), tr.Graph.Input("lr")
	loss := graph.Mean(graph.CrossEntropy(tr.Output, labels))
	var params []*graph.Node
	for _, v := range m.Parameters() {
		params = append(params, tr.Graph.Variable(v))
	}
	var state optim.State
	o.Update(tr.Graph, lr, params, graph.Gradients(loss, params...), &state)
	p, err := d.Compile(tr.Graph, loss)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return &trainer{p, tr.Input, labels, lr, []*tensor.Tensor{tensor.Scalar(0)}}
}

func (s *trainer) step(t *testing.T, x, labels *tensor.Tensor, lr float32) float64 {
	t.Helper()
	if err := s.program.Run(engine.Feeds{s.images: x, s.labels: labels, s.lr: tensor.Scalar(lr)}, s.outputs); err != nil {
		t.Fatal(err)
	}
	return float64(s.outputs[0].Data()[0])
}

// Rounding may switch one ReLU or one maximum of a pooling, and the losses
// part by a thousandth from that step on. A learning rate that differs in its
// last bit rounds differently, so training must agree at one of three.
func TestTrainingAgreesWithPyTorch(t *testing.T) {
	const rate = float32(0.05)
	for _, d := range devices {
		t.Run(d.Name(), func(t *testing.T) {
			var complaints []string
			for _, r := range []float32{rate, math.Nextafter32(rate, 1), math.Nextafter32(rate, 0)} {
				wrong := trainLikePyTorch(t, d, r)
				if len(wrong) == 0 {
					return
				}
				complaints = append(complaints, wrong...)
			}
			t.Error(strings.Join(complaints, "\n"))
		})
	}
}

// trainLikePyTorch repeats the training of the golden file and returns what is
// different.
func trainLikePyTorch(t *testing.T, d engine.Device, rate float32) (wrong []string) {
	t.Helper()
	complain := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	f := goldenFile(t)
	images, labels, losses := get(t, f, "images"), get(t, f, "labels"), get(t, f, "losses")
	m, err := nn.New(newGolden(), images.Shape()[2:], nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.LoadState(under(f, "before.")); err != nil {
		t.Fatal(err)
	}
	first := tensor.Must(images.Index(0))
	predict := func(name string) {
		t.Helper()
		y, err := m.Predict(d, first)
		if err != nil {
			t.Fatal(err)
		}
		if want := get(t, f, name); !y.AllClose(want, 1e-3, 1e-4) {
			complain("%s: got\n%v\nwant\n%v", name, y, want)
		}
	}
	predict("eval_before")
	s := newTrainer(t, d, m, images.Shape()[1], optim.SGD{Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4})
	for i, want := range losses.Data() {
		got := s.step(t, tensor.Must(images.Index(i)), tensor.Must(labels.Index(i)), rate)
		if math.Abs(got-float64(want)) > 1e-4*float64(want) {
			complain("step %d: loss %v, PyTorch has %v", i, got, want)
		}
	}
	predict("eval_after")
	i := 0
	for _, e := range under(f, "after.") {
		if strings.HasSuffix(e.Name, "num_batches_tracked") {
			continue
		}
		if got := m.State()[i]; got.Name != e.Name || !got.Tensor.AllClose(e.Tensor, 1e-3, 1e-4) {
			complain("state %d: %s = %v, PyTorch has %s = %v", i, got.Name, got.Tensor, e.Name, e.Tensor)
		}
		i++
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	return wrong
}
