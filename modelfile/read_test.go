package modelfile_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/modelfile"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
	_ "github.com/strideml/stride/zoo/torchvision"
)

// countsUp reports whether the state of a model counts up from 0, as that of
// testdata/make_golden.py does.
func countsUp(m *nn.Model) bool {
	n := 0
	for _, e := range m.State() {
		for _, v := range e.Tensor.Data() {
			if v != float32(n) {
				return false
			}
			n++
		}
	}
	return true
}

// copyTo copies a file of testdata.
func copyTo(t *testing.T, name, path string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestLoadTorch loads what PyTorch has saved, whatever the file is called.
func TestLoadTorch(t *testing.T) {
	dir := t.TempDir()
	for _, test := range []struct{ path, prefix, key string }{
		{"testdata/checkpoint.pth", "module.", "state_dict"},
		{"testdata/legacy.bin", "", ""},
		{copyTo(t, "checkpoint.pth", filepath.Join(dir, "epoch3")), "module.", "state_dict"},
		{copyTo(t, "legacy.bin", filepath.Join(dir, "weights")), "", ""},
		{filepath.Dir(copyTo(t, "legacy.bin", filepath.Join(t.TempDir(), "pytorch_model.bin"))), "", ""},
	} {
		m := model(t, 3, 1)
		loaded, err := modelfile.LoadInto(m, test.path, modelfile.Options{})
		if err != nil || !countsUp(m) {
			t.Errorf("%s: loaded %v, error %v", test.path, countsUp(m), err)
		}
		if loaded.Prefix != test.prefix || loaded.Key != test.key || loaded.Library != "" || loaded.Head != "" || !strings.HasPrefix(loaded.Path, test.path) {
			t.Errorf("%s: %+v", test.path, loaded)
		}
	}
}

// TestReadFolder takes the best weights in a folder.
func TestReadFolder(t *testing.T) {
	dir := t.TempDir()
	if _, err := modelfile.Read(dir); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "there are no weights in "+dir) {
		t.Errorf("error %v", err)
	}
	from := model(t, 3, 1)
	if err := modelfile.Save(from, filepath.Join(dir, "part.safetensors")); err != nil {
		t.Fatal(err)
	}
	var weights []string
	for _, e := range from.State() {
		weights = append(weights, `"`+e.Name+`": "part.safetensors"`)
	}
	index := filepath.Join(dir, "model.safetensors.index.json")
	if err := os.WriteFile(index, []byte(`{"weight_map": {`+strings.Join(weights, ",")+`}}`), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, index} {
		to := model(t, 3, 2)
		loaded, err := modelfile.LoadInto(to, path, modelfile.Options{})
		if err != nil || !same(from, to) || loaded.Path != index {
			t.Errorf("%s: %+v, error %v", path, loaded, err)
		}
	}
	single := filepath.Join(dir, "model.safetensors")
	if err := modelfile.Save(model(t, 3, 3), single); err != nil {
		t.Fatal(err)
	}
	if w, err := modelfile.Read(dir); err != nil || w.Path != single || w.Metadata["format"] != "pt" {
		t.Errorf("%+v, error %v", w, err)
	}
}

// TestSafetensorsLikePickle reads a file whose header's length looks like a pickle.
func TestSafetensorsLikePickle(t *testing.T) {
	f := &safetensors.File{Entries: model(t, 3, 1).State(), Metadata: map[string]string{"x": ""}}
	path := filepath.Join(t.TempDir(), "weights")
	for length := range 1000 {
		f.Metadata["x"] = strings.Repeat("x", length)
		var b bytes.Buffer
		if err := f.Write(&b); err != nil {
			t.Fatal(err)
		}
		if start := b.Bytes(); start[0] == 0x80 && start[1] == 2 {
			if err := os.WriteFile(path, start, 0o644); err != nil {
				t.Fatal(err)
			}
			if _, err := modelfile.Read(path); err != nil {
				t.Error(err)
			}
			return
		}
	}
	t.Error("no header has 640 bytes")
}

