package main

import (
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strideml/stride/train/runfolder"
)

// Runs are listed, compared and drawn over each other.
func TestRuns(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	first, second, half := filepath.Join(root, "first"), filepath.Join(root, "second"), filepath.Join(root, "half")
	for _, dir := range []string{first, second} {
		if err := os.CopyFS(dir, os.DirFS(finishedRun(t))); err != nil {
			t.Fatal(err)
		}
	}
	settings, err := runfolder.ReadSettings(second)
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(second, "config.json")
	b, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config, []byte(strings.Replace(string(b), `"seed": `, `"seed": 1`, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(half, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(half, "config.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	out := mustStride(t, "runs", root)
	for _, want := range []string{"\nfirst ", "\nsecond ", "lenet", "finished\n", "\nhalf ", "damaged: "} {
		if !strings.Contains(out, want) {
			t.Errorf("want %q in\n%s", want, out)
		}
	}
	listed := objects(t, mustStride(t, "runs", root, "--json"))
	if len(listed) != 3 {
		t.Fatalf("%d runs: %v", len(listed), listed)
	}
	for _, r := range listed {
		switch r["run"] {
		case first, second:
			if r["state"] != "finished" || r["net"] != "lenet" || r["epochs_done"] != float64(settings.Epochs) || r["best_accuracy"] == nil || r["best_epoch"] == nil || r["train_loss"] == nil || r["error"] != nil {
				t.Errorf("got %v", r)
			}
		case half:
			if r["state"] != "damaged" || !strings.Contains(r["error"].(string), "config.json is damaged") || r["best_accuracy"] != nil {
				t.Errorf("got %v", r)
			}
		default:
			t.Errorf("got %v", r)
		}
	}
	out = mustStride(t, "runs", "compare", first, second)
	if !strings.Contains(out, "\nseed ") || strings.Contains(out, "batch_size") || !strings.Contains(out, "\nbest accuracy ") {
		t.Errorf("got %s", out)
	}
	report := objects(t, mustStride(t, "runs", "compare", first, second, "--json"))[0]
	if differences := report["differences"].([]any); len(differences) != 1 || differences[0].(map[string]any)["setting"] != "seed" || len(report["runs"].([]any)) != 2 {
		t.Errorf("got %v", report)
	}
	if out := mustStride(t, "runs", "compare", first, first); !strings.Contains(out, "the same in all") {
		t.Errorf("got %s", out)
	}
	if report := objects(t, mustStride(t, "runs", "compare", first, first, "--json"))[0]; len(report["differences"].([]any)) != 0 {
		t.Errorf("got %v", report)
	}
	for _, name := range []string{"both.png", "both.svg"} {
		picture := filepath.Join(root, name)
		if out := mustStride(t, "runs", "curves", first, second, "--out", picture); !strings.Contains(out, "both") {
			t.Errorf("got %s", out)
		}
		f, err := os.Open(picture)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := png.Decode(f); (err == nil) != (name == "both.png") {
			t.Errorf("%s: %v", name, err)
		}
		f.Close()
	}
}

// Without runs there is a hint and no error, unless the folder was named and is not
// there.
func TestNoRuns(t *testing.T) {
	t.Parallel()
	empty := t.TempDir()
	stdout, stderr, status := stride(t, "runs", empty)
	if status != done || stdout != "" || !strings.Contains(stderr, "there are no runs in") {
		t.Errorf("%d: %s%s", status, stdout, stderr)
	}
	if stdout, _, status := stride(t, "runs", empty, "--json"); status != done || stdout != "" {
		t.Errorf("%d: %s", status, stdout)
	}
	for _, c := range []struct {
		args []string
		want int
		says string
	}{
		{[]string{"runs", filepath.Join(empty, "none")}, failed, "there is no folder"},
		{[]string{"runs", "a", "b"}, misused, "accepts one folder"},
		{[]string{"runs", "compare", "a"}, misused, "needs two runs"},
		{[]string{"runs", "compare", "a", "b"}, failed, "there is no run a"},
		{[]string{"runs", "compare", empty, empty}, failed, "no run in"},
		{[]string{"runs", "curves", "a", "b", "--out", "x.jpg"}, misused, "ends in .png or .svg"},
		{[]string{"runs", "curves", "a", "b"}, failed, "there is no run a"},
	} {
		_, stderr, status := stride(t, c.args...)
		if status != c.want || !strings.Contains(stderr, c.says) {
			t.Errorf("%v: status %d: %s", c.args, status, stderr)
		}
	}
}
