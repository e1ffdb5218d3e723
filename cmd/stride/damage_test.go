package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Each file of a run that is missing in turn: what needs it says so, and
// everything else still works.
func TestHalfDeletedRun(t *testing.T) {
	t.Parallel()
	needed := map[string][]string{ // how the error names what is missing
		"config.json":       {"no run in RUN", "config.json is missing"},
		"state.json":        {"RUN", "state.json is missing"},
		"model.safetensors": {"RUN", "model.safetensors is missing"},
	}
	for name := range contents(t, finishedRun(t)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := copyRun(t)
			if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
			before := contents(t, dir)
			parts, fatal := needed[name]
			for i := range parts {
				parts[i] = strings.ReplaceAll(parts[i], "RUN", dir)
			}
			for _, args := range [][]string{{"eval", dir, "--limit", "10", "--report", "none"}, {"summary", dir}, {"predict", dir, picture(t)}} {
				if fatal {
					fails(t, failed, args, parts...)
				} else {
					mustStride(t, args...)
				}
			}
			unchanged(t, dir, before)
			if fatal {
				fails(t, failed, []string{"train", "--resume", dir}, parts...)
				unchanged(t, dir, before)
				return
			}
			mustStride(t, "train", "--resume", dir)
			for name := range contents(t, finishedRun(t)) { // what can be made again was
				if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
					t.Errorf("after --resume: %v", err)
				}
			}
		})
	}
}

func TestDamagedRun(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, file string
		damage     func(b []byte) []byte
		parts      []string
	}{
		{"model cut short", "model.safetensors", func(b []byte) []byte { return b[:len(b)/2] }, []string{"model.safetensors"}},
		{"model empty", "model.safetensors", func(b []byte) []byte { return nil }, []string{"model.safetensors"}},
		{"model changed", "model.safetensors", func(b []byte) []byte { b[len(b)-1] ^= 1; return b }, []string{"model.safetensors"}},
		{"config cut short", "config.json", func(b []byte) []byte { return b[:40] }, []string{"config.json is damaged"}},
		{"config is no run's", "config.json", func(b []byte) []byte { return []byte("{}") }, []string{"config.json"}},
		{"unknown network", "config.json", func(b []byte) []byte { return bytes.Replace(b, []byte(`"lenet"`), []byte(`"skynet"`), 1) }, []string{`the network "skynet"`, "Go program"}},
		{"another network", "config.json", func(b []byte) []byte { return bytes.Replace(b, []byte(`"lenet"`), []byte(`"lenet-bn"`), 1) }, []string{""}},
		{"absurd input", "config.json", func(b []byte) []byte { return bytes.Replace(b, []byte("28,\n    28"), []byte("28,\n    2800000"), 1) }, []string{"config.json", "1×28×2800000"}},
		{"state cut short", "state.json", func(b []byte) []byte { return b[:9] }, []string{"state.json is damaged"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := copyRun(t)
			path := filepath.Join(dir, c.file)
			damaged := c.damage([]byte(readFile(t, path)))
			writeFile(t, path, damaged)
			before := contents(t, dir)
			for _, args := range [][]string{{"eval", dir}, {"summary", dir}, {"predict", dir, picture(t)}, {"train", "--resume", dir}} {
				fails(t, failed, args, append(c.parts, dir)...)
			}
			unchanged(t, dir, before)
		})
	}
}

func TestModelFiles(t *testing.T) {
	t.Parallel()
	good := readFile(t, filepath.Join(finishedRun(t), "model.safetensors"))
	file := func(name, content string) string {
		return writeFile(t, filepath.Join(t.TempDir(), name), []byte(content))
	}
	path := file("model.safetensors", good)
	mustStride(t, "eval", path, "--data", fixture.data, "--limit", "20")
	mustStride(t, "summary", path)
	fails(t, failed, []string{"eval", path, "--net", "lenet-bn", "--data", fixture.data}, path, `a model of the network "lenet", not of "lenet-bn"`)
	fails(t, misused, []string{"eval", path, "--net", "skynet", "--data", fixture.data}, "--net: unknown network skynet")
	// Without its metadata the file does not say what it is.
	i := strings.Index(good, `"__metadata__"`)
	nameless := file("x.safetensors", strings.Replace(good, `"net":`, `"nut":`, 1))
	if i < 0 {
		t.Fatal("the model has no metadata")
	}
	fails(t, failed, []string{"eval", nameless, "--data", fixture.data}, nameless, "does not say which network", "--net")
	mustStride(t, "eval", nameless, "--net", "lenet", "--data", fixture.data, "--limit", "20")
	for name, content := range map[string]string{
		"cut.safetensors":     good[:len(good)/2],
		"header.safetensors":  good[:20],
		"empty.safetensors":   "",
		"garbage.safetensors": strings.Repeat("garbage ", 100),
		"claims.safetensors":  "\xff\xff\xff\xff\xff\xff\xff\x7f{}",
	} {
		bad := file(name, content)
		for _, verb := range []string{"eval", "summary"} {
			fails(t, failed, []string{verb, bad}, name)
		}
	}
	for content, what := range map[string]string{
		"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 245000\n": "it is a Git LFS pointer",
		"<!DOCTYPE html><html><body>Please log in</body></html>":                   "it is an HTML page",
	} {
		bad := file("m.safetensors", content)
		fails(t, failed, []string{"eval", bad}, bad, what)
		fails(t, failed, []string{"predict", bad, picture(t), "--net", "lenet"}, bad, what)
		fails(t, failed, quick("--weights", bad, "--out", filepath.Join(t.TempDir(), "run")), bad, what)
		data := idxFolder(t, 3)
		writeFile(t, filepath.Join(data, "train-images-idx3-ubyte"), []byte(content))
		fails(t, failed, []string{"data", "list", "--data", data}, "train-images-idx3-ubyte", what)
	}
}

