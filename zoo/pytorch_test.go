package zoo_test

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/strideml/stride/data"
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

// networks are those of testdata/make_networks_golden.py: narrow for the
// comparison element by element, narrow for the training run, and as the book
// has them.
var networks = []struct {
	name                string
	small, steps, whole func() nn.Layer
}{
	{"lenet", lenet, lenet, lenet},
	{"lenet-bn", lenetBN, lenetBN, lenetBN},
	{"alexnet", func() nn.Layer { return zoo.AlexNet(10, zoo.AlexNetConfig{Ratio: 8}) },
		func() nn.Layer { return zoo.AlexNet(10, zoo.AlexNetConfig{Ratio: 4}) }, whole("alexnet")},
	{"vgg", func() nn.Layer { return zoo.VGG(10, zoo.VGGConfig{Ratio: 16, Hidden: 64}) },
		func() nn.Layer { return zoo.VGG(10, zoo.VGGConfig{Ratio: 8, Hidden: 256}) }, whole("vgg")},
	{"nin", func() nn.Layer { return zoo.NiN(10, zoo.NiNConfig{Ratio: 8}) },
		func() nn.Layer { return zoo.NiN(10, zoo.NiNConfig{Ratio: 4}) }, whole("nin")},
	{"googlenet", func() nn.Layer { return zoo.GoogLeNet(10, zoo.GoogLeNetConfig{Ratio: 8}) },
		func() nn.Layer { return zoo.GoogLeNet(10, zoo.GoogLeNetConfig{Ratio: 4}) }, whole("googlenet")},
	{"resnet18", narrowResNet, narrowResNet, whole("resnet18")},
	{"densenet", narrowDenseNet, narrowDenseNet, whole("densenet")},
	{name: "alexnet-28", small: func() nn.Layer { return zoo.AlexNet(10, zoo.AlexNetConfig{Ratio: 8, Small: true}) }},
	{name: "nin-28", small: func() nn.Layer { return zoo.NiN(10, zoo.NiNConfig{Ratio: 8, Small: true}) }},
	{name: "vgg16", small: func() nn.Layer { return zoo.VGG(10, zoo.VGGConfig{Depth: 16, Ratio: 16, Hidden: 64}) }},
	{name: "resnet-bottleneck", small: func() nn.Layer {
		return zoo.ResNet(10, zoo.ResNetConfig{Blocks: []int{2, 1, 2, 1}, Bottleneck: true, Ratio: 16})
	}},
	{name: "densenet-wide", small: func() nn.Layer {
		return zoo.DenseNet(10, zoo.DenseNetConfig{Channels: 8, Growth: 12, Blocks: []int{2, 3}})
	}},
}

func lenet() nn.Layer   { return zoo.LeNet(10) }
func lenetBN() nn.Layer { return zoo.LeNetBN(10) }

func narrowResNet() nn.Layer { return zoo.ResNet(10, zoo.ResNetConfig{Ratio: 8}) }
func narrowDenseNet() nn.Layer {
	return zoo.DenseNet(10, zoo.DenseNetConfig{Channels: 16, Growth: 8})
}

// whole makes a registered network.
func whole(name string) func() nn.Layer {
	return func() nn.Layer {
		s, err := zoo.Get(name)
		if err != nil {
			panic(err)
		}
		return s.New(10)
	}
}

// golden is one part of a golden file: "small", "full", "steps", …
type golden struct {
	*safetensors.File
	part string
}

func openGolden(t *testing.T, name, part string) golden {
	t.Helper()
	f, err := safetensors.Load("testdata/pytorch-" + name + ".safetensors")
	if err != nil {
		t.Fatal(err)
	}
	return golden{f, part}
}

func (g golden) tensor(t *testing.T, name string) *tensor.Tensor {
	t.Helper()
	return get(t, g.File, g.part+"."+name)
}

func (g golden) number(t *testing.T, name string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(g.Metadata[name], 64)
	if err != nil {
		t.Fatalf("golden file's %q: %v", name, err)
	}
	return v
}

