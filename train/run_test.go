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
	"github.com/strideml/stride/data/preprocess"
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

// sameWeights compares weights bit for bit.
func sameWeights(t *testing.T, got *safetensors.File, want *nn.Model) {
	t.Helper()
	if len(got.Entries) != len(want.State()) {
		t.Fatalf("%d tensors, want %d", len(got.Entries), len(want.State()))
	}
	for i, e := range want.State() {
		if g := got.Entries[i]; g.Name != e.Name || !g.Tensor.Equal(e.Tensor) {
			t.Errorf("%s differs", e.Name)
		}
	}
}

func TestReadRun(t *testing.T) {
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
		run, err := train.ReadRun(dir)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		sameWeights(t, run.Weights, model)
		if run.Dir != dir || run.WeightsFile != c.weights || run.Finished || run.Settings.Net != "lenet" ||
			run.Settings.Options["limit"] != "12" || !slices.Equal(run.Settings.Classes, bars(1).Classes()) ||
			len(run.History.Rows) != 1 || run.History.Steps != 3 || run.History.Last() != readCSV(t, dir)[0] {
			t.Errorf("%s: %+v", c.name, run)
		}
	}
}

// The weights are those that the history tells of, also where a process died
// after writing the one and before the other.
func TestReadRunTakesTheWeightsOfItsHistory(t *testing.T) {
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
		run, err := train.ReadRun(dir)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		sameWeights(t, run.Weights, model)
		if filepath.Base(run.WeightsFile) != "checkpoint-3.safetensors" {
			t.Errorf("%s: weights from %s", name, run.WeightsFile)
		}
	}
}

// A run can be looked at while it is being trained.
func TestReadRunUnderWay(t *testing.T) {
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
			run, err := train.ReadRun(config.Dir)
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
	run, err := train.ReadRun(config.Dir)
	if err != nil || !run.Finished {
		t.Fatalf("%+v, %v", run, err)
	}
	sameWeights(t, run.Weights, model)
}

func TestReadRunRefuses(t *testing.T) {
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
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "run")
			copyDir(t, dir, whole)
			if err := c.damage(dir); err != nil {
				t.Fatal(err)
			}
			run, err := train.ReadRun(dir)
			if err == nil || run != nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) {
				t.Errorf("got %v, want it to say %q", err, c.want)
			}
		})
	}
	for _, path := range []string{none, t.TempDir(), filepath.Join(tinyRun, "log.txt")} {
		if _, err := train.ReadRun(path); !errors.Is(err, train.ErrNoRun) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v", path, err)
		}
		if _, err := train.ReadSettings(path); !errors.Is(err, train.ErrNoRun) {
			t.Errorf("%s: got %v", path, err)
		}
	}
}

// What Settings say of the preprocessing is in config.json, and in the metadata
// of the weights unless it is the plain one.
func TestPreprocessingIsRecorded(t *testing.T) {
	t.Parallel()
	input := tensor.Shape{1, 12, 12}
	other := preprocess.Config{InputSize: input, CropMode: preprocess.Center, CropPct: 0.75, Mean: []float32{0.5}, Std: []float32{0.25}}
	dirs := map[bool]string{}
	for plain, config := range map[bool]preprocess.Config{true: {}, false: other} {
		c := settings(filepath.Join(t.TempDir(), "run"))
		c.Net, c.Preprocessing = "lenet", config
		if _, err := train.Fit(t.Context(), lenet(t), large(12), nil, c); err != nil {
			t.Fatal(err)
		}
		run, err := train.ReadRun(c.Dir)
		if err != nil {
			t.Fatal(err)
		}
		want := other
		if plain {
			want = preprocess.Plain(input)
		}
		if got := run.Settings.Preprocessing; got == nil || !got.Equal(want) {
			t.Errorf("plain %v: got %v", plain, got)
		}
		if text := run.Weights.Metadata["preprocessing"]; plain != (text == "") || !plain && !strings.Contains(text, `"crop_pct":0.75`) {
			t.Errorf("plain %v: metadata %q", plain, text)
		}
		dirs[plain] = c.Dir
	}
	// A run that is resumed keeps it. One without, of an older version, is plain.
	c := settings(dirs[false])
	c.Net, c.Resume, c.Epochs = "lenet", true, 4
	if _, err := train.Fit(t.Context(), lenet(t), large(12), nil, c); err == nil || !strings.Contains(err.Error(), "crop 0.75") {
		t.Errorf("got %v", err)
	}
	c.Dir = dirs[true]
	s, err := os.ReadFile(filepath.Join(c.Dir, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	from := strings.Index(string(s), `"preprocessing"`)
	to := strings.Index(string(s), `"classes"`)
	if from < 0 || to < from {
		t.Fatalf("no preprocessing in %s", s)
	}
	if err := os.WriteFile(filepath.Join(c.Dir, "config.json"), append(s[:from:from], s[to:]...), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := train.Fit(t.Context(), lenet(t), large(12), nil, c); err != nil {
		t.Error(err)
	}
	for _, c := range []struct {
		config preprocess.Config
		want   string
	}{
		{preprocess.Config{InputSize: tensor.Shape{1, 28, 28}}, "preprocessing makes images of 1×28×28, the network takes 1×12×12"},
		{preprocess.Config{InputSize: input, CropPct: 2}, "preprocessing: crop_pct is 2"},
	} {
		bad := settings("")
		bad.Preprocessing = c.config
		if _, err := train.Fit(t.Context(), lenet(t), large(12), nil, bad); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}
