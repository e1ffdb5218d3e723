package runfolder_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train/internal/traintest"
	"github.com/strideml/stride/train/runfolder"
)

// A folder that was written without package train: two epochs of one step, then a
// reader, then one epoch more.
func TestFolder(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "run")
	s := runfolder.Settings{
		Version: 1, Net: "tiny", Data: "bars", Input: tensor.Shape{1, 6, 6}, Classes: []string{"top", "middle", "bottom"},
		TrainImages: 8, Epochs: 2, BatchSize: 8, LearningRate: 0.1, Device: "cpu",
	}
	f, err := runfolder.Create(dir, s)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := runfolder.Read(dir); err == nil || !strings.Contains(err.Error(), "has no weights yet") {
		t.Errorf("before the first checkpoint: %v", err)
	}
	model := traintest.Tiny(t, 5)
	at := runfolder.Position{
		Version: 1, Epoch: 2, Step: 2, Finished: true,
		Rows: []runfolder.Row{{Epoch: 1, TrainLoss: 2, ImagesPerSecond: 100}, {Epoch: 2, TrainLoss: 1, ImagesPerSecond: 50}},
	}
	f.Log("two epochs")
	path, err := f.Save(&at, model, new(optim.State))
	if err := errors.Join(err, f.WriteMetrics(at.History()), f.Close()); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{runfolder.CheckEmpty(dir), second(runfolder.Create(dir, s))} {
		if !errors.Is(err, runfolder.ErrNotEmpty) {
			t.Errorf("a full folder: got %v", err)
		}
	}

	run, err := runfolder.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	sameWeights(t, run.Weights, model)
	if h := run.History; path != filepath.Join(dir, "model.safetensors") || run.WeightsFile != path || !run.Finished || h.Steps != 2 ||
		!slices.Equal(h.Rows, at.Rows) || h.ImagesPerSecond < 66.66 || h.ImagesPerSecond > 66.67 {
		t.Errorf("%s, %+v, %+v", path, run, h)
	}

	more := s
	more.Epochs, more.Device = 3, "other"
	f, back, err := runfolder.Reopen(dir, more)
	if err != nil {
		t.Fatal(err)
	}
	if now, err := runfolder.ReadSettings(dir); err != nil || now.Epochs != 2 {
		t.Errorf("Reopen wrote %+v, %v", now, err)
	}
	other := traintest.Tiny(t, 6)
	if from, err := f.Load(back, other, new(optim.State)); err != nil || from != path {
		t.Errorf("loaded from %s, %v", from, err)
	}
	sameWeights(t, run.Weights, other)
	if err := errors.Join(f.Begin(), f.Close()); err != nil {
		t.Fatal(err)
	}
	if now, err := runfolder.ReadSettings(dir); err != nil || now.Epochs != 3 || now.Device != "cpu" {
		t.Errorf("after Begin: %+v, %v", now, err)
	}
}

func second[T any](_ T, err error) error { return err }

// A run that was killed before its last checkpoint became model.safetensors is
// completed.
func TestComplete(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f, err := runfolder.Create(dir, runfolder.Settings{
		Version: 1, Input: tensor.Shape{1, 6, 6}, Classes: []string{"a"}, TrainImages: 8, Epochs: 1, BatchSize: 8,
	})
	if err != nil {
		t.Fatal(err)
	}
	at := runfolder.Position{Version: 1, Epoch: 1, Step: 1, Rows: []runfolder.Row{{Epoch: 1}}}
	model, state := traintest.Tiny(t, 5), new(optim.State)
	path, err := f.Save(&at, model, state)
	left := filepath.Join(dir, ".state.json.01234567.tmp")
	if err := errors.Join(err, os.WriteFile(left, []byte("half"), 0o644), f.Complete(&at, model, state), f.Close()); err != nil {
		t.Fatal(err)
	}
	run, err := runfolder.Read(dir)
	if err != nil || !run.Finished || run.WeightsFile != filepath.Join(dir, "model.safetensors") {
		t.Errorf("%+v, %v", run, err)
	}
	for _, gone := range []string{path, left} {
		if _, err := os.Lstat(gone); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is still there: %v", gone, err)
		}
	}
}
