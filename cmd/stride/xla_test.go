//go:build xla

package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// plugin returns the file that $STRIDE_PJRT names, or skips the test. Processes that
// load plugins for the test are the program.
func plugin(t *testing.T) string {
	t.Helper()
	path := os.Getenv("STRIDE_PJRT")
	if path == "" {
		t.Skip("$STRIDE_PJRT names no plugin")
	}
	t.Setenv(asProgram, "1")
	return path
}

// withoutPlugins is a machine on which nothing is found.
func withoutPlugins(t *testing.T) {
	t.Helper()
	for _, name := range []string{"STRIDE_PJRT", "PJRT_NAMES_AND_LIBRARY_PATHS", "TPU_LIBRARY_PATH", "VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PATH", "HOME"} {
		t.Setenv(name, "")
	}
}

// onXLA is a short training.
func onXLA(more ...string) []string {
	return append([]string{"train", "lenet", "--data", fixture.data, "--limit", "200", "--batch", "50", "--epochs", "1"}, more...)
}

func TestXLADevices(t *testing.T) {
	path := plugin(t)
	all := objects(t, mustStride(t, "devices", "--json"))
	if len(all) < 3 || all[2]["name"] != "xla" || all[2]["plugin"] != path || all[2]["error"] != nil || len(all[2]["devices"].([]any)) == 0 {
		t.Fatalf("got %v", all)
	}
	out := mustStride(t, "devices")
	for _, part := range []string{path + " ($STRIDE_PJRT), PJRT 0.", "  xla:0"} {
		if !strings.Contains(out, part) {
			t.Errorf("no %q in %q", part, out)
		}
	}
	// Files that are no plugins are named, with the reason.
	text := filepath.Join(t.TempDir(), "text.so")
	if err := os.WriteFile(text, []byte("no library"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("STRIDE_PJRT", strings.Join([]string{text, "missing.so", path}, string(os.PathListSeparator)))
	out = mustStride(t, "devices")
	for _, part := range []string{text + " ($STRIDE_PJRT)\n  of no use: ", "xla: missing.so ($STRIDE_PJRT)\n  of no use: ", "no such file", "  xla:0"} {
		if !strings.Contains(out, part) {
			t.Errorf("no %q in %q", part, out)
		}
	}
	withoutPlugins(t)
	if out := mustStride(t, "devices"); !strings.Contains(out, "xla: no PJRT plugin was found: $STRIDE_PJRT does not name one") {
		t.Errorf("got %q", out)
	}
}

func TestXLAFaults(t *testing.T) {
	plugin(t)
	text := filepath.Join(t.TempDir(), "text.so")
	if err := os.WriteFile(text, []byte("no library"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		status int
		line   string
		parts  []string
	}{
		{failed, "--device xla --plugin missing.so", []string{"missing.so", "no such file"}},
		{failed, "--device xla --plugin " + text, []string{text, "cannot be loaded"}},
		{failed, "--device xla:1000", []string{"there is no device 1000", "counted from 0"}},
		{misused, "--plugin plugin.so", []string{"--plugin is for --device xla"}},
		{misused, "--device cpu --plugin plugin.so", []string{"--plugin is for --device xla"}},
		{misused, "--device xla --threads 2", []string{"--threads is for the cpu engine"}},
		{misused, "--device xla --tune", []string{"--tune is for the cpu engine"}},
		{misused, "--device xla --memory-budget 1GB", []string{"--memory-budget is for the cpu engine"}},
	} {
		fails(t, c.status, onXLA(append(strings.Fields(c.line), "--out", filepath.Join(t.TempDir(), "run"))...), c.parts...)
	}
	fails(t, misused, []string{"bench", "--device", "xla", "--profile"}, "--profile is for the cpu engine only")
	withoutPlugins(t)
	fails(t, failed, onXLA("--device", "xla", "--out", filepath.Join(t.TempDir(), "run")), "no PJRT plugin was found", "$STRIDE_PJRT", "pip installs them", "jax[cuda12]")
}

// A plugin that ends the process which loads it is told in a sentence, also where it has worked before.
func TestXLACrash(t *testing.T) {
	path := plugin(t)
	for _, flags := range []string{"", "--no_such_flag", "", "--no_such_flag"} {
		t.Setenv("XLA_FLAGS", flags) // XLA ends the process if it does not know a flag
		line := onXLA("--device", "xla", "--out", filepath.Join(t.TempDir(), "run"))
		if flags == "" {
			mustStride(t, line...)
			continue
		}
		fails(t, failed, line, "the plugin "+path+" cannot be used: it ends the process that loads it (exit status 1): Unknown flag in XLA_FLAGS: --no_such_flag")
	}
}

// A training on an accelerator goes on there or elsewhere, and its model is any other.
func TestTrainOnXLA(t *testing.T) {
	plugin(t)
	dir := t.TempDir()
	accuracy := func(out string) (loss, accuracy float64) {
		rows := objects(t, out)
		last := rows[len(rows)-1]
		return last["train_loss"].(float64), last["test_accuracy"].(float64)
	}
	own, ownAccuracy := accuracy(mustStride(t, onXLA("--device", "cpu", "--json", "--out", filepath.Join(dir, "cpu"))...))
	for _, device := range []string{"xla", "xla:0,1"} {
		run := filepath.Join(dir, strings.ReplaceAll(device, ":", "-"))
		loss, right := accuracy(mustStride(t, onXLA("--device", device, "--json", "--out", run)...))
		if math.Abs(loss-own) > 1e-3*own || math.Abs(right-ownAccuracy) > 0.02 {
			t.Errorf("--device %s: loss %v, accuracy %v; on the cpu engine %v, %v", device, loss, right, own, ownAccuracy)
		}
	}
	run := filepath.Join(dir, "xla")
	// It goes on where it was, unless another engine is named.
	for epochs, more := range map[int][]string{2: nil, 3: {"--device", "cpu"}} {
		_ = mustStride(t, append([]string{"train", "--resume", run, "--epochs", fmt.Sprint(epochs)}, more...)...)
	}
	log, err := os.ReadFile(filepath.Join(run, "log.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(log), "device xla ("); n < 2 {
		t.Errorf("the training was on xla %d times:\n%s", n, log)
	}
	var results []string
	for _, device := range []string{"cpu", "xla"} {
		results = append(results, fmt.Sprint(objects(t, mustStride(t, "eval", run, "--data", fixture.data, "--limit", "200", "--json", "--device", device))[0]["accuracy"]))
	}
	if results[0] != results[1] {
		t.Errorf("accuracy %v on cpu and xla", results)
	}
	if out := mustStride(t, "predict", run, "../../examples/predict/boot.png", "--device", "xla"); out == "" {
		t.Error("predict printed nothing")
	}
}

func TestXLAMath(t *testing.T) {
	plugin(t)
	platform := objects(t, mustStride(t, "devices", "--json"))[2]["platform"]
	var losses []float64
	for _, math := range []string{"strict", "bf16"} {
		rows := objects(t, mustStride(t, onXLA("--device", "xla", "--math", math, "--json", "--out", filepath.Join(t.TempDir(), "run"))...))
		losses = append(losses, rows[0]["train_loss"].(float64))
	}
	if !(slices.Max(losses) < 1.05*slices.Min(losses)) {
		t.Errorf("losses %v", losses)
	}
	if losses[0] == losses[1] && platform != "cpu" { // XLA for the CPU computes in float32 where it is allowed to
		t.Errorf("float32 and bfloat16 give the same loss, %v", losses)
	}
}

// The CPU by XLA is no accelerator.
func TestAutoTakesNoCPUPlugin(t *testing.T) {
	plugin(t)
	if objects(t, mustStride(t, "devices", "--json"))[2]["platform"] != "cpu" {
		t.Skip("the plugin is not for the CPU")
	}
	run := filepath.Join(t.TempDir(), "run")
	stdout, stderr, status := stride(t, onXLA("--out", run)...)
	if status != done || !strings.Contains(stdout+stderr, "cpu (") || strings.Contains(stderr, "xla") {
		t.Errorf("status %d: %s%s", status, stdout, stderr)
	}
}
