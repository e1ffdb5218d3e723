package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A run ends with a model folder that stands alone, and with an event file if one was
// asked for, also where algorithms are measured first.
func TestTrainLeavesModel(t *testing.T) {
	t.Parallel()
	run := filepath.Join(t.TempDir(), "run")
	mustStride(t, "train", "lenet", "--data", fixture.data, "--limit", "64", "--epochs", "1", "--out", run, "--tensorboard", "--tune")
	events, err := filepath.Glob(filepath.Join(run, "events.out.tfevents.*"))
	if err != nil || len(events) != 1 {
		t.Errorf("%v, %v", events, err)
	}
	if info, err := os.Stat(events[0]); err != nil || info.Size() < 500 {
		t.Errorf("the event file has %v bytes, %v", info.Size(), err)
	}
	card, err := os.ReadFile(filepath.Join(run, "model", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"# LeNet on ", "\n- Command: `stride ", "\n- Versions: stride ", "on 64 test images", "| ankle boot |"} {
		if !strings.Contains(string(card), want) {
			t.Errorf("want %q in %s", want, card)
		}
	}
	alone := filepath.Join(t.TempDir(), "alone")
	if err := os.Rename(filepath.Join(run, "model"), alone); err != nil {
		t.Fatal(err)
	}
	of := func(model string) any {
		return objects(t, mustStride(t, "eval", model, "--data", fixture.data, "--limit", "32", "--json"))[0]["accuracy"]
	}
	if a, b := of(run), of(alone); a != b || a == nil {
		t.Errorf("accuracy %v of the run, %v of its model folder", a, b)
	}
	// Nothing left to do: what is missing is written again.
	mustStride(t, "train", "--resume", run)
	if _, err := os.Stat(filepath.Join(run, "model", "config.json")); err != nil {
		t.Error(err)
	}
}
