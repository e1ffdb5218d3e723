package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/cmd/stride/internal/terminal"
)

// slowClock is the clock of a machine so slow that two readings are 11 seconds apart.
func slowClock() func() time.Time {
	var readings atomic.Int64
	return func() time.Time { return time.Unix(1e9+11*readings.Add(1), 0) }
}

// Each verb that may take long says how it gets on where there is no terminal, on
// standard error.
func TestProgressOffTerminal(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args  []string
		parts []string
	}{
		{quick("--out", filepath.Join(t.TempDir(), "run")), []string{"epoch 1/1 ", " left  ", "epoch 1/1 testing "}},
		{[]string{"eval", finishedRun(t), "--report", "none", "--json"}, []string{"testing ", " of 2,000 images\n"}},
		{[]string{"bench", "lenet", "--batch", "4", "--time", "20ms", "--threads", "1", "--profile", "--json"},
			[]string{"lenet, train: warming up ", "lenet, infer: measuring ", "lenet, train: profiling "}},
		{[]string{"bench", "--peak", "--time", "20ms", "--json"}, []string{"measuring the peak "}},
	} {
		var out, errs bytes.Buffer
		a := &command.App{Live: terminal.NewPlainLine(&errs, slowClock())}
		if status := execute(t.Context(), a, c.args, &out, &errs); status != done {
			t.Errorf("%v: status %d: %s", c.args, status, errs.String())
		}
		for _, part := range c.parts {
			if !strings.Contains("\n"+errs.String(), "\n"+part) && !strings.Contains(errs.String(), part) {
				t.Errorf("%v: no %q in %s", c.args, part, errs.String())
			}
		}
	}
}

// What showing progress allocates is no allocation of a step. This counts those of
// the whole process, so no other test runs beside it.
func TestProgressIsNotCounted(t *testing.T) {
	var shown, errs bytes.Buffer
	for _, live := range []*terminal.LiveLine{nil, terminal.NewPlainLine(&shown, slowClock())} {
		var out bytes.Buffer
		args := []string{"bench", "lenet", "--batch", "4", "--time", "50ms", "--mode", "infer", "--json"}
		if status := execute(t.Context(), &command.App{Live: live}, args, &out, &errs); status != done {
			t.Fatalf("status %d: %s", status, errs.String())
		}
		if n := objects(t, out.String())[0]["allocs_per_step"].(float64); n > 1 {
			t.Errorf("%v allocations a step, with %d lines of progress", n, strings.Count(shown.String(), "\n"))
		}
	}
	if strings.Count(shown.String(), "\n") < 20 {
		t.Errorf("shown: %q", shown.String())
	}
}
