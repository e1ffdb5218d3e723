package torchvision

import (
	"image"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/strideml/stride/data/preprocess"
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
	return newModel(t, spec.New(classes), 75)
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
		{"shufflenet_v2_x0_5", nil},
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

// Weights of Inception's auxiliary classifier are ignored.
func TestInceptionNames(t *testing.T) {
	namer := InceptionV3(10).(nn.StateNamer)
	for name, want := range map[string]string{"AuxLogits.conv0.bn.weight": "", "AuxLogits.fc.bias": "", "Mixed_5b.x": "Mixed_5b.x"} {
		if got := namer.StateName(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
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
	for _, test := range []struct {
		net  nn.Layer
		want string
	}{
		{VGG(12, false, 10), "depth must be 11, 13, 16 or 19, got 12"},
		{ShuffleNetV2(3, 10), "width must be 0.5, 1, 1.5 or 2, got 3"},
		{MNASNet(0, 10), "width must be above 0, got 0"},
		{EfficientNet(5, 10), "the number must be 0 to 4, got 5"},
		{EfficientNet(-1, 10), "the number must be 0 to 4, got -1"},
		{RegNet("y_400gf", 10), `the variant must be one of x_1_6gf, x_3_2gf, x_400mf, x_800mf, y_1_6gf, y_3_2gf, y_400mf, y_800mf, got "y_400gf"`},
	} {
		if _, err := nn.New(test.net, tensor.Shape{3, 32, 32}, nn.Options{}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("error %v, want %s", err, test.want)
		}
	}
}

// What stands before the slash may be left out in the name that a message asks about.
func TestSimilarNames(t *testing.T) {
	for name, want := range map[string]string{
		"squeezenet1_0": "torchvision/squeezenet1_0", "EfficientNet_B0": "torchvision/efficientnet_b0", "convnext-tiny": "torchvision/convnext_tiny",
		"torchvision/resnet19": "torchvision/resnet18", "transformer": "", "": "",
	} {
		if got := zoo.Similar(name); got != want {
			t.Errorf("%q is like %q, want %q", name, got, want)
		}
	}
	if _, err := zoo.Get("mnasnet1_0"); err == nil || !strings.Contains(err.Error(), `did you mean "torchvision/mnasnet1_0"?`) {
		t.Error(err)
	}
}

// Pictures are resized and cut as torchvision does for its first weights.
func TestPreprocessing(t *testing.T) {
	for name, want := range map[string]struct {
		resize, size  int
		interpolation preprocess.Interpolation
		mean          float32
	}{
		"resnet18": {256, 224, preprocess.Bilinear, 0.485}, "googlenet": {256, 224, preprocess.Bilinear, 0.5},
		"inception_v3": {342, 299, preprocess.Bilinear, 0.5}, "mobilenet_v3_large": {256, 224, preprocess.Bilinear, 0.485},
		"shufflenet_v2_x1_5": {232, 224, preprocess.Bilinear, 0.485}, "mnasnet1_3": {232, 224, preprocess.Bilinear, 0.485},
		"mnasnet1_0":      {256, 224, preprocess.Bilinear, 0.485},
		"efficientnet_b0": {256, 224, preprocess.Bicubic, 0.485}, "efficientnet_b1": {256, 240, preprocess.Bicubic, 0.485},
		"efficientnet_b2": {288, 288, preprocess.Bicubic, 0.485}, "efficientnet_b3": {320, 300, preprocess.Bicubic, 0.485},
		"efficientnet_b4": {384, 380, preprocess.Bicubic, 0.485}, "regnet_y_400mf": {256, 224, preprocess.Bilinear, 0.485},
		"convnext_tiny": {236, 224, preprocess.Bilinear, 0.485}, "convnext_small": {230, 224, preprocess.Bilinear, 0.485},
		"convnext_base": {232, 224, preprocess.Bilinear, 0.485},
	} {
		spec, err := zoo.Get("torchvision/" + name)
		if err != nil {
			t.Fatal(err)
		}
		c := spec.Preprocessing.WithDefaults()
		resized, err := c.Resize(image.NewGray(image.Rect(0, 0, 500, 500)))
		if err != nil {
			t.Fatal(err)
		}
		if resized.Height != want.resize || !c.InputSize.Equal(tensor.Shape{3, want.size, want.size}) || !spec.Input.Equal(c.InputSize) ||
			c.Interpolation != want.interpolation || c.Mean[0] != want.mean {
			t.Errorf("%s: resized to %d, %v, want %v", name, resized.Height, c, want)
		}
	}
}

// The smallest images that the documentation names work, one pixel less does
// not.
func TestSmallestInput(t *testing.T) {
	for _, test := range []struct {
		name string
		size int
	}{{"alexnet", 63}, {"squeezenet1_0", 21}, {"squeezenet1_1", 17}, {"inception_v3", 75}, {"convnext_tiny", 32}} {
		spec, err := zoo.Get("torchvision/" + test.name)
		if err != nil {
			t.Fatal(err)
		}
		for _, size := range []int{test.size, test.size - 1} {
			_, err := nn.StateShapes(spec.New(2), tensor.Shape{3, size, size})
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