// Files of a dataset that are not what they should be.
func TestDamagedData(t *testing.T) {
	t.Parallel()
	zipped := func(b []byte) []byte {
		var out bytes.Buffer
		w := gzip.NewWriter(&out)
		w.Write(b)
		w.Close()
		return out.Bytes()
	}
	for _, c := range []struct {
		name, file string
		damage     func(b []byte) []byte
		want       string
	}{
		{"missing", "t10k-labels-idx1-ubyte", nil, "there is no file t10k-labels-idx1-ubyte"},
		{"empty", "train-images-idx3-ubyte", func([]byte) []byte { return nil }, "train-images-idx3-ubyte"},
		{"cut short", "train-images-idx3-ubyte", func(b []byte) []byte { return b[:999] }, "train-images-idx3-ubyte is cut short"},
		{"too long", "train-labels-idx1-ubyte", func(b []byte) []byte { return append(b, 0) }, "train-labels-idx1-ubyte is too long"},
		{"magic number", "t10k-images-idx3-ubyte", func(b []byte) []byte { b[2] = 9; return b }, "magic number"},
		{"claims too much", "train-images-idx3-ubyte", func(b []byte) []byte { return idxFile(nil, 1<<31, 28, 28) }, "claims more than"},
		{"other size", "t10k-images-idx3-ubyte", func(b []byte) []byte { return idxFile(make([]byte, 64*64), 1, 64, 64) }, "want 28"},
		{"fewer labels", "train-labels-idx1-ubyte", func(b []byte) []byte { return idxFile(make([]byte, 5), 5) }, "5 labels"},
		{"label out of range", "t10k-labels-idx1-ubyte", func(b []byte) []byte { b[len(b)-1] = 200; return b }, "label 200"},
		{"gzip that is none", "train-images-idx3-ubyte.gz", func([]byte) []byte { return []byte("not gzip at all") }, "train-images-idx3-ubyte.gz"},
		{"gzip cut short", "train-images-idx3-ubyte.gz", func([]byte) []byte { return zipped(idxFile(make([]byte, 20*784), 20, 28, 28))[:30] }, "train-images-idx3-ubyte.gz"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := idxFolder(t, 20)
			path := filepath.Join(dir, c.file)
			if c.damage == nil {
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
			} else {
				b, _ := os.ReadFile(path) // new ones are not there
				writeFile(t, path, c.damage(b))
			}
			out := filepath.Join(t.TempDir(), "run")
			for _, args := range [][]string{
				{"train", "lenet", "--data", dir, "--out", out}, {"eval", finishedRun(t), "--data", dir},
				{"data", "list", "--data", dir}, {"data", "show", "--data", dir, "--out", out + ".png"},
			} {
				fails(t, failed, args, "fashion-mnist in "+dir, c.want)
			}
			for _, path := range []string{out, out + ".png"} {
				if _, err := os.Lstat(path); err == nil {
					t.Errorf("%s was written", path)
				}
			}
		})
	}
}

// A folder of the user's own images of the same form is as good, but it is not
// called Fashion-MNIST, and its classes have no names.
func TestDataFolder(t *testing.T) {
	t.Parallel()
	dir, run := filepath.Join(t.TempDir(), "mnist"), filepath.Join(t.TempDir(), "run")
	if err := os.Rename(idxFolder(t, 30), dir); err != nil {
		t.Fatal(err)
	}
	const warning = "have the names of Fashion-MNIST's but hold other images: they are called mnist, and their classes 0 to 9."
	out, notes, status := stride(t, "train", "lenet", "--data", dir, "--batch", "16", "--epochs", "1", "--out", run)
	if status != done || !strings.Contains(notes, warning) || !strings.Contains(out, "LeNet on mnist: ") {
		t.Errorf("status %d, %q, %q", status, out, notes)
	}
	if report := objects(t, mustStride(t, "eval", run, "--json"))[0]; report["images"] != 30. || report["data"] != "mnist" {
		t.Errorf("eval without --data: %v", report)
	}
	classes := objects(t, mustStride(t, "predict", run, picture(t), "--json", "--top", "1"))[0]["classes"].([]any)
	if name := classes[0].(map[string]any)["class"].(string); len(name) != 1 || name < "0" || name > "9" {
		t.Errorf("a picture is %q", name)
	}
	if list := objects(t, mustStride(t, "data", "list", "--data", dir, "--json"))[0]; list["name"] != "mnist" {
		t.Errorf("got %v", list)
	}
	if _, notes, _ := stride(t, "data", "list", "--data", dir); !strings.Contains(notes, warning) {
		t.Errorf("data list says %q", notes)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	fails(t, failed, []string{"eval", run}, dir, "no such folder")
	mustStride(t, "eval", run, "--data", fixture.data, "--limit", "20")
}
