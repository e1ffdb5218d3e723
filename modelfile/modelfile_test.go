package modelfile_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strideml/stride/modelfile"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/tensor"
)

func model(t *testing.T, outputs int, seed uint64) *nn.Model {
	t.Helper()
	m, err := nn.New(nn.Sequential(nn.Linear(outputs), nn.BatchNorm()), tensor.Shape{5}, nn.Options{Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// same reports whether two models have the same state.
func same(a, b *nn.Model) bool {
	for i, e := range a.State() {
		if !e.Tensor.Equal(b.State()[i].Tensor) {
			return false
		}
	}
	return true
}

func TestSaveAndLoad(t *testing.T) {
	from := model(t, 3, 1)
	for _, name := range []string{"a.safetensors", "B.SafeTensors"} {
		path := filepath.Join(t.TempDir(), name)
		if err := modelfile.Save(from, path); err != nil {
			t.Fatal(err)
		}
		to := model(t, 3, 2)
		if same(from, to) {
			t.Fatal("two seeds give the same model")
		}
		version := to.Parameters()[0].Version()
		if err := modelfile.Load(to, path); err != nil {
			t.Fatal(err)
		}
		if !same(from, to) || to.Parameters()[0].Version() == version {
			t.Errorf("%s: the values were not loaded", name)
		}
	}
}

// renamed saves the state of m with a prefix before each name.
func renamed(t *testing.T, m *nn.Model, prefix string) string {
	t.Helper()
	var f safetensors.File
	for _, e := range m.State() {
		e.Name = prefix + e.Name
		f.Entries = append(f.Entries, e)
	}
	path := filepath.Join(t.TempDir(), "m.safetensors")
	if err := f.Save(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// Wrappers of PyTorch's modules put words before all names.
func TestLoadUnwrapped(t *testing.T) {
	from := model(t, 3, 1)
	for _, prefix := range []string{"", "module.", "model.", "backbone.", "_orig_mod.", "_orig_mod.module.", "state_dict.net."} {
		path := renamed(t, from, prefix)
		to := model(t, 3, 2)
		got, err := modelfile.LoadUnwrapped(to, path)
		if err != nil || got != prefix || !same(from, to) {
			t.Errorf("%s: prefix %q, error %v, loaded %v", prefix, got, err, same(from, to))
		}
		if err := modelfile.Load(model(t, 3, 2), path); err != nil {
			t.Error(err)
		}
	}
	if err := modelfile.Load(model(t, 4, 2), renamed(t, from, "module.")); err == nil || !strings.Contains(err.Error(), "wrong shape: 0.bias is 3, want 4") {
		t.Errorf("got %v", err)
	}
}

func TestLoadNotFinite(t *testing.T) {
	bad, to := model(t, 3, 1), model(t, 3, 2)
	bad.State()[1].Tensor.Data()[2] = float32(math.NaN())
	bad.State()[5].Tensor.Data()[0] = float32(math.Inf(1))
	before := to.State()[0].Tensor.Clone()
	path := renamed(t, bad, "")
	err := modelfile.Load(to, path)
	if err == nil || !strings.Contains(err.Error(), path+": the weights are damaged: tensor 0.bias has 1 NaN among 3 values, and another tensor has some") {
		t.Errorf("got %v", err)
	}
	if !to.State()[0].Tensor.Equal(before) {
		t.Error("a failed load changed the model")
	}
}

// What other tools read of a file: names as in PyTorch, and metadata.
func TestContent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.safetensors")
	if err := modelfile.Save(model(t, 3, 1), path); err != nil {
		t.Fatal(err)
	}
	f, err := safetensors.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range f.Entries {
		names = append(names, e.Name)
	}
	if got, want := strings.Join(names, " "), "0.weight 0.bias 1.weight 1.bias 1.running_mean 1.running_var"; got != want {
		t.Errorf("tensors %s, want %s", got, want)
	}
	if f.Metadata["format"] != "pt" {
		t.Errorf("metadata %v", f.Metadata)
	}
}

func TestErrors(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "m.safetensors")
	m := model(t, 3, 1)
	if err := modelfile.Save(m, path); err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(dir, "cut.safetensors")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cut, whole[:len(whole)-4], 0o666); err != nil {
		t.Fatal(err)
	}
	other := model(t, 4, 2)
	before := other.State()[0].Tensor.Clone()
	for name, test := range map[string]struct {
		err  error
		want []string
	}{
		"load another network":  {modelfile.Load(other, path), []string{"load model: " + path, "wrong shape: 0.bias is 3, want 4"}},
		"load a part":           {modelfile.Load(other, cut), []string{"load model: ", cut}},
		"load nothing":          {modelfile.Load(other, filepath.Join(dir, "none.safetensors")), []string{"load model: ", "none.safetensors"}},
		"load unknown format":   {modelfile.Load(other, "testdata/make_golden.py"), []string{"load model: ", "make_golden.py: header length is"}},
		"save unknown format":   {modelfile.Save(m, filepath.Join(dir, "x")), []string{"save model: ", "x: the name of a model file ends in .safetensors"}},
		"save without a folder": {modelfile.Save(m, filepath.Join(dir, "no", "x.safetensors")), []string{"save model: ", filepath.Join(dir, "no")}},
	} {
		for _, want := range test.want {
			if test.err == nil || !strings.Contains(test.err.Error(), want) {
				t.Errorf("%s: error %v, want %q", name, test.err, want)
			}
		}
	}
	if !other.State()[0].Tensor.Equal(before) {
		t.Error("a failed load changed the model")
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 2 {
		t.Errorf("the folder holds %v (%v): a failed save left something behind", files, err)
	}
}

func Example() {
	network := func() nn.Layer { return nn.Sequential(nn.Flatten(), nn.Linear(10)) }
	trained, err := nn.New(network(), tensor.Shape{1, 28, 28}, nn.Options{Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	dir, err := os.MkdirTemp("", "stride")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "linear.safetensors")
	if err := modelfile.Save(trained, path); err != nil {
		fmt.Println(err)
		return
	}

	// Later, or in another program.
	model, err := nn.New(network(), tensor.Shape{1, 28, 28}, nn.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := modelfile.Load(model, path); err != nil {
		fmt.Println(err)
		return
	}
	for i, e := range model.State() {
		fmt.Println(e.Name, e.Tensor.Shape(), e.Tensor.Equal(trained.State()[i].Tensor))
	}
	// Output:
	// 1.weight 10×784 true
	// 1.bias 10 true
}
