package runfolder_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/train/internal/traintest"
)

// A damage is what happens to the folder of a finished run of 16 steps.
type damage func(t *testing.T, dir string)

// damages has what the error says if training resumes after each damage.
var damages = []struct {
	name   string
	damage damage
	want   string
}{
	{"no folder", removeAll, "there is no such folder"},
	{"no config", remove("config.json"), "config.json is missing"},
	{"truncated config", truncate("config.json"), "config.json is damaged"},
	{"config of another time", replace("config.json", `"version": 1`, `"version": 9`), "format version is 9"},
	{"absurd config", replace("config.json", `"batch_size": 8`, `"batch_size": -8`), "config.json is damaged: 4 epochs of 28 images in batches of -8"},
	{"config of no image", replace("config.json", `"train_images": 28`, `"train_images": 0`), "4 epochs of 0 images"},
	{"config of a huge image", replace("config.json", "\n    6,", "\n    60000,"), "config.json is damaged: input shape 1×60000×6"},
	{"config without classes", write("config.json", `{"version": 1, "input": [1, 6, 6]}`), "config.json is damaged: 0 classes"},
	{"config with a text as number", replace("config.json", `"epochs": 4`, `"epochs": "4"`), "config.json is damaged: json"},
	{"pointer in place of the config", write("config.json", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"), "config.json is not what it should be: it is a Git LFS pointer"},
	{"page in place of the config", write("config.json", "<!DOCTYPE html><title>404</title>"), "config.json is not what it should be: it is an HTML page"},
	{"pointer in place of the state", write("state.json", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"), "state.json is not what it should be: it is a Git LFS pointer"},
	{"config that is no JSON", write("config.json", "epochs = 4"), "config.json is damaged"},
	{"config with more behind it", write("config.json", "{} {}"), "config.json is damaged"},
	{"null for config", write("config.json", "null"), "format version is 0"},
	{"config is a folder", folder("config.json"), "config.json"},
	{"no state", remove("state.json"), "state.json is missing, although the run has written model.safetensors"},
	{"truncated state", truncate("state.json"), "state.json is damaged"},
	{"state that cannot be", replace("state.json", `"step": 16`, `"step": 17`), "do not fit together"},
	{"state with too few rows", replace("state.json", `"epoch": 4`, `"epoch": 3`), "do not fit together"},
	{"null for state", write("state.json", "null"), "state.json is damaged: format version is 0"},
	{"empty state", write("state.json", ""), "state.json is damaged"},
	{"state of another time", replace("state.json", `"version": 1`, `"version": 2`), "format version is 2"},
	{"state is a folder", folder("state.json"), "state.json"},
	{"state with a negative epoch", replace("state.json", `"epoch": 4`, `"epoch": -4`), "do not fit together"},
	{"state with an impossible batch", replace("state.json", `"batch": 0`, `"batch": 5`), "do not fit together"},
	{"state with rows missing", replace("state.json", `"epochs": [`, `"epochs": [], "old": [`), "4 epochs are done, but there are rows for 0"},
	{"state with rows in disorder", replace("state.json", `"epoch": 1,`, `"epoch": 3,`), "the row of epoch 1 says that it is of epoch 3"},
	{"state with images too many", replace("state.json", `"images": 0`, `"images": 8`), "8 images in 0 batches of 8"},
	{"state with a negative count", replace("state.json", `"correct": 0`, `"correct": -1`), "out of range"},
	{"state with a number too large", replace("state.json", `"loss": 0`, `"loss": 1e999`), "state.json is damaged"},
	{"state without weights", replace("state.json", `"file": "model.safetensors"`, `"file": ""`), "cannot be the name of a checkpoint"},
	{"state with another file as weights", replace("state.json", `"file": "model.safetensors"`, `"file": "log.txt"`), "cannot be the name of a checkpoint"},
	{"state with another hash", replace("state.json", `"sha256": "`, `"sha256": "00`), "is damaged: its SHA-256"},
	{"state without optimizer", replace("state.json", `"optimizer": {`, `"old": {`), "names no state of the optimizer, which has 6 tensors"},
	{"weights as state of the optimizer", weightsAsOptimizer, "model.safetensors: 8 tensors, want 6"},
	{"weights of another network", otherWeights, "model.safetensors: nn: state is not that of this network"},
	{"weights that are none", noWeights, "model.safetensors"},
	{"state that points outside", replace("state.json", `"file": "model.safetensors"`, `"file": "../../model.safetensors"`), "cannot be the name of a checkpoint"},
	{"no weights", remove("model.safetensors"), "model.safetensors is missing"},
	{"truncated weights", truncate("model.safetensors"), "is damaged: its SHA-256"},
	{"other weights", replace("model.safetensors", "bars", "cars"), "is damaged: its SHA-256"},
	{"no optimizer state", remove("optimizer-16.safetensors"), "optimizer-16.safetensors is missing"},
	{"cut optimizer state", truncate("optimizer-16.safetensors"), "optimizer-16.safetensors is damaged: its SHA-256"},
}

// Each damage to a run folder gives an error that names it, and the folder
// stays as it is.
func TestResumeRefuses(t *testing.T) {
	t.Parallel()
	whole := filepath.Join(t.TempDir(), "whole")
	if _, err := train.Fit(t.Context(), traintest.Tiny(t, 3), traintest.Bars(28), traintest.Bars(10), traintest.Config(whole)); err != nil {
		t.Fatal(err)
	}
	for _, c := range damages {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "run")
			traintest.CopyDir(t, dir, whole)
			c.damage(t, dir)
			config := traintest.Config(dir)
			config.Epochs, config.Resume = 5, true
			before := traintest.Files(t, dir)
			_, err := train.Fit(t.Context(), traintest.Tiny(t, 3), traintest.Bars(28), traintest.Bars(10), config)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("got %v, want it to say %q", err, c.want)
			}
			if after := traintest.Files(t, dir); fmt.Sprint(after) != fmt.Sprint(before) {
				t.Errorf("the folder was changed from %v to %v", before, after)
			}
		})
	}
}

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

