package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/strideml/stride/train/observe"
)

// shown starts a command that shows a page, and returns its address and what reads the rest of standard error and
// waits for the end.
func shown(t *testing.T, args ...string) (cmd *exec.Cmd, url string, wait func() (status int, stderr string)) {
	t.Helper()
	cmd = child(t, args...)
	errs, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(errs)
	for !strings.Contains(url, "http://") {
		if url, err = lines.ReadString('\n'); err != nil {
			t.Fatalf("%v in %q", err, url)
		}
	}
	url = strings.TrimSuffix(strings.TrimSpace(url[strings.Index(url, "http://"):]), "/")
	return cmd, url, func() (int, string) {
		rest, _ := io.ReadAll(lines) // the status tells
		_ = cmd.Wait()
		return cmd.ProcessState.ExitCode(), string(rest)
	}
}

// With --ui the weights are the same, and so is what is printed; the run folder has observations.
func TestTrainUI(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	plain, watched := filepath.Join(dir, "plain"), filepath.Join(dir, "watched")
	line := []string{"--data", fixture.data, "--limit", "200", "--batch", "50", "--epochs", "3", "--threads", "1", "--json"}
	mustStride(t, append([]string{"train", "lenet-bn", "--out", plain}, line...)...)
	out, errs, status := stride(t, append([]string{"train", "lenet-bn", "--out", watched, "--ui=127.0.0.1:0"}, line...)...)
	if status != done || len(objects(t, out)) != 3 || strings.Count(errs, "\n") != 1 || !strings.HasPrefix(errs, "Training live: http://127.0.0.1:") {
		t.Errorf("status %d, %q, %q", status, out, errs)
	}
	if readFile(t, filepath.Join(watched, "model.safetensors")) != readFile(t, filepath.Join(plain, "model.safetensors")) {
		t.Error("--ui changes the weights")
	}
	if found, err := observe.Epochs(watched); err != nil || len(found) == 0 || found[len(found)-1] != 3 {
		t.Errorf("epochs %v, %v", found, err)
	}
	if _, err := os.Stat(filepath.Join(plain, observe.Folder)); !os.IsNotExist(err) {
		t.Errorf("without --ui: %v", err)
	}
	// A run goes on with the page that was begun without, and the other way round.
	for _, run := range []string{plain, watched} {
		args := []string{"train", "--resume", run, "--epochs", "4"}
		if run == plain {
			args = append(args, "--ui=127.0.0.1:0")
		}
		mustStride(t, args...)
	}
	if readFile(t, filepath.Join(watched, "model.safetensors")) != readFile(t, filepath.Join(plain, "model.safetensors")) {
		t.Error("--ui changes the weights of a run that is resumed")
	}
	if found, err := observe.Epochs(plain); err != nil || len(found) != 1 || found[0] != 4 {
		t.Errorf("epochs %v, %v", found, err)
	}
}

// Photos have the names of their files.
func TestTrainUIPhotos(t *testing.T) {
	t.Parallel()
	photos, run := tiles(t, 12), filepath.Join(t.TempDir(), "run")
	out, errs, status := stride(t, small(photos, "--out", run, "--ui=127.0.0.1:0")...)
	if status != done {
		t.Fatalf("status %d: %s%s", status, out, errs)
	}
	chosen, err := observe.ReadChosen(run)
	if err != nil || len(chosen) == 0 {
		t.Fatal(chosen, err)
	}
	for _, c := range chosen {
		if _, err := os.Stat(filepath.Join(photos, c.Name)); err != nil || !strings.HasPrefix(c.Picture, "data:image/") {
			t.Errorf("%q: %v, picture %.30q", c.Name, err, c.Picture)
		}
	}
}

// An address that is taken is an error, unless it is the usual one.
func TestUIAddress(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	fresh := filepath.Join(t.TempDir(), "new")
	fails(t, failed, quick("--out", fresh, "--ui="+l.Addr().String()), "address already in use")
	fails(t, failed, []string{"ui", finishedRun(t), "--addr", l.Addr().String()}, "address already in use")
	if _, err := os.Stat(fresh); !os.IsNotExist(err) {
		t.Errorf("the run folder: %v", err)
	}
	usual, err := net.Listen("tcp", "127.0.0.1:8090")
	if err == nil {
		defer usual.Close()
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	status := make(chan string, 1)
	var errs lockedBuffer
	go func() {
		run(ctx, []string{"ui", finishedRun(t)}, io.Discard, &errs)
		status <- errs.String()
	}()
	for until := time.Now().Add(10 * time.Second); !strings.Contains(errs.String(), "http://127.0.0.1:") && time.Now().Before(until); {
		time.Sleep(10 * time.Millisecond)
	}
	cancel()
	if said := <-status; !strings.Contains(said, "http://127.0.0.1:") || strings.Contains(said, ":8090/") {
		t.Errorf("said %q", said)
	}
}

// A lockedBuffer is written and read by two goroutines.
type lockedBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// A run is stopped by its page; the status is that of an interruption, and --resume continues it. Another process
// shows it meanwhile, and ends with status 0.
func TestStopByPage(t *testing.T) {
	t.Parallel()
	needsSignals(t)
	dir := filepath.Join(t.TempDir(), "run")
	args := append(long(dir), "--ui=127.0.0.1:0")
	args[7] = "60" // epochs
	_, url, wait := shown(t, args...)
	var info struct{ Token string }
	getJSON(t, url+"/api/info", &info)
	for until := time.Now().Add(20 * time.Second); time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
		if found, err := observe.Epochs(dir); err == nil && len(found) > 1 {
			break
		}
	}
	other, otherURL, otherWait := shown(t, "ui", filepath.Dir(dir), "--addr", "127.0.0.1:0")
	var list []struct{ Run, State string }
	getJSON(t, otherURL+"/api/runs", &list)
	if len(list) != 1 || list[0].Run != "run" || list[0].State != "running" {
		t.Errorf("%+v", list)
	}
	r, err := http.NewRequestWithContext(t.Context(), "POST", url+"/api/stop?when=now", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Stride-Token", info.Token)
	response, err := http.DefaultClient.Do(r)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatal(response, err)
	}
	response.Body.Close()
	if status, errs := wait(); status != interrupted || !strings.Contains(errs, "training was interrupted in epoch ") || !strings.Contains(errs, "--resume "+dir) {
		t.Errorf("status %d: %s", status, errs)
	}
	if err := other.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if status, errs := otherWait(); status != done || errs != "" {
		t.Errorf("status %d: %s", status, errs)
	}
}

func getJSON(t *testing.T, url string, v any) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(v); err != nil {
		t.Fatal(err)
	}
}
