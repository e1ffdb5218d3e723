package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A tuned run keeps its choices, and a resumed one repeats them.
func TestTune(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() // it may exist, if it is empty
	mustStride(t, quick("--out", dir, "--tune")...)
	path := filepath.Join(dir, "tuning.json")
	choices := func() (c map[string]string) {
		if err := json.Unmarshal([]byte(readFile(t, path)), &c); err != nil {
			t.Fatal(err)
		}
		return c
	}
	first := choices()
	for v, name := range first {
		if !strings.HasPrefix(v, "input gradient of ") || name != "direct, narrow" && name != "product gradient" {
			t.Errorf("%s by %s", v, name)
		}
		first[v] = "direct, narrow"
	}
	if len(first) == 0 {
		t.Fatal("LeNet's second convolution has two ways to its input gradient; none was chosen")
	}
	// What stands in the file counts, even without the flag.
	data, err := json.Marshal(first)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, data)
	mustStride(t, "train", "--resume", dir, "--epochs", "3")
	for v, name := range choices() {
		if want, known := first[v]; known && name != want {
			t.Errorf("%s by %s, want %s", v, name, want)
		}
	}
	if err := os.WriteFile(path, []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	fails(t, failed, []string{"train", "--resume", dir, "--epochs", "4"}, path, "is damaged")
}

func TestStrict(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "run")
	mustStride(t, quick("--out", dir, "--math", "strict")...)
	if c := readFile(t, filepath.Join(dir, "config.json")); !strings.Contains(c, `"math": "strict"`) {
		t.Errorf("the run does not say how it computed: %s", c)
	}
	fails(t, misused, quick("--tune", "--math", "strict"), "--tune", "--math strict")
	fails(t, misused, quick("--device", "reference", "--tune"), "reference")
}
