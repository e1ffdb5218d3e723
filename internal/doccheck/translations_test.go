package doccheck

import (
	"fmt"
	"strings"
	"testing"
	"unicode"
)

// outline has what a document and its translation must have in common: headings,
// blocks of code, commands, list items and rows of tables, in order.
func outline(text string) []string {
	var list []string
	code := false
	for _, line := range strings.Split(text, "\n") {
		switch {
		case strings.HasPrefix(line, "```"):
			code = !code
			list = append(list, line)
		case code:
		case strings.HasPrefix(line, "#"):
			list = append(list, line[:strings.Index(line, " ")])
		case strings.HasPrefix(line, "    "):
			command, _, _ := strings.Cut(line, " # ")
			list = append(list, strings.TrimSpace(command))
		case strings.HasPrefix(line, "- "):
			list = append(list, "-")
		case strings.HasPrefix(line, "|"):
			list = append(list, fmt.Sprintf("row of %d cells", strings.Count(line, "|")-1))
		case strings.HasPrefix(line, "!["):
			list = append(list, line[strings.LastIndex(line, "("):])
		}
	}
	return list
}

// A document and its Chinese translation have the same parts.
func TestTranslations(t *testing.T) {
	texts := documents(t)
	count := 0
	for name, chinese := range texts {
		original, ok := strings.CutSuffix(name, ".zh.md")
		if !ok {
			continue
		}
		count++
		a, b := outline(texts[original+".md"]), outline(chinese)
		for i := range max(len(a), len(b)) {
			if i >= len(a) || i >= len(b) || a[i] != b[i] {
				t.Errorf("%s.md and %s differ at part %d: %q and %q", original, name, i, a[min(i, len(a)):min(i+2, len(a))], b[min(i, len(b)):min(i+2, len(b))])
				break
			}
		}
	}
	if count < 2 {
		t.Errorf("only %d translations were found", count)
	}
}

// In Chinese a paragraph is one line, as a line break would be shown as a space.
func TestChineseParagraphs(t *testing.T) {
	for name, text := range documents(t) {
		if !strings.HasSuffix(name, ".zh.md") {
			continue
		}
		last := ""
		for i, line := range strings.Split(prose(text), "\n") {
			for _, r := range line {
				if unicode.Is(unicode.Han, r) && strings.TrimSpace(last) != "" && !strings.ContainsAny(line[:1], " #|-!") && !strings.HasPrefix(last, "    ") {
					t.Errorf("%s, line %d of its prose goes on with a paragraph: %s", name, i+1, line)
				}
				break
			}
			last = line
		}
	}
}
