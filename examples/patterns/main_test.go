package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/strideml/stride/data/imagefolder"
)

// The folder has the five classes, and only the two files are wrong that are meant to be.
func TestWrite(t *testing.T) {
	root := t.TempDir()
	if err := write(root, 30); err != nil {
		t.Fatal(err)
	}
	sets, err := imagefolder.Open(t.Context(), filepath.Join(root, "photos"), imagefolder.Options{Validation: -1})
	if err != nil {
		t.Fatal(err)
	}
	if len(sets.Classes) != 5 || sets.Train.Len() != 150 {
		t.Errorf("%d photos of %v", sets.Train.Len(), sets.Classes)
	}
	first := map[string]string{} // by the content of the file
	for _, glob := range []string{"photos/*/*.jpg", "new/*.jpg"} {
		files, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(glob)))
		if err != nil || len(files) < 5 {
			t.Fatalf("%s: %d files, %v", glob, len(files), err)
		}
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			name, before := filepath.Base(file), first[string(b)]
			if copied := filepath.Base(filepath.Dir(file)) == "stripes" && name == "20.jpg"; copied != (before != "") {
				t.Errorf("%s is the same as %q", file, before)
			}
			first[string(b)] = file
		}
	}
	wrong := filepath.Join(t.TempDir(), "checks.jpg")
	if err := save(wrong, draw(patterns[0], 1, 7)); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(wrong)
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(root, "photos", "dots", "07.jpg"); first[string(b)] != want {
		t.Errorf("checks are in %q, want %q", first[string(b)], want)
	}
}
