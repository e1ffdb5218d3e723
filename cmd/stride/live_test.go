package main

import (
	"bytes"
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

func TestClock(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{0: "0:00", 59900 * time.Millisecond: "1:00", 42 * time.Second: "0:42", 3723 * time.Second: "1:02:03"} {
		if got := clock(d); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