// splitmix calls f with n hashes of a name; the Python script has the same in
// bits.
func splitmix(name string, n int, f func(i int, bits uint64)) {
	h := uint64(0xCBF29CE484222325)
	for _, b := range []byte(name) {
		h = (h ^ uint64(b)) * 0x100000001B3
	}
	for i := range n {
		h += 0x9E3779B97F4A7C15
		z := (h ^ h>>30) * 0xBF58476D1CE4E5B9
		z = (z ^ z>>27) * 0x94D049BB133111EB
		f(i, z^z>>31)
	}
}

// uniform fills v with numbers from −1 to 1.
func uniform(name string, v []float32) {
	splitmix(name, len(v), func(i int, bits uint64) { v[i] = float32(int64(bits>>40)-1<<23) / (1 << 23) })
}

// setFormula gives a model the weights of the golden files.
func setFormula(m *nn.Model, damped string) {
	shapes := map[string]tensor.Shape{}
	for _, e := range m.State() {
		shapes[e.Name] = e.Tensor.Shape()
	}
	for _, v := range append(m.Parameters(), m.Buffers()...) {
		d := v.Value.Data()
		uniform(v.Name, d)
		at := strings.LastIndexByte(v.Name, '.') + 1
		kind, weight := v.Name[at:], shapes[v.Name[:at]+"weight"]
		scale, shift := float32(0.25), float32(0)
		switch {
		case kind == "running_var":
			shift = 1
		case kind == "running_mean":
		case len(weight) == 1:
			scale = 0.125
			if kind == "weight" {
				shift = 1
			}
			if damped != "" && strings.HasSuffix(v.Name, damped) {
				scale, shift = scale/4, shift/4
			}
		case kind == "weight":
			area := weight[2:].Size()
			scale = float32(math.Sqrt(6 / float64(weight[1]*area+weight[0]*area)))
		default:
			scale = float32(1 / math.Sqrt(float64(weight[1:].Size())))
		}
		for i, u := range d {
			d[i] = shift + u*scale
		}
		v.Changed()
	}
}

// formulaBatch returns the images and labels of the static comparison.
func formulaBatch(batch, side, seed int) (x, y *tensor.Tensor) {
	x, y = tensor.New(batch, 1, side, side), tensor.New(batch)
	uniform(fmt.Sprint("images/", seed), x.Data())
	for i, u := range x.Data() {
		x.Data()[i] = (u + 1) / 2
	}
	splitmix("labels", batch, func(i int, bits uint64) { y.Data()[i] = float32(bits % 10) })
	return x, y
}

// digest is what is stored of a gradient: 32 elements, the sum and the norm.
func digest(name string, v []float32) []float64 {
	out := make([]float64, 34)
	splitmix("sample/"+name, 32, func(i int, bits uint64) { out[i] = float64(v[bits%uint64(len(v))]) })
	for _, e := range v {
		out[32] += float64(e)
		out[33] += float64(e) * float64(e)
	}
	out[33] = math.Sqrt(out[33])
	return out
}

// modelFor makes a model without spending time on random weights.
func modelFor(t *testing.T, net nn.Layer, side int) *nn.Model {
	t.Helper()
	m, err := nn.New(net, tensor.Shape{1, side, side}, nn.Options{Init: nn.Constant(0)})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// A trainer is a compiled step without dropout: loss, output and gradients
// come out.
type trainer struct {
	program engine.Program
	// Inputs of the program; rate is the learning rate.
	images, labels, rate *graph.Node

	names   []string
	outputs []*tensor.Tensor // loss, output, then the gradients if wanted
}

// newTrainer compiles the step. Networks with dropout, which here have no
// batch normalization, are trained in Eval mode, where nothing is dropped.
func newTrainer(t *testing.T, d engine.Device, m *nn.Model, batch int, gradients bool) *trainer {
	t.Helper()
	tr, err := m.Trace(batch, nn.Train)
	if err == nil && tr.Step != nil {
		if len(m.Buffers()) > 0 {
			t.Fatal("a network with dropout and batch normalization")
		}
		tr, err = m.Trace(batch, nn.Eval)
	}
	if err != nil {
		t.Fatal(err)
	}
	y, lr := tr.Graph.Input("labels", batch), tr.Graph.Input("lr")
	loss := graph.Mean(graph.CrossEntropy(tr.Output, y))
	s := &trainer{images: tr.Input, labels: y, rate: lr}
	var params []*graph.Node
	for _, v := range m.Parameters() {
		params = append(params, tr.Graph.Variable(v))
		s.names = append(s.names, v.Name)
	}
	grads := graph.Gradients(loss, params...)
	optim.SGD{}.Update(tr.Graph, lr, params, grads, new(optim.State))
	outputs := []*graph.Node{loss, tr.Output}
	if gradients {
		outputs = append(outputs, grads...)
	}
	if s.program, err = d.Compile(tr.Graph, outputs...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.program.Close() })
	for _, o := range outputs {
		s.outputs = append(s.outputs, tensor.New(o.Shape()...))
	}
	return s
}

