package onnx_test

import (
	"testing"

	"github.com/strideml/stride/nn"
)

// TestFindsLayerNorm reads layer normalizations that are written as several nodes, and nodes
// that only look like them.
func TestFindsLayerNorm(t *testing.T) {
	for name, want := range map[string]struct{ norms, parameters int }{
		"layer_norm_nodes":          {1, 2},
		"layer_norm_nodes18":        {1, 1},
		"layer_norm_nodes_channels": {1, 2},
		"layer_norm_nodes_scaled":   {1, 1},
		"layer_norm_nodes_used":     {0, 0},
		"layer_norm_nodes_other":    {0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			_, m := load(t, name)
			defer m.Close()
			trace, err := m.Trace(2, nn.Eval)
			if err != nil {
				t.Fatal(err)
			}
			norms := 0
			for _, n := range trace.Graph.Nodes() {
				if n.Op().Kind() == "LayerNorm" {
					norms++
				}
			}
			if norms != want.norms || len(m.Parameters()) != want.parameters {
				t.Errorf("%d layer normalizations with %d parameters, want %v:\n%v", norms, len(m.Parameters()), want, trace.Graph)
			}
		})
	}
}
