package torchvision

import (
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

// A training step of MobileNetV2, depthwise convolutions included, gives the
// same bits whatever the number of threads is.
func TestThreads(t *testing.T) {
	g := readGolden(t, "mobilenet_v2")
	m := formulaModel(t, "mobilenet_v2", g, 40)
	images := tensor.New(3, 3, 40, 40)
	fill("image", images)
	var first []*tensor.Tensor
	for _, threads := range []int{1, 2, 3} {
		trace, err := m.Trace(3, nn.Eval)
		if err != nil {
			t.Fatal(err)
		}
		loss := graph.Mean(graph.CrossEntropy(trace.Output, trace.Graph.Constant(tensor.Full(7, 3))))
		var wrt []*graph.Node
		for _, p := range m.Parameters() {
			wrt = append(wrt, trace.Graph.Variable(p))
		}
		d := cpu.New(cpu.Options{Threads: threads})
		got, err := engine.Run(d, engine.Feeds{trace.Input: images}, append([]*graph.Node{loss}, graph.Gradients(loss, wrt...)...)...)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = got
			continue
		}
		for i, x := range got {
			if !x.Equal(first[i]) {
				t.Fatalf("result %d differs between 1 and %d threads", i, threads)
			}
		}
	}
}
