package terminal

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

// A LiveLine shows how something gets on: on a terminal in a line at its foot that
// is drawn over and over, elsewhere in a plain line now and then. A nil one does
// nothing.
type LiveLine struct {
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

// NewLiveLine returns a live line for a file, which may be a terminal.
func NewLiveLine(w io.Writer) *LiveLine {
	file, ok := w.(*os.File)
	if !ok {
		return nil
	}
	if !term.IsTerminal(int(file.Fd())) || os.Getenv("TERM") == "dumb" {
		return &LiveLine{w: w, plain: true, now: time.Now}
	}
	return &LiveLine{w: w, now: time.Now, width: func() int {
		width, _, err := term.GetSize(int(file.Fd()))
		if err != nil || width < 1 {
			return 80
		}
		return width
	}}
}

// NewPlainLine returns a live line for something that is no terminal.
func NewPlainLine(w io.Writer, now func() time.Time) *LiveLine {
	return &LiveLine{w: w, plain: true, now: now}
}

// NewTerminalLine returns a live line for a terminal of some width.
func NewTerminalLine(w io.Writer, width int, now func() time.Time) *LiveLine {
	return &LiveLine{w: w, width: func() int { return width }, now: now}
}

// A Progress is what a live line shows.
type Progress struct {
	Head   string
	Share  float64 // of the work that is done
	Open   bool    // nobody knows how much is left
	Fields []string
}

// Due says whether draw would show a line now.
func (l *LiveLine) Due() bool {
	if l == nil {
		return false
	}
	now := l.now()
	if l.plain && l.next.IsZero() {
		l.next = now.Add(firstPlain)
	}
	return !now.Before(l.next)
}

// Draw shows what make returns, if it is time for that.
func (l *LiveLine) Draw(make func() Progress) {
	if !l.Due() {
		return
	}
	p := make()
	if l.plain {
		l.next = l.now().Add(nextPlain)
		head := p.Head
		if !p.Open {
			head = fmt.Sprintf("%s %.0f %%", p.Head, 100*p.Share)
		}
		fields := append([]string{head}, p.Fields...)
		fmt.Fprintln(l.w, printable.Line(strings.Join(fields, "  ")))
		return
	}
	l.next = l.now().Add(redraw)
	width := l.width() - 1 // a full line would wrap
	line := strings.Join(append([]string{p.Head}, p.Fields...), "  ")
	if !p.Open {
		line = progressLine(width, p.Head, p.Share, p.Fields...)
	}
	text := []rune(printable.Line(line))
	text = text[:min(len(text), max(width, 0))]
	rest := strings.Repeat(" ", max(0, min(l.shown, width)-len(text)))
	fmt.Fprintf(l.w, "\r%s%s", string(text), rest)
	l.shown = len(text)
}

// Clear removes the line from a terminal, so that something else can be written.
func (l *LiveLine) Clear() {
	if l == nil || l.shown == 0 {
		return
	}
	fmt.Fprintf(l.w, "\r%s\r", strings.Repeat(" ", min(l.shown, l.width()-1)))
	l.shown, l.next = 0, time.Time{}
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

// Share is the part of a time that has passed, at most 1.
func Share(passed, all time.Duration) float64 {
	return min(passed.Seconds()/max(all.Seconds(), 1e-9), 1)
}

// Clock writes a duration as minutes and seconds.
func Clock(d time.Duration) string {
	s := int(d.Round(time.Second) / time.Second)
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}
