package main

import (
	"os"
	"strings"
	"testing"

	"github.com/strideml/stride/book/internal/chapter/chaptertest"
	"github.com/strideml/stride/book/internal/markup"
)

func TestFrontPage(t *testing.T) { chaptertest.Check(t, page) }

// examples/ownblock, which the page says to copy, has the code that the page shows.
func TestExample(t *testing.T) {
	source, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("../../examples/ownblock/main.go")
	if err != nil {
		t.Fatal(err)
	}
	regions, err := markup.Regions("main.go", string(source))
	if err != nil {
		t.Fatal(err)
	}
	for name, code := range regions {
		if !strings.Contains(plain(string(example)), plain(code)) {
			t.Errorf("examples/ownblock lacks the code of region %s", name)
		}
	}
}

// plain removes the indentation of each line.
func plain(code string) string {
	lines := strings.Split(code, "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.Join(lines, "\n")
}
