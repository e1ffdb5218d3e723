package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/strideml/stride/train/runfolder"
)

func absent(t testing.TB, path string) {
	t.Helper()
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s is there: %v", path, err)
	}
}

// eval writes report.html into the run folder, or where --report says, or nowhere.
func TestEvalReport(t *testing.T) {
	t.Parallel()
	dir := copyRun(t)
	inRun, elsewhere := filepath.Join(dir, "report.html"), filepath.Join(t.TempDir(), "page.html")
	eval := func(more ...string) string {
		return mustStride(t, append([]string{"eval", dir, "--limit", "50"}, more...)...)
	}
	if out := eval("--report", "none"); strings.Contains(out, "report") {
		t.Errorf("got %s", out)
	}
	absent(t, inRun)
	if out := eval("--report", elsewhere); !strings.Contains(out, "The report is "+elsewhere) {
		t.Errorf("got %s", out)
	}
	absent(t, inRun)
	before := contents(t, dir)
	if out := eval(); !strings.Contains(out, "The report is "+inRun) || !strings.Contains(out, "\ntop-5 ") || !strings.Contains(out, "roc-auc ") {
		t.Errorf("got %s", out)
	}
	page := readFile(t, inRun)
	for _, want := range []string{"<h1>LeNet on ", "50 test images", "ankle boot", "data:image/png;base64,", `id="training"`, "61,706", "The epochs as a table", "test image "} {
		if !strings.Contains(page, want) {
			t.Errorf("the report does not say %q", want)
		}
	}
	if err := os.Remove(inRun); err != nil {
		t.Fatal(err)
	}
	unchanged(t, dir, before)
	missing := filepath.Join(t.TempDir(), "no", "such", "folder", "page.html")
	if out, notes, status := stride(t, "eval", dir, "--limit", "50", "--report", missing); status != failed || !strings.Contains(notes, missing) || !strings.Contains(out, "accuracy") {
		t.Errorf("status %d: %s\n%s", status, notes, out)
	}
	model := filepath.Join(dir, "model.safetensors")
	if out := mustStride(t, "eval", model, "--data", fixture.data, "--limit", "50"); strings.Contains(out, "report") {
		t.Errorf("got %s", out)
	}
	absent(t, inRun)
}

// What eval prints as JSON.
func TestEvalJSON(t *testing.T) {
	t.Parallel()
	dir := copyRun(t)
	r := objects(t, mustStride(t, "eval", dir, "--limit", "100", "--json"))[0]
	if r["report"] != filepath.Join(dir, "report.html") {
		t.Errorf("report: %v", r["report"])
	}
	for _, name := range []string{"roc_auc", "average_precision", "brier", "ece", "mce", "loss"} {
		if v, ok := r[name].(float64); !ok || v < 0 {
			t.Errorf("%s: %v", name, r[name])
		}
	}
	for name, least := range map[string]int{"top_k": 2, "reliability": 15, "most_confused": 1, "worst_mistakes": 1, "classes": 10, "confusion": 10} {
		if list, ok := r[name].([]any); !ok || len(list) < least {
			t.Errorf("%s: %v", name, r[name])
		}
	}
	top := r["top_k"].([]any)[0].(map[string]any)
	if top["k"] != 1. || top["accuracy"] != r["accuracy"] {
		t.Errorf("top-1 %v, accuracy %v", top, r["accuracy"])
	}
	if weighted := r["weighted"].(map[string]any); weighted["recall"].(float64)-r["accuracy"].(float64) > 1e-12 {
		t.Errorf("the weighted recall is %v, the accuracy %v", weighted["recall"], r["accuracy"])
	}
	worst := r["worst_mistakes"].([]any)[0].(map[string]any)
	if worst["class"] == worst["predicted"] || !(worst["probability"].(float64) > worst["class_probability"].(float64)) || !(worst["loss"].(float64) > 0) {
		t.Errorf("%v", worst)
	}
}

// Nobody is kept from measuring a run that is being trained: only the report is
// left out, and eval says so.
func TestEvalReportInUse(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "js" || runtime.GOOS == "wasip1" {
		t.Skip("no locks")
	}
	dir := copyRun(t)
	settings, err := runfolder.ReadSettings(dir)
	if err != nil {
		t.Fatal(err)
	}
	folder, _, err := runfolder.Reopen(dir, settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = folder.Close() }) // it has written nothing
	out, notes, status := stride(t, "eval", dir, "--limit", "20")
	if status != done || !strings.Contains(notes, "There is no report: run folder is in use") || !strings.Contains(notes, "--report FILE") || strings.Count(notes, "\n") != 1 || strings.Contains(out, "The report is") {
		t.Errorf("status %d: %s\n%s", status, notes, out)
	}
	absent(t, filepath.Join(dir, "report.html"))
	elsewhere := filepath.Join(t.TempDir(), "page.html")
	if r := objects(t, mustStride(t, "eval", dir, "--limit", "20", "--json", "--report", elsewhere))[0]; r["report"] != elsewhere {
		t.Errorf("report: %v", r["report"])
	}
}

// A run in a folder that cannot be written is measured all the same.
func TestEvalReadOnlyRun(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" || os.Getuid() == 0 {
		t.Skip("permissions do not hold")
	}
	dir := copyRun(t)
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o755) }) // or else the folder stays
	out, notes, status := stride(t, "eval", dir, "--limit", "20")
	if status != done || !strings.Contains(notes, "There is no report") || !strings.Contains(out, "accuracy") {
		t.Errorf("status %d: %s\n%s", status, notes, out)
	}
}
