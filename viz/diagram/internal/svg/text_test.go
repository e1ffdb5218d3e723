package svg

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

func TestNumbers(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{Num(-0.001), "0"}, {Num(1.005), "1"}, {Num(2.5), "2.5"}, {Nums(1, -2.126), "1 -2.13"},
		{Format(-0.0001, 2), "0"}, {Format(-1.5, 0), "−2"}, {Format(-1.25, 1), "−1.3"}, {Format(3, 2), "3"},
		{Short(0), "0"}, {Short(850), "850"}, {Short(999.6), "1 k"}, {Short(48120), "48.1 k"}, {Short(240000), "240 k"}, {Short(46764746), "46.8 M"}, {Short(1.26e9), "1.26 G"},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
}

func TestLines(t *testing.T) {
	if got := Lines("words", "one two three", Width("words", "one two")+1); !slices.Equal(got, []string{"one two", "three"}) {
		t.Errorf("%q", got)
	}
	// No line of Chinese text begins with a full stop or ends with an opening bracket.
	got := Lines("words", "卷积层（步幅为2）之后，是汇聚层。", 4.2*14)
	for _, line := range got {
		if strings.ContainsAny(line[:3], "，。）") || strings.HasSuffix(line, "（") {
			t.Errorf("%q", got)
		}
		if Width("words", line) > 5.5*14 {
			t.Errorf("%q is wide", line)
		}
	}
	if strings.Join(got, "") != "卷积层（步幅为2）之后，是汇聚层。" {
		t.Errorf("%q", got)
	}
	if got := Lines("words", "a\nb", 100); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("%q", got)
	}
}

// The style sheet has the rules that are used, dark ones for screens only, and nothing else.
func TestStyleSheet(t *testing.T) {
	d := New()
	d.Write("label", 10, 10, "a < b")
	d.Rectangle("mark-blue dashed", 0, 0, 10, 10, 0)
	var b bytes.Buffer
	if err := d.WriteSVG(&b, "t", ""); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{".sd-label{", ".sd-mark-blue{", ".sd-dashed{stroke-dasharray:5 3}", "@media screen and (prefers-color-scheme:dark){\n.sd-label{fill:#a3acb9}", "a &lt; b"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in %s", want, b.String())
		}
	}
	if strings.Contains(b.String(), "sd-cell") || strings.Contains(b.String(), "$") {
		t.Error(b.String())
	}
	d.Path("no such class", "M0 0", Box(0, 0, 1, 1))
	if err := d.WriteSVG(&b, "t", ""); err == nil {
		t.Error("a class that does not exist is no error")
	}
}