func removeAll(t *testing.T, dir string) {
	t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
}

func remove(name string) damage {
	return func(t *testing.T, dir string) {
		t.Helper()
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
}

func truncate(name string) damage {
	return func(t *testing.T, dir string) {
		t.Helper()
		if err := os.Truncate(filepath.Join(dir, name), 20); err != nil {
			t.Fatal(err)
		}
	}
}

func replace(name, from, to string) damage {
	return func(t *testing.T, dir string) {
		t.Helper()
		edit(t, filepath.Join(dir, name), from, to)
	}
}

func write(name, text string) damage {
	return func(t *testing.T, dir string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// folder puts a folder in the place of a file.
func folder(name string) damage {
	return func(t *testing.T, dir string) {
		t.Helper()
		remove(name)(t, dir)
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

func weightsAsOptimizer(t *testing.T, dir string) {
	t.Helper()
	edit(t, filepath.Join(dir, "state.json"), "optimizer-16.safetensors", "model.safetensors")
	edit(t, filepath.Join(dir, "state.json"), traintest.HashOf(t, filepath.Join(dir, "optimizer-16.safetensors")), traintest.HashOf(t, filepath.Join(dir, "model.safetensors")))
}

func otherWeights(t *testing.T, dir string) {
	t.Helper()
	path := filepath.Join(dir, "model.safetensors")
	before := traintest.HashOf(t, path)
	f := safetensors.File{Entries: traintest.Linear(t).State()}
	if err := f.Save(path); err != nil {
		t.Fatal(err)
	}
	edit(t, filepath.Join(dir, "state.json"), before, traintest.HashOf(t, path))
}

func noWeights(t *testing.T, dir string) {
	t.Helper()
	path := filepath.Join(dir, "model.safetensors")
	before := traintest.HashOf(t, path)
	write("model.safetensors", "weights")(t, dir)
	edit(t, filepath.Join(dir, "state.json"), before, traintest.HashOf(t, path))
}
