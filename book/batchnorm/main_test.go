package main

import (
	"strings"
	"testing"

	"github.com/strideml/stride/book/internal/chapter/chaptertest"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
)

func TestChapter(t *testing.T) {
	outputs := chaptertest.Check(t, page)
	if !strings.HasSuffix(outputs["lenet"], "\n44878 parameters\n") { // as in Dive into Deep Learning
		t.Error(outputs["lenet"])
	}
}

// The networks of the text are that of package zoo: the same names (but for those of the
// layer from scratch), and from the same values the same outputs in both modes.
func TestNetworksAreTheZoos(t *testing.T) {
	spec, err := zoo.Get("lenet-bn")
	if err != nil {
		t.Fatal(err)
	}
	want, err := spec.Model(3)
	if err != nil {
		t.Fatal(err)
	}
	x := tensor.Rand(tensor.Seed(1), 5, 1, 28, 28)
	for name, net := range map[string]nn.Layer{"library": lenet(), "scratch": lenetScratch()} {
		got, err := nn.New(net, tensor.Shape{1, 28, 28}, nn.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var state []tensor.Named
		rename := strings.NewReplacer("running_mean", "moving_mean", "running_var", "moving_var")
		for i, e := range got.State() {
			from := want.State()[i]
			if name == "scratch" && len(e.Tensor.Shape()) > len(from.Tensor.Shape()) { // 1×C×1×1 for C
				last := map[string]string{"weight": "gamma", "bias": "beta"}
				path, own, _ := strings.Cut(from.Name, ".")
				if new, ok := last[own]; ok {
					own = new
				}
				from = tensor.Named{Name: path + "." + rename.Replace(own), Tensor: tensor.Must(from.Tensor.Reshape(e.Tensor.Shape()...))}
			}
			if from.Name != e.Name {
				t.Fatalf("%s: %s, want %s", name, e.Name, from.Name)
			}
			state = append(state, from)
		}
		if err := got.LoadState(state); err != nil {
			t.Fatal(err)
		}
		for _, run := range []func(*nn.Model, *tensor.Tensor) (*tensor.Tensor, error){
			func(m *nn.Model, x *tensor.Tensor) (*tensor.Tensor, error) { return m.Predict(nil, x) }, runInTraining,
		} {
			a, err := run(got, x)
			if err != nil {
				t.Fatal(err)
			}
			fresh, err := nn.New(want.Net(), want.Input(), nn.Options{}) // training moves its statistics
			if err == nil {
				err = fresh.LoadState(want.State())
			}
			if err != nil {
				t.Fatal(err)
			}
			b, err := run(fresh, x)
			if err != nil {
				t.Fatal(err)
			}
			if !a.AllClose(b, 1e-4, 1e-5) {
				t.Errorf("%s: outputs\n%v, want\n%v", name, a, b)
			}
		}
	}
}
