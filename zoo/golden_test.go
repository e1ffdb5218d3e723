package zoo_test

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/strideml/stride/data/fashionmnist"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
)

// devices are the engines that must reproduce PyTorch's training, each for a
// number of steps: the reference takes a second for one.
var devices = []struct {
	engine.Device
	steps int
}{{reference.New(), 3}, {cpu.New(cpu.Options{}), steps}}

const (
	steps = 20
	batch = 64
)

// realBatches returns the images and labels of testdata/make_lenet_golden.py.
func realBatches(t *testing.T, golden *safetensors.File) (images, labels [steps]*tensor.Tensor) {
	t.Helper()
	set, err := fashionmnist.Load(context.Background(), fashionmnist.Options{Dir: fashionmnist.SampleDir})
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for s := range steps {
		images[s], labels[s] = tensor.New(batch, 1, 28, 28), tensor.New(batch)
		for i := range batch {
			at := s*batch + i
			for _, b := range set.Train.Bytes(at) {
				sum += int(b)
			}
			label, err := set.Train.Read(at, images[s].Data()[i*784:(i+1)*784])
			if err != nil {
				t.Fatal(err)
			}
			labels[s].Set(float32(label), i)
		}
	}
	if want := get(t, golden, "pixel_sum").At(0); float32(sum) != want {
		t.Fatalf("the sample's first images are not those of the golden file: sum %d, want %v", sum, want)
	}
	return images, labels
}

func get(t *testing.T, f *safetensors.File, name string) *tensor.Tensor {
	t.Helper()
	x, ok := f.Get(name)
	if !ok {
		t.Fatalf("golden file lacks %q", name)
	}
	return x
}

func under(f *safetensors.File, prefix string) []safetensors.Entry {
	var entries []safetensors.Entry
	for _, e := range f.Entries {
		if name, ok := strings.CutPrefix(e.Name, prefix); ok {
			entries = append(entries, safetensors.Entry{Name: name, Tensor: e.Tensor})
		}
	}
	return entries
}

// 20 steps from PyTorch's weights, on real images: the losses agree within
// 1e-4.
func TestLeNetTrainsLikePyTorch(t *testing.T) {
	f, err := safetensors.Load("testdata/lenet.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	images, labels := realBatches(t, f)
	spec, err := zoo.Get("lenet")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range devices {
		t.Run(d.Name(), func(t *testing.T) {
			m, err := spec.Model(0)
			if err != nil {
				t.Fatal(err)
			}
			if err := m.LoadState(under(f, "before.")); err != nil {
				t.Fatal(err)
			}
			logits, err := m.Predict(d, images[0])
			if err != nil {
				t.Fatal(err)
			}
			if want := get(t, f, "logits"); !logits.AllClose(want, 1e-4, 1e-4) {
				t.Errorf("logits\n%v\nPyTorch has\n%v", logits, want)
			}
			worst := 0.0
			for i, got := range trainSteps(t, d, m, images[:d.steps], labels[:d.steps], 0.9) {
				want := float64(get(t, f, "losses").At(i))
				off := math.Abs(got-want) / want
				worst = max(worst, off)
				if off > 1e-4 {
					t.Errorf("step %d: loss %v, PyTorch has %v", i, got, want)
				}
			}
			t.Logf("greatest relative difference of a loss: %.2g", worst)
			if d.steps < steps {
				return
			}
			state := safetensors.File{Entries: m.State()}
			for _, e := range under(f, "after.") {
				if got := get(t, &state, e.Name); !got.AllClose(e.Tensor, 1e-3, 1e-4) {
					t.Errorf("%s after %d steps:\n%v\nPyTorch has\n%v", e.Name, steps, got, e.Tensor)
				}
			}
		})
	}
}

// trainSteps trains on each batch once and returns the losses.
func trainSteps(t *testing.T, d engine.Device, m *nn.Model, images, labels []*tensor.Tensor, rate float32) []float64 {
	t.Helper()
	tr, err := m.Trace(batch, nn.Train)
	if err != nil {
		t.Fatal(err)
	}
	y, lr := tr.Graph.Input("labels", batch), tr.Graph.Input("lr")
	loss := graph.Mean(graph.CrossEntropy(tr.Output, y))
	var params []*graph.Node
	for _, v := range m.Parameters() {
		params = append(params, tr.Graph.Variable(v))
	}
	optim.SGD{}.Update(tr.Graph, lr, params, graph.Gradients(loss, params...), new(optim.State))
	p, err := d.Compile(tr.Graph, loss)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	losses := make([]float64, len(images))
	for i := range images {
		out := tensor.Scalar(0)
		if err := p.Run(engine.Feeds{tr.Input: images[i], y: labels[i], lr: tensor.Scalar(rate)}, []*tensor.Tensor{out}); err != nil {
			t.Fatal(err)
		}
		losses[i] = float64(out.At())
	}
	return losses
}
