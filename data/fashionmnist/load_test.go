package fashionmnist

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// idxFile makes an IDX file.
func idxFile(elements []byte, dims ...uint32) []byte {
	out := binary.BigEndian.AppendUint32(nil, 0x800|uint32(len(dims)))
	for _, n := range dims {
		out = binary.BigEndian.AppendUint32(out, n)
	}
	return append(out, elements...)
}

func zipped(t testing.TB, plain []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// small returns the contents of four good files: 20 training and 10 test images.
func small() map[string][]byte {
	images, labels := make([]byte, 20*784), make([]byte, 20)
	for i := range labels {
		labels[i] = byte(i % 10)
		images[i*784] = byte(i)
	}
	return map[string][]byte{
		files[0].name: idxFile(images, 20, 28, 28),
		files[1].name: idxFile(labels, 20),
		files[2].name: idxFile(images[:10*784], 10, 28, 28),
		files[3].name: idxFile(labels[:10], 10),
	}
}

// folder writes files to a new folder, every other one gzipped.
func folder(t testing.TB, contents map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for i, f := range files {
		plain, ok := contents[f.name]
		if !ok {
			continue
		}
		name := f.name
		if i%2 == 0 {
			name, plain = name+".gz", zipped(t, plain)
		}
		if err := os.WriteFile(filepath.Join(dir, name), plain, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// nowhere are places without data.
func nowhere(t testing.TB) places {
	t.Helper()
	t.Setenv(EnvDir, "")
	return places{system: filepath.Join(t.TempDir(), "none")}
}

func TestOrderOfPlaces(t *testing.T) {
	at := nowhere(t)
	ctx := context.Background()
	dir, env, cache, system := folder(t, small()), folder(t, small()), folder(t, small()), folder(t, small())
	options := Options{Dir: dir, CacheDir: cache}
	at.system = system
	t.Setenv(EnvDir, env)
	check := func(want string, steps ...func()) {
		t.Helper()
		for _, step := range steps {
			step()
		}
		set, err := load(ctx, options, at)
		if err != nil {
			t.Fatal(err)
		}
		if set.Source != want || set.Sample != (want == "embedded sample") {
			t.Errorf("source %s, sample %v, want %s", set.Source, set.Sample, want)
		}
		if !set.Sample && (set.Train.Len() != 20 || set.Test.Len() != 10 || set.Train.Label(13) != 3 || set.Train.Bytes(13)[0] != 13) {
			t.Error("the images are not those of the files")
		}
	}
	check(dir)
	check(env, func() { options.Dir = "" })
	check("embedded sample", func() { t.Setenv(EnvDir, SampleDir) })
	check(cache, func() { t.Setenv(EnvDir, "") })
	check(system, func() { os.Remove(filepath.Join(cache, files[3].name)) })
	var lines []string
	options.Log = func(line string) { lines = append(lines, line) }
	check("embedded sample", func() { at.system = "" })
	want := "Using the embedded sample of Fashion-MNIST (10,000 training and 2,000 test images): no folder with all 70,000 was found."
	if len(lines) != 1 || lines[0] != want {
		t.Errorf("log %q", lines)
	}
	lines = nil
	check("embedded sample", func() { options.Dir = SampleDir })
	if len(lines) != 0 {
		t.Errorf("the sample was asked for and still announced: %q", lines)
	}
	parent := t.TempDir()
	inner := filepath.Join(parent, "fashion-mnist")
	if err := os.Rename(dir, inner); err != nil {
		t.Fatal(err)
	}
	check(inner, func() { options.Dir = parent })
}

func TestNamedFolderMustBeGood(t *testing.T) {
	at := nowhere(t)
	at.system = folder(t, small())
	edit := func(i int, change func([]byte) []byte) string {
		contents := small()
		contents[files[i].name] = change(contents[files[i].name])
		return folder(t, contents)
	}
	without := small()
	delete(without, files[2].name)
	notFolder := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(notFolder, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, dir, want string }{
		{"no folder", filepath.Join(t.TempDir(), "x"), "there is no such folder"},
		{"a file", notFolder, "not a folder"},
		{"empty", t.TempDir(), "there is no file train-images-idx3-ubyte.gz or train-images-idx3-ubyte"},
		{"one missing", folder(t, without), "there is no file t10k-images-idx3-ubyte.gz or t10k-images-idx3-ubyte"},
		{"cut", edit(0, func(b []byte) []byte { return b[:5000] }), "train-images-idx3-ubyte.gz is cut short in its 20×28×28 bytes: found 4984 of 15680"},
		{"too long", edit(1, func(b []byte) []byte { return append(b, 1) }), "train-labels-idx1-ubyte is too long: its header says 20"},
		{"label 10", edit(3, func(b []byte) []byte { b[8+4] = 10; return b }), "t10k-labels-idx1-ubyte has label 10 at position 4: want 0 to 9"},
		{"fewer labels", edit(1, func([]byte) []byte { return idxFile(make([]byte, 19), 19) }), "train-images-idx3-ubyte has 20 images and train-labels-idx1-ubyte has 19 labels"},
		{"wrong size", edit(2, func([]byte) []byte { return idxFile(make([]byte, 32*32), 1, 32, 32) }), "t10k-images-idx3-ubyte.gz has length 32 in dimension 2 of 3: want 28"},
		{"labels for images", edit(0, func([]byte) []byte { return idxFile(make([]byte, 20), 20) }), "magic number is 0x00000801 (bytes in 1 dimension), want 0x00000803"},
		{"absurd", edit(0, func([]byte) []byte { return idxFile(nil, 1<<31, 28, 28) }), "claims more than 784000000 bytes"},
	} {
		for _, env := range []bool{false, true} {
			options := Options{Dir: c.dir}
			if env {
				options.Dir = ""
				t.Setenv(EnvDir, c.dir)
			}
			_, err := load(context.Background(), options, at)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.dir) || env != strings.Contains(err.Error(), "$"+EnvDir) {
				t.Errorf("%s: error %v, want %q", c.name, err, c.want)
			}
		}
	}
}

func TestDamagedCacheIsAnError(t *testing.T) {
	at := nowhere(t)
	contents := small()
	contents[files[1].name] = contents[files[1].name][:10]
	_, err := load(context.Background(), Options{CacheDir: folder(t, contents)}, at)
	if err == nil || !strings.Contains(err.Error(), "train-labels-idx1-ubyte is cut short") || !strings.Contains(err.Error(), "remove or replace") {
		t.Errorf("error %v", err)
	}
	at.system = folder(t, contents)
	if _, err = load(context.Background(), Options{CacheDir: t.TempDir()}, at); err == nil {
		t.Error("no error for a damaged system folder")
	}
	_, err = load(context.Background(), Options{Dir: filepath.Join(t.TempDir(), "gone")}, at)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v is not fs.ErrNotExist", err)
	}
}

func TestLoadIsCancelled(t *testing.T) {
	at := nowhere(t)
	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(stop)
	for _, dir := range []string{folder(t, small()), SampleDir} {
		if _, err := load(ctx, Options{Dir: dir}, at); !errors.Is(err, stop) {
			t.Errorf("%s: error %v", dir, err)
		}
	}
	// The files are not to blame.
	if _, err := load(ctx, Options{CacheDir: folder(t, small())}, at); !errors.Is(err, stop) || strings.Contains(err.Error(), "replace") {
		t.Errorf("cache: error %v", err)
	}
}

func TestThousands(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 70000: "70,000", 1234567: "1,234,567", 1000001: "1,000,001"} {
		if got := thousands(n); got != want {
			t.Errorf("thousands(%d) = %s", n, got)
		}
	}
}
