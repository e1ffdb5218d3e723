package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/strideml/stride/cmd/stride/internal/command"
)

// long is the command line of a training that takes long enough to be stopped
// in epoch 3.
func long(dir string) []string {
	return []string{"train", "lenet", "--data", fixture.data, "--batch", "64", "--epochs", "6", "--momentum", "0.5", "--lr", "0.1", "--threads", "1", "--out", dir}
}

// child starts this program as a process of its own.
func child(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	return cmd
}

// stopped runs a long training in a new folder until the second epoch is done
// and then stops it. If it was too slow in doing that, it tries again.
func stopped(t *testing.T, stop func(*os.Process) error) (dir, stderr string, state *os.ProcessState) {
	t.Helper()
	for range 5 {
		dir = filepath.Join(t.TempDir(), "run")
		cmd := child(t, long(dir)...)
		var errs bytes.Buffer
		cmd.Stderr = &errs
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if strings.HasPrefix(lines.Text(), "epoch 2/") {
				time.Sleep(5 * time.Millisecond) // into epoch 3
				if err := stop(cmd.Process); err != nil {
					t.Log(err)
				}
			}
		}
		cmd.Wait() // it was stopped: the error says so
		if !cmd.ProcessState.Success() {
			return dir, errs.String(), cmd.ProcessState
		}
	}
	t.Fatal("the training was always done before it could be stopped")
	return "", "", nil
}

var uninterrupted = sync.OnceValues(func() (string, error) {
	dir := filepath.Join(fixture.root, "uninterrupted")
	var errs bytes.Buffer
	if status := run(context.Background(), long(dir), new(bytes.Buffer), &errs); status != done {
		return "", fmt.Errorf("status %d: %s", status, errs.String())
	}
	b, err := os.ReadFile(filepath.Join(dir, "model.safetensors"))
	return fmt.Sprintf("%x", sha256.Sum256(b)), err
})

// sameWeights resumes a run in two parts and compares it with one in one go.
func sameWeights(t *testing.T, dir string) {
	t.Helper()
	want, err := uninterrupted()
	if err != nil {
		t.Fatal(err)
	}
	if out := mustStride(t, "train", "--resume", dir); !strings.Contains(out, "epoch 1/6") || !strings.Contains(out, "epoch 6/6") {
		t.Errorf("got %s", out)
	}
	if got := fmt.Sprintf("%x", sha256.Sum256([]byte(readFile(t, filepath.Join(dir, "model.safetensors"))))); got != want {
		t.Errorf("model.safetensors has SHA-256 %s, want %s", got, want)
	}
	if csv := readFile(t, filepath.Join(dir, "metrics.csv")); strings.Count(csv, "\n") != 7 {
		t.Errorf("metrics.csv: %s", csv)
	}
}

func needsSignals(t *testing.T) {
	t.Helper()
	if testing.Short() || runtime.GOOS == "windows" || runtime.GOOS == "js" || runtime.GOOS == "wasip1" {
		t.Skip("it starts processes and sends them signals")
	}
	const hangup = syscall.Signal(1) // js has no name for it
	for _, s := range []os.Signal{os.Interrupt, hangup} {
		if signal.Ignored(s) { // the tests run in the background of a script, or under nohup
			signal.Notify(make(chan os.Signal, 1), s) // children do not inherit that
		}
	}
}

// Ctrl-C saves and says how to go on; the run then ends with the same weights.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	needsSignals(t)
	dir, stderr, state := stopped(t, func(p *os.Process) error { return p.Signal(os.Interrupt) })
	if state.ExitCode() != interrupted {
		t.Errorf("exit status %d, want %d", state.ExitCode(), interrupted)
	}
	lines := strings.Split(strings.TrimSuffix(stderr, "\n"), "\n") // before the last one may be others, that tell how far a slow training is
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, "stride: training was interrupted in epoch ") || !strings.Contains(last, "saved "+dir) ||
		!strings.Contains(last, "train --resume "+dir) {
		t.Errorf("got %q", stderr)
	}
	sameWeights(t, dir)
}

// Whoever asks twice does not wait; the run can be resumed all the same.
func TestInterruptTwice(t *testing.T) {
	t.Parallel()
	needsSignals(t)
	dir, _, state := stopped(t, func(p *os.Process) error {
		return errors.Join(p.Signal(os.Interrupt), p.Signal(os.Interrupt))
	})
	if state.ExitCode() != interrupted {
		t.Errorf("exit status %d, want %d", state.ExitCode(), interrupted)
	}
	sameWeights(t, dir)
}

// A process that is killed loses no more than the epoch under way.
func TestKill(t *testing.T) {
	t.Parallel()
	needsSignals(t)
	dir, _, state := stopped(t, func(p *os.Process) error { return p.Kill() })
	if state.ExitCode() != -1 {
		t.Errorf("exit status %d of a process that was killed", state.ExitCode())
	}
	sameWeights(t, dir)
}

// An interruption before training has begun has the same status.
func TestInterruptedAtOnce(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(command.ErrInterrupted)
	dir := filepath.Join(t.TempDir(), "run")
	for _, args := range [][]string{quick("--out", dir), small(tiles(t, 3), "--out", dir), {"eval", finishedRun(t)}, {"bench", "--time", "1ms"}, {"predict", finishedRun(t), "x.png"}} {
		var out, errs bytes.Buffer
		if status := run(ctx, args, &out, &errs); status != interrupted || strings.Count(errs.String(), "\n") != 1 {
			t.Errorf("stride %v: status %d, %q", args, status, errs.String())
		}
	}
}
