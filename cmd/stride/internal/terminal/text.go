// Package terminal writes for people and for programs: numbers, tables, JSON, words for
// a shell, and the live line that shows how something gets on.
package terminal

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/strideml/stride/internal/printable"
)

// Thousands writes a whole number with commas.
func Thousands[T int | int64](n T) string {
	s := fmt.Sprint(n)
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// Plural is a number with what it counts: "1 epoch", "2,000 epochs".
func Plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return Thousands(n) + " " + what + "s"
}

// BytesText writes a number of bytes for people.
func BytesText(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1e6:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	case n < 1e9:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.2f GB", float64(n)/1e9)
}

// Bar draws a share of width cells, to an eighth of one.
func Bar(share float64, width int) string {
	if math.IsNaN(share) {
		return ""
	}
	eighths := int(math.Round(min(max(share, 0), 1) * float64(8*width)))
	s := strings.Repeat("█", eighths/8)
	if part := eighths % 8; part > 0 {
		s += string([]rune("▏▎▍▌▋▊▉")[part-1])
	}
	return s
}

// A Table is written with its columns aligned: the ones in left to the left.
type Table struct {
	rows [][]string
	left map[int]bool
}

// NewTable returns an empty table; left has the columns that are aligned to the left.
func NewTable(left ...int) *Table {
	t := &Table{left: map[int]bool{}}
	for _, column := range left {
		t.left[column] = true
	}
	return t
}

// Add adds a row. Names from files may stand in its cells as they are.
func (t *Table) Add(cells ...string) {
	row := make([]string, len(cells))
	for i, cell := range cells {
		row[i] = printable.Line(cell)
	}
	t.rows = append(t.rows, row)
}

// Rule adds a line across the table.
func (t *Table) Rule() { t.rows = append(t.rows, nil) }

// Write writes the table.
func (t *Table) Write(w io.Writer) error {
	var widths []int
	for _, row := range t.rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	whole := 2 * (len(widths) - 1)
	for _, width := range widths {
		whole += width
	}
	var b strings.Builder
	for _, row := range t.rows {
		line := ""
		for i, cell := range row {
			space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if t.left[i] {
				line += cell + space + "  "
			} else {
				line += space + cell + "  "
			}
		}
		if row == nil {
			line = strings.Repeat("─", whole)
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteJSON writes a value as one line.
func WriteJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// Finite is a number for JSON, which has no infinities: null for them.
func Finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// Program is how this program was called, for hints that can be pasted.
func Program() string {
	if strings.Contains(filepath.ToSlash(os.Args[0]), "/go-build") && strings.Contains(filepath.ToSlash(os.Args[0]), "/exe/") {
		return "go run ./cmd/stride"
	}
	return "stride"
}

// ShellWord quotes a word for a shell where it must be.
func ShellWord(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(`/\._-+:=@%,~`, r)
	}
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !plain(r) }) {
		return s
	}
	if printable.Line(s) != s {
		return dollarQuoted(s)
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// dollarQuoted quotes a word with characters that cannot be shown, in the way of
// bash, zsh and ksh: every byte that is not a plain letter as an octal number.
func dollarQuoted(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' || c == '\'' || c == '\\' {
			fmt.Fprintf(&b, `\%03o`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return "$'" + b.String() + "'"
}

// Wrap breaks a text at spaces into lines of at most width letters, where its
// words allow.
func Wrap(text string, width int) string {
	var b strings.Builder
	column := 0
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
		case column+1+len(word) > width:
			b.WriteString("\n  ")
			column = 2
		default:
			b.WriteString(" ")
			column++
		}
		b.WriteString(word)
		column += len(word)
	}
	return b.String()
}

// OrList is "a, b or c".
func OrList(words []string) string {
	n := len(words)
	if n < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:n-1], ", ") + " or " + words[n-1]
}

// QuoteIfNeeded quotes a word unless it is plain.
func QuoteIfNeeded(s string) string {
	if s == "" || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == '"' || r > 126 }) {
		return fmt.Sprintf("%q", s)
	}
	return s
}

// Milliseconds writes a duration in seconds for people, as milliseconds or microseconds.
func Milliseconds(seconds float64) string {
	if seconds < 1e-3 {
		return fmt.Sprintf("%.1f µs", 1e6*seconds)
	}
	return fmt.Sprintf("%.2f ms", 1e3*seconds)
}
