package imagefolder_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/data/imagefolder"
)

// drawPNG is a small picture whose colours depend on n.
func drawPNG(n int) []byte {
	picture := image.NewNRGBA(image.Rect(0, 0, 24+n%5, 20))
	for y := range 20 {
		for x := range picture.Rect.Dx() {
			picture.Set(x, y, color.NRGBA{uint8(n * 40), uint8(x * 10), uint8(y * 12), 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func drawJPEG(n int) []byte {
	picture, err := png.Decode(bytes.NewReader(drawPNG(n)))
	if err != nil {
		panic(err)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture, nil); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// tree writes files: a path that ends in / is a folder. A nil content is a picture
// by the extension.
func tree(t testing.TB, files map[string][]byte) string {
	t.Helper()
	root := t.TempDir()
	n := 0
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for name := range files {
			if !yield(name) {
				return
			}
		}
	}) {
		path := filepath.Join(root, filepath.FromSlash(name))
		if strings.HasSuffix(name, "/") {
			must(t, os.MkdirAll(path, 0o777))
			continue
		}
		content := files[name]
		if n++; content == nil {
			if content = drawPNG(n); strings.HasSuffix(strings.ToLower(name), "g") && strings.Contains(strings.ToLower(name), ".jp") {
				content = drawJPEG(n)
			}
		}
		must(t, os.MkdirAll(filepath.Dir(path), 0o777))
		must(t, os.WriteFile(path, content, 0o666))
	}
	return root
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func pictures(names ...string) map[string][]byte {
	files := map[string][]byte{}
	for _, name := range names {
		files[name] = nil
	}
	return files
}

// many are n pictures of each class.
func many(n int, classes ...string) map[string][]byte {
	files := map[string][]byte{}
	for _, class := range classes {
		for i := range n {
			files[fmt.Sprintf("%s/%03d.png", class, i)] = nil
		}
	}
	return files
}

func open(t testing.TB, path string, options imagefolder.Options) *imagefolder.Sets {
	t.Helper()
	sets, err := imagefolder.Open(context.Background(), path, options)
	if err != nil {
		t.Fatal(err)
	}
	return sets
}

// paths are a split's pictures with their labels.
func paths(s *imagefolder.Split) (all []string) {
	if s == nil {
		return nil
	}
	for _, item := range s.Items {
		all = append(all, fmt.Sprintf("%s=%d", item.Path, item.Label))
	}
	return all
}

func equal(t *testing.T, what string, got any, want string) {
	t.Helper()
	if fmt.Sprint(got) != want {
		t.Errorf("%s: %v, want %s", what, got, want)
	}
}

func TestSplitFolders(t *testing.T) {
	root := tree(t, pictures("train/b/1.png", "train/b/deep/er/2.JPG", "train/Z/1.jpeg", "train/10/x.png", "train/2/x.png",
		"valid/b/1.png", "valid/Z/9.png", "Test/2/1.png", "train/b/.hidden.png", "train/.ipynb_checkpoints/1.png", "train/b/._2.png",
		"train/b/Thumbs.db", "__MACOSX/b/1.png", "train/b/desktop.ini", "train/Z/notes.txt", ".git/x.png"))
	var lines []string
	s := open(t, root, imagefolder.Options{Log: func(line string) { lines = append(lines, line) }})
	equal(t, "classes", s.Classes, "[10 2 Z b]") // by bytes, as torchvision
	equal(t, "train", paths(s.Train), "[train/10/x.png=0 train/2/x.png=1 train/Z/1.jpeg=2 train/b/1.png=3 train/b/deep/er/2.JPG=3]")
	equal(t, "validation", paths(s.Validation), "[valid/Z/9.png=2 valid/b/1.png=3]")
	equal(t, "test", paths(s.Test), "[Test/2/1.png=1]")
	equal(t, "counts", s.Summary.Pictures, "map[test:[0 1 0 0] train:[1 1 1 2] validation:[0 0 1 1]]")
	equal(t, "formats", s.Summary.Formats, "map[JPEG:2 PNG:6]")
	equal(t, "summary", s.Summary, "train 5, validation 2, test 1; skipped: 4 hidden, 3 left by the operating system, 1 not a picture by its name")
	equal(t, "warnings", strings.Join(lines, "\n"), "warning: the validation pictures lack 2 classes (10, 2): what is measured with them says nothing of it\n"+
		"warning: the test pictures lack 3 classes (10, Z, b): what is measured with them says nothing of it")
	if s.Divided {
		t.Error("pictures were divided")
	}
}

// TestDivide: the share is met, each class has its part, and pictures that are added
// or removed move no other.
func TestDivide(t *testing.T) {
	files := many(100, "ant", "bee")
	files["rare/1.png"], files["rare/2.png"], files["single/1.png"] = nil, nil, nil
	root := tree(t, files)
	s := open(t, root, imagefolder.Options{Seed: 7})
	counts := s.Summary.Pictures["validation"]
	if !s.Divided || counts[0] < 12 || counts[0] > 28 || counts[1] < 12 || counts[1] > 28 || counts[2] != 1 || counts[3] != 0 {
		t.Errorf("divided %v: validation %v", s.Divided, counts)
	}
	side := func(s *imagefolder.Sets) map[string]bool {
		all := map[string]bool{}
		for _, item := range s.Train.Items {
			all[item.Path] = false
		}
		for _, item := range s.Validation.Items {
			all[item.Path] = true
		}
		return all
	}
	before := side(s)
	if len(before) != 203 {
		t.Errorf("%d of 203 pictures", len(before))
	}
	for i := range 30 {
		must(t, os.WriteFile(filepath.Join(root, "ant", fmt.Sprintf("new%d.png", i)), drawPNG(i), 0o666))
		must(t, os.Remove(filepath.Join(root, "bee", fmt.Sprintf("%03d.png", i))))
	}
	after := open(t, root, imagefolder.Options{Seed: 7})
	for path, validation := range side(after) {
		if was, there := before[path]; there && was != validation {
			t.Errorf("%s moved", path)
		}
	}
	if after.Fingerprint() == s.Fingerprint() || after.Fingerprint() != open(t, root, imagefolder.Options{Seed: 7}).Fingerprint() {
		t.Error("the fingerprint does not tell the data")
	}
	if slices.Equal(paths(open(t, root, imagefolder.Options{Seed: 8}).Validation), paths(after.Validation)) {
		t.Error("another seed divides alike")
	}
	if none := open(t, root, imagefolder.Options{Validation: -1}); none.Validation != nil || none.Train.Len() != 203 || none.Validation.Len() != 0 {
		t.Errorf("no validation: %v", none.Summary)
	}
	half := open(t, root, imagefolder.Options{Validation: 0.5}).Summary.Pictures["validation"]
	if half[0] < 45 || half[0] > 85 {
		t.Errorf("half of 130 are %d", half[0])
	}
}

func TestClassesOfAModel(t *testing.T) {
	root := tree(t, pictures("cat/1.png", "cat/2.png"))
	s := open(t, root, imagefolder.Options{Classes: []string{"dog", "cat"}, Validation: -1})
	equal(t, "train", paths(s.Train), "[cat/1.png=1 cat/2.png=1]")
	equal(t, "classes", s.Classes, "[dog cat]")
	only := open(t, tree(t, pictures("test/cat/1.png")), imagefolder.Options{Classes: []string{"dog", "cat"}})
	equal(t, "test alone", paths(only.Test), "[test/cat/1.png=1]")
	_, err := imagefolder.Open(context.Background(), root, imagefolder.Options{Classes: []string{"dog"}})
	if err == nil || !strings.Contains(err.Error(), `class "cat" is not among the 1 classes of the model (dog)`) {
		t.Error(err)
	}
}

func TestSynsets(t *testing.T) {
	files := pictures("train/n01440764/1.JPEG", "train/n02012849/1.JPEG", "train/n03126707/1.JPEG", "train/n99999999/1.JPEG")
	files["LOC_synset_mapping.txt"] = []byte("n01440764 tench, Tinca tinca\r\nn02012849 crane\nn03126707 crane\nn00000000 other\n")
	s := open(t, tree(t, files), imagefolder.Options{})
	equal(t, "classes", strings.Join(s.Classes, "; "), "tench; crane (n02012849); crane (n03126707); n99999999")
	equal(t, "labels", s.Labels, "[n01440764 n02012849 n03126707 n99999999]")
}

func TestManifest(t *testing.T) {
	files := pictures("photos/a.png", "photos/b, c.jpg", "photos/d.png", "e.png", "photos/f.png")
	files["list.csv"] = []byte("\xef\xbb\xbfLabel,path,note,split\r\nzebra,photos/a.png,x,train\r\n\"the \"\"ant\"\"\",\"photos/b, c.jpg\",,train\r\n" +
		"zebra,./photos/d.png,,val\r\nzebra,e.png,,test\r\nzebra,e.png,,test\r\nzebra,photos\\f.png,,train\r\nzebra,gone.png,,train\r\n")
	root := tree(t, files)
	var lines []string
	s := open(t, filepath.Join(root, "list.csv"), imagefolder.Options{Log: func(line string) { lines = append(lines, line) }})
	equal(t, "classes", strings.Join(s.Classes, "; "), `the "ant"; zebra`)
	equal(t, "train", paths(s.Train), "[photos/b, c.jpg=0 photos/a.png=1 photos/f.png=1]")
	equal(t, "validation", paths(s.Validation), "[photos/d.png=1]")
	equal(t, "test", paths(s.Test), "[e.png=1]")
	equal(t, "skipped", s.Summary.Skipped, "map[named twice:1 unreadable:1]")
	if len(lines) != 3 || !strings.Contains(lines[0], "gone.png") {
		t.Errorf("%q", lines)
	}
	if _, err := imagefolder.Open(context.Background(), filepath.Join(root, "list.csv"), imagefolder.Options{Strict: true}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("strict: %v", err)
	}
	must(t, os.WriteFile(filepath.Join(root, "two.tsv"), []byte("path\tlabel\nphotos/a.png\ta\nphotos/d.png\tb\ne.png\tb\n"), 0o666))
	if s := open(t, filepath.Join(root, "two.tsv"), imagefolder.Options{}); !s.Divided || s.Validation.Len() != 1 {
		t.Errorf("without splits: %v", s.Summary)
	}
}

func TestUnreadable(t *testing.T) {
	files := many(3, "a", "b")
	files["a/empty.jpg"], files["a/page.jpg"] = []byte{}, []byte("<html><body>not found")
	files["b/photo.heic"] = []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00")
	root := tree(t, files)
	var lines []string
	s := open(t, root, imagefolder.Options{Log: func(line string) { lines = append(lines, line) }})
	if s.Train.Len()+s.Validation.Len() != 6 || s.Summary.Skipped["unreadable"] != 3 || len(s.Summary.Unreadable) != 3 {
		t.Errorf("%+v", s.Summary)
	}
	all := strings.Join(lines, "\n")
	for _, want := range []string{"empty.jpg is empty", "page.jpg is an HTML page", "photo.heic is a HEIC picture, which is not read: convert it"} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not said in %s", want, all)
		}
	}
	if _, err := imagefolder.Open(context.Background(), root, imagefolder.Options{Strict: true}); err == nil || !strings.Contains(err.Error(), "empty.jpg is empty") {
		t.Errorf("strict: %v", err)
	}
}

func TestRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string][]byte
		path  string
		want  string
	}{
		"no such folder":    {pictures(), "x", "there is no folder "},
		"a file":            {pictures("a.png"), "a.png", "a.png is a file: want a folder with a folder of pictures for each class, or a CSV file"},
		"empty":             {pictures(), "", "there are no pictures in it: want a folder for each class"},
		"other files":       {map[string][]byte{"a.txt": {1}, "b.txt": {1}}, "", "there are no pictures in it, but 2 other files"},
		"a manifest inside": {map[string][]byte{"labels.csv": {1}}, "", `there are no pictures in it (if "labels.csv" lists pictures, name that file)`},
		"no classes":        {pictures("1.png", "2.png"), "", "its 2 pictures are in no folder of a class"},
		"one picture":       {pictures("1.png"), "", "its only picture is in no folder of a class"},
		"one class":         {pictures("cat/1.png", "cat/2.png"), "", `there is only one class, "cat": want a folder of pictures for each of at least two classes`},
		"empty class":       {pictures("cat/1.png", "dog/"), "", `class "dog" has no pictures to train with: add some, or remove it`},
		"unreadable class":  {map[string][]byte{"cat/1.png": nil, "dog/1.png": {1, 2}}, "", `class "dog" has no pictures that can be read (1 cannot) to train with`},
		"nothing anywhere":  {map[string][]byte{"cat/": nil, "dog/x.txt": {1}}, "", "there are no pictures in its folders, but 1 other files"},
		"two cases":         {pictures("Cat/1.png", "cat/1.png"), "", `the classes "Cat" and "cat" differ in the case of their letters only`},
		"no train":          {pictures("val/cat/1.png", "test/cat/1.png"), "", `there is "test" but no folder train`},
		"train lacks":       {pictures("train/a/1.png", "train/b/1.png", "val/c/1.png"), "", `class "c" is for validation or test but not for training: a network cannot learn it`},
		"two validations":   {pictures("train/a/1.png", "val/a/1.png", "validation/a/1.png"), "", `the folders "val" and "validation" are for the same purpose`},
		"train and classes": {pictures("train/a/1.png", "val/a/1.png", "cats/1.png"), "", `beside train and "val" there is the folder "cats"`},
		"flat validation":   {pictures("train/a/1.png", "train/b/1.png", "val/1.png", "val/2.png"), "", "val has 2 pictures in no folder of a class"},
		"empty CSV":         {map[string][]byte{"l.csv": {}}, "l.csv", "it is empty: want a header with the columns path, label"},
		"no header":         {map[string][]byte{"l.csv": []byte("a.png,cat\n")}, "l.csv", `its header is "a.png,cat": want the columns path, label`},
		"no rows":           {map[string][]byte{"l.csv": []byte("path,label\n")}, "l.csv", "it lists no pictures"},
		"short row":         {map[string][]byte{"l.csv": []byte("path,label\na.png\n")}, "l.csv", "line 2: it has 1 columns: want 2"},
		"no label":          {map[string][]byte{"l.csv": []byte("path,label\n\"a.png\", \n")}, "l.csv", `line 2: "a.png" has no label`},
		"unknown split":     {map[string][]byte{"l.csv": []byte("path,label,split\na.png,a,dev\n")}, "l.csv", `line 2: "a.png" is in the split "dev": want train, val or test`},
		"two labels":        {map[string][]byte{"l.csv": []byte("path;label\na.png;a\na.png;b\n"), "a.png": nil}, "l.csv", `line 3: "a.png" has the label "b", and had "a" before`},
		"bad quotes":        {map[string][]byte{"l.csv": []byte("path,label\na\"b,\"c\n")}, "l.csv", "bare"},
		"UTF-16":            {map[string][]byte{"l.csv": []byte("\xff\xfep\x00a\x00")}, "l.csv", "it is in UTF-16"},
	} {
		if name == "two cases" && (runtime.GOOS == "darwin" || runtime.GOOS == "windows") {
			continue // its file system has one folder for both
		}
		root := tree(t, c.files)
		_, err := imagefolder.Open(context.Background(), filepath.Join(root, c.path), imagefolder.Options{})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
	if _, err := imagefolder.Open(context.Background(), t.TempDir(), imagefolder.Options{Validation: 1}); err == nil {
		t.Error("all pictures for validation")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := imagefolder.Open(ctx, tree(t, many(1, "a", "b")), imagefolder.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestClassNamedTrain: vehicles have a class train.
func TestClassNamedTrain(t *testing.T) {
	s := open(t, tree(t, many(3, "bus", "car", "train")), imagefolder.Options{})
	equal(t, "classes", s.Classes, "[bus car train]")
}

func TestLinks(t *testing.T) {
	root := tree(t, pictures("a/1.png", "a/deep/2.png", "b/1.png", "elsewhere-is-no-class.txt"))
	outside := tree(t, pictures("x.png", "y.png"))
	for link, to := range map[string]string{
		"a/loop": "..", "a/deep/self": ".", "a/again": "deep", "a/out": outside, "a/out2": outside, "b/gone": "nowhere", "b/2.png": filepath.Join(outside, "x.png"), "c": outside,
	} {
		if err := os.Symlink(to, filepath.Join(root, link)); err != nil {
			t.Skip(err) // Windows without the right to make links
		}
	}
	s := open(t, root, imagefolder.Options{Validation: -1})
	seen := map[string]int{}
	for _, item := range s.Train.Items {
		real, err := filepath.EvalSymlinks(filepath.Join(root, item.Path))
		must(t, err)
		seen[fmt.Sprint(item.Label, real)]++
	}
	for path, n := range seen {
		if n != 1 {
			t.Errorf("%s was found %d times", path, n)
		}
	}
	if err := os.Symlink(root, filepath.Join(root, "whole")); err != nil {
		t.Fatal(err)
	}
	if _, err := imagefolder.Open(context.Background(), root, imagefolder.Options{}); err == nil || !strings.Contains(err.Error(), `class "whole" has no pictures`) {
		t.Errorf("a class that is a link to the root: %v", err)
	}
	// loop, self, again or deep, out or out2, gone
	if s.Summary.Skipped["link that leads nowhere or back"] != 5 || s.Summary.Pictures["train"][0] != 4 || s.Summary.Pictures["train"][2] != 2 || s.Summary.Pictures["train"][1] != 2 {
		t.Errorf("%+v", s.Summary)
	}
}

func TestNoPermission(t *testing.T) {
	if os.Getuid() <= 0 {
		t.Skip("everything is permitted to this user")
	}
	root := tree(t, many(2, "a", "b"))
	must(t, os.Chmod(filepath.Join(root, "a", "000.png"), 0))
	if s := open(t, root, imagefolder.Options{}); s.Summary.Skipped["unreadable"] != 1 {
		t.Errorf("%+v", s.Summary)
	}
	must(t, os.Chmod(filepath.Join(root, "b"), 0))
	defer os.Chmod(filepath.Join(root, "b"), 0o777)
	if _, err := imagefolder.Open(context.Background(), root, imagefolder.Options{}); err == nil || !strings.Contains(err.Error(), "the folder cannot be listed: permission is denied") {
		t.Error(err)
	}
}

func TestSynonyms(t *testing.T) {
	root := tree(t, pictures("n02012849/1.png", "tench/1.png"))
	classes, numbers := []string{"tench", "crane"}, []string{"n01440764", "n02012849"}
	s := open(t, root, imagefolder.Options{Classes: classes, Synonyms: numbers, Validation: -1})
	equal(t, "train", paths(s.Train), "[tench/1.png=0 n02012849/1.png=1]")
	equal(t, "classes", s.Classes, "[tench crane]")
	_, err := imagefolder.Open(context.Background(), root, imagefolder.Options{Classes: classes, Synonyms: numbers[:1]})
	if err == nil || !strings.Contains(err.Error(), "synonyms for 1 classes, and 2 classes") {
		t.Error(err)
	}
}
