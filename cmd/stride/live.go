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

// A liveLine shows how something gets on: on a terminal in a line at its foot that
// is drawn over and over, elsewhere in a plain line now and then. A nil one does
// nothing.
type liveLine struct {
	w     io.Writer
	plain bool // there is no terminal
	width func() int
	now   func() time.Time
	shown int // letters of the line that stands on the terminal
	next  time.Time
}

// How often a line is drawn on a terminal, and how soon and often one is printed
// elsewhere.
const (
	redraw     = 100 * time.Millisecond
	firstPlain = 10 * time.Second
	nextPlain  = 30 * time.Second
)

// newLiveLine returns a live line for a file, which may be a terminal.
func newLiveLine(w io.Writer) *liveLine {
	file, ok := w.(*os.File)
	if !ok {
		return nil
	}
	if !term.IsTerminal(int(file.Fd())) || os.Getenv("TERM") == "dumb" {
		return &liveLine{w: w, plain: true, now: time.Now}
	}
	return &liveLine{w: w, now: time.Now, width: func() int {
		width, _, err := term.GetSize(int(file.Fd()))
		if err != nil || width < 1 {
			return 80
		}
		return width
	}}
}

// A progress is what a live line shows.
type progress struct {
	head   string
	share  float64 // of the work that is done
	fields []string
}

// due says whether draw would show a line now.
func (l *liveLine) due() bool {
	if l == nil {
		return false
	}
	now := l.now()
	if l.plain && l.next.IsZero() {
		l.next = now.Add(firstPlain)
	}
	return !now.Before(l.next)
}

// draw shows what make returns, if it is time for that.
func (l *liveLine) draw(make func() progress) {
	if !l.due() {
		return
	}
	p := make()
	if l.plain {
		l.next = l.now().Add(nextPlain)
		fields := append([]string{fmt.Sprintf("%s %.0f %%", p.head, 100*p.share)}, p.fields...)
		fmt.Fprintln(l.w, printable.Line(strings.Join(fields, "  ")))
		return
	}
	l.next = l.now().Add(redraw)
	width := l.width() - 1 // a full line would wrap
	text := []rune(printable.Line(progressLine(width, p.head, p.share, p.fields...)))
	text = text[:min(len(text), max(width, 0))]
	rest := strings.Repeat(" ", max(0, min(l.shown, width)-len(text)))
	fmt.Fprintf(l.w, "\r%s%s", string(text), rest)
	l.shown = len(text)
}

// clear removes the line from a terminal, so that something else can be written.
func (l *liveLine) clear() {
	if l == nil || l.shown == 0 {
		return
	}
	fmt.Fprintf(l.w, "\r%s\r", strings.Repeat(" ", min(l.shown, l.width()-1)))
	l.shown, l.next = 0, time.Time{}
}

// pictureProgress shows how the opening of a folder of pictures gets on.
func (a *app) pictureProgress(found, checked int) {
	a.live.draw(func() progress {
		if checked == 0 {
			return progress{head: "looking for pictures", fields: []string{thousands(found) + " found"}}
		}
		return progress{"looking at pictures", float64(checked) / float64(found), []string{fmt.Sprintf("%s of %s", thousands(checked), thousands(found))}}
	})
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

// share is the part of a time that has passed, at most 1.
func share(passed, all time.Duration) float64 {
	return min(passed.Seconds()/max(all.Seconds(), 1e-9), 1)
}

// clock writes a duration as minutes and seconds.
func clock(d time.Duration) string {
	s := int(d.Round(time.Second) / time.Second)
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}
