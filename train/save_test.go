package train_test

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/strideml/stride/metrics"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/train/runfolder"
)

// Checkpoints that are asked for between epochs change nothing, and a process that is killed after one
// goes on from it.
func TestSaveBetween(t *testing.T) {
	t.Parallel()
	want, history := finished(t)
	dir := t.TempDir()
	config := settings(filepath.Join(dir, "run"))
	left := filepath.Join(dir, "left")
	save := make(chan func(string, error), 1)
	config.Save = save
	var steps []int
	config.Callbacks.OnStep = func(s train.StepInfo) {
		save <- func(path string, err error) {
			run, failed := runfolder.Peek(config.Dir)
			if err := errors.Join(err, failed); err != nil {
				t.Error(err)
				return
			}
			if _, err := os.Stat(path); err != nil || filepath.Dir(path) != config.Dir {
				t.Errorf("%s: %v", path, err)
			}
			steps = append(steps, run.History.Steps)
			if s.Step == 10 {
				copyDir(t, left, config.Dir)
			}
		}
	}
	got, err := fit(t, config)
	if err != nil {
		t.Fatal(err)
	}
	sameFiles(t, config.Dir, want)
	sameRows(t, got, history, config.Dir)
	for i := range 16 {
		if len(steps) != 16 || steps[i] != i+1 {
			t.Fatalf("saved after steps %v", steps)
		}
	}
	resume(t, left)
}

// A checkpoint that cannot be written ends no training.
func TestSaveBetweenFails(t *testing.T) {
	t.Parallel()
	want, history := finished(t)
	config := settings(filepath.Join(t.TempDir(), "run"))
	save := make(chan func(string, error), 1)
	config.Save = save
	failed := 0
	config.Callbacks.OnStep = func(s train.StepInfo) {
		if s.Step != 2 {
			return
		}
		blocked := filepath.Join(config.Dir, "checkpoint-2.safetensors")
		if err := os.Mkdir(blocked, 0o755); err != nil {
			t.Error(err)
		}
		save <- func(path string, err error) {
			if err == nil || path != "" {
				t.Errorf("got %q, %v", path, err)
			}
			failed++
			if err := os.Remove(blocked); err != nil {
				t.Error(err)
			}
		}
	}
	got, err := fit(t, config)
	if err != nil || failed != 1 {
		t.Fatalf("%d failures, %v", failed, err)
	}
	sameFiles(t, config.Dir, want)
	sameRows(t, got, history, config.Dir)
	if _, err := train.Fit(t.Context(), tiny(t, 3), bars(8), nil, train.Config{Epochs: 1, BatchSize: 8, LearningRate: 1, Save: save}); err == nil {
		t.Error("checkpoints without a folder are no error")
	}
}

// The scores of the test are those that its accuracy is of, and looking at them changes no result.
func TestOnScores(t *testing.T) {
	t.Parallel()
	want, history := finished(t)
	config := settings(filepath.Join(t.TempDir(), "run"))
	var items []int
	hits, loss := 0, 0.0
	config.Callbacks.OnScores = func(item int, logits []float32, label int) {
		items = append(items, item)
		if metrics.ArgMax(logits) == label {
			hits++
		}
		sum := 0.0
		for _, v := range logits {
			sum += math.Exp(float64(v))
		}
		loss += math.Log(sum) - float64(logits[label])
	}
	epochs := 0
	config.Callbacks.OnEpoch = func(e train.EpochInfo) {
		epochs++
		if !slices.Equal(items, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}) || float64(hits)/10 != e.TestAccuracy || math.Abs(loss/10-e.TestLoss) > 1e-6 {
			t.Errorf("epoch %d: images %v, %d hits, loss %v; the test has %v and %v", e.Epoch, items, hits, loss/10, e.TestAccuracy, e.TestLoss)
		}
		items, hits, loss = nil, 0, 0
	}
	got, err := train.Fit(context.Background(), tiny(t, 3), bars(28), bars(10), config)
	if err != nil || epochs != 4 {
		t.Fatal(epochs, err)
	}
	sameFiles(t, config.Dir, want)
	sameRows(t, got, history, config.Dir)
}
