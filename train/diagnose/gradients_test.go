package diagnose

import (
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

// The gradients are the slope of the loss, and probing changes nothing.
func TestGradientProbe(t *testing.T) {
	model, err := nn.New(sickNet(func(x *graph.Node) *graph.Node { return x }), tensor.Shape{2, 6, 6}, nn.Options{Seed: 4})
	if err != nil {
		t.Fatal(err)
	}
	images := tensor.New(8, 2, 6, 6)
	for i := range images.Data() {
		images.Data()[i] = float32(i%13) / 13
	}
	labels := tensor.Must(tensor.FromSlice([]float32{0, 1, 2, 0, 1, 2, 0, 1}, 8))
	before := model.Buffers()[0].Value.Clone()
	lossOf := func(device engine.Device) float64 {
		trace, err := model.Trace(8, nn.Train)
		if err != nil {
			t.Fatal(err)
		}
		defer restore(model.Buffers())()
		target := trace.Graph.Input("target", 8)
		feeds := engine.Feeds{trace.Input: images, target: labels}
		trace.FeedStep(feeds, 7)
		out, err := engine.Run(device, feeds, nn.CrossEntropyLoss(trace.Output, target))
		if err != nil {
			t.Fatal(err)
		}
		return float64(out[0].Data()[0])
	}
	for _, device := range []engine.Device{reference.New(), cpu.New(cpu.Options{Threads: 2})} {
		probe, err := NewGradientProbe(model, device, nil, 8, tensor.Shape{8})
		if err != nil {
			t.Fatal(err)
		}
		gradients, err := probe.Run(images, labels, 7)
		if err != nil || len(gradients) != len(model.Parameters()) {
			t.Fatalf("%d gradients, %v", len(gradients), err)
		}
		for i, p := range model.Parameters() {
			if !gradients[i].Shape().Equal(p.Value.Shape()) {
				t.Errorf("%s: gradient of shape %v", p.Name, gradients[i].Shape())
			}
		}
		if !model.Buffers()[0].Value.Equal(before) {
			t.Errorf("%s: the running statistics changed", device.Name())
		}
		// The last bias: no kink of a ReLU is near.
		params := model.Parameters()
		bias, slope := params[len(params)-1], gradients[len(params)-1].Data()
		for i, g := range slope {
			const h = 1.0 / 64
			at := bias.Value.Data()[i]
			bias.Value.Data()[i] = at + h
			bias.Changed()
			up := lossOf(device)
			bias.Value.Data()[i] = at - h
			bias.Changed()
			down := lossOf(device)
			bias.Value.Data()[i] = at
			bias.Changed()
			if difference := (up - down) / (2 * h); difference-float64(g) > 1e-3 || float64(g)-difference > 1e-3 || g == 0 {
				t.Errorf("%s: the derivative of bias %d is %v, the difference quotient %v", device.Name(), i, g, difference)
			}
		}
		if err := probe.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := NewGradientProbe(model, nil, func(_, _ *graph.Node) *graph.Node { return nil }, 8, tensor.Shape{8}); err == nil {
		t.Error("no loss is no error")
	}
}

// A counter sees the weights as they are.
func TestDeadCounter(t *testing.T) {
	model, err := nn.New(nn.Sequential(nn.Flatten(), nn.Linear(2), nn.ReLU()), tensor.Shape{1, 1, 1}, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := model.Parameters()
	counter, err := NewDeadCounter(model, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	for dead, bias := range [][]float32{{1, 1}, {1, -1}, {-1, -1}} {
		clear(p[0].Value.Data())
		copy(p[1].Value.Data(), bias)
		p[0].Changed()
		p[1].Changed()
		shares, err := counter.Count(tensor.New(1, 1, 1, 1))
		if err != nil || len(shares) != 1 || shares[0].Dead != dead || shares[0].Units != 2 {
			t.Errorf("%v, %v, want %d dead", shares, err, dead)
		}
	}
	if err := counter.Close(); err != nil {
		t.Error(err)
	}
}
