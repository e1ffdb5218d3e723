package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/strideml/stride/internal/printable"
)

// A liveLine is a line at the foot of a terminal that is drawn over and over.
// A nil one does nothing.
type liveLine struct {
	w     io.Writer
	width func() int
	now   func() time.Time
	shown int // letters of the line that stands there
	drawn time.Time
}

// newLiveLine returns a live line if w is a terminal that can have one.
func newLiveLine(w io.Writer) *liveLine {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) || os.Getenv("TERM") == "dumb" {
		return nil
	}
	return &liveLine{w: w, now: time.Now, width: func() int {
		width, _, err := term.GetSize(int(file.Fd()))
		if err != nil || width < 1 {
			return 80
		}
		return width
	}}
}

// draw shows the line that make returns, at most ten times a second. make is
// told how many letters fit.
func (l *liveLine) draw(line func(width int) string) {
	if l == nil || l.now().Sub(l.drawn) < 100*time.Millisecond {
		return
	}
	l.drawn = l.now()
	width := l.width() - 1 // a full line would wrap
	text := []rune(printable.Line(line(width)))
	text = text[:min(len(text), max(width, 0))]
	rest := strings.Repeat(" ", max(0, min(l.shown, width)-len(text)))
	fmt.Fprintf(l.w, "\r%s%s", string(text), rest)
	l.shown = len(text)
}

// clear removes the line, so that something else can be written.
func (l *liveLine) clear() {
	if l == nil || l.shown == 0 {
		return
	}
	fmt.Fprintf(l.w, "\r%s\r", strings.Repeat(" ", min(l.shown, l.width()-1)))
	l.shown, l.drawn = 0, time.Time{}
}

// progressLine lays out a live line: a head, a bar of what is done, and fields
// of which the last are left out where they do not fit.
func progressLine(width int, head string, share float64, fields ...string) string {
	const least, most = 6, 30
	for {
		tail := ""
		for _, field := range fields {
			tail += "  " + field
		}
		room := width - utf8.RuneCountInString(head) - 1 - utf8.RuneCountInString(tail)
		switch {
		case room >= least:
			cells := min(room, most)
			full := min(max(int(share*float64(cells)), 0), cells)
			return head + " " + strings.Repeat("━", full) + strings.Repeat("·", cells-full) + tail
		case room >= -1 || len(fields) == 0:
			return head + tail
		}
		fields = fields[:len(fields)-1]
	}
}

// clock writes a duration as minutes and seconds.
func clock(d time.Duration) string {
	s := int(d.Round(time.Second) / time.Second)
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}
