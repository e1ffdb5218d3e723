package markup

import (
	"fmt"
	"strconv"
	"strings"
)

// A Block is a fenced block of a Markdown file that repeats something.
type Block struct {
	Line     int     // of the opening fence, from 1
	Language string  // go, python, text
	Region   string  // the region that it repeats, or ""
	Output   string  // the section whose output it repeats, or ""
	Approx   float64 // the relative difference that numbers may have; 0: none
	Measured bool    // numbers may differ
	Text     string  // ends with a newline, or is empty
}

// Blocks returns the blocks of a Markdown file that repeat a region or an output,
// in order. Other blocks of code are left out.
func Blocks(file, markdown string) ([]Block, error) {
	var list []Block
	lines := strings.Split(markdown, "\n")
	for i := 0; i < len(lines); i++ {
		info, ok := strings.CutPrefix(lines[i], fence)
		if !ok {
			continue
		}
		end := i + 1
		for end < len(lines) && lines[end] != fence {
			end++
		}
		if end == len(lines) {
			return nil, fmt.Errorf("%s:%d: the block has no end", file, i+1)
		}
		b, err := ParseInfo(info)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, i+1, err)
		}
		b.Line, b.Text = i+1, join(lines[i+1:end])
		if b.Region != "" || b.Output != "" {
			list = append(list, b)
		}
		i = end
	}
	return list, nil
}

// Replace returns a Markdown file with other texts in its blocks, which Blocks has found.
func Replace(markdown string, blocks []Block, text func(Block) string) string {
	lines := strings.Split(markdown, "\n")
	var b strings.Builder
	at := 0
	for _, block := range blocks {
		b.WriteString(join(lines[at:block.Line]))
		b.WriteString(text(block))
		at = block.Line + strings.Count(block.Text, "\n")
	}
	b.WriteString(strings.Join(lines[at:], "\n"))
	return b.String()
}

const fence = "```"

func join(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return strings.Join(lines, "\n") + "\n"
}

// ParseInfo returns what the info string of a fenced block says.
func ParseInfo(info string) (Block, error) {
	var b Block
	for i, word := range strings.Fields(info) {
		key, value, _ := strings.Cut(word, "=")
		switch {
		case i == 0:
			b.Language = word
		case key == "region" && value != "":
			b.Region = value
		case key == "output" && value != "":
			b.Output = value
		case word == "measured":
			b.Measured = true
		case key == "approx":
			x, err := strconv.ParseFloat(value, 64)
			if err != nil || !(x > 0 && x < 1) {
				return b, fmt.Errorf("approx=%s: want a number between 0 and 1", value)
			}
			b.Approx = x
		default:
			return b, fmt.Errorf("unknown word %q after the language of a block", word)
		}
	}
	if b.Region != "" && b.Output != "" {
		return b, fmt.Errorf("a block repeats a region or an output, not both")
	}
	return b, nil
}
