// Package printable shows text from files, paths and users so that it cannot
// act on a terminal or a page: a tensor's name, a class name or a file name may
// hold an escape sequence that clears the screen, a newline that forges a line
// of output, or marks that reverse the order of letters.
//
// [Line] is for one name or one line, and [NewWriter] guards all that a program
// writes. What they escape has the form that JSON gives it, such as \u001b, so
// that JSON stays JSON with the same meaning. Bytes that are not UTF-8, which
// JSON cannot hold, are shown as \xff.
package printable

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line returns s with everything escaped that is not a visible character or a
// space: control characters, line breaks of any kind and tabs among them, marks
// of writing direction, and bytes that are not UTF-8. A backslash stays as it
// is, so the result is for people and cannot always be converted back.
func Line(s string) string {
	return escape(s, "")
}

// escape escapes what Line does, except the characters in keep.
func escape(s, keep string) string {
	var b strings.Builder
	start := 0 // of what is not yet in b
	for i, r := range s {
		size := utf8.RuneLen(r)
		text := ""
		switch {
		case r == utf8.RuneError:
			if _, size = utf8.DecodeRuneInString(s[i:]); size > 1 {
				continue // the character U+FFFD itself
			}
			text = fmt.Sprintf(`\x%02x`, s[i])
		case !harmful(r) || strings.ContainsRune(keep, r):
			continue
		case r == '\n':
			text = `\n`
		case r == '\r':
			text = `\r`
		case r == '\t':
			text = `\t`
		default:
			text = fmt.Sprintf(`\u%04x`, r)
		}
		b.WriteString(s[start:i])
		b.WriteString(text)
		start = i + size
	}
	if start == 0 {
		return s
	}
	b.WriteString(s[start:])
	return b.String()
}

// harmful reports whether a character does something rather than show
// something. All such characters are below U+10000.
func harmful(r rune) bool {
	return unicode.Is(unicode.Cc, r) || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Bidi_Control, r)
}

// NewWriter returns a writer that escapes what [Line] does, except newlines and
// tabs, and writes the result to w. A character may be split over two calls of
// Write. A last character that never becomes whole is not written.
func NewWriter(w io.Writer) io.Writer {
	return &writer{w: w}
}

type writer struct {
	w    io.Writer
	rest []byte // the beginning of a character
}

// Write returns len(p) and nil, or 0 and the error of the writer below: how
// much of p has been written then is not known.
func (w *writer) Write(p []byte) (int, error) {
	text := append(w.rest, p...)
	end := whole(text)
	w.rest = append([]byte(nil), text[end:]...)
	if _, err := io.WriteString(w.w, escape(string(text[:end]), "\n\t")); err != nil {
		return 0, err
	}
	return len(p), nil
}

// whole returns how much of b ends with a whole character.
func whole(b []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(b); n++ {
		if last := b[len(b)-n:]; utf8.RuneStart(last[0]) {
			if utf8.FullRune(last) {
				return len(b)
			}
			return len(b) - n
		}
	}
	return len(b)
}
