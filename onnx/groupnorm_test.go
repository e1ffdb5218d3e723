package onnx_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

// TestFindsGroupNorm reads group normalizations as PyTorch's TorchScript exporter writes them:
// five nodes around an InstanceNormalization.
func TestFindsGroupNorm(t *testing.T) {
	data, err := os.ReadFile("testdata/exports/group_norm.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Output, Input []float32
		Parameters    [][]float32
	}
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"exports/group_norm", "exports/group_norm_unfolded"} {
		t.Run(name, func(t *testing.T) {
			_, m := load(t, name)
			defer m.Close()
			trace, err := m.Trace(2, nn.Train)
			if err != nil {
				t.Fatal(err)
			}
			kinds := map[string]int{}
			for _, n := range trace.Graph.Nodes() {
				kinds[n.Op().Kind()]++
			}
			if kinds["GroupNorm"] != 3 || kinds["Mul"] != 0 || kinds["Add"] != 1 { // the bias of the last layer
				t.Errorf("the graph has %v", kinds)
			}
			params := m.Parameters()
			if len(params) != len(golden.Parameters) {
				t.Fatalf("%d parameters, want %d", len(params), len(golden.Parameters))
			}
			nodes := []*graph.Node{trace.Input}
			for _, p := range params {
				nodes = append(nodes, trace.Graph.Variable(p))
			}
			weights := trace.Graph.Constant(numbers(trace.Output.Shape()...))
			grads := graph.Gradients(graph.Sum(graph.Mul(trace.Output, weights), 0, 1), nodes...)
			got, err := engine.Run(reference.New(), engine.Feeds{trace.Input: numbers(2, 3, 9, 8)}, append(grads, trace.Output)...)
			if err != nil {
				t.Fatal(err)
			}
			check := func(what string, got *tensor.Tensor, want []float32) {
				t.Helper()
				if w := tensor.Must(tensor.FromSlice(want, got.Shape()...)); !got.AllClose(w, 1e-4, 1e-5) {
					t.Errorf("%s: got %v, want %v", what, got, w)
				}
			}
			check("output", got[len(got)-1], golden.Output)
			check("input", got[0], golden.Input)
			for i, want := range golden.Parameters {
				check(params[i].Name, got[1+i], want)
			}
			if strings.HasSuffix(name, "unfolded") && m.State()[1].Name != "1.weight" {
				t.Errorf("the scale is %s, want 1.weight", m.State()[1].Name)
			}
		})
	}
}
