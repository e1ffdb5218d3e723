package imagefolder_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/strideml/stride/data/imagefolder"
)

// indexed is a folder with all that an index must keep.
func indexed(t *testing.T) string {
	return tree(t, map[string][]byte{
		"cat/1.png": nil, "cat/2.jpg": nil, "cat/deep/er/3.png": nil, "cat/bad.png": []byte("no picture"), "cat/.hidden.png": nil,
		"dog/1.png": nil, "dog/2.png": nil, "dog/with\ttab\nand line.png": nil, "dog/notes.txt": []byte("x"), "red fox/1.png": nil, "red fox/2.png": nil,
	})
}

// openIndexed opens a folder and returns what was logged, too.
func openIndexed(t *testing.T, root string, o imagefolder.Options) (*imagefolder.Sets, string) {
	t.Helper()
	var log []string
	o.Log = func(line string) { log = append(log, line) }
	sets, err := imagefolder.Open(t.Context(), root, o)
	if err != nil {
		t.Fatal(err)
	}
	return sets, strings.Join(log, "\n")
}

// describe has all of the sets that can be compared.
func describe(s *imagefolder.Sets) string {
	text := fmt.Sprintf("%q %q %q %q %v %+v %s\n", s.Path, s.Root, s.Classes, s.Labels, s.Divided, s.Summary, s.Fingerprint())
	for _, split := range []*imagefolder.Split{s.Train, s.Validation, s.Test} {
		if split != nil {
			text += fmt.Sprintf("%s %+v\n", split.Name, split.Items)
		}
	}
	return text
}

// TestIndex: the pictures of an index are those of the folder, and the folder is not
// looked at.
func TestIndex(t *testing.T) {
	for _, root := range []string{
		indexed(t),
		tree(t, map[string][]byte{"train/a/1.png": nil, "train/b/1.png": nil, "val/a/2.png": nil, "val/b/2.png": nil, "test/a/3.png": nil}),
	} {
		for _, o := range []imagefolder.Options{{}, {Validation: -1}, {Seed: 9, Validation: .5}} {
			must(t, os.RemoveAll(filepath.Join(root, imagefolder.IndexName)))
			want, _ := openIndexed(t, root, o)
			x, err := imagefolder.OpenIndex(t.Context(), root, imagefolder.Options{NoIndex: true})
			must(t, err)
			must(t, x.Save())
			if why := x.Stale(); why != "" {
				t.Fatalf("a new index is out of date: %s", why)
			}
			o.Progress = func(int, int) { t.Error("the folder was listed") }
			got, log := openIndexed(t, root, o)
			if describe(got) != describe(want) {
				t.Errorf("with an index\n%s\nwithout\n%s", describe(got), describe(want))
			}
			if len(want.Summary.Unreadable) > 0 && !strings.Contains(log, "1 pictures that could not be read") {
				t.Errorf("the log is %q", log)
			}
		}
	}
}

// TestIndexOfManifest: what one process has found is written for others, also of a
// manifest, which has no file.
func TestIndexOfManifest(t *testing.T) {
	root := tree(t, map[string][]byte{"a.png": nil, "b.png": nil, "x/c.png": nil, "x/d.png": nil, "list.csv": []byte("path,label\na.png,one\nb.png,two\nx/c.png,one\nx/d.png,two\n")})
	path := filepath.Join(root, "list.csv")
	want, _ := openIndexed(t, path, imagefolder.Options{})
	x, err := imagefolder.OpenIndex(t.Context(), path, imagefolder.Options{})
	must(t, err)
	if err := x.Save(); err == nil || !strings.Contains(err.Error(), "a list of pictures already") {
		t.Errorf("saved: %v", err)
	}
	var b bytes.Buffer
	must(t, x.Write(&b))
	x, err = imagefolder.ReadIndex(&b, path)
	must(t, err)
	got, err := x.Sets(imagefolder.Options{})
	must(t, err)
	if describe(got) != describe(want) || x.Pictures() != 4 {
		t.Errorf("with an index\n%s\nwithout\n%s", describe(got), describe(want))
	}
}