// TestIgnoreHead leaves the last layer alone where only that differs.
func TestIgnoreHead(t *testing.T) {
	network := func(hidden, classes int, seed uint64) *nn.Model {
		m, err := nn.New(nn.Sequential(nn.Linear(hidden), nn.ReLU(), nn.Linear(classes)), tensor.Shape{5}, nn.Options{Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	save := func(m *nn.Model, without string) string {
		var f safetensors.File
		for _, e := range m.State() {
			if !strings.HasPrefix(e.Name, without) {
				f.Entries = append(f.Entries, e)
			}
		}
		path := filepath.Join(t.TempDir(), "m.safetensors")
		if err := f.Save(path); err != nil {
			t.Fatal(err)
		}
		return path
	}
	from := network(4, 7, 1)
	for _, test := range []struct {
		name, path, head string
		to               *nn.Model
		want             string
	}{
		{"another number of classes", save(from, "-"), "2", network(4, 3, 2), ""},
		{"no last layer", save(from, "2."), "2", network(4, 3, 2), ""},
		{"the same number", save(from, "-"), "", network(4, 7, 2), ""},
		{"another network", save(from, "-"), "", network(6, 3, 2), "wrong shape: 0.bias is 4, want 6"},
		{"another layer is missing", save(from, "0."), "", network(4, 3, 2), "missing: 0.bias, 0.weight"},
	} {
		before := slices.Clone(test.to.State()[2].Tensor.Data())
		loaded, err := modelfile.LoadInto(test.to, test.path, modelfile.Options{IgnoreHead: true})
		if test.want != "" {
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s: error %v, want %s", test.name, err, test.want)
			}
			continue
		}
		if err != nil || loaded.Head != test.head || !test.to.State()[0].Tensor.Equal(from.State()[0].Tensor) {
			t.Errorf("%s: %+v, error %v", test.name, loaded, err)
		}
		if kept := slices.Equal(test.to.State()[2].Tensor.Data(), before); kept != (test.head != "") {
			t.Errorf("%s: the last layer is as it was: %v", test.name, kept)
		}
		if test.head == "" {
			continue
		}
		if err := modelfile.Load(test.to, test.path); err == nil {
			t.Errorf("%s: it is loaded without IgnoreHead", test.name)
		}
	}
}

// TestOtherNames loads MobileNetV2 with the names of timm, and says what weights are of
// that do not fit.
func TestOtherNames(t *testing.T) {
	spec, err := zoo.Get("torchvision/mobilenet_v2")
	if err != nil {
		t.Fatal(err)
	}
	network := func(spec zoo.Spec, seed uint64) *nn.Model {
		m, err := nn.New(spec.New(2), spec.Input, nn.Options{Init: nn.Constant(float32(seed))})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	save := func(naming zoo.Naming, m *nn.Model) string {
		state, err := naming.Export(m.State())
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "m.safetensors")
		if err := (&safetensors.File{Entries: state}).Save(path); err != nil {
			t.Fatal(err)
		}
		return path
	}
	namings := spec.Namings()
	if len(namings) != 3 || namings[1].Library != "timm" || namings[2].Library != "transformers" {
		t.Fatalf("namings %v", namings)
	}
	from, to := network(spec, 1), network(spec, 2)
	path := save(namings[1], from)
	loaded, err := modelfile.LoadInto(to, path, modelfile.Options{Spec: &spec})
	if err != nil || loaded.Library != "timm" || !same(from, to) {
		t.Errorf("%+v, error %v", loaded, err)
	}
	if _, err := modelfile.LoadInto(to, save(namings[2], from), modelfile.Options{Spec: &spec}); err == nil || !strings.Contains(err.Error(), "transformers has for torchvision/mobilenet_v2, which pads as TensorFlow does") {
		t.Errorf("error %v", err)
	}
	resnet, err := zoo.Get("torchvision/resnet18")
	if err != nil {
		t.Fatal(err)
	}
	_, err = modelfile.LoadInto(network(resnet, 3), path, modelfile.Options{Spec: &resnet})
	if err == nil || !strings.Contains(err.Error(), "missing: ") || !strings.Contains(err.Error(), "unexpected: ") ||
		!strings.HasSuffix(err.Error(), "(these are the weights of torchvision/mobilenet_v2)") {
		t.Errorf("error %v", err)
	}
	// One block less than ResNet-34.
	deeper, err := zoo.Get("torchvision/resnet34")
	if err != nil {
		t.Fatal(err)
	}
	var part []tensor.Named
	for _, e := range network(deeper, 1).State() {
		if !strings.HasPrefix(e.Name, "layer3.5.") {
			part = append(part, e)
		}
	}
	if match, ok := zoo.Recognize(part); !ok || match.Complete() || match.String() != "of all networks torchvision/resnet34 is nearest: 172 of its 182 tensors are there, and 0 others" {
		t.Errorf("%v, %s", ok, match)
	}
	if match, ok := zoo.Recognize(part[:1]); ok {
		t.Errorf("one tensor is recognised as %s", match)
	}
}
