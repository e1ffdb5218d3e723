package train_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/zoo"
)

// large are bars of 12×12, the smallest images that LeNet takes.
func large(n int) data.Dataset { return must(bars(n).Resize(12, 12)) }

func lenet(t *testing.T) *nn.Model {
	t.Helper()
	model, err := nn.New(zoo.LeNet(3), tensor.Shape{1, 12, 12}, nn.Options{Seed: 2})
	if err != nil {
		t.Fatal(err)
	}
	return model
}

// lenetRun leaves a run of a network of the zoo that was interrupted after
// step 3; its epochs have 2 steps.
func lenetRun(t *testing.T) (dir string, model *nn.Model) {
	t.Helper()
	dir, model = filepath.Join(t.TempDir(), "run"), lenet(t)
	ctx, cancel := context.WithCancel(t.Context())
	config := settings(dir)
	config.Net, config.Options = "lenet", map[string]string{"limit": "12"}
	config.Callbacks.OnStep = func(s train.StepInfo) {
		if s.Step == 3 {
			cancel()
		}
	}
	if _, err := train.Fit(ctx, model, large(12), large(6), config); !errors.Is(err, train.ErrInterrupted) {
		t.Fatal(err)
	}
	return dir, model
}

// sameState compares weights bit for bit.
func sameState(t *testing.T, got, want *nn.Model) {
	t.Helper()
	for i, e := range want.State() {
		if g := got.State()[i]; g.Name != e.Name || !g.Tensor.Equal(e.Tensor) {
			t.Errorf("%s differs", e.Name)
		}
	}
}

func TestLoadRun(t *testing.T) {
	t.Parallel()
	dir, model := lenetRun(t)
	last := filepath.Join(dir, "model.safetensors")
	checkpoint := filepath.Join(dir, "checkpoint-3.safetensors")
	for _, c := range []struct {
		name    string
		damage  func(dir string) error
		weights string
	}{
		{"whole", func(string) error { return nil }, last},
		{"no checkpoint", func(dir string) error { return os.Remove(checkpoint) }, last},
	} {
		if err := c.damage(dir); err != nil {
			t.Fatal(err)
		}
		run, err := train.LoadRun(dir)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		sameState(t, run.Model, model)
		if run.Path != dir || run.Weights != c.weights || run.Finished || run.Spec.Name != "lenet" || run.Settings.Net != "lenet" ||
			run.Settings.Options["limit"] != "12" || !slices.Equal(run.Settings.Classes, bars(1).Classes()) ||
			len(run.History.Rows) != 1 || run.History.Steps != 3 || run.History.Last() != readCSV(t, dir)[0] {
			t.Errorf("%s: %+v", c.name, run)
		}
	}
}

// The weights are those that the history tells of, also where a process died
// after writing the one and before the other.
func TestLoadRunTakesTheWeightsOfItsHistory(t *testing.T) {
	t.Parallel()
	dir, model := lenetRun(t)
	path := filepath.Join(dir, "model.safetensors")
	old, err := safetensors.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	old.Entries = lenet(t).State()
	for name, spoil := range map[string]func() error{
		"older":   func() error { return old.Save(path) },
		"damaged": func() error { return os.Truncate(path, 100) },
		"missing": func() error { return os.Remove(path) },
	} {
		if err := errors.Join(os.WriteFile(path, nil, 0o644), spoil()); err != nil {
			t.Fatal(err)
		}
		run, err := train.LoadRun(dir)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		sameState(t, run.Model, model)
		if filepath.Base(run.Weights) != "checkpoint-3.safetensors" {
			t.Errorf("%s: weights from %s", name, run.Weights)
		}
	}
}

// A run can be looked at while it is being trained.
func TestLoadRunUnderWay(t *testing.T) {
	t.Parallel()
	config := settings(filepath.Join(t.TempDir(), "run"))
	config.Net, config.Epochs = "lenet", 3
	model := lenet(t)
	done := make(chan struct{})
	watched := make(chan int)
	go func() {
		seen := 0
		for {
			select {
			case <-done:
				watched <- seen
				return
			default:
			}
			run, err := train.LoadRun(config.Dir)
			switch {
			case err == nil && run.History.Steps < seen:
				t.Errorf("%d steps are done, then %d", seen, run.History.Steps)
			case err == nil:
				seen = run.History.Steps
			case seen > 0:
				t.Errorf("after step %d: %v", seen, err)
			}
		}
	}()
	_, err := train.Fit(t.Context(), model, large(12), nil, config)
	if err != nil {
		t.Error(err)
	}
	close(done)
	if <-watched == 0 {
		t.Log("the run was over before it could be seen")
	}
	run, err := train.LoadRun(config.Dir)
	if err != nil || !run.Finished {
		t.Fatalf("%+v, %v", run, err)
	}
	sameState(t, run.Model, model)
}

