package flow

import (
	"slices"
	"testing"

	"github.com/strideml/stride/viz/diagram/internal/svg"
)

// network makes units from the inputs of each; the first has none.
func network(inputs ...[]int) *Layout {
	l := &Layout{d: svg.New()}
	for i, in := range inputs {
		l.Units = append(l.Units, &Unit{Class: "box", Title: string(rune('a' + i)), In: in})
		for _, from := range in {
			l.Units[from].Out = append(l.Units[from].Out, i)
		}
	}
	return l
}

func TestSeries(t *testing.T) {
	for _, test := range []struct {
		name  string
		l     *Layout
		want  string // the signature's letters
		plain bool
	}{
		{"a chain", network(nil, []int{0}, []int{1}), "abc", true},
		{"a shortcut", network(nil, []int{0}, []int{1, 0}), "a{b|}c", true},
		{"four paths", network(nil, []int{0}, []int{0}, []int{2}, []int{1, 3, 0}), "a{b|cd|}e", true},
		{"two blocks", network(nil, []int{0}, []int{1, 0}, []int{2}, []int{3, 2}), "a{b|}c{d|}e", true},
		{"a block in a block", network(nil, []int{0}, []int{1}, []int{2, 1}, []int{3, 0}), "a{b{c|}d|}e", true},
		{"a bridge", network(nil, []int{0}, []int{0, 1}, []int{1, 2}), "", false},
		{"two ends", network(nil, []int{0}, []int{0}), "", false},
	} {
		s, ok := test.l.series(0, len(test.l.Units))
		if ok != test.plain {
			t.Errorf("%s: paths that just part and join: %v", test.name, ok)
			continue
		}
		if ok {
			if got := letters(s); got != test.want {
				t.Errorf("%s: %s, want %s", test.name, got, test.want)
			}
		}
		test.l.Draw(svg.New()) // in any case
	}
}

// letters writes a series with the titles of its units.
func letters(s *series) (text string) {
	for _, it := range s.items {
		switch it := it.(type) {
		case *box:
			text += it.unit.Title
		case *parallel:
			text += "{"
			for i, b := range it.branches {
				if i > 0 {
					text += "|"
				}
				text += letters(b)
			}
			text += "}" + it.join.unit.Title
		case *repeat:
			text += "(" + letters(it.inner) + ")"
		}
	}
	return text
}

func TestFold(t *testing.T) {
	for text, want := range map[string]string{
		"abc": "abc", "aab": "(a)b", "ababab": "(ab)", "abcabcd": "(abc)d", "aabaab": "(aab)", "abb": "a(b)",
	} {
		s := &series{}
		for _, r := range text {
			s.items = append(s.items, &box{unit: &Unit{Title: string(r)}})
		}
		s.fold()
		if got := letters(s); got != want {
			t.Errorf("%s becomes %s, want %s", text, got, want)
		}
	}
}

func TestPostdominators(t *testing.T) {
	l := network(nil, []int{0}, []int{0}, []int{1, 2}, []int{3})
	if got := l.postdominators(); !slices.Equal(got, []int{3, 3, 3, 4, 5, 5}) {
		t.Error(got)
	}
}

func TestBalanced(t *testing.T) {
	for text, want := range map[string][]string{
		"1×1 conv, 64":           {"1×1 conv, 64"},
		"global average pooling": {"global", "average", "pooling"},
		"3×3 max pooling":        {"3×3 max", "pooling"},
		"全连接层，4096":              {"全连接层，", "4096"},
	} {
		if got := balanced(text, 92); !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
