package train_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
)

func edit(t *testing.T, path, from, to string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), from) {
		t.Fatalf("%s does not contain %q:\n%s", path, from, b)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(b), from, to, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Each damage to a run folder gives an error that names it, and the folder
// stays as it is.
func TestResumeRefuses(t *testing.T) {
	whole := finished(t)
	remove := func(name string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	truncate := func(name string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			if err := os.Truncate(filepath.Join(dir, name), 20); err != nil {
				t.Fatal(err)
			}
		}
	}
	replace := func(name, from, to string) func(*testing.T, string) {
		return func(t *testing.T, dir string) { edit(t, filepath.Join(dir, name), from, to) }
	}
	for _, c := range []struct {
		name   string
		damage func(*testing.T, string)
		change func(*train.Config)
		want   string
	}{
		{"no folder", func(t *testing.T, dir string) { os.RemoveAll(dir) }, nil, "there is no such folder"},
		{"no config", remove("config.json"), nil, "config.json is missing"},
		{"truncated config", truncate("config.json"), nil, "config.json is damaged"},
		{"config of another time", replace("config.json", `"version": 1`, `"version": 9`), nil, "format version is 9"},
		{"absurd config", replace("config.json", `"batch_size": 8`, `"batch_size": -8`), nil, "config.json is damaged: 4 epochs in batches of -8"},
		{"no state", remove("state.json"), nil, "state.json is missing, although the run has got as far as writing model.safetensors"},
		{"truncated state", truncate("state.json"), nil, "state.json is damaged"},
		{"state that cannot be", replace("state.json", `"step": 16`, `"step": 17`), nil, "do not fit together"},
		{"state with too few rows", replace("state.json", `"epoch": 4`, `"epoch": 3`), nil, "do not fit together"},
		{"state that points outside", replace("state.json", `"file": "model.safetensors"`, `"file": "../../model.safetensors"`), nil, "cannot be the name of a checkpoint"},
		{"no weights", remove("model.safetensors"), nil, "model.safetensors is missing"},
		{"truncated weights", truncate("model.safetensors"), nil, "is damaged: its SHA-256"},
		{"other weights", replace("model.safetensors", "bars", "cars"), nil, "is damaged: its SHA-256"},
		{"no optimizer state", remove("optimizer-16.safetensors"), nil, "optimizer-16.safetensors is missing"},
		{"batch size", nil, func(c *train.Config) { c.BatchSize = 4 }, "started with batch size 8, not 4"},
		{"rate", nil, func(c *train.Config) { c.LearningRate = .1 }, "started with learning rate 0.2, not 0.1"},
		{"seed", nil, func(c *train.Config) { c.Seed = 8 }, "started with seed 7, not 8"},
		{"optimizer", nil, func(c *train.Config) { c.Optimizer = optim.SGD{} }, "started with optimizer sgd, momentum 0.9, not sgd"},
		{"network", nil, func(c *train.Config) { c.Net = "huge" }, "started with network tiny, not huge"},
		{"dataset", nil, func(c *train.Config) { c.Data = "blobs" }, "started with dataset bars, not blobs"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "run")
			copyDir(t, dir, whole)
			if c.damage != nil {
				c.damage(t, dir)
			}
			config := settings(dir)
			config.Epochs, config.Resume = 5, true
			if c.change != nil {
				c.change(&config)
			}
			before := map[string]string{}
			if _, err := os.Stat(dir); err == nil {
				for _, name := range names(t, dir) {
					before[name] = hashOf(t, filepath.Join(dir, name))
				}
			}
			_, err := train.Fit(t.Context(), tiny(t, 3), bars(28), bars(10), config)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("got %v, want it to say %q", err, c.want)
			}
			for name, hash := range before {
				if hashOf(t, filepath.Join(dir, name)) != hash && name != "log.txt" {
					t.Errorf("%s was changed", name)
				}
			}
		})
	}
}

func TestResumeWithOtherData(t *testing.T) {
	dir := finished(t)
	config := settings(dir)
	config.Epochs, config.Resume = 5, true
	for _, c := range []struct {
		set  data.Dataset
		want string
	}{
		{bars(20), "started with number of training images 28, not 20"},
		{shifted{bars(28)}, "started with other training images"},
	} {
		if _, err := train.Fit(t.Context(), tiny(t, 3), c.set, bars(10), config); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want it to say %q", err, c.want)
		}
	}
}

type shifted struct{ *data.Images }

func (s shifted) Read(i int, pixels []float32) (int, error) {
	return s.Images.Read((i+3)%s.Len(), pixels)
}

