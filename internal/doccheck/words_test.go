package doccheck

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Words that CONTRIBUTING.md advises against, in documents, comments and texts of
// the command line. Only those are here that are wrong wherever they occur.
var avoided = regexp.MustCompile(`(?i)\b(to and fro|in vain|anew|somebody looks|last direction|crew|` +
	`before memory is taken|before taking memory|turned kernel|of one's own|nothing after its flags|` +
	`what holds it back|the likeliest|recomputable|subbatch|say more about)\b`)

func TestWords(t *testing.T) {
	exempt := []string{"CONTRIBUTING.md", "internal/doccheck/words_test.go"}
	count := 0
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			switch entry.Name() {
			case "testdata", ".git", "shared", "runs", "archives":
				return filepath.SkipDir
			}
			return nil
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if ext := filepath.Ext(path); ext != ".go" && ext != ".md" || slices.Contains(exempt, filepath.ToSlash(rel)) {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		count++
		for i, line := range strings.Split(string(text), "\n") {
			if word := avoided.FindString(line); word != "" {
				t.Errorf("%s:%d: %q: CONTRIBUTING.md has a plainer word", filepath.ToSlash(rel), i+1, word)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if count < 300 {
		t.Errorf("only %d files were found", count)
	}
}
