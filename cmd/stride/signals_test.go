//go:build unix

package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/strideml/stride/cmd/stride/internal/command"
)

// Each signal that asks a process to stop saves and stops; SIGHUP may come twice.
func TestEndingSignals(t *testing.T) {
	t.Parallel()
	needsSignals(t)
	for _, s := range command.EndingSignals {
		if s == os.Interrupt {
			continue // TestInterrupt
		}
		if signal.Ignored(s) {
			continue // as under nohup: TestIgnoredSignals
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

// Ctrl-C at the very beginning, and later, says so and nothing else, whatever the
// verb was at. One that was done before it looked ends as usual.
func TestInterruptedVerbs(t *testing.T) {
	t.Parallel()
	run := copyRun(t)
	for _, args := range [][]string{
		nil, // a training
		{"eval", run}, {"eval", run, "--json"},
		{"predict", run, picture(t)}, {"predict", run, picture(t), picture(t), "--json"},
		{"summary", run},
		{"bench", "lenet", "--batch", "8", "--time", "2s", "--profile", "--threads", "1"},
		{"bench", "--peak", "--time", "1h"}, {"bench", "--kernels", "--time", "1h"},
		{"data", "list", "--data", fixture.data}, {"data", "show", "--data", fixture.data, "--out", filepath.Join(t.TempDir(), "x.png")},
		{"data", "get", "fashion-mnist", "--dir", t.TempDir()},
	} {
		for _, wait := range []time.Duration{-1, 0, 100, 1000, 5000, 20000, 30000} {
			ctx, cancel := context.WithCancelCause(t.Context())
			if wait < 0 {
				cancel(command.ErrInterrupted)
			} else {
				time.AfterFunc(wait*time.Microsecond, func() { cancel(command.ErrInterrupted) })
			}
			line := args
			if line == nil {
				line = tiny(0, "--out", filepath.Join(t.TempDir(), "run"))
			}
			var out, errs strings.Builder
			began := time.Now()
			status := execute(ctx, &command.App{}, line, &out, &errs)
			plain := errs.String() == "stride: interrupted\n"
			saved := args == nil && strings.Contains(errs.String(), "; saved ")
			offline := args != nil && args[1] == "get" && status == failed && !strings.Contains(errs.String(), "context")
			if status != done && !offline && (status != interrupted || !plain && !saved) || status == done && errs.Len() > 0 {
				t.Errorf("%v after %v: status %d, %q", line, wait*time.Microsecond, status, errs.String())
			}
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("%v after %v: ended only after %v", line, wait*time.Microsecond, took)
			}
		}
	}
}
