package book_test

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/book"
)

// Every folder with a text is a chapter, and has the text in both languages.
func TestChapters(t *testing.T) {
	texts, err := fs.Glob(book.Files, "*/en.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range texts {
		if name := path.Dir(text); name != book.Front && !slices.Contains(book.Chapters, name) {
			t.Errorf("%s is not in the list of chapters", name)
		}
	}
	for _, name := range append([]string{book.Front}, book.Chapters...) {
		for _, file := range []string{"en.md", "zh.md"} {
			text, err := fs.ReadFile(book.Files, path.Join(name, file))
			if err != nil {
				t.Error(err)
				continue
			}
			title, ok := strings.CutPrefix(string(text), "# ")
			if title, _, _ = strings.Cut(title, "\n"); !ok || title == "" {
				t.Errorf("%s/%s does not begin with a title", name, file)
			}
		}
		if en, zh := headings(t, name, "en.md"), headings(t, name, "zh.md"); !slices.Equal(en, zh) {
			t.Errorf("%s: the levels of the headings are %v in English and %v in Chinese", name, en, zh)
		}
	}
}

// headings returns the levels of a text's headings.
func headings(t *testing.T, name, file string) []int {
	t.Helper()
	text, err := fs.ReadFile(book.Files, path.Join(name, file))
	if err != nil {
		t.Fatal(err)
	}
	var levels []int
	code := false
	for _, line := range strings.Split(string(text), "\n") {
		if strings.HasPrefix(line, "```") {
			code = !code
		}
		if marks := len(line) - len(strings.TrimLeft(line, "#")); marks > 0 && !code {
			levels = append(levels, marks)
		}
	}
	return levels
}

// The front page links all chapters, in their order.
func TestFrontPage(t *testing.T) {
	for _, language := range []string{"en", "zh"} {
		text, err := fs.ReadFile(book.Files, path.Join(book.Front, language+".md"))
		if err != nil {
			t.Fatal(err)
		}
		_, list, _ := strings.Cut(string(text), "<!-- contents -->")
		for _, name := range book.Chapters {
			chapter, err := fs.ReadFile(book.Files, path.Join(name, language+".md"))
			if err != nil {
				t.Fatal(err)
			}
			title, _, _ := strings.Cut(strings.TrimPrefix(string(chapter), "# "), "\n")
			link := "1. [" + title + "](../" + name + "/" + language + ".md)\n"
			at := strings.Index(list, link)
			if at < 0 {
				t.Fatalf("%s.md lacks, or has at another place: %s", language, link)
			}
			list = list[at:]
		}
	}
}
