package printable

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestLine(t *testing.T) {
	for s, want := range map[string]string{
		"":                              "",
		"t-shirt":                       "t-shirt",
		"T恤 é 👩‍🔬 \u3000½ \ufffd":       "T恤 é 👩‍🔬 \u3000½ \ufffd",
		"a\x1b[2Jb\x07":                 `a\u001b[2Jb\u0007`,
		"\x1b]0;title\x1b\\":            `\u001b]0;title\u001b\`,
		"one\ntwo\r\nthree\tfour\v\f\b": `one\ntwo\r\nthree\tfour\u000b\u000c\u0008`,
		"\x00\x7f\u0085\u009b31m":       `\u0000\u007f\u0085\u009b31m`,
		"gpj.\u202egnp\u2066\u200f":     `gpj.\u202egnp\u2066\u200f`,
		"\u2028\u2029":                  `\u2028\u2029`,
		"\xff\x9b31m é\xc3":             `\xff\x9b31m é\xc3`,
		"\xed\xa0\x80":                  `\xed\xa0\x80`, // half of a surrogate pair
		`back\slash`:                    `back\slash`,
	} {
		if got := Line(s); got != want {
			t.Errorf("Line(%q) is %q, want %q", s, got, want)
		}
	}
}

// No character of Unicode and no byte gets through that a terminal obeys.
func TestLineOfAll(t *testing.T) {
	for r := range rune(unicode.MaxRune) {
		got := Line("a" + string(r) + "b")
		if strings.ContainsFunc(got, unicode.IsControl) || strings.ContainsFunc(got, func(r rune) bool { return unicode.Is(unicode.Bidi_Control, r) }) {
			t.Errorf("%U stays", r)
		}
		if unicode.IsPrint(r) && got != "a"+string(r)+"b" {
			t.Errorf("%U becomes %q", r, got)
		}
	}
	for b := range 256 {
		if got := Line(string([]byte{'a', byte(b)})); !utf8.ValidString(got) {
			t.Errorf("byte %#x becomes %q", b, got)
		}
	}
}

func TestWriter(t *testing.T) {
	text := "Größe\t3×4\n\x1b[31m恤\u009b👟\u202e\r\n\xff\xe6!\n"
	want := "Größe\t3×4\n\\u001b[31m恤\\u009b👟\\u202e\\r\n\\xff\\xe6!\n"
	for size := 1; size <= len(text); size++ {
		var b strings.Builder
		w := NewWriter(&b)
		for rest := text; rest != ""; {
			part := rest[:min(size, len(rest))]
			rest = rest[len(part):]
			if n, err := io.WriteString(w, part); n != len(part) || err != nil {
				t.Fatalf("Write returns %d, %v", n, err)
			}
		}
		if b.String() != want {
			t.Errorf("in parts of %d bytes: %q, want %q", size, b.String(), want)
		}
	}
}

// JSON means the same after it went through a writer.
func TestWriterKeepsJSON(t *testing.T) {
	name := "\x00\x1b\x7f\u0085\u009b\u202e\u2028\n\t\\u0041\"恤"
	var b strings.Builder
	if err := json.NewEncoder(NewWriter(&b)).Encode(name); err != nil {
		t.Fatal(err)
	}
	var back string
	if err := json.Unmarshal([]byte(b.String()), &back); err != nil || back != name {
		t.Errorf("%s is %q, %v, want %q", b.String(), back, err, name)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWriterFails(t *testing.T) {
	if n, err := io.WriteString(NewWriter(broken{}), "text"); n != 0 || err == nil {
		t.Errorf("Write returns %d, %v", n, err)
	}
}
