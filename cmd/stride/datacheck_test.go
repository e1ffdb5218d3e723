package main

import (
	"bytes"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// photoFolder writes pictures of clothes as files, 25 of each of two classes in
// train/ and five in validation/, and with faults more.
func photoFolder(t testing.TB, faults bool) string {
	t.Helper()
	root := t.TempDir()
	put := func(path string, content []byte) {
		t.Helper()
		file := filepath.Join(root, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		writeFile(t, file, content)
	}
	encoded := func(i int) []byte {
		t.Helper()
		var b bytes.Buffer
		if err := png.Encode(&b, photo(testImage(t, i))); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	for i := range 60 {
		split := "train"
		if i >= 50 {
			split = "validation"
		}
		put(fmt.Sprintf("%s/%s/%02d.png", split, []string{"even", "odd"}[i%2], i), encoded(i))
	}
	if faults {
		put("train/even/broken.png", []byte("\x89PNG\r\n\x1a\n"))
		put("train/odd/\x1b[31m.png", []byte("no picture"))
		put("train/odd/Thumbs.db", []byte("x"))
		put("train/odd/copy.png", encoded(1))
		put("validation/even/copy.png", encoded(2))
	}
	return root
}

func TestDataCheck(t *testing.T) {
	t.Parallel()
	root := photoFolder(t, true)
	before := contents(t, filepath.Join(root, "train", "even"))
	out := mustStride(t, "data", "check", root, "--model", "none")
	for _, want := range []string{
		"62 pictures in " + root + ", 62 PNG\n", "shorter side ", "\nclass  pictures  train  validation\neven         31     25           6\n", "skipped: 1 ",
		"\n2 pictures cannot be read.\n", "broken.png", `\u001b[31m.png`,
		"\n1 picture is in several splits.\n", "    train/even/02.png = validation/even/copy.png\n",
		"\n1 picture is there more than once (1 copy).\n", "    train/odd/01.png = train/odd/copy.png\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("want %q in:\n%s", want, out)
		}
	}
	if strings.Contains(out, "\x1b") {
		t.Error("a name with an escape sequence was printed")
	}
	if few := mustStride(t, "data", "check", root, "--model", "none", "--examples", "1"); !strings.Contains(few, "    and 1 more\n") {
		t.Errorf("got %s", few)
	}
	fails := func(args ...string) string {
		t.Helper()
		out, notes, status := stride(t, args...)
		if status != failed || !strings.HasSuffix(notes, "findings\n") || strings.Count(notes, "\n") != 1 {
			t.Errorf("status %d: %s", status, notes)
		}
		return out
	}
	if strict := fails("data", "check", root, "--model", "none", "--strict"); strict != out {
		t.Errorf("--strict changes the output:\n%s", strict)
	}
	r := objects(t, fails("data", "check", root, "--model", "none", "--strict", "--json"))[0]
	if r["data"] != root || r["pictures"] != 62. || len(r["unreadable"].([]any)) != 2 || len(r["duplicates"].([]any)) != 2 || len(r["findings"].([]any)) < 3 || len(r["suspects"].([]any)) != 0 || len(r["skipped"].(map[string]any)) != 1 {
		t.Errorf("got %v", r)
	}
	unchanged(t, filepath.Join(root, "train", "even"), before)
}

// A folder in order passes, and a network may compare its labels.
func TestDataCheckModel(t *testing.T) {
	t.Parallel()
	root := photoFolder(t, false)
	if r := objects(t, mustStride(t, "data", "check", root, "--json", "--model", "none"))[0]; r["compared"] != 0. || len(r["unreadable"].([]any)) != 0 {
		t.Errorf("got %v", r)
	}
	if testing.Short() {
		t.Log("the pretrained network is left out")
	} else if r := objects(t, mustStride(t, "data", "check", root, "--json"))[0]; r["compared"] != 60. {
		t.Errorf("got %v", r)
	}
	if r := objects(t, mustStride(t, "data", "check", root, "--json", "--model", finishedRun(t)))[0]; r["compared"] != 60. {
		t.Errorf("got %v", r)
	}
}
