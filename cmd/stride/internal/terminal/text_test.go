package terminal

import (
	"fmt"
	"testing"
)

// What the shell is told to paste must mean the same.
func TestShellWord(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{
		"runs/a-b_c.d": "runs/a-b_c.d", "a b": "'a b'", "it's": `'it'\''s'`, "": "''", "$x": "'$x'", "it's\n\x1b\u009b\\": `$'it\047s\012\033\302\233\134'`,
	} {
		if got := ShellWord(word); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestTexts(t *testing.T) {
	t.Parallel()
	for got, want := range map[string]string{
		Plural(1, "epoch"): "1 epoch", Plural(0, "epoch"): "0 epochs", Plural(2000, "step"): "2,000 steps",
		Thousands(-1234567): "-1,234,567", Thousands(int64(12)): "12",
		BytesText(999): "999 B", BytesText(1500): "1.5 kB", BytesText(26_421_880): "26.4 MB", BytesText(3_200_000_000): "3.20 GB",
		Bar(0.5, 4): "██", Bar(0.3125, 4): "█▎", Bar(0, 4): "", Bar(2, 2): "██",
		Wrap("one two three", 8):                "one two\n  three",
		OrList([]string{"a", "b", "c"}):         "a, b or c",
		fmt.Sprint(Milliseconds(2e-5)):          "20.0 µs",
		fmt.Sprint(Milliseconds(0.25)):          "250.00 ms",
		QuoteIfNeeded("a b"):                    `"a b"`,
		QuoteIfNeeded("plain"):                  "plain",
		QuoteIfNeeded(string(rune(7)) + "ring"): `"\aring"`,
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
