package modelfolder_test

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
)

func init() {
	zoo.Register(zoo.Spec{Name: "tiny-for-torch", Title: "tiny", Input: tensor.Shape{1, 8, 8}, Classes: 4, New: func(classes int) nn.Layer {
		return nn.Sequential(nn.Conv2D(2, 3), nn.GlobalAvgPool2D(), nn.Flatten(), nn.Linear(classes))
	}})
}

// A checkpoint of PyTorch is a model file, with the names of its classes.
func TestReadTorch(t *testing.T) {
	t.Parallel()
	const path = "testdata/tiny.pth"
	m, err := modelfolder.Load(path, modelfolder.Options{Net: "tiny-for-torch"})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(m.Classes, []string{"ant", "cat", "dog"}) || m.Prefix != "module." || m.WeightsFile != path || m.Library != "" {
		t.Errorf("classes %v, prefix %q, file %s, library %q", m.Classes, m.Prefix, m.WeightsFile, m.Library)
	}
	b, err := os.ReadFile("testdata/tiny.json")
	if err != nil {
		t.Fatal(err)
	}
	var want []float64
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	got, err := m.Net.Predict(nil, tensor.Must(tensor.Arange(0, 64, 1).Reshape(1, 1, 8, 8)).MulScalar(1./64))
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range got.Data() {
		if math.Abs(float64(v)-want[i]) > 1e-6 {
			t.Errorf("logit %d is %v, want %v", i, v, want[i])
		}
	}
	// The folder that timm writes with safe_serialization=False.
	dir := t.TempDir()
	b, err = os.ReadFile(path)
	if err == nil {
		err = errors.Join(os.WriteFile(filepath.Join(dir, "pytorch_model.bin"), b, 0o644), os.WriteFile(filepath.Join(dir, "config.json"),
			[]byte(`{"version": 1, "net": "tiny-for-torch"}`), 0o644))
	}
	if err != nil {
		t.Fatal(err)
	}
	in := load(t, dir, "")
	sameState(t, in.Net, m.Net)
	if filepath.Base(in.WeightsFile) != "pytorch_model.bin" || !slices.Equal(in.Classes, m.Classes) {
		t.Errorf("%s, %v", in.WeightsFile, in.Classes)
	}
}

// A model file that does not name its network is recognised by its tensors, and so is one
// that is loaded into another network.
func TestRecognized(t *testing.T) {
	t.Parallel()
	spec, err := zoo.Get("torchvision/resnet18")
	if err != nil {
		t.Fatal(err)
	}
	net, err := nn.New(spec.New(3), spec.Input, nn.Options{Init: nn.Constant(1)})
	if err != nil {
		t.Fatal(err)
	}
	state, err := spec.Names[0].Export(net.State()) // of transformers
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "m.safetensors")
	if err := (&safetensors.File{Entries: state}).Save(path); err != nil {
		t.Fatal(err)
	}
	const hint = "(these are the weights of torchvision/resnet18)"
	_, err = modelfolder.Load(path, modelfolder.Options{})
	if !errors.Is(err, modelfolder.ErrNoNet) || !strings.HasSuffix(err.Error(), hint) {
		t.Errorf("error %v", err)
	}
	if _, err = modelfolder.Load(path, modelfolder.Options{Net: "torchvision/resnet34"}); err == nil || !strings.HasSuffix(err.Error(), hint) {
		t.Errorf("error %v", err)
	}
	m, err := modelfolder.Load(path, modelfolder.Options{Net: "torchvision/resnet18"})
	if err != nil {
		t.Fatal(err)
	}
	sameState(t, m.Net, net)
	if m.Library != "transformers" || len(m.Classes) != 3 {
		t.Errorf("library %q, classes %v", m.Library, m.Classes)
	}
}
