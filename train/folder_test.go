package train_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strideml/stride/data"
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

// files returns the hashes of a folder's files; none if there is no folder.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	list := map[string]string{}
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if !e.IsDir() {
			list[e.Name()] = hashOf(t, filepath.Join(dir, e.Name()))
		}
	}
	return list
}

// Each damage to a run folder gives an error that names it, and the folder
// stays as it is.
func TestResumeRefuses(t *testing.T) {
	t.Parallel()
	whole, _ := finished(t)
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
	write := func(name, text string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	folder := func(name string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			remove(name)(t, dir)
			if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
				t.Fatal(err)
			}
		}
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
		{"absurd config", replace("config.json", `"batch_size": 8`, `"batch_size": -8`), nil, "config.json is damaged: 4 epochs of 28 images in batches of -8"},
		{"config of no image", replace("config.json", `"train_images": 28`, `"train_images": 0`), nil, "4 epochs of 0 images"},
		{"config of a huge image", replace("config.json", "\n    6,", "\n    60000,"), nil, "config.json is damaged: input shape 1×60000×6"},
		{"config without classes", write("config.json", `{"version": 1, "input": [1, 6, 6]}`), nil, "config.json is damaged: 0 classes"},
		{"config with a text as number", replace("config.json", `"epochs": 4`, `"epochs": "4"`), nil, "config.json is damaged: json"},
		{"config that is no JSON", write("config.json", "epochs = 4"), nil, "config.json is damaged"},
		{"config with more behind it", write("config.json", "{} {}"), nil, "config.json is damaged"},
		{"null for config", write("config.json", "null"), nil, "format version is 0"},
		{"config is a folder", folder("config.json"), nil, "config.json"},
		{"no state", remove("state.json"), nil, "state.json is missing, although the run has written model.safetensors"},
		{"truncated state", truncate("state.json"), nil, "state.json is damaged"},
		{"state that cannot be", replace("state.json", `"step": 16`, `"step": 17`), nil, "do not fit together"},
		{"state with too few rows", replace("state.json", `"epoch": 4`, `"epoch": 3`), nil, "do not fit together"},
		{"null for state", write("state.json", "null"), nil, "state.json is damaged: format version is 0"},
		{"empty state", write("state.json", ""), nil, "state.json is damaged"},
		{"state of another time", replace("state.json", `"version": 1`, `"version": 2`), nil, "format version is 2"},
		{"state is a folder", folder("state.json"), nil, "state.json"},
		{"state with a negative epoch", replace("state.json", `"epoch": 4`, `"epoch": -4`), nil, "do not fit together"},
		{"state with an impossible batch", replace("state.json", `"batch": 0`, `"batch": 5`), nil, "do not fit together"},
		{"state with rows missing", replace("state.json", `"epochs": [`, `"epochs": [], "old": [`), nil, "4 epochs are done, but there are rows for 0"},
		{"state with rows in disorder", replace("state.json", `"epoch": 1,`, `"epoch": 3,`), nil, "the row of epoch 1 says that it is of epoch 3"},
		{"state with images too many", replace("state.json", `"images": 0`, `"images": 8`), nil, "8 images in 0 batches of 8"},
		{"state with a negative count", replace("state.json", `"correct": 0`, `"correct": -1`), nil, "out of range"},
		{"state with a number too large", replace("state.json", `"loss": 0`, `"loss": 1e999`), nil, "state.json is damaged"},
		{"state without weights", replace("state.json", `"file": "model.safetensors"`, `"file": ""`), nil, "cannot be the name of a checkpoint"},
		{"state with another file as weights", replace("state.json", `"file": "model.safetensors"`, `"file": "log.txt"`), nil, "cannot be the name of a checkpoint"},
		{"state with another hash", replace("state.json", `"sha256": "`, `"sha256": "00`), nil, "is damaged: its SHA-256"},
		{"state without optimizer", replace("state.json", `"optimizer": {`, `"old": {`), nil, "names no state of the optimizer, which has 6 tensors"},
		{"weights as state of the optimizer", func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, "state.json"), "optimizer-16.safetensors", "model.safetensors")
			edit(t, filepath.Join(dir, "state.json"), hashOf(t, filepath.Join(dir, "optimizer-16.safetensors")), hashOf(t, filepath.Join(dir, "model.safetensors")))
		}, nil, "model.safetensors: 8 tensors, want 6"},
		{"weights of another network", func(t *testing.T, dir string) {
			path := filepath.Join(dir, "model.safetensors")
			before := hashOf(t, path)
			f := safetensors.File{Entries: linear(t).State()}
			if err := f.Save(path); err != nil {
				t.Fatal(err)
			}
			edit(t, filepath.Join(dir, "state.json"), before, hashOf(t, path))
		}, nil, "model.safetensors: nn: state is not that of this network"},
		{"weights that are none", func(t *testing.T, dir string) {
			path := filepath.Join(dir, "model.safetensors")
			before := hashOf(t, path)
			write("model.safetensors", "weights")(t, dir)
			edit(t, filepath.Join(dir, "state.json"), before, hashOf(t, path))
		}, nil, "model.safetensors"},
		{"state that points outside", replace("state.json", `"file": "model.safetensors"`, `"file": "../../model.safetensors"`), nil, "cannot be the name of a checkpoint"},
		{"no weights", remove("model.safetensors"), nil, "model.safetensors is missing"},
		{"truncated weights", truncate("model.safetensors"), nil, "is damaged: its SHA-256"},
		{"other weights", replace("model.safetensors", "bars", "cars"), nil, "is damaged: its SHA-256"},
		{"no optimizer state", remove("optimizer-16.safetensors"), nil, "optimizer-16.safetensors is missing"},
		{"cut optimizer state", truncate("optimizer-16.safetensors"), nil, "optimizer-16.safetensors is damaged: its SHA-256"},
		{"fewer epochs", nil, func(c *train.Config) { c.Epochs = 3 }, "started with 4 epochs, not 3"},
		{"schedule", nil, func(c *train.Config) { c.Schedule = optim.Constant(.2) }, "started with schedule false, not true"},
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
			before := files(t, dir)
			_, err := train.Fit(t.Context(), tiny(t, 3), bars(28), bars(10), config)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("got %v, want it to say %q", err, c.want)
			}
			if after := files(t, dir); fmt.Sprint(after) != fmt.Sprint(before) {
				t.Errorf("the folder was changed from %v to %v", before, after)
			}
		})
	}
}

func TestResumeWithOtherData(t *testing.T) {
	t.Parallel()
	dir, _ := finished(t)
	config := settings(dir)
	config.Epochs, config.Resume = 5, true
	for _, c := range []struct {
		set  data.Dataset
		want string
	}{
		{bars(20), "started with number of training images 28, not 20"},
		{shifted{bars(28)}, "started with other training images"},
		{renamed{bars(28)}, "started with other class names"},
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

type renamed struct{ *data.Images }

func (renamed) Classes() []string { return []string{"a", "b", "c"} }

func TestResumeWithAnotherNetwork(t *testing.T) {
	// As many parameters as tiny: the numbers of the layers differ.
	t.Parallel()
	dir, _ := finished(t)
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
