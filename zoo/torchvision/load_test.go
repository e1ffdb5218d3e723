package torchvision

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/strideml/stride/modelfile"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
)

// write makes a file with torchvision's names and the formula's values, like
// one converted from torchvision's weights.
func write(t *testing.T, state []stateEntry) string {
	t.Helper()
	f := &safetensors.File{}
	for _, s := range state {
		x := tensor.New(s.shape...)
		fill(s.name, x)
		f.Entries = append(f.Entries, safetensors.Entry{Name: s.name, Tensor: x})
		if path, ok := strings.CutSuffix(s.name, "running_var"); ok {
			f.Entries = append(f.Entries, safetensors.Entry{Name: path + "num_batches_tracked", Tensor: tensor.Scalar(5)})
		}
	}
	path := filepath.Join(t.TempDir(), "weights.safetensors")
	if err := f.Save(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func specModel(t *testing.T, name string, classes int) *nn.Model {
	t.Helper()
	spec, err := zoo.Get("torchvision/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return newModel(t, spec.New(classes), 64)
}

func TestLoad(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func([]stateEntry) []stateEntry
	}{
		{"resnet18", nil},
		{"mobilenet_v2", nil},
		{"squeezenet1_1", nil},
		{"googlenet", func(s []stateEntry) []stateEntry {
			return append(s, stateEntry{"aux1.conv.bn.weight", tensor.Shape{128}}, stateEntry{"aux2.fc2.bias", tensor.Shape{1000}})
		}},
		{"densenet121", func(s []stateEntry) []stateEntry { // the names of the first release
			last := regexp.MustCompile(`(denselayer\d+\.)(norm|conv)(\d)\.`)
			for i := range s {
				s[i].name = last.ReplaceAllString(s[i].name, "$1$2.$3.")
			}
			return s
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := readGolden(t, test.name)
			if test.change != nil {
				g.State = test.change(g.State)
			}
			m := specModel(t, test.name, 1000)
			if err := modelfile.Load(m, write(t, g.State)); err != nil {
				t.Fatal(err)
			}
			for i, e := range m.State() {
				want := tensor.New(e.Tensor.Shape()...)
				fill(g.State[i].name, want)
				if !e.Tensor.Equal(want) {
					t.Fatalf("%s has not been loaded", e.Name)
				}
			}
		})
	}
}

func TestLoadErrors(t *testing.T) {
	state := readGolden(t, "squeezenet1_1").State
	path := write(t, state)
	for _, test := range []struct {
		name    string
		classes int
		want    string
	}{
		{"squeezenet1_1", 10, "wrong shape: classifier.1.bias is 1000, want 10, classifier.1.weight is 1000×512×1×1, want 10×512×1×1 " +
			"(only classifier.1 differs: the weights are for 1000 classes, the network has 10; a network made with 1000 classes can load them)"},
		{"resnet18", 1000, "missing: bn1.bias, bn1.running_mean, bn1.running_var, bn1.weight, conv1.weight, fc.bias and "},
		{"resnet18", 1000, "; unexpected: classifier.1.bias, "},
	} {
		err := modelfile.Load(specModel(t, test.name, test.classes), path)
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "load model: "+path) {
			t.Errorf("%s with %d classes: error %v, want %s", test.name, test.classes, err, test.want)
		}
	}
	if _, err := nn.New(VGG(12, false, 10), tensor.Shape{3, 32, 32}, nn.Options{}); err == nil || !strings.Contains(err.Error(), "depth must be 11, 13, 16 or 19, got 12") {
		t.Errorf("error %v", err)
	}
}

// The smallest images that the documentation names work, one pixel less does
// not.
func TestSmallestInput(t *testing.T) {
	for _, test := range []struct {
		name string
		size int
	}{{"alexnet", 63}, {"squeezenet1_1", 17}} {
		spec, err := zoo.Get("torchvision/" + test.name)
		if err != nil {
			t.Fatal(err)
		}
		for _, size := range []int{test.size, test.size - 1} {
			_, err := nn.New(spec.New(2), tensor.Shape{3, size, size}, nn.Options{Init: nn.Constant(0)})
			if (err == nil) != (size == test.size) {
				t.Errorf("%s at %d: error %v", test.name, size, err)
			}
		}
	}
	if _, err := nn.New(vgg(11, false, 2, 8), tensor.Shape{3, 31, 32}, nn.Options{}); err == nil {
		t.Error("VGG-11 takes images of 31×32")
	}
	for _, net := range []nn.Layer{vgg(11, false, 2, 8), GoogLeNet(2)} {
		size := 32
		if _, ok := net.(*googlenet); ok {
			size = 15
		}
		if _, err := nn.New(net, tensor.Shape{3, size, size}, nn.Options{}); err != nil {
			t.Error(err)
		}
	}
}
