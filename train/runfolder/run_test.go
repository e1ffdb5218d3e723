package runfolder_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/train/internal/traintest"
	"github.com/strideml/stride/train/runfolder"
)

// interrupted leaves a run that was interrupted after step 3; its epochs have 2
// steps.
func interrupted(t *testing.T) (dir string, model *nn.Model, history *train.History) {
	t.Helper()
	dir, model = filepath.Join(t.TempDir(), "run"), traintest.Tiny(t, 2)
	ctx, cancel := context.WithCancel(t.Context())
	config := traintest.Config(dir)
	config.Options = map[string]string{"limit": "12"}
	config.Callbacks.OnStep = func(s train.StepInfo) {
		if s.Step == 3 {
			cancel()
		}
	}
	history, err := train.Fit(ctx, model, traintest.Bars(12), traintest.Bars(6), config)
	if !errors.Is(err, train.ErrInterrupted) {
		t.Fatal(err)
	}
	return dir, model, history
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

func TestRead(t *testing.T) {
	t.Parallel()
	dir, model, history := interrupted(t)
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
		run, err := runfolder.Read(dir)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		sameWeights(t, run.Weights, model)
		if run.Dir != dir || run.WeightsFile != c.weights || run.Finished || run.Settings.Net != "tiny" ||
			run.Settings.Options["limit"] != "12" || !slices.Equal(run.Settings.Classes, traintest.Bars(1).Classes()) ||
			len(run.History.Rows) != 1 || run.History.Steps != 3 || run.History.Last() != history.Last() {
			t.Errorf("%s: %+v", c.name, run)
		}
	}
}

// The weights are those that the history tells of, also where a process died
// after writing the one and before the other.
func TestReadTakesTheWeightsOfItsHistory(t *testing.T) {
	t.Parallel()
	dir, model, _ := interrupted(t)
	path := filepath.Join(dir, "model.safetensors")
	old, err := safetensors.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	old.Entries = traintest.Tiny(t, 2).State()
	for name, spoil := range map[string]func() error{
		"older":   func() error { return old.Save(path) },
		"damaged": func() error { return os.Truncate(path, 100) },
		"missing": func() error { return os.Remove(path) },
	} {
		if err := errors.Join(os.WriteFile(path, nil, 0o644), spoil()); err != nil {
			t.Fatal(err)
		}
		run, err := runfolder.Read(dir)
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
func TestReadUnderWay(t *testing.T) {
	t.Parallel()
	config := traintest.Config(filepath.Join(t.TempDir(), "run"))
	config.Epochs = 3
	model := traintest.Tiny(t, 2)
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
			run, err := runfolder.Read(config.Dir)
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
	_, err := train.Fit(t.Context(), model, traintest.Bars(12), nil, config)
	if err != nil {
		t.Error(err)
	}
	close(done)
	if <-watched == 0 {
		t.Log("the run was over before it could be seen")
	}
	run, err := runfolder.Read(config.Dir)
	if err != nil || !run.Finished {
		t.Fatalf("%+v, %v", run, err)
	}
	sameWeights(t, run.Weights, model)
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	whole, _, _ := interrupted(t)
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
			traintest.CopyDir(t, dir, whole)
			if err := c.damage(dir); err != nil {
				t.Fatal(err)
			}
			run, err := runfolder.Read(dir)
			if err == nil || run != nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) {
				t.Errorf("got %v, want it to say %q", err, c.want)
			}
		})
	}
	for _, path := range []string{none, t.TempDir(), filepath.Join(whole, "log.txt")} {
		if _, err := runfolder.Read(path); !errors.Is(err, runfolder.ErrNoRun) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v", path, err)
		}
		if _, err := runfolder.ReadSettings(path); !errors.Is(err, runfolder.ErrNoRun) {
			t.Errorf("%s: got %v", path, err)
		}
	}
}
