// Package servetest has what the tests of a server and of its protocols serve.
package servetest

import (
	"fmt"
	"testing"

	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/zoo"
)

// LeNet returns LeNet with random weights of a seed. Its ten classes have the given names, or "class 0"
// to "class 9" if there are none.
func LeNet(t testing.TB, seed uint64, classes ...string) *modelfolder.Model {
	t.Helper()
	spec, err := zoo.Get("lenet")
	if err != nil {
		t.Fatal(err)
	}
	net, err := nn.New(spec.New(10), spec.Input, nn.Options{Seed: seed, Init: spec.Init})
	if err != nil {
		t.Fatal(err)
	}
	if len(classes) == 0 {
		for i := range 10 {
			classes = append(classes, fmt.Sprintf("class %d", i))
		}
	}
	return &modelfolder.Model{Path: "lenet", Spec: spec, Net: net, Preprocessing: preprocess.Plain(spec.Input), Classes: classes}
}