func TestResumeWithAnotherNetwork(t *testing.T) {
	// As many parameters as tiny: the numbers of the layers differ.
	dir := finished(t)
	config := settings(dir)
	config.Epochs, config.Resume = 5, true
	net := nn.Sequential(
		nn.ReLU(), nn.Conv2D(2, 3), nn.BatchNorm(), nn.AvgPool2D(2),
		nn.Flatten(), nn.Dropout(.2), nn.Linear(3),
	)
	other, err := nn.New(net, tensor.Shape{1, 6, 6}, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = train.Fit(t.Context(), other, bars(28), bars(10), config)
	if err == nil || !strings.Contains(err.Error(), "model.safetensors") || !strings.Contains(err.Error(), "missing: 1.weight") && !strings.Contains(err.Error(), "2.running_mean") {
		t.Errorf("got %v", err)
	}
}

// A folder whose model is gone still has the checkpoint, and the other way
// round.
func TestLoadRun(t *testing.T) {
	lenet := func(t *testing.T) string { // an interrupted run of a network of the zoo
		dir := filepath.Join(t.TempDir(), "lenet")
		model, err := nn.New(nn.Sequential(nn.Flatten(), nn.Linear(3)), tensor.Shape{1, 6, 6}, nn.Options{})
		if err != nil {
			t.Fatal(err)
		}
		config := settings(dir)
		config.Net, config.Epochs, config.Optimizer = "lenet", 1, nil
		if _, err := train.Fit(t.Context(), model, bars(6), nil, config); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	dir := lenet(t)
	if _, err := train.LoadRun(dir); err == nil || !strings.Contains(err.Error(), "lenet") {
		// 6×6 is too small for LeNet: the error must name the layer.
		t.Errorf("got %v", err)
	}
	if _, err := train.LoadRun(finished(t)); err == nil || !strings.Contains(err.Error(), `unknown network "tiny"`) {
		t.Errorf("got %v", err)
	}
	if _, err := train.LoadRun(t.TempDir()); !errors.Is(err, train.ErrNoRun) {
		t.Errorf("got %v", err)
	}
	if _, err := train.LoadRun(filepath.Join(dir, "log.txt")); !errors.Is(err, train.ErrNoRun) {
		t.Errorf("got %v", err)
	}
}

func TestLoadModel(t *testing.T) {
	dir := t.TempDir()
	save := func(name string, metadata map[string]string, shape ...int) string {
		path := filepath.Join(dir, name)
		f := safetensors.File{Metadata: metadata, Entries: []safetensors.Entry{{Name: "0.weight", Tensor: tensor.New(shape...)}}}
		if err := f.Save(path); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct {
		name, net, want string
		metadata        map[string]string
	}{
		{"nameless", "", "does not say which network", nil},
		{"unknown", "", `unknown network "skynet"`, map[string]string{"net": "skynet"}},
		{"other network", "lenet", "missing: ", nil},
		{"bad input", "lenet", "input shape", map[string]string{"input": "[1,999999,28]"}},
		{"bad input type", "lenet", "input shape", map[string]string{"input": "big"}},
		{"bad classes", "lenet", "class names", map[string]string{"classes": "{"}},
		{"absurd classes", "lenet", "names 3 classes", map[string]string{"classes": `["a","b","c"]`}},
	} {
		if _, err := train.LoadModel(save(c.name, c.metadata, 6, 1, 5, 5), c.net); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: got %v, want it to say %q", c.name, err, c.want)
		}
	}
	if _, err := train.LoadModel(filepath.Join(dir, "none"), ""); err == nil {
		t.Error("a missing file was loaded")
	}
}

func TestEvaluate(t *testing.T) {
	model := tiny(t, 3)
	if _, err := train.Fit(t.Context(), model, bars(28), nil, settings("")); err != nil {
		t.Fatal(err)
	}
	set := bars(11)
	whole, err := train.Evaluate(t.Context(), model, set, train.EvalConfig{Device: reference.New()})
	if err != nil {
		t.Fatal(err)
	}
	parts, err := train.Evaluate(t.Context(), model, set, train.EvalConfig{Device: reference.New(), BatchSize: 4})
	if err != nil {
		t.Fatal(err)
	}
	if whole.Images != 11 || whole.Accuracy != whole.Confusion.Accuracy() || whole.Confusion.Total() != 11 || whole.Accuracy < .9 {
		t.Errorf("%+v", whole)
	}
	if whole.Loss != parts.Loss || whole.Confusion.String() != parts.Confusion.String() {
		t.Errorf("the batch size changes the result: %v, %v", whole.Loss, parts.Loss)
	}
	if _, err := train.Evaluate(t.Context(), model, set, train.EvalConfig{BatchSize: -1}); err == nil {
		t.Error("batch size -1 was taken")
	}
}
