package terminal

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
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
	l := &LiveLine{w: &out, width: func() int { return width }, now: func() time.Time { return now }}
	say := func(s string) string {
		out.Reset()
		l.Draw(func() Progress { return Progress{Head: s} })
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
	l.Clear()
	l.Clear()
	if got := out.String(); got != "\r     \r" {
		t.Errorf("got %q", got)
	}
	now, width = now.Add(time.Second), 0
	if got := say("nothing fits"); strings.Trim(got, "\r") != "" {
		t.Errorf("got %q", got)
	}
	var none *LiveLine
	none.Draw(func() Progress { t.Error("a line that is not there was drawn"); return Progress{} })
	none.Clear()
}

// Off a terminal there is a plain line after ten seconds, and then every thirty.
func TestPlainLines(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	now := time.Unix(1e9, 0)
	l := &LiveLine{w: &out, plain: true, now: func() time.Time { return now }}
	for second := range 75 {
		l.Draw(func() Progress {
			return Progress{Head: "epoch 1/2", Share: 0.5, Fields: []string{"loss 0.5", fmt.Sprint(second, "\x1b s")}}
		})
		l.Clear()
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
	if l := NewLiveLine(file); l == nil || !l.plain {
		t.Errorf("a file has the live line %+v", l)
	}
}

func TestClock(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{0: "0:00", 59900 * time.Millisecond: "1:00", 42 * time.Second: "0:42", 3723 * time.Second: "1:02:03"} {
		if got := Clock(d); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
