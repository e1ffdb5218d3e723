package markup

import (
	"fmt"
	"strings"
)

// Regions returns the regions of a source file by name, without the indentation
// that all their lines share and without empty lines at both ends. Regions may
// lie within each other; the comments of inner ones are left out. The comments
// are //region NAME and //endregion, or # region NAME and # endregion.
func Regions(file, source string) (map[string]string, error) {
	type open struct {
		name  string
		lines []string
	}
	regions := map[string]string{}
	var stack []*open
	for i, line := range strings.Split(source, "\n") {
		word, rest := comment(line)
		switch {
		case word == "region" && len(strings.Fields(rest)) == 1:
			stack = append(stack, &open{name: strings.TrimSpace(rest)})
		case word == "region":
			return nil, fmt.Errorf("%s:%d: a region has one name, not %q", file, i+1, strings.TrimSpace(rest))
		case word == "endregion":
			if len(stack) == 0 {
				return nil, fmt.Errorf("%s:%d: endregion without region", file, i+1)
			}
			last := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if _, twice := regions[last.name]; twice {
				return nil, fmt.Errorf("%s:%d: there are two regions %q", file, i+1, last.name)
			}
			regions[last.name] = dedent(last.lines)
		default:
			for _, o := range stack {
				o.lines = append(o.lines, line)
			}
		}
	}
	if len(stack) > 0 {
		return nil, fmt.Errorf("%s: region %q has no endregion", file, stack[len(stack)-1].name)
	}
	return regions, nil
}

// comment returns region or endregion, and what follows it, if a line is such a comment.
func comment(line string) (word, rest string) {
	line = strings.TrimSpace(line)
	for _, mark := range []string{"//", "# "} {
		text, ok := strings.CutPrefix(line, mark)
		if !ok {
			continue
		}
		word, rest, _ = strings.Cut(text, " ")
		if word == "region" || word == "endregion" {
			return word, rest
		}
	}
	return "", ""
}

// dedent removes the indentation that all lines share, and empty lines at both ends.
func dedent(lines []string) string {
	for len(lines) > 0 && strings.TrimSpace(lines[0]) == "" {
		lines = lines[1:]
	}
	for len(lines) > 0 && strings.TrimSpace(lines[len(lines)-1]) == "" {
		lines = lines[:len(lines)-1]
	}
	common := -1
	for _, line := range lines {
		if strings.TrimSpace(line) == "" {
			continue
		}
		if n := len(line) - len(strings.TrimLeft(line, "\t ")); common < 0 || n < common {
			common = n
		}
	}
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(strings.TrimRight(line[min(max(common, 0), len(line)):], " \t"))
		b.WriteByte('\n')
	}
	return b.String()
}