func (s *trainer) step(t *testing.T, x, y *tensor.Tensor, rate float64) float64 {
	t.Helper()
	if err := s.program.Run(engine.Feeds{s.images: x, s.labels: y, s.rate: tensor.Scalar(float32(rate))}, s.outputs); err != nil {
		t.Fatal(err)
	}
	return float64(s.outputs[0].At())
}

// worst keeps the greatest deviation and what had it.
type worst struct {
	off  float64
	what string
}

func (w *worst) add(off float64, what string) {
	if !(off <= w.off) {
		*w = worst{off, what}
	}
}

func (w worst) String() string { return fmt.Sprintf("%.1e (%s)", w.off, w.what) }

// compare adds the deviations of a digest: of elements relative to the greatest
// one seen, of the sum and the norm relative to the norm.
func (w *worst) compare(name string, got []float64, want []float32) {
	scale := 0.0
	for _, v := range want[:32] {
		scale = max(scale, math.Abs(float64(v)))
	}
	for i, v := range got[:32] {
		w.add(math.Abs(v-float64(want[i]))/scale, fmt.Sprint(name, " element ", i))
	}
	w.add(math.Abs(got[32]-float64(want[32]))/float64(want[33]), name+" sum")
	w.add(math.Abs(got[33]/float64(want[33])-1), name+" norm")
}

// stateNames lists names and shapes as the script does.
func stateNames(m *nn.Model) string {
	var lines []string
	for _, e := range m.State() {
		lines = append(lines, e.Name+" "+e.Tensor.Shape().String())
	}
	return strings.Join(lines, "\n")
}

func multiplyAdds(t *testing.T, m *nn.Model) (total int64) {
	t.Helper()
	infos, err := m.Summary(1)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range infos {
		total += i.MultiplyAdds
	}
	return total
}

// like holds one network on one engine to one part of its golden file.
func like(t *testing.T, d engine.Device, g golden, net nn.Layer) {
	batch, side := int(g.number(t, g.part+".batch")), int(g.number(t, g.part+".side"))
	m := modelFor(t, net, side)
	if got, want := stateNames(m), g.Metadata[g.part+".state"]; got != want {
		t.Fatalf("state\n%s\nPyTorch has\n%s", got, want)
	}
	if got, want := multiplyAdds(t, m), int64(g.number(t, g.part+".multiply_adds")); got != want {
		t.Errorf("%d multiply-adds, want %d", got, want)
	}
	setFormula(m, g.Metadata["damped"])
	x, y := formulaBatch(batch, side, int(g.number(t, g.part+".seed")))
	var outputs, gradients, zeros, running worst
	output := func(mode string, got *tensor.Tensor) {
		want := g.tensor(t, mode)
		scale := 0.0
		for _, v := range want.Data() {
			scale = max(scale, math.Abs(float64(v)))
		}
		for i, v := range got.Data() {
			outputs.add(math.Abs(float64(v)-float64(want.Data()[i]))/scale, mode)
		}
	}
	eval, err := m.Predict(d, x)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	output("eval", eval)
	s := newTrainer(t, d, m, batch, true)
	for i, want := range g.tensor(t, "losses").Data() {
		outputs.add(math.Abs(s.step(t, x, y, g.number(t, "rate"))-float64(want))/float64(want), fmt.Sprintf("loss %d", i))
		if i > 0 {
			continue
		}
		output("train", s.outputs[1])
		for j, name := range s.names {
			got, want := digest(name, s.outputs[2+j].Data()), g.tensor(t, "grad."+name).Data()
			// The bias of a convolution before a batch normalization has the
			// gradient 0: what is left is the rounding of a long sum, whose
			// terms are those of the weight's.
			if layer, ok := strings.CutSuffix(name, "bias"); ok {
				if weight := g.tensor(t, "grad."+layer+"weight").Data(); want[33] < 1e-9*weight[33] {
					zeros.add(got[33]/float64(weight[33]), name)
					continue
				}
			}
			gradients.compare(name, got, want)
		}
	}
	if g.part == "small" {
		for _, b := range m.Buffers() {
			running.compare(b.Name, digest(b.Name, b.Value.Data()), g.tensor(t, "after."+b.Name).Data())
		}
	}
	t.Logf("greatest relative deviations: outputs and losses %v, gradients %v, zero gradients %v, running statistics %v", outputs, gradients, zeros, running)
	// Gradients are sums that cancel out, most of all that of the scale of
	// DenseNet's first normalization, which the next one removes again.
	if max(outputs.off, zeros.off, running.off) > 1e-4 || gradients.off > 2e-4 {
		t.Error("more than 1e-4, or 2e-4 for gradients")
	}
}

