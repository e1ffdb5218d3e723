package fashionmnist

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/internal/mnistfiles"
)

// sampleFiles are the first n training and test images of the sample as files.
func sampleFiles(t *testing.T, n int) map[string][]byte {
	t.Helper()
	set, err := loadSample(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	contents := map[string][]byte{}
	for i, images := range []*data.Images{set.Train, set.Test} {
		var pixels, labels []byte
		for j := range n {
			pixels, labels = append(pixels, images.Bytes(j)...), append(labels, byte(images.Label(j)))
		}
		contents[files[2*i].name] = idxFile(pixels, uint32(n), 28, 28)
		contents[files[2*i+1].name] = idxFile(labels, uint32(n))
	}
	return contents
}

// Fashion-MNIST is known by its images, not by the names of its files.
func TestOtherData(t *testing.T) {
	at := nowhere(t)
	digit := sampleFiles(t, 2000)
	digit[files[0].name][16+784*3+300] ^= 1 // one bit of the fourth image
	testOnly := sampleFiles(t, 2000)
	testOnly[files[3].name][8], testOnly[files[3].name][9] = testOnly[files[3].name][9], testOnly[files[3].name][8]
	for _, c := range []struct {
		what     string
		contents map[string][]byte
		known    bool
	}{
		{"a part of it", sampleFiles(t, 2000), true},
		{"another image", digit, false},
		{"other test labels", testOnly, false},
		{"too few to tell", small(), false},
	} {
		var lines []string
		dir := folder(t, c.contents)
		raw := filepath.Join(t.TempDir(), "MNIST", "raw")
		if err := os.MkdirAll(filepath.Dir(raw), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(dir, raw); err != nil {
			t.Fatal(err)
		}
		set, err := load(context.Background(), Options{Dir: raw, Log: func(line string) { lines = append(lines, line) }}, at)
		if err != nil {
			t.Fatal(err)
		}
		name, classes := "fashion-mnist", Classes()
		if !c.known {
			name, classes = "MNIST", strings.Fields("0 1 2 3 4 5 6 7 8 9")
		}
		if set.Name != name || !slices.Equal(set.Train.Classes(), classes) || !slices.Equal(set.Test.Classes(), classes) {
			t.Errorf("%s: called %s, classes %q and %q", c.what, set.Name, set.Train.Classes(), set.Test.Classes())
		}
		if c.known != (len(lines) == 0) || !c.known && (!strings.Contains(lines[0], raw) || !strings.Contains(lines[0], "they are called MNIST, and their classes 0 to 9")) {
			t.Errorf("%s: said %q", c.what, lines)
		}
	}
	if set, err := load(context.Background(), Options{Dir: SampleDir}, at); err != nil || mnistfiles.Fingerprint(set.Train) != mnistfiles.FashionTrain || mnistfiles.Fingerprint(set.Test) != mnistfiles.FashionTest || set.Name != "fashion-mnist" {
		t.Errorf("the sample: %v %s %s", err, mnistfiles.Fingerprint(set.Train), mnistfiles.Fingerprint(set.Test))
	}
}

// Files under names that other programs give them.
func TestNamesOfFiles(t *testing.T) {
	at := nowhere(t)
	contents := small()
	write := func(dir string, rename func(string) string) string {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		for name, b := range contents {
			if err := os.WriteFile(filepath.Join(dir, rename(name)), b, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	same := func(name string) string { return name }
	for _, inner := range []string{"", "fashion-mnist", "FashionMNIST/raw", "FashionMNIST", "raw"} {
		for _, rename := range []func(string) string{same, func(name string) string { return strings.Replace(name, "-idx", ".idx", 1) }} {
			dir := t.TempDir()
			write(filepath.Join(dir, filepath.FromSlash(inner)), rename)
			if set, err := load(context.Background(), Options{Dir: dir}, at); err != nil || set.Train.Len() != 20 {
				t.Errorf("in %q: %v", inner, err)
			}
		}
	}
	for want, dir := range map[string]string{
		"but t10k-images-idx3-ubyte.gz.1 is there": write(t.TempDir(), func(name string) string {
			return strings.Replace(name, "t10k-images-idx3-ubyte", "t10k-images-idx3-ubyte.gz.1", 1)
		}),
		"but Train-Images-idx3-ubyte is there": write(t.TempDir(), func(name string) string {
			return strings.Replace(name, "train-images", "Train-Images", 1)
		}),
		"but tain-image-idx3-ubyte is there": write(t.TempDir(), func(name string) string {
			return strings.Replace(name, "train-images", "tain-image", 1)
		}),
		"but the folder " + filepath.Join("MNIST", "raw") + " in it has all four files": filepath.Dir(filepath.Dir(write(filepath.Join(t.TempDir(), "MNIST", "raw"), same))),
	} {
		_, err := load(context.Background(), Options{Dir: dir}, at)
		if err == nil || !strings.Contains(err.Error(), "there is no file ") || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
