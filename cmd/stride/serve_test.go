//go:build unix

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// serving starts stride serve with a log in JSON and returns its address and a function
// that returns the next record with a message.
func serving(t *testing.T, args ...string) (process *os.Process, url string, next func(message string) map[string]any, wait func() int) {
	t.Helper()
	cmd := child(t, append([]string{"serve", "--addr", "127.0.0.1:0", "--log-format", "json"}, args...)...)
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(log)
	next = func(message string) map[string]any {
		t.Helper()
		for lines.Scan() {
			var record map[string]any
			if err := json.Unmarshal(lines.Bytes(), &record); err != nil {
				t.Fatalf("log: %v in %q", err, lines.Text())
			}
			if record["msg"] == message {
				return record
			}
		}
		t.Fatalf("the log has no %q", message)
		return nil
	}
	url = next("serving")["url"].(string)
	return cmd.Process, url, next, func() int {
		_, _ = io.Copy(io.Discard, log) // so that it can end
		_ = cmd.Wait()                  // the status tells
		return cmd.ProcessState.ExitCode()
	}
}

// A run and a folder of models are served; SIGHUP finds a new model; SIGTERM ends with
// status 0.
func TestServe(t *testing.T) {
	t.Parallel()
	needsSignals(t)
	run, dir := finishedRun(t), t.TempDir()
	mustStride(t, "convert", run, filepath.Join(dir, "first.onnx"))
	process, url, next, wait := serving(t, "clothes="+run, "--models", dir)
	want := objects(t, mustStride(t, "predict", run, picture(t), "--json", "--top", "3"))[0]["classes"]
	file, err := os.ReadFile(picture(t))
	if err != nil {
		t.Fatal(err)
	}
	predict := func(model string) (int, any) {
		t.Helper()
		response, err := http.Post(url+"/v1/predict?top=3&model="+model, "image/png", bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		var answer struct{ Predictions []map[string]any }
		if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || len(answer.Predictions) != 1 {
			return response.StatusCode, nil
		}
		return response.StatusCode, answer.Predictions[0]["classes"]
	}
	for _, model := range []string{"clothes", "first"} {
		status, classes := predict(model)
		if got, ok := classes.([]any); status != 200 || !ok || len(got) != 3 || got[0].(map[string]any)["class"] != want.([]any)[0].(map[string]any)["class"] {
			t.Errorf("%s: %d %v, want %v", model, status, classes, want)
		}
	}
	if status, _ := predict("second"); status != 404 {
		t.Errorf("status %d", status)
	}
	mustStride(t, "convert", run, filepath.Join(dir, "second.onnx"))
	if err := process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if next("model loaded")["model"] != "second" {
		t.Error("another model was loaded")
	}
	if status, _ := predict("second"); status != 200 {
		t.Errorf("status %d", status)
	}
	if err := process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	next("stopped")
	if status := wait(); status != done {
		t.Errorf("status %d", status)
	}
}

func TestServeRefuses(t *testing.T) {
	t.Parallel()
	run := finishedRun(t)
	fails(t, failed, []string{"serve", "nowhere"}, "there is no run folder or model file nowhere")
	fails(t, failed, []string{"serve", "--models", "nowhere"}, "nowhere")
	fails(t, failed, []string{"serve", run, "--addr", "127.0.0.1:99999"}, "99999")
	fails(t, failed, []string{"serve", "a/b=" + run}, `the name "a/b"`)
	if _, notes, status := stride(t, "serve", run, run); status != failed || !strings.Contains(notes, `two models of the name "run"`) {
		t.Errorf("%d %s", status, notes)
	}
	if _, notes, status := stride(t, "serve", "x="+run, "--addr", "256.0.0.1:0"); status != failed || !strings.Contains(notes, "256.0.0.1") {
		t.Errorf("%d %s", status, notes)
	}
}