func TestLoadRunRefuses(t *testing.T) {
	t.Parallel()
	whole, _ := lenetRun(t)
	tinyRun, _ := finished(t)
	none := filepath.Join(t.TempDir(), "none")
	for _, c := range []struct {
		name   string
		damage func(dir string) error
		want   string
	}{
		{"no config", func(dir string) error { return os.Remove(filepath.Join(dir, "config.json")) }, "no run in "},
		{"no state", func(dir string) error { return os.Remove(filepath.Join(dir, "state.json")) }, "state.json is missing"},
		{"cut state", func(dir string) error { return os.Truncate(filepath.Join(dir, "state.json"), 99) }, "state.json is damaged"},
		{"no weights at all", func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, "model.safetensors")), os.Remove(filepath.Join(dir, "checkpoint-3.safetensors")))
		}, "checkpoint-3.safetensors is missing"},
		{"killed at once", func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, "state.json")), os.Remove(filepath.Join(dir, "model.safetensors")))
		}, "has no weights yet"},
		{"other network", func(dir string) error { return replaceIn(dir, `"net": "lenet"`, `"net": "lenet-bn"`) }, dirMark + ": 4 (Conv2D"},
		{"unknown network", func(dir string) error { return replaceIn(dir, `"net": "lenet"`, `"net": "skynet"`) }, `unknown network "skynet"`},
		{"nameless network", func(dir string) error { return replaceIn(dir, `"net": "lenet"`, `"net": ""`) }, "does not name its network"},
		{"too small an image", func(dir string) error { return replaceIn(dir, "12,\n    12", "2,\n    2") }, dirMark},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "run")
			copyDir(t, dir, whole)
			if err := c.damage(dir); err != nil {
				t.Fatal(err)
			}
			run, err := train.LoadRun(dir)
			if err == nil || run != nil || !strings.Contains(err.Error(), strings.ReplaceAll(c.want, dirMark, dir)) || !strings.Contains(err.Error(), dir) {
				t.Errorf("got %v, want it to say %q", err, c.want)
			}
		})
	}
	if _, err := train.LoadRun(tinyRun); err == nil || !strings.Contains(err.Error(), `unknown network "tiny"`) {
		t.Errorf("got %v", err)
	}
	for _, path := range []string{none, t.TempDir(), filepath.Join(tinyRun, "log.txt")} {
		if _, err := train.LoadRun(path); !errors.Is(err, train.ErrNoRun) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v", path, err)
		}
		if _, err := train.ReadSettings(path); !errors.Is(err, train.ErrNoRun) {
			t.Errorf("%s: got %v", path, err)
		}
	}
}

// dirMark stands for the run folder in a wanted error.
const dirMark = "<dir>"

func replaceIn(dir, from, to string) error {
	path := filepath.Join(dir, "config.json")
	b, err := os.ReadFile(path)
	if err == nil && !strings.Contains(string(b), from) {
		err = errors.New(from + " is not in " + string(b))
	}
	return errors.Join(err, os.WriteFile(path, []byte(strings.Replace(string(b), from, to, 1)), 0o644))
}

// A model file says what it is for.
func TestLoadModelOfARun(t *testing.T) {
	t.Parallel()
	dir, model := lenetRun(t)
	path := filepath.Join(t.TempDir(), "copy.safetensors")
	if err := os.Rename(filepath.Join(dir, "model.safetensors"), path); err != nil {
		t.Fatal(err)
	}
	run, err := train.LoadModel(path, "")
	if err != nil {
		t.Fatal(err)
	}
	sameState(t, run.Model, model)
	if run.Path != path || run.Weights != path || run.Settings.Net != "lenet" || run.Settings.Data != "bars" || run.History != nil ||
		!run.Settings.Input.Equal(tensor.Shape{1, 12, 12}) || !slices.Equal(run.Settings.Classes, bars(1).Classes()) {
		t.Errorf("%+v", run)
	}
	// Weights from elsewhere have no metadata.
	foreign, err := nn.New(zoo.LeNet(10), tensor.Shape{1, 28, 28}, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f := safetensors.File{Entries: foreign.State()}
	if err := f.Save(path); err != nil {
		t.Fatal(err)
	}
	run, err = train.LoadModel(path, "lenet")
	if err != nil {
		t.Fatal(err)
	}
	sameState(t, run.Model, foreign)
	if len(run.Settings.Classes) != 10 || run.Settings.Classes[3] != "class 3" {
		t.Errorf("%+v", run.Settings)
	}
}

func TestLoadModelRefuses(t *testing.T) {
	t.Parallel()
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