// TestIndexStale: an index that does not describe the folder any more is not used, and
// the log says why.
func TestIndexStale(t *testing.T) {
	for want, change := range map[string]func(root string) error{
		"pictures were added to or taken from cat": func(root string) error { return os.WriteFile(filepath.Join(root, "cat/9.png"), drawPNG(9), 0o666) },
		"taken from cat/deep/er":                   func(root string) error { return os.Remove(filepath.Join(root, "cat/deep/er/3.png")) },
		"there are other folders":                  func(root string) error { return os.Mkdir(filepath.Join(root, "wolf"), 0o777) },
		"is damaged":                               func(root string) error { return os.Truncate(filepath.Join(root, imagefolder.IndexName), 90) },
	} {
		root := indexed(t)
		x, err := imagefolder.OpenIndex(t.Context(), root, imagefolder.Options{})
		must(t, err)
		must(t, x.Save())
		time.Sleep(10 * time.Millisecond) // the clock of a file system is coarse
		must(t, change(root))
		if want == "there are other folders" {
			must(t, os.WriteFile(filepath.Join(root, "wolf/1.png"), drawPNG(1), 0o666))
		}
		got, log := openIndexed(t, root, imagefolder.Options{})
		fresh, _ := openIndexed(t, root, imagefolder.Options{NoIndex: true})
		if !strings.Contains(log, want) || describe(got) != describe(fresh) {
			t.Errorf("%q: the log is %q, and the pictures\n%s\nwant\n%s", want, log, describe(got), describe(fresh))
		}
	}
}

func TestIndexStrict(t *testing.T) {
	root := indexed(t)
	x, err := imagefolder.OpenIndex(t.Context(), root, imagefolder.Options{})
	must(t, err)
	must(t, x.Save())
	if _, err := imagefolder.Open(t.Context(), root, imagefolder.Options{Strict: true}); err == nil || !strings.Contains(err.Error(), "bad.png") {
		t.Errorf("a picture that cannot be read: %v", err)
	}
}

func zipped(text string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text)) // into memory
	_ = w.Close()
	return b.Bytes()
}

const indexHead = "stride index of pictures, version 1\n"

// TestReadIndexRefuses: each damage is told with its line.
func TestReadIndexRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                                 "its end is missing",
		"hello\n":                          `line 1: it is "hello"`,
		indexHead:                          "its end is missing",
		indexHead + "end\t3\n":             "line 2: there are 0 pictures, want 3",
		indexHead + "weather\tfine\n":      `line 2: it begins with "weather"`,
		indexHead + "class\t7\t\"a\"\n":    "line 2: there is no split 7",
		indexHead + "class\t0\n":           "line 2: it is too short",
		indexHead + "class\t0\ta\n":        "line 2: invalid syntax",
		indexHead + "end\t0\nend\t0\n":     "line 3: it is after the end",
		indexHead + "picture\t\"a\"\t1\t1": "line 2: a picture comes before its class",
		indexHead + "folder\t\"../a\"\t1":  "outside of the folder",
		indexHead + "root\t\"a\"\nclass\t0\t\"a\"\npicture\t\"../../etc/passwd\"\t1\t1\n": "line 4: \"../../etc/passwd\" is outside of the folder",
		indexHead + "class\t0\t\"a\"\npicture\t\"a\"\tx\t1\n":                             "line 3:",
	} {
		if _, err := imagefolder.ReadIndex(bytes.NewReader(zipped(text)), "x"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if _, err := imagefolder.ReadIndex(strings.NewReader("no gzip"), "x"); err == nil {
		t.Error("what is not compressed was read")
	}
}

// FuzzReadIndex: what can be read is written again as it was.
func FuzzReadIndex(f *testing.F) {
	f.Add(indexHead + "root\t\"a\"\nfolder\t\"a\"\t5\nclass\t0\t\"a\"\npicture\t\"a/1.png\"\t10\t20\nskipped\t\"hidden\"\t1\nformat\t\"PNG\"\t1\nunreadable\t\"a/2.png\"\t\"a\"\t\"why\"\nend\t1\n")
	f.Add(indexHead + "class\t2\t\"\\t\"\nend\t0\n")
	f.Fuzz(func(t *testing.T, text string) {
		x, err := imagefolder.ReadIndex(bytes.NewReader(zipped(text)), "x")
		if err != nil {
			return
		}
		var b bytes.Buffer
		must(t, x.Write(&b))
		again, err := imagefolder.ReadIndex(&b, "x")
		if err != nil {
			t.Fatalf("%q: written again it cannot be read: %v", text, err)
		}
		if !reflect.DeepEqual(x, again) {
			t.Errorf("%q: %+v became %+v", text, x, again)
		}
	})
}
