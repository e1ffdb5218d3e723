package torchvision

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
)

// TestTransformersNames compares names and shapes with those of Hugging Face's
// transformers, and recognises the library by them.
func TestTransformersNames(t *testing.T) {
	b, err := os.ReadFile("testdata/transformers.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden map[string]stateList
	if err := json.Unmarshal(b, &golden); err != nil {
		t.Fatal(err)
	}
	for name := range transformersNames {
		if golden[name] == nil {
			t.Errorf("there are no golden names of %s", name)
		}
	}
	for name, state := range golden {
		spec, err := zoo.Get("torchvision/" + name)
		if err != nil {
			t.Fatal(err)
		}
		network, err := nn.StateShapes(spec.New(5), spec.Input)
		if err != nil {
			t.Fatal(err)
		}
		naming := transformersNames[name][0]
		theirs := map[string]tensor.Shape{}
		for own, shape := range network {
			own, shape = naming.Tensor(own, shape)
			theirs[own] = shape
		}
		var entries []tensor.Named
		for _, s := range state {
			if !theirs[s.name].Equal(s.shape) {
				t.Errorf("%s: %s is %v, transformers has %v", name, s.name, theirs[s.name], s.shape)
			}
			entries = append(entries, tensor.Named{Name: "model." + s.name, Tensor: tensor.New(s.shape...)})
			if path, ok := strings.CutSuffix(s.name, "running_var"); ok {
				entries = append(entries, tensor.Named{Name: "model." + path + "num_batches_tracked", Tensor: tensor.Scalar(5)})
			}
		}
		if len(theirs) != len(state) {
			t.Errorf("%s: %d tensors, transformers has %d", name, len(theirs), len(state))
		}
		imported, found, prefix := spec.Import(entries, network)
		if found.Library != "transformers" || found.Differs != naming.Differs || prefix != "model." {
			t.Errorf("%s: recognised as %q, prefix %q", name, found.Library, prefix)
		}
		for _, e := range imported {
			path, isCount := strings.CutSuffix(e.Name, "num_batches_tracked")
			if isCount && network[path+"running_mean"] == nil || !isCount && !network[e.Name].Equal(e.Tensor.Shape()) {
				t.Fatalf("%s: %s of shape %v is not the network's", name, e.Name, e.Tensor.Shape())
			}
		}
		// And back.
		own := slices.DeleteFunc(imported, func(e tensor.Named) bool { return strings.HasSuffix(e.Name, "num_batches_tracked") })
		exported, err := found.Export(own)
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range exported {
			if e.Name != state[i].name || !e.Tensor.Shape().Equal(state[i].shape) {
				t.Errorf("%s: exported as %s %v, want %s", name, e.Name, e.Tensor.Shape(), state[i].name)
			}
		}
	}
}
