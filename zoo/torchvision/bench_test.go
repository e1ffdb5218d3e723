package torchvision

import (
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
)

// BenchmarkInfer times the networks at 224×224, batch 1.
func BenchmarkInfer(b *testing.B) {
	for _, name := range []string{"alexnet", "resnet18", "resnet50", "densenet121", "googlenet", "squeezenet1_1", "mobilenet_v2", "convnext_tiny"} {
		b.Run(name, func(b *testing.B) { benchmark(b, name, 224, 1, false) })
	}
}

// BenchmarkTrain times a forward and a backward pass at 96×96, batch 8.
func BenchmarkTrain(b *testing.B) {
	for _, name := range []string{"resnet18", "mobilenet_v2"} {
		b.Run(name, func(b *testing.B) { benchmark(b, name, 96, 8, true) })
	}
}

func benchmark(b *testing.B, name string, size, batch int, train bool) {
	spec, err := zoo.Get("torchvision/" + name)
	if err != nil {
		b.Fatal(err)
	}
	m, err := nn.New(spec.New(1000), tensor.Shape{3, size, size}, nn.Options{Init: nn.HeNormal()})
	if err != nil {
		b.Fatal(err)
	}
	mode := nn.Eval
	if train {
		mode = nn.Train
	}
	trace, err := m.Trace(batch, mode)
	if err != nil {
		b.Fatal(err)
	}
	outputs := []*graph.Node{trace.Output}
	if train {
		loss := graph.Mean(graph.CrossEntropy(trace.Output, trace.Graph.Constant(tensor.New(batch))))
		var parameters []*graph.Node
		for _, p := range m.Parameters() {
			parameters = append(parameters, trace.Graph.Variable(p))
		}
		for i, g := range graph.Gradients(loss, parameters...) {
			trace.Graph.Assign(parameters[i], graph.Sub(parameters[i], graph.Mul(g, trace.Graph.Scalar(1e-6))))
		}
		outputs = []*graph.Node{loss}
	}
	program, err := device.Compile(trace.Graph, outputs...)
	if err != nil {
		b.Fatal(err)
	}
	defer program.Close()
	feeds := engine.Feeds{trace.Input: tensor.New(batch, 3, size, size)}
	fill("image", feeds[trace.Input])
	trace.FeedStep(feeds, 0)
	results := []*tensor.Tensor{tensor.New(outputs[0].Shape()...)}
	if err := program.Run(feeds, results); err != nil { // packs the weights
		b.Fatal(err)
	}
	for b.Loop() {
		if err := program.Run(feeds, results); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(batch*b.N)/b.Elapsed().Seconds(), "images/s")
}
