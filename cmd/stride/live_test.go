package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/strideml/stride/train"
)

func TestProgressLine(t *testing.T) {
	t.Parallel()
	fields := []string{"loss 0.512", "accuracy 0.810", "0:42 left", "20,123 images/s"}
	for _, c := range []struct {
		width, cells, fields int // of the bar; of those that fit
	}{{200, 30, 4}, {90, 23, 4}, {80, 13, 4}, {70, 0, 4}, {60, 10, 3}, {40, 0, 2}, {30, 7, 1}, {20, 9, 0}, {12, 0, 0}, {3, 0, 0}} {
		got := progressLine(c.width, "epoch 2/10", 0.5, fields...)
		want := "epoch 2/10"
		if c.cells > 0 {
			want += " " + strings.Repeat("━", c.cells/2) + strings.Repeat("·", c.cells-c.cells/2)
		}
		for _, field := range fields[:c.fields] {
			want += "  " + field
		}
		if got != want {
			t.Errorf("width %d: got %q, want %q", c.width, got, want)
		}
		if n := utf8.RuneCountInString(got); n > c.width && c.width > len("epoch 2/10") {
			t.Errorf("width %d: %d letters", c.width, n)
		}
	}
	for _, share := range []float64{-1, 0, 1, 2} {
		if n := utf8.RuneCountInString(progressLine(60, "x", share)); n != 32 {
			t.Errorf("share %v: %d letters", share, n)
		}
	}
}

func TestLiveLine(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	now, width := time.Unix(1e9, 0), 11
	l := &liveLine{w: &out, width: func() int { return width }, now: func() time.Time { return now }}
	say := func(s string) string {
		out.Reset()
		l.draw(func() progress { return progress{head: s} })
		return out.String()
	}
	if got := say("a line too long"); got != "\ra line too" {
		t.Errorf("got %q", got)
	}
	if got := say("too soon"); got != "" {
		t.Errorf("got %q", got)
	}
	now = now.Add(time.Second)
	if got := say("short"); got != "\rshort     " {
		t.Errorf("got %q", got)
	}
	out.Reset()
	l.clear()
	l.clear()
	if got := out.String(); got != "\r     \r" {
		t.Errorf("got %q", got)
	}
	now, width = now.Add(time.Second), 0
	if got := say("nothing fits"); strings.Trim(got, "\r") != "" {
		t.Errorf("got %q", got)
	}
	var none *liveLine
	none.draw(func() progress { t.Error("a line that is not there was drawn"); return progress{} })
	none.clear()
}

// Off a terminal there is a plain line after ten seconds, and then every thirty.
func TestPlainLines(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	now := time.Unix(1e9, 0)
	l := &liveLine{w: &out, plain: true, now: func() time.Time { return now }}
	for second := range 75 {
		l.draw(func() progress {
			return progress{"epoch 1/2", 0.5, []string{"loss 0.5", fmt.Sprint(second, "\x1b s")}}
		})
		l.clear()
		now = now.Add(time.Second)
	}
	want := ""
	for _, second := range []int{10, 40, 70} {
		want += fmt.Sprintf("epoch 1/2 50 %%  loss 0.5  %d\\u001b s\n", second)
	}
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
	file, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if l := newLiveLine(file); l == nil || !l.plain {
		t.Errorf("a file has the live line %+v", l)
	}
}

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
		a := &app{live: &liveLine{w: &errs, plain: true, now: slowClock()}}
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
	for _, live := range []*liveLine{nil, {w: &shown, plain: true, now: slowClock()}} {
		var out bytes.Buffer
		args := []string{"bench", "lenet", "--batch", "4", "--time", "50ms", "--mode", "infer", "--json"}
		if status := execute(t.Context(), &app{live: live}, args, &out, &errs); status != done {
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

// A training that takes long says so once, when some steps were measured.
func TestEstimate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		step   time.Duration // that a step takes; the first takes ten times as long
		epochs int
		want   string
	}{
		{300 * time.Millisecond, 10, "This will take about 4:59: 995 steps of 0.30 s, and the tests. Ctrl-C saves and stops.\n"},
		{7 * time.Second, 10, "This will take about 1:56:26: 998 steps of 7.00 s, and the tests. Ctrl-C saves and stops.\n"},
		{300 * time.Millisecond, 2, ""},
	} {
		var errs bytes.Buffer
		now := time.Unix(1e9, 0)
		v := &trainView{app: &app{stdout: io.Discard, stderr: &errs}, now: func() time.Time { return now }}
		v.start(train.StartInfo{Epochs: c.epochs, Batches: 100})
		now = now.Add(10 * c.step)
		for step := range 100 * c.epochs {
			v.step(train.StepInfo{Epoch: 1, Epochs: c.epochs, Batch: 1, Batches: 100, Step: step + 1})
			now = now.Add(c.step)
		}
		if errs.String() != c.want {
			t.Errorf("got %q, want %q", errs.String(), c.want)
		}
	}
}

func TestClock(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{0: "0:00", 59900 * time.Millisecond: "1:00", 42 * time.Second: "0:42", 3723 * time.Second: "1:02:03"} {
		if got := clock(d); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// The opening of a large folder shows how many pictures were found, then how many of
// them were looked at.
func TestPictureProgress(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	now := time.Unix(1e9, 0)
	a := &app{live: &liveLine{w: &out, width: func() int { return 80 }, now: func() time.Time { return now }}}
	for _, c := range []struct {
		found, checked int
		want           string
	}{{2000, 0, "looking for pictures ······························  2,000 found"}, {4000, 1000, "looking at pictures ━━━━━━━·······················  1,000 of 4,000"}} {
		out.Reset()
		now = now.Add(time.Second)
		a.pictureProgress(c.found, c.checked)
		if got := strings.TrimSpace(out.String()); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}