// Narrow networks agree with PyTorch in float64: state, outputs in both modes,
// gradients, running statistics. The variants run on the fast engine only.
func TestLikePyTorch(t *testing.T) {
	fast := cpu.New(cpu.Options{})
	for _, n := range networks {
		t.Run(n.name, func(t *testing.T) {
			g := openGolden(t, n.name, "small")
			devices := []engine.Device{fast}
			if n.whole != nil {
				devices = append(devices, reference.New())
			}
			for _, d := range devices {
				t.Run(d.Name(), func(t *testing.T) { like(t, d, g, n.small()) })
			}
		})
	}
}

// The networks as the book has them agree with PyTorch.
func TestFullWidthLikePyTorch(t *testing.T) {
	if testing.Short() {
		t.Skip("full width is not short")
	}
	strict, fast := cpu.New(cpu.Options{Strict: true}), cpu.New(cpu.Options{})
	for _, n := range networks {
		if n.whole != nil {
			g := openGolden(t, n.name, "full")
			t.Run(n.name+"/strict", func(t *testing.T) { like(t, strict, g, n.whole()) })
			t.Run(n.name+"/fast", func(t *testing.T) { like(t, fast, g, n.whole()) })
		}
	}
}

// realTraining runs the training of the golden file's part and returns the
// losses.
func realTraining(t *testing.T, g golden, net nn.Layer, rate float64) []float64 {
	set, err := fashionmnist.Load(context.Background(), fashionmnist.Options{Dir: fashionmnist.SampleDir})
	if err != nil {
		t.Fatal(err)
	}
	batch, side := int(g.number(t, g.part+".batch")), int(g.number(t, g.part+".side"))
	var images data.Dataset = set.Train
	if side != 28 {
		if images, err = set.Train.Resize(side, side); err != nil {
			t.Fatal(err)
		}
	}
	m := modelFor(t, net, side)
	setFormula(m, g.Metadata["damped"])
	s := newTrainer(t, cpu.New(cpu.Options{}), m, batch, false)
	x, y := tensor.New(batch, 1, side, side), tensor.New(batch)
	losses, sum := make([]float64, g.tensor(t, "losses").Size()), 0.0
	for i := range losses {
		for j := range batch {
			label, err := images.Read(i*batch+j, x.Data()[j*side*side:(j+1)*side*side])
			if err != nil {
				t.Fatal(err)
			}
			y.Data()[j] = float32(label)
		}
		for _, v := range x.Data() {
			sum += math.Round(float64(v) * 255)
		}
		losses[i] = s.step(t, x, y, rate)
	}
	if want := g.number(t, g.part+".pixels"); sum != want {
		t.Fatalf("the images' bytes sum up to %v, PyTorch saw %v", sum, want)
	}
	return losses
}
