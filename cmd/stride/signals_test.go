//go:build unix

package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Each signal that asks a process to stop saves and stops; SIGHUP may come twice.
func TestEndingSignals(t *testing.T) {
	t.Parallel()
	needsSignals(t)
	for _, s := range endingSignals {
		if s == os.Interrupt {
			continue // TestInterrupt
		}
		dir, stderr, state := stopped(t, func(p *os.Process) error {
			if s == syscall.SIGHUP {
				return errors.Join(p.Signal(s), p.Signal(s))
			}
			return p.Signal(s)
		})
		if state.ExitCode() != interrupted || !strings.Contains(stderr, "saved "+dir) {
			t.Errorf("%v: %v, %q", s, state, stderr)
		}
	}
}

// Under nohup a training goes on, and so it does in the background of a script.
func TestIgnoredSignals(t *testing.T) {
	t.Parallel()
	needsSignals(t)
	dir := filepath.Join(t.TempDir(), "run")
	script := `trap "" HUP INT; "$0" "$@" & pid=$!; while [ ! -e "` + dir + `/config.json" ]; do sleep 0.01; done; kill -HUP $pid; kill -INT $pid; wait $pid`
	cmd := exec.CommandContext(t.Context(), "sh", append([]string{"-c", script, os.Args[0]}, tiny(0, "--out", dir)...)...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "epoch 3/3") {
		t.Errorf("%v: %s", err, out)
	}
}

// Output that nobody reads any more saves and stops, too.
func TestBrokenPipe(t *testing.T) {
	t.Parallel()
	needsSignals(t)
	dir := filepath.Join(t.TempDir(), "run")
	cmd := child(t, long(dir)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errs strings.Builder
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = out.Close()
	_ = cmd.Wait() // the status tells
	if cmd.ProcessState.ExitCode() != interrupted || !strings.Contains(errs.String(), "nobody reads the output any more") || !strings.Contains(errs.String(), "saved "+dir) {
		t.Errorf("%v, %q", cmd.ProcessState, errs.String())
	}
	sameWeights(t, dir)
}

// Ctrl-C at the very beginning says so and nothing else.
func TestInterruptedWhileLoading(t *testing.T) {
	t.Parallel()
	needsSignals(t)
	for _, wait := range []time.Duration{0, 100, 1000, 5000, 20000} {
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() {
			time.Sleep(wait * time.Microsecond)
			cancel(errInterrupted)
		}()
		var out, errs strings.Builder
		args := tiny(0, "--out", filepath.Join(t.TempDir(), "run"))
		status := run(ctx, args, &out, &errs)
		plain := errs.String() == "stride: interrupted\n"
		if status != done && (status != interrupted || !plain && !strings.Contains(errs.String(), "; saved ")) {
			t.Errorf("after %v: status %d, %q", wait*time.Microsecond, status, errs.String())
		}
	}
}
